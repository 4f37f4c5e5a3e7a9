// The built pages in a real Chromium, on a scripted core: what they show, what they call, whom they shut out.
// Nothing of the bundle is replaced: it speaks the browser bridge's HTTP to the fixture, under the strict CSP.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { words } from '../../renderer/words.ts'
import { buildPages, openChromium, reason } from './chromium.ts'
import { type Fixture, Refusal, serverView, startFixture } from './fixture.ts'
import { settings, signingIn } from './pages.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('the pages', () => {
  let chromium: Awaited<ReturnType<typeof openChromium>>
  let fixture: Fixture
  let files = ''
  const axe = readFileSync(join(import.meta.dirname, '..', '..', 'node_modules', 'axe-core', 'axe.min.js'), 'utf8')

  beforeAll(async () => {
    files = buildPages('test')
    chromium = await openChromium()
  })
  afterAll(() => chromium?.close())
  beforeEach(async () => {
    fixture = await startFixture(files)
  })
  afterEach(async () => {
    await chromium.closePages()
    await fixture.close()
    // Whatever the console or the CSP complained about, in any test.
    expect(chromium.complaints.splice(0)).toEqual([])
  })

  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
  const row = (page: Page, id: string) => page.locator(`[data-server="${id}"]`)

  test('the whole bundle is under 250 kB gzip', () => {
    const assets = join(files, 'assets')
    const size = readdirSync(assets).reduce((sum, file) => sum + gzipSync(readFileSync(join(assets, file))).length, 0)
    console.log(`window bundle: ${(size / 1000).toFixed(1)} kB gzip`)
    expect(size).toBeLessThan(250_000)
  })

  describe('list', () => {
    test('shows all six marks by shape, with words for each', async () => {
      const page = await chromium.page(fixture.url)
      const expected = {
        notion: words.marks.needsYou,
        linear: words.marks.retrying,
        github: words.marks.ok,
        sentry: words.marks.running,
        cloudflare: words.marks.paused,
        figma: words.marks.signedOut
      }
      const shapes = new Set<string>()
      for (const [id, text] of Object.entries(expected)) {
        const mark = row(page, id).getByRole('img', { name: text, exact: true })
        await mark.waitFor()
        shapes.add(await mark.innerHTML())
      }
      expect(shapes.size).toBe(6)
      expect(await page.getByText(words.list.needYou(1)).count()).toBe(1)
      const order = await page
        .locator('[data-server]')
        .evaluateAll((rows) => rows.map((r) => r.getAttribute('data-server')))
      expect(order).toEqual(fixture.snapshot.servers.map(({ id }) => id))
    })

    test('the countdown falls second by second, and the bar with the time', async () => {
      const page = await chromium.page('about:blank')
      await page.clock.install({ time: Date.now() })
      await page.goto(fixture.url)
      const when = row(page, 'linear').locator('.when')
      await when.waitFor()
      const read = async () => Number(/0:(\d\d)/.exec(await when.innerText())?.[1])
      const before = await read()
      const bar = row(page, 'linear').getByRole('meter')
      const left = Number(await bar.getAttribute('aria-valuenow'))
      await page.clock.runFor(5000)
      expect(before - (await read())).toBeGreaterThanOrEqual(4)
      await page.clock.runFor(300_000)
      expect(Number(await bar.getAttribute('aria-valuenow'))).toBeLessThan(left)
      expect(await when.innerText()).toBe(words.list.now)
    })

    test('nothing ticks while the page is hidden, and the time is right again when it shows', async () => {
      const page = await chromium.page('about:blank')
      await page.clock.install({ time: Date.now() })
      await page.goto(fixture.url)
      const when = row(page, 'linear').locator('.when')
      await when.waitFor()
      const hide = (hidden: boolean) =>
        page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'))`)
      await hide(true)
      const frozen = await when.innerText()
      await page.clock.runFor(10_000)
      expect(await when.innerText()).toBe(frozen)
      await hide(false)
      expect(await when.innerText()).not.toBe(frozen)
    })

    test('a change is shown and said aloud', async () => {
      const page = await chromium.page(fixture.url)
      await row(page, 'github').waitFor()
      fixture.change(({ servers }) => {
        Object.assign(servers.find(({ id }) => id === 'github')!, {
          light: 'amber',
          state: 'waiting',
          words: 'Retrying · attempt 1 · a reply was lost',
          nextAt: Date.now() + 10_000
        })
      })
      await page.getByRole('status').filter({ hasText: 'GitHub: Retrying · attempt 1' }).waitFor()
      await row(page, 'github').getByRole('img', { name: words.marks.retrying }).waitFor()
    })

    test('200 servers are drawn, and a change redraws its own row only', async () => {
      const now = Date.now()
      fixture.change((snapshot) => {
        snapshot.servers = Array.from({ length: 200 }, (_, n) => serverView({ id: `server-${n}` }, now))
      })
      const page = await chromium.page(fixture.url)
      await row(page, 'server-199').waitFor()
      expect(await page.locator('[data-server]').count()).toBe(200)
      // React leaves what it last drew an element from on the element.
      const drawnFrom = (id: string) => `(() => {
        const element = document.querySelector('[data-server="${id}"]')
        return element[Object.keys(element).find((key) => key.startsWith('__reactProps'))]
      })()`
      await page.evaluate(`globalThis.before = [${drawnFrom('server-149')}, ${drawnFrom('server-150')}]`)
      fixture.change(({ servers }) => {
        servers[150]!.words = 'Paused'
        servers[150]!.paused = true
      })
      await row(page, 'server-150').getByText('Paused').waitFor()
      const isSame = `[${drawnFrom('server-149')} === before[0], ${drawnFrom('server-150')} === before[1]]`
      expect(await page.evaluate(isSame)).toEqual([true, false])
    })

    test('a server far down that comes to need a person is first at once, and none is lost or doubled', async () => {
      const now = Date.now()
      fixture.change((snapshot) => {
        snapshot.servers = Array.from({ length: 90 }, (_, n) => serverView({ id: `server-${n}` }, now))
      })
      const page = await chromium.page(fixture.url)
      await row(page, 'server-89').waitFor()
      fixture.change((snapshot) => {
        const red = {
          ...snapshot.servers[80]!,
          light: 'red' as const,
          state: 'needsUser' as const,
          words: 'Sign in needed'
        }
        snapshot.servers = [red, ...snapshot.servers.toSpliced(80, 1)]
      })
      await page.locator('[data-server]').first().getByText('Sign in needed').waitFor()
      const ids = await page
        .locator('[data-server]')
        .evaluateAll((rows) => rows.map((each) => each.id || each.outerHTML))
      expect(new Set(ids).size).toBe(90)
      fixture.change((snapshot) => {
        snapshot.servers[85]!.name = 'Renamed'
      })
      await page.locator('[data-server]').nth(85).getByText('Renamed').waitFor()
    })

    test('the keyboard reaches a server and comes back to its row', async () => {
      const page = await chromium.page(fixture.url)
      await page.locator('#server-github').focus()
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: 'GitHub' }).waitFor()
      await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H1')
      await button(page, `‹ ${words.detail.back}`)
        .or(page.getByRole('button', { name: words.detail.back }))
        .click()
      await row(page, 'github').waitFor()
      await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('server-github')
    })
  })

  describe('server', () => {
    test.each([
      [words.actions.refresh, 'server.refresh'],
      [words.actions.pause, 'server.pause'],
      [words.actions.forget, 'server.forgetRegistration']
    ])('%s calls %s and tells the result', async (text, command) => {
      const page = await chromium.page(`${fixture.url}#server/linear`)
      await button(page, text).click()
      await page.locator('.toast.ok').waitFor()
      expect(fixture.inputsOf(command)).toEqual([{ server: 'linear' }])
    })

    test('a paused server can be resumed', async () => {
      const page = await chromium.page(`${fixture.url}#server/cloudflare`)
      await button(page, words.actions.resume).click()
      await page.locator('.toast.ok').waitFor()
      expect(fixture.inputsOf('server.resume')).toEqual([{ server: 'cloudflare' }])
    })

    test('a failure is told in its own words, and stays', async () => {
      fixture.handlers['server.refresh'] = () => {
        throw new Refusal('serverBusy', 'linear.app answered 503.')
      }
      const page = await chromium.page(`${fixture.url}#server/linear`)
      await button(page, words.actions.refresh).click()
      await page.locator('.toast.bad').getByText('linear.app answered 503.').waitFor()
      await button(page, words.actions.close).click()
      await page.locator('.toast').waitFor({ state: 'detached' })
    })

    test('remove asks first: no leaves all, yes removes and goes back', async () => {
      const page = await chromium.page(`${fixture.url}#server/linear`)
      await button(page, words.actions.remove).click()
      const dialog = page.getByRole('alertdialog', { name: words.actions.removeTitle('Linear') })
      await button(page, words.actions.keep).click()
      await dialog.waitFor({ state: 'detached' })
      expect(fixture.inputsOf('server.remove')).toEqual([])
      await button(page, words.actions.remove).click()
      await dialog.getByRole('button', { name: words.actions.removeNow, exact: true }).click()
      await row(page, 'notion').waitFor()
      expect(fixture.inputsOf('server.remove')).toEqual([{ server: 'linear' }])
      expect(await row(page, 'linear').count()).toBe(0)
    })

    test('signing out asks first and says what the server made of it', async () => {
      const page = await chromium.page(`${fixture.url}#server/linear`)
      await button(page, words.actions.signOut).click()
      expect(fixture.inputsOf('server.signOut')).toEqual([])
      const dialog = page.getByRole('alertdialog')
      await dialog.getByRole('button', { name: words.actions.signOut, exact: true }).click()
      await page.getByText('The server has revoked the tokens.').waitFor()
    })

    test('the timeline says in words what it draws', async () => {
      const page = await chromium.page(`${fixture.url}#server/linear`)
      const picture = page.getByRole('img', { name: /9 min without a token, \d+ refreshes, 8 failures, 1 sign-in/ })
      await picture.waitFor()
      expect(await picture.locator('.expired').count()).toBe(1)
      expect(await picture.locator('.failed').count()).toBe(8)
    })

    test('the timeline calls no token expired that is still valid', async () => {
      const at = Date.parse('2026-03-04T10:00:00Z')
      fixture.handlers['server.history'] = () => ({
        events: [{ at, kind: 'signedIn', detail: 'Signed in', fault: null, expiresAt: at + 40_000 }]
      })
      const page = await chromium.page('about:blank')
      fixture.snapshot.at = at + 10_000
      await page.clock.install({ time: at + 10_000 })
      await page.goto(`${fixture.url}#server/linear`)
      const picture = (text: string) => page.getByRole('img', { name: text }).waitFor()
      await picture(words.detail.noGap)
      await page.clock.runFor(120_000)
      await picture(words.detail.gap('1 min'))
    })

    test('settings send only what was changed, times as people write them', async () => {
      const page = await chromium.page(`${fixture.url}#server/linear/settings`)
      await page.getByRole('button', { name: words.schedule.title }).click()
      await page.getByRole('textbox', { name: words.schedule.fields.refreshMargin }).fill('soon')
      await button(page, words.actions.save).click()
      await page.getByText(words.schedule.notDuration).waitFor()
      expect(fixture.inputsOf('server.set')).toEqual([])
      await page.getByRole('textbox', { name: words.schedule.fields.refreshMargin }).fill('1m 30s')
      await page.getByRole('textbox', { name: words.schedule.fields.jitter }).fill('2.5')
      await page.getByText(words.serverSettings.omitResource).click()
      await button(page, words.actions.save).click()
      await page.getByText(words.actions.saved).first().waitFor()
      expect(fixture.inputsOf('server.set')).toEqual([
        { server: 'linear', quirks: { omitResource: true }, schedule: { refreshMargin: 90_000, jitter: 0.025 } }
      ])
    })
  })

  describe('adding', () => {
    const address = 'https://mcp.example.com/mcp'
    function addable(): void {
      fixture.handlers['server.add'] = (input: { url: string; accessToken?: string }) => {
        const view = serverView({ id: 'example', name: 'example', url: input.url }, Date.now())
        const bare = { expiresAt: null, obtainedAt: null, expirySource: null, nextAt: null, words: 'Not signed in' }
        Object.assign(view, bare, { state: 'signedOut', light: 'grey', action: 'signIn' })
        if (input.accessToken) view.grantKind = 'staticToken'
        fixture.change(({ servers }) => void servers.push(view))
        return { view, existed: false }
      }
    }
    const change = (given: object) =>
      fixture.change(({ servers }) => void Object.assign(servers.find(({ id }) => id === 'example')!, given))
    const under = (step: string, url: string | null = null) =>
      change({ state: 'signingIn', signIn: { id: 's1', step, since: Date.now(), url, redirectUri: null } })

    test('shows each step as the core takes it, to the end', async () => {
      addable()
      const started = Promise.withResolvers<unknown>()
      const ended = Promise.withResolvers<unknown>()
      fixture.handlers['signIn.start'] = () => started.promise
      fixture.handlers['signIn.wait'] = () => ended.promise
      const page = await chromium.page(`${fixture.url}#add`)
      const step = (name: string, kind: string) => page.locator(`li.${kind}[data-step="${name}"]`).waitFor()
      await page.getByLabel(words.add.url).fill(address)
      await button(page, words.add.submit).click()
      await page.getByRole('heading', { level: 1, name: words.signIn.title('example') }).waitFor()
      expect(fixture.inputsOf('server.add')).toEqual([{ url: address }])
      const seen = ['resource', 'authorizationServer', 'registration'] as const
      for (const [index, name] of seen.entries()) {
        under(name)
        await step(name, 'now')
        if (index > 0) await step(seen[index - 1]!, 'done')
      }
      const url = `${fixture.url}authorize`
      under('browser', url)
      // The page it opens is a new one, without a referrer and without a way back here.
      const opened = page.context().waitForEvent('page')
      started.resolve({ signIn: 's1', url, redirectUri: null })
      await step('browser', 'now')
      const popup = await opened
      expect(await popup.evaluate('[window.opener, document.referrer]')).toEqual([null, ''])
      await popup.close()
      // The fixture has no such page: the console says so.
      chromium.complaints.splice(0)
      under('store')
      await step('store', 'now')
      change({ state: 'fresh', light: 'green', words: 'Healthy', signIn: null, expirySource: 'stated' })
      ended.resolve({ view: fixture.snapshot.servers.at(-1) })
      await page.getByText(words.signIn.done, { exact: true }).waitFor()
      await step('store', 'done')
      // There was no token before this one.
      expect(await page.getByText(words.signIn.lead).count()).toBe(0)
    })

    test('behind another sign-in at the same authorization server it says so, and opens its page in its turn', async () => {
      addable()
      const ready = Promise.withResolvers<unknown>()
      fixture.handlers['signIn.start'] = () => ({ signIn: 's1', url: null, redirectUri: null, waitingFor: 'linear' })
      fixture.handlers['signIn.ready'] = () => ready.promise
      fixture.handlers['signIn.wait'] = () => new Promise(() => {})
      const page = await chromium.page(`${fixture.url}#add`)
      await page.getByLabel(words.add.url).fill(address)
      await button(page, words.add.submit).click()
      const signIn = { id: 's1', step: 'authorizationServer', since: Date.now(), url: null, redirectUri: null }
      change({ state: 'signingIn', signIn: { ...signIn, waitingFor: 'linear' } })
      await page.getByText(words.signIn.waitingFor('Linear')).waitFor()
      const opened = page.context().waitForEvent('page')
      // The click is long ago for the browser or not: the page is opened, or offered.
      const url = `${fixture.url}authorize`
      change({ state: 'signingIn', signIn: { ...signIn, step: 'browser', url } })
      ready.resolve({ signIn: 's1', url, redirectUri: null })
      await (await opened).close()
      expect(fixture.inputsOf('signIn.ready')).toEqual([{ signIn: 's1' }])
      // The fixture has no such page: the console says so.
      chromium.complaints.splice(0)
    })

    test('where the page that opened does not know a kept client, one press registers anew and opens the new page', async () => {
      addable()
      const first = { signIn: 's1', url: `${fixture.url}authorize`, redirectUri: null, device: null }
      fixture.handlers['signIn.start'] = () => first
      fixture.handlers['signIn.wait'] = () => new Promise(() => {})
      const page = await chromium.page(`${fixture.url}#add`)
      await page.getByLabel(words.add.url).fill(address)
      const opened = page.context().waitForEvent('page')
      await button(page, words.add.submit).click()
      await (await opened).close()
      const under = {
        id: 's1',
        step: 'browser' as const,
        since: Date.now(),
        url: first.url,
        redirectUri: null,
        device: null
      }
      change({ state: 'signingIn', signIn: under })
      await button(page, words.signIn.copyLink).waitFor()
      expect(await button(page, words.signIn.newClient).count()).toBe(0)
      change({ state: 'signingIn', signIn: { ...under, keptClient: true } })
      const url = `${fixture.url}authorize?anew`
      fixture.handlers['signIn.replaceClient'] = () => ({ ...first, url })
      const again = page.context().waitForEvent('request', (request) => request.url() === url)
      await button(page, words.signIn.newClient).click()
      await again
      expect(fixture.inputsOf('signIn.replaceClient')).toEqual([{ signIn: 's1' }])
      // The fixture has no such page: the console says so.
      chromium.complaints.splice(0)
    })

    test('a server without registration leads to the own client id, address kept', async () => {
      addable()
      fixture.handlers['signIn.start'] = () => {
        throw new Refusal('registrationUnsupported', 'example.com allows no client to register by itself.')
      }
      const page = await chromium.page(`${fixture.url}#add`)
      await page.getByLabel(words.add.url).fill(address)
      await page.keyboard.press('Enter')
      await page.getByText('example.com allows no client to register by itself.').waitFor()
      await page.locator('li.failed[data-step="registration"]').waitFor()
      await button(page, words.signIn.ownClient).click()
      await page.getByText('http://127.0.0.1:41414/callback').waitFor()
      expect(await page.getByLabel(words.add.url).inputValue()).toBe(address)
      expect(fixture.inputsOf('server.remove')).toEqual([{ server: 'example' }])
      await page.getByLabel(words.add.clientId, { exact: true }).fill('client-1')
      await page.getByLabel(words.add.clientSecretOptional).fill('typed-secret')
      await button(page, words.add.submit).click()
      await expect.poll(() => fixture.inputsOf('server.add').length).toBe(2)
      expect(fixture.inputsOf('server.add')[1]).toEqual({
        url: address,
        clientId: 'client-1',
        clientSecret: 'typed-secret',
        redirectHost: '127.0.0.1',
        redirectPort: 41_414
      })
    })

    test('what is missing is said where it is missing, and nothing is sent', async () => {
      const page = await chromium.page(`${fixture.url}#add/ownClient`)
      await page.getByLabel(words.add.url).fill('mcp.example.com/mcp')
      await button(page, words.add.submit).click()
      await page.locator('.fieldError').getByText(words.add.urlIncomplete).waitFor()
      await page.getByLabel(words.add.url).fill(address)
      await button(page, words.add.submit).click()
      const clientId = page.locator('.field', { has: page.getByLabel(words.add.clientId, { exact: true }) })
      await clientId.locator('.fieldError').getByText(/./).waitFor()
      expect(fixture.inputsOf('server.add')).toEqual([])
    })

    test('a page that is no MCP server is not called found', async () => {
      addable()
      fixture.handlers['signIn.start'] = async () => {
        under('authorizationServer')
        await refuse.promise
        change({ state: 'signedOut', signIn: null })
        throw new Refusal('notMcpServer', 'It does not answer like an MCP server (HTTP 404).')
      }
      const refuse = Promise.withResolvers<void>()
      const page = await chromium.page(`${fixture.url}#add`)
      await page.getByLabel(words.add.url).fill(address)
      await page.keyboard.press('Enter')
      await page.locator('li.now[data-step="authorizationServer"]').waitFor()
      refuse.resolve()
      await page.locator('li.failed[data-step="resource"]').waitFor()
    })

    test('a refused address is told in plain words, and what was secret is emptied', async () => {
      fixture.handlers['server.add'] = () => {
        throw new Refusal('urlInvalid', 'That is not an https address.')
      }
      const page = await chromium.page(`${fixture.url}#add/staticToken`)
      await page.getByLabel(words.add.url).fill('https://x.example')
      const field = page.getByLabel(words.add.accessToken, { exact: true })
      expect(await field.getAttribute('type')).toBe('password')
      await field.fill('typed-token')
      await button(page, words.add.submitToken).click()
      await page.getByRole('alert').getByText('That is not an https address.').waitFor()
      expect(await field.inputValue()).toBe('')
      expect(fixture.inputsOf('server.add')).toEqual([{ url: 'https://x.example', accessToken: 'typed-token' }])
      expect(await page.content()).not.toContain('typed-token')
    })

    test('client credentials and a refresh token send what they need', async () => {
      addable()
      fixture.handlers['signIn.start'] = () => ({ signIn: 's1', url: null, redirectUri: null })
      fixture.handlers['signIn.wait'] = () => ({})
      const page = await chromium.page(`${fixture.url}#add/clientCredentials`)
      await page.getByLabel(words.add.url).fill(address)
      await page.getByLabel(words.add.clientId, { exact: true }).fill('machine')
      await page.getByLabel(words.add.clientSecret, { exact: true }).fill('s')
      await button(page, words.add.submit).click()
      await page.getByText(words.signIn.done, { exact: true }).waitFor()
      await page.goto(`${fixture.url}#add/refreshToken`)
      await page.getByLabel(words.add.url).fill(address)
      await page.getByLabel(words.add.refreshToken, { exact: true }).fill('r')
      await page.getByLabel(words.add.tokenEndpoint, { exact: true }).fill('https://as.example/token')
      await button(page, words.add.submitToken).click()
      await expect
        .poll(() => fixture.inputsOf('server.add'))
        .toEqual([
          { url: address, clientId: 'machine', clientSecret: 's', grantKind: 'clientCredentials' },
          { url: address, refreshToken: 'r', tokenEndpoint: 'https://as.example/token' }
        ])
    })
  })

  describe('a sign-in under way', () => {
    test('by device code shows the code, the address and a picture of it', async () => {
      signingIn(fixture)
      fixture.change(({ servers }) => {
        const signIn = servers.find(({ id }) => id === 'figma')!.signIn!
        signIn.url = null
        signIn.device = {
          userCode: 'WDJB-MJHT',
          verificationUri: 'https://figma.example/device',
          verificationUriComplete: 'https://figma.example/device?user_code=WDJB-MJHT',
          expiresAt: Date.now() + 600_000
        }
      })
      const page = await chromium.page(`${fixture.url}#sign-in/figma`)
      await page.getByText('WDJB-MJHT', { exact: true }).waitFor()
      const link = page.getByRole('link', { name: words.signIn.deviceOpen })
      expect(await link.getAttribute('href')).toBe('https://figma.example/device?user_code=WDJB-MJHT')
      expect(await page.locator('svg.qr path').getAttribute('d')).toMatch(/^(M\d+ \d+h1v1h-1z){200}/)
      expect(await page.getByLabel(words.signIn.pasteLabel).count()).toBe(0)
      // Longer than any picture can hold: the address stands alone, and the page with it.
      fixture.change(({ servers }) => {
        const device = servers.find(({ id }) => id === 'figma')!.signIn!.device!
        device.verificationUriComplete = `https://figma.example/${encodeURI('ü'.repeat(600))}`
        device.verificationUri = `https://figma.example/${'x'.repeat(1900)}`
      })
      await page.locator('svg.qr').waitFor({ state: 'detached' })
      expect(await page.getByText('WDJB-MJHT', { exact: true }).count()).toBe(1)
    })

    test('can be copied, opened again, pasted and cancelled', async () => {
      signingIn(fixture)
      fixture.handlers['signIn.paste'] = () => {
        throw new Refusal('responseInvalid', 'This address belongs to another sign-in.')
      }
      const page = await chromium.page(`${fixture.url}#sign-in/figma`)
      const url = fixture.snapshot.servers.find(({ id }) => id === 'figma')!.signIn!.url!
      const link = page.getByRole('link', { name: words.signIn.open })
      expect(await link.getAttribute('href')).toBe(url)
      expect(await link.getAttribute('rel')).toBe('noreferrer')
      await button(page, words.signIn.copyLink).click()
      await page.getByText(words.actions.copied).waitFor()
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(url)
      await page.getByLabel(words.signIn.pasteLabel).fill('http://127.0.0.1:1/callback?code=typed-code')
      await button(page, words.signIn.pasteSubmit).click()
      await page.getByText('This address belongs to another sign-in.').waitFor()
      expect(await page.getByLabel(words.signIn.pasteLabel).inputValue()).toBe('')
      await button(page, words.signIn.cancel).click()
      await expect.poll(() => fixture.inputsOf('signIn.cancel')).toEqual([{ signIn: 'sign-in-1' }])
    })
  })

  test('in the window the preload is used: the desktop has its switches, and main opens the browser', async () => {
    const page = await chromium.page('about:blank')
    // The preload's two functions, on the fixture's HTTP; the desktop's own commands are answered here.
    await page.addInitScript(`
      const desktop = (window.desktop = { startAtLogin: false, notifications: true, muted: [] })
      window.tokentray = {
        async call(command, input) {
          if (command.startsWith('desktop.')) return { ok: true, value: { ...Object.assign(desktop, input) } }
          const reply = await fetch('/call', { method: 'POST', body: JSON.stringify({ command, input }) })
          return reply.json()
        },
        onSnapshot(listener) {
          const source = new EventSource('/snapshots')
          source.onmessage = ({ data }) => listener(JSON.parse(data))
          return () => source.close()
        }
      }`)
    await page.goto(`${fixture.url}#settings`)
    const atLogin = page.getByRole('checkbox', { name: words.desktop.startAtLogin })
    await page.getByText(words.desktop.startAtLogin).click()
    await expect.poll(() => atLogin.isChecked()).toBe(true)
    // Changed in the system's own settings meanwhile: coming back shows it.
    await page.evaluate("window.desktop.startAtLogin = false; window.dispatchEvent(new Event('focus'))")
    await expect.poll(() => atLogin.isChecked()).toBe(false)
    await page.getByText(words.desktop.notifications).click()
    await expect.poll(() => page.evaluate('window.desktop.notifications')).toBe(false)
    await page.goto(`${fixture.url}#server/linear`)
    await page.getByText(words.desktop.server).click()
    await expect.poll(() => page.getByRole('checkbox', { name: words.desktop.server }).isChecked()).toBe(false)
    fixture.handlers['signIn.start'] = () => {
      signingIn(fixture)
      return { signIn: 'sign-in-1', url: 'https://www.figma.com/oauth/authorize', redirectUri: null }
    }
    fixture.handlers['signIn.wait'] = () => new Promise(() => {})
    await page.goto(`${fixture.url}#sign-in/figma`)
    await button(page, words.signIn.start).click()
    await button(page, words.signIn.openAgain).click()
    await expect.poll(() => fixture.inputsOf('signIn.start').length).toBe(2)
    expect(page.context().pages()).toHaveLength(1)
  })

  test('a backup is made and told', async () => {
    const page = await chromium.page(`${fixture.url}#settings`)
    await button(page, words.settings.backup).click()
    await page.getByText('backups/vault-1.db').waitFor()
    expect(await page.getByText(fixture.snapshot.vault.path, { exact: true }).count()).toBe(1)
    expect(await page.getByText(words.settings.keySources.keychain).count()).toBe(1)
  })

  test('the vault’s screen goes away by itself when the vault opens', async () => {
    fixture.change(({ vault }) => {
      vault.state = 'keychainWaiting'
    })
    const page = await chromium.page(fixture.url)
    await page.getByRole('heading', { name: words.vault.keychainWaiting.title }).waitFor()
    fixture.change(({ vault }) => {
      vault.state = 'open'
    })
    await row(page, 'notion').waitFor()
  })

  describe('accessibility', () => {
    const looks = [
      { scheme: 'light', width: 360 },
      { scheme: 'dark', width: 900 }
    ] as const
    const cases = settings.flatMap((setting) => looks.map((look) => ({ ...setting, look, scheme: look.scheme })))
    test.each(cases)('axe finds nothing on $name, $scheme', async ({ hash, prepare, ready, look }) => {
      prepare?.(fixture)
      const page = await chromium.page(fixture.url + hash, look)
      await ready(page)
      await page.evaluate(axe)
      const violations = await page.evaluate(
        `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map((n) => n.html).join(' | ')))`
      )
      expect(violations).toEqual([])
      // Nothing may stick out sideways.
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
    })
  })
})
