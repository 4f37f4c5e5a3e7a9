// What a person decides on the pages: verifying, restored grants, settings general and per server, theme, demo, own clients.
// In a real Chromium on the built pages; each command is checked as it reached the core.
import { describe, expect, test } from 'vitest'
import { providers } from '../../app/contract/providers.ts'
import type { ServerView } from '../../app/contract/views.ts'
import { words } from '../../renderer/words.ts'
import { reason } from './chromium.ts'
import { Refusal } from './fixture.ts'
import { button, openPages } from './opened.ts'
import { keyed, restored, signingIn } from './pages.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('decisions on the pages', () => {
  const { page: open, fixture } = openPages('decisions')

  test.each(['accepted', 'rejected', 'unknown'] as const)(
    'verify shows the verdict "%s" until the token changes',
    async (verdict) => {
      fixture().handlers['server.verify'] = ({ server }: { server: string }) => ({
        view: fixture().snapshot.servers.find(({ id }) => id === server),
        verdict,
        sentence: 'It answered at once.'
      })
      const page = await open('#server/github')
      await button(page, words.actions.verify).click()
      const status = page.getByRole('status').filter({ hasText: words.verify[verdict] })
      await status.getByText('It answered at once.').waitFor()
      expect(fixture().inputsOf('server.verify')).toEqual([{ server: 'github' }])
      fixture().change(({ servers }) => {
        servers.find(({ id }) => id === 'github')!.obtainedAt = Date.now()
      })
      await page.getByText(words.verify[verdict]).waitFor({ state: 'detached' })
    }
  )

  test.each([
    ['staticToken', false, words.detail.givenByHand],
    ['clientCredentials', true, words.detail.renewsAlone],
    ['jwtBearer', true, words.detail.renewsAlone]
  ] as const)('a %s is said to have no refresh token, and what happens instead', async (grantKind, renewable, said) => {
    Object.assign(fixture().snapshot.servers.find(({ id }) => id === 'github')!, {
      grantKind,
      renewable,
      refreshExpiresAt: null
    })
    const page = await open('#server/github')
    await page.getByText(said, { exact: true }).waitFor()
  })

  test('a refresh that goes well is not announced; retrying, health again and need are', async () => {
    const page = await open('')
    const said = async () => (await page.locator('.spoken').allTextContents()).join('')
    const become = async (change: Partial<ServerView>) => {
      fixture().change(({ servers }) => Object.assign(servers.find(({ id }) => id === 'github')!, change))
      await page.locator('[data-server=github] .words').getByText(change.words!).waitFor()
      return said()
    }
    const refreshing = { state: 'refreshing', light: 'green', words: 'Refreshing…' } as const
    const fresh = { state: 'fresh', light: 'green', words: 'Healthy' } as const
    await page.locator('[data-server=github]').waitFor()
    expect(await become(refreshing)).toBe('')
    expect(await become(fresh)).toBe('')
    expect(await become({ state: 'waiting', light: 'amber', words: 'Retrying · attempt 1' })).toBe(
      'GitHub: Retrying · attempt 1'
    )
    expect(await become({ ...refreshing, light: 'amber' })).toBe('GitHub: Retrying · attempt 1')
    expect(await become(fresh)).toBe('GitHub: Healthy')
    expect(await become({ state: 'needsUser', light: 'red', words: 'Sign in needed' })).toBe('GitHub: Sign in needed')
  })

  test('the gateway is shown with its address and problem, and leads to the clients', async () => {
    fixture().snapshot.gateway = {
      address: 'http://127.0.0.1:4140',
      port: 4140,
      publicUrl: 'https://mcp.example.com',
      problem: 'Port 4140 is taken.'
    }
    const page = await open('#settings')
    const section = page.locator('section').filter({ has: page.getByRole('heading', { name: words.settings.gateway }) })
    for (const text of ['http://127.0.0.1:4140', '4140', 'https://mcp.example.com', 'Port 4140 is taken.'])
      await section.getByText(text, { exact: true }).waitFor()
    await page.getByText(words.settings.keyLost.keychain).waitFor()
    await section.getByRole('button', { name: words.settings.gatewayClients }).click()
    await page.getByRole('heading', { level: 1, name: words.clients.title }).waitFor()
  })

  test('a day that held a sign-out is not called one without a gap', async () => {
    fixture().handlers['server.history'] = () => {
      const at = fixture().snapshot.at
      const event = { detail: '', fault: null }
      return {
        events: [
          { ...event, at: at - 3_600_000, kind: 'signedOut', expiresAt: null },
          { ...event, at: at - 7_200_000, kind: 'signedIn', expiresAt: at + 7_200_000 }
        ]
      }
    }
    const page = await open('#server/github')
    await page.getByRole('img', { name: words.detail.signedOut }).waitFor()
  })

  test('a sign-in that failed keeps showing who would have signed the person in', async () => {
    const failed = Promise.withResolvers<never>()
    fixture().handlers['signIn.start'] = () => ({ signIn: 'sign-in-1', url: null, redirectUri: null })
    fixture().handlers['signIn.wait'] = () => failed.promise
    const page = await open('#sign-in/figma')
    await button(page, words.signIn.start).click()
    signingIn(fixture())
    const found = page.locator('[data-step=authorizationServer] small')
    await found.getByText('www.figma.com').waitFor()
    fixture().change(({ servers }) => {
      Object.assign(servers.find(({ id }) => id === 'figma')!, { state: 'signedOut', signIn: null })
    })
    failed.reject(new Refusal('signInFailed', 'Nobody finished it.'))
    await page.getByRole('alert').getByText('Nobody finished it.').waitFor()
    await found.getByText('www.figma.com').waitFor()
  })

  test('more permission is asked for by the names of the scopes', async () => {
    keyed(fixture())
    fixture().handlers['signIn.start'] = () => new Promise(() => {})
    const page = await open('')
    await button(page, `${words.actions.grantMore(['repo:write'])}: GitHub`).waitFor()
    fixture().change(({ servers }) => {
      servers.find(({ id }) => id === 'github')!.missingScope = `repo:write ${'long'.repeat(20)} admin`
    })
    await button(page, 'Allow repo:write and 2 more…: GitHub').waitFor()
    await page.goto(`${fixture().url}#server/github`)
    await page.getByText(`repo:write ${'long'.repeat(20)} admin`, { exact: true }).waitFor()
    await button(page, 'Allow repo:write and 2 more…').click()
    await expect.poll(() => fixture().inputsOf('signIn.start')).toEqual([{ server: 'github' }])
  })

  test('a key that tokens are bound to and a certificate are among the facts, where there are any', async () => {
    const page = await open('#server/github')
    await page.getByText(words.detail.facts.issuer, { exact: true }).waitFor()
    for (const fact of [words.detail.facts.binding, words.detail.facts.certificate, words.keys.title])
      expect(await page.getByText(fact, { exact: true }).count()).toBe(0)
    keyed(fixture())
    await page.getByText(words.detail.bound, { exact: true }).waitFor()
    await page.getByText('/home/ada/ada.pem', { exact: true }).waitFor()
  })

  test('that a server passes credentials through is among the facts, where it does', async () => {
    const page = await open('#server/github')
    await page.getByText(words.detail.facts.issuer, { exact: true }).waitFor()
    expect(await page.getByText(words.detail.passThrough).count()).toBe(0)
    fixture().change(({ servers }) => {
      for (const server of servers) server.mode = 'passThrough'
    })
    await page.getByText(words.detail.passThrough, { exact: true }).waitFor()
  })

  test('the public key of a client that signs is shown and copied whole; where it cannot be read, why', async () => {
    keyed(fixture())
    const page = await open('#server/github')
    const line = page.locator('.copyLine', { hasText: words.keys.label })
    await line.getByRole('button', { name: words.actions.copy }).click()
    await page.getByText(words.actions.copied).waitFor()
    const copied = JSON.parse(String(await page.evaluate('navigator.clipboard.readText()')))
    expect(copied).toEqual({ keys: [expect.objectContaining({ kid: 'k1', kty: 'EC', x: 'x'.repeat(43) })] })
    fixture().handlers['server.keys'] = () => {
      throw new Refusal('inputInvalid', 'It has no key.')
    }
    await page.reload()
    await page.getByText('It has no key.').waitFor()
  })

  describe('a restored grant', () => {
    test('is explained, and tried only when a person says so', async () => {
      restored(fixture())
      const page = await open('')
      await page.getByRole('button', { name: `${words.actions.tryRestored}: Notion` }).click()
      await page.getByText(words.restored.risk).waitFor()
      expect(await button(page, words.actions.refresh).count()).toBe(0)
      expect(fixture().inputsOf('server.refresh')).toEqual([])
      await button(page, words.restored.attempt).click()
      await page.locator('.toast.ok').waitFor()
      expect(fixture().inputsOf('server.refresh')).toEqual([{ server: 'notion' }])
    })

    test('can be replaced by a sign-in, and the focus does not get lost', async () => {
      restored(fixture())
      fixture().handlers['signIn.start'] = () => new Promise(() => {})
      const page = await open('#server/notion')
      await button(page, words.restored.signInInstead).focus()
      fixture().change(({ servers }) => {
        servers.find(({ id }) => id === 'notion')!.action = 'signIn'
      })
      await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H1')
      restored(fixture())
      await button(page, words.restored.signInInstead).click()
      await page.getByRole('heading', { level: 1, name: words.signIn.title('Notion') }).waitFor()
      expect(fixture().inputsOf('signIn.start')).toEqual([{ server: 'notion' }])
    })
  })

  describe('settings of one server', () => {
    test('an override is cleared by its own button, which names the default', async () => {
      fixture().change(({ servers }) => {
        servers.find(({ id }) => id === 'linear')!.schedule = { refreshMargin: 90_000 }
      })
      const page = await open('#server/linear/settings')
      const field = page.getByRole('textbox', { name: words.schedule.fields.refreshMargin })
      await expect.poll(() => field.inputValue()).toBe('1m 30s')
      await page.getByText(words.schedule.followDefault('5m')).click()
      expect(await field.inputValue()).toBe('')
      expect(await field.getAttribute('placeholder')).toBe('5m')
      await button(page, words.actions.save).click()
      await expect
        .poll(() => fixture().inputsOf('server.set'))
        .toEqual([{ server: 'linear', schedule: { refreshMargin: null } }])
    })

    test('redirect host, port and parameters are shown, checked and sent; the address is copied exactly', async () => {
      fixture().change(({ servers }) => {
        const linear = servers.find(({ id }) => id === 'linear')!
        Object.assign(linear, { redirectPort: 41_414, params: { audience: 'a' } })
      })
      const page = await open('#server/linear/settings')
      const port = page.getByLabel(words.serverSettings.redirectPort)
      const params = page.getByLabel(words.serverSettings.params)
      expect([await port.inputValue(), await params.inputValue()]).toEqual(['41414', 'audience=a'])
      await page.getByText('localhost', { exact: true }).click()
      await button(page, words.actions.copy).click()
      await page.getByText(words.actions.copied).waitFor()
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe('http://localhost:41414/callback')
      await port.fill('99999')
      await params.fill('audience=b\nnonsense')
      await button(page, words.actions.save).click()
      await page.getByText(words.add.portWrong).waitFor()
      await page.getByText(words.serverSettings.paramsWrong).waitFor()
      expect(fixture().inputsOf('server.set')).toEqual([])
      await port.fill('')
      await params.fill('audience=b\nresource_hint = x=y')
      await button(page, words.actions.save).click()
      await expect
        .poll(() => fixture().inputsOf('server.set'))
        .toEqual([
          {
            server: 'linear',
            redirectHost: 'localhost',
            redirectPort: null,
            params: { audience: 'b', resource_hint: 'x=y' }
          }
        ])
    })
  })

  test('sign-out and removal say what became of the revocation', async () => {
    const sentence = 'The server could not be asked to revoke the tokens: it did not answer.'
    fixture().handlers['server.signOut'] = ({ server }: { server: string }) => ({
      view: fixture().snapshot.servers.find(({ id }) => id === server),
      revoked: sentence
    })
    const page = await open('#server/linear')
    await button(page, words.actions.signOut).click()
    await page.getByRole('alertdialog').getByRole('button', { name: words.actions.signOut, exact: true }).click()
    await page.locator('.toast').getByText(words.actions.signedOut('Linear', sentence)).waitFor()
    await button(page, words.actions.remove).click()
    await page.getByRole('alertdialog').getByRole('button', { name: words.actions.removeNow, exact: true }).click()
    await page.getByText(words.actions.removed('Linear', 'The server has revoked the tokens.')).waitFor()
  })

  describe('general settings', () => {
    test('a browser that keeps nothing for us shows the pages and the theme all the same', async () => {
      const page = await open('blank')
      await page.addInitScript(`Object.defineProperty(window, 'localStorage', {
        get() { throw new DOMException('Access is denied', 'SecurityError') }
      })`)
      fixture().change((snapshot) => {
        snapshot.theme = 'dark'
      })
      await page.goto(fixture().url)
      await page.locator('[data-server="github"]').waitFor()
      expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
    })

    test('the theme is switched for good, whatever the system says', async () => {
      const page = await open('#settings', { width: 900, scheme: 'light' })
      const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
      const light = await background()
      await page.getByText(words.settings.themes.dark).click()
      await expect.poll(background).not.toBe(light)
      expect(fixture().inputsOf('settings.set')).toEqual([{ theme: 'dark' }])
      // Before the first snapshot the page is already dark: it remembers.
      await page.reload()
      expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
      await page.getByText(words.settings.themes.system).click()
      await expect.poll(background).toBe(light)
    })

    test('the general schedule is checked before it is sent, in the units people write', async () => {
      const page = await open('#settings')
      await page.getByText(words.settings.scheduleShow).click()
      const floor = page.getByRole('textbox', { name: words.schedule.fields.floor })
      expect(await floor.getAttribute('placeholder')).toBe('10s')
      await floor.fill('1')
      await button(page, words.actions.save).click()
      await page.getByText(words.schedule.notDuration).waitFor()
      await floor.fill('500ms')
      await button(page, words.actions.save).click()
      await page.getByText(words.schedule.tooShort('1s')).waitFor()
      expect(fixture().inputsOf('settings.set')).toEqual([])
      await floor.fill('90s')
      await button(page, words.actions.save).click()
      await page.getByText(words.actions.saved).waitFor()
      expect(await floor.inputValue()).toBe('1m 30s')
      await page.getByText(words.schedule.followDefault('')).click()
      await button(page, words.actions.save).click()
      await expect
        .poll(() => fixture().inputsOf('settings.set'))
        .toEqual([{ schedule: { floor: 90_000 } }, { schedule: { floor: null } }])
    })

    test('a report is shown and copied as the core wrote it', async () => {
      const page = await open('#settings')
      await button(page, words.settings.showReport).click()
      await page.getByText('tokentray 0.1.0').waitFor()
      await button(page, words.settings.copyReport).click()
      await page.getByText(words.actions.copied).waitFor()
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe('tokentray 0.1.0\nservers: 7')
    })
  })

  test('the demo is started on the first run and removed from the list', async () => {
    fixture().change((snapshot) => {
      snapshot.servers = []
    })
    const page = await open('')
    await button(page, words.demo.start).click()
    await page.locator('[data-server="steady"]').getByText(words.demo.badge).waitFor()
    await button(page, words.demo.stop).click()
    await page.getByText(words.welcome.title).waitFor()
    expect(fixture().inputsOf('demo.stop')).toEqual([{}])
    fixture().change((snapshot) => {
      snapshot.demo = 'unavailable'
    })
    await page.getByText(words.welcome.noDemo).waitFor()
    expect(await button(page, words.demo.start).count()).toBe(0)
  })

  describe('a client of one’s own', () => {
    test.each(providers.filter(({ hosts }) => hosts.length > 0))(
      'shows the steps of $name by the address',
      async ({ hosts, steps, page: source }) => {
        const page = await open(`#add/ownClient/${encodeURIComponent(`https://mcp.${hosts[0]}/mcp`)}`)
        for (const step of steps) await page.getByText(step, { exact: true }).waitFor()
        if (source) expect(await page.locator('.howTo a').getAttribute('href')).toBe(source)
      }
    )

    test('another provider can be chosen, and its kind of redirect address is copied exactly', async () => {
      const page = await open('#add/ownClient')
      await page.getByText(words.add.providerSteps).waitFor()
      await page.getByLabel(words.add.provider).selectOption('Amazon Cognito')
      await page.getByText('http://localhost:41414/callback').waitFor()
      await page.getByLabel(words.add.port).fill('5000')
      await button(page, words.actions.copy).click()
      await page.getByText(words.actions.copied).waitFor()
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe('http://localhost:5000/callback')
    })
  })

  test('what a failed sign-in would need is shown with its cost, and set and tried again by one press', async () => {
    fixture().handlers['signIn.start'] = () => {
      throw new Refusal('issuerMismatch', 'Another issuer.')
    }
    fixture().change(({ servers }) => {
      servers.find(({ id }) => id === 'figma')!.proposals = [
        {
          change: { quirks: { acceptIssuerSlash: true } },
          reason: 'One slash apart.',
          givesUp: 'Equality.',
          trust: 'cited',
          source: 'https://example.com/why'
        }
      ]
    })
    const page = await open('#sign-in/figma')
    await page.getByText('One slash apart.').waitFor()
    await page.getByText(`${words.proposals.givesUp} Equality.`).waitFor()
    await page.getByText(words.serverSettings.acceptIssuerSlash).waitFor()
    expect(await page.getByText(words.proposals.source).getAttribute('href')).toBe('https://example.com/why')
    expect(fixture().inputsOf('server.set')).toEqual([])
    fixture().handlers['server.set'] = () => ({ view: fixture().snapshot.servers[0] })
    await button(page, words.proposals.setAndTry).click()
    await page.getByText('Another issuer.').waitFor()
    expect(fixture().inputsOf('server.set')).toEqual([
      { server: 'figma', quirks: { acceptIssuerSlash: true }, reason: 'One slash apart.' }
    ])
    expect(fixture().inputsOf('signIn.start')).toEqual([{ server: 'figma' }])
  })

  test.each([
    ['serverUnreachable', 'figma.com cannot be reached (ENOTFOUND); check the network and the address.', null],
    ['authorizationDenied', 'The sign-in to Figma was declined; start again to allow it.', null],
    [
      'registrationRefused',
      'figma.com refused to register a client: no. Create a client there with the redirect URI http://127.0.0.1:1/callback, then give its --client-id and --redirect-port 1.',
      'figma.com refused to register a client: no. Use your own client id.'
    ]
  ])('a sign-in that fails with %s says once what to do, in words of the page', async (code, sentence, said) => {
    fixture().handlers['signIn.start'] = () => {
      throw new Refusal(code, sentence)
    }
    const page = await open('#sign-in/figma')
    await button(page, words.signIn.start).click()
    const alert = page.getByRole('alert')
    await alert.getByText(said ?? sentence, { exact: true }).waitFor()
    expect(await alert.getByRole('paragraph').count()).toBe(1)
  })

  test('200 servers wake the page once a second at most, and not at all while it is hidden', async () => {
    const view = fixture().snapshot.servers[2]!
    fixture().change((snapshot) => {
      snapshot.servers = Array.from({ length: 200 }, (_, n) => ({ ...view, id: `server-${n}`, name: `Server ${n}` }))
    })
    const page = await open('blank')
    await page.clock.install({ time: Date.now() })
    await page.goto(fixture().url)
    await page.locator('[data-server="server-199"]').waitFor()
    await page.evaluate(`{
      window.woken = 0
      const set = window.setTimeout
      window.setTimeout = (work, ...rest) => set(() => { window.woken++; work() }, ...rest)
      const every = window.setInterval
      window.setInterval = (work, ...rest) => every(() => { window.woken++; work() }, ...rest)
    }`)
    await page.clock.runFor(10_000)
    const woken = Number(await page.evaluate('window.woken'))
    expect(woken).toBeGreaterThan(5)
    expect(woken).toBeLessThanOrEqual(10)
    await page.evaluate(`Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))
      window.woken = 0`)
    await page.clock.runFor(10_000)
    expect(await page.evaluate('window.woken')).toBe(0)
  })
})
