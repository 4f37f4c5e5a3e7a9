// The list in a real Chromium, on a scripted core: what it shows of each server, what it says aloud, what it costs to keep.
// Nothing of the bundle is replaced: it speaks HTTP to the fixture as in a browser, under the strict CSP.
import { describe, expect, test } from 'vitest'
import type { ServerView } from '../../app/contract/views.ts'
import { actionWords } from '../../renderer/words/actions.ts'
import { appWords } from '../../renderer/words/app.ts'
import { demoWords, listWords, markWords, welcomeWords } from '../../renderer/words/list.ts'
import { detailWords } from '../../renderer/words/server.ts'
import { reason } from './chromium.ts'
import { serverView } from './fixture.ts'
import { button, isSettled, openPages, row } from './opened.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('the list', () => {
  const { page: open, fixture } = openPages()

  test('shows all six marks by shape, with words for each', async () => {
    const page = await open('')
    const expected = {
      notion: markWords.needsYou,
      linear: markWords.retrying,
      github: markWords.ok,
      sentry: markWords.running,
      cloudflare: markWords.paused,
      figma: markWords.signedOut
    }
    const shapes = new Set<string>()
    for (const [id, text] of Object.entries(expected)) {
      const mark = row(page, id).getByRole('img', { name: text, exact: true })
      await mark.waitFor()
      shapes.add(await mark.innerHTML())
    }
    expect(shapes.size).toBe(6)
    expect(await page.getByText(/^1 server needs you/).count()).toBe(1)
    const order = await page
      .locator('[data-server]')
      .evaluateAll((rows) => rows.map((r) => r.getAttribute('data-server')))
    expect(order).toEqual(fixture().snapshot.servers.map(({ id }) => id))
  })

  test('a server whose first sign-in failed stands with those that need a person, and is marked so', async () => {
    const { servers, at } = fixture().snapshot
    Object.assign(servers.find(({ id }) => id === 'figma')!, {
      lastEvent: { at, kind: 'signInFailed', detail: 'Refused.', fault: null, expiresAt: null }
    })
    const page = await open('')
    await row(page, 'figma').getByRole('img', { name: markWords.needsYou, exact: true }).waitFor()
    await page.getByText(/^2 servers need you/).waitFor()
    const order = await page
      .locator('[data-server]')
      .evaluateAll((rows) => rows.map((r) => r.getAttribute('data-server')))
    expect(order.slice(0, 2)).toEqual(['figma', 'notion'])
  })

  test('a token that only a person can replace has a mark and words of its own, and no refresh', async () => {
    Object.assign(fixture().snapshot.servers.find(({ id }) => id === 'github')!, {
      renewable: false,
      words: 'Token valid, no refresh token'
    })
    const page = await open('')
    await row(page, 'github').getByRole('img', { name: markWords.ending, exact: true }).waitFor()
    await row(page, 'github')
      .getByText(/^Sign in again in \d+ (min|h)( \d+ min)? · Token valid, no refresh token$/)
      .waitFor()
    await page.goto(`${fixture().url}#server/github`)
    await page.getByText(/^Sign in again in \d+ (min|h)/).waitFor()
    await button(page, actionWords.signInAgain).waitFor()
    expect(await button(page, actionWords.refresh).count()).toBe(0)
  })

  test('why nothing is refreshed stands on every page, and one press ends it', async () => {
    const message = 'Tokentray stopped unexpectedly several times in a row.'
    fixture().handlers['servers.endHold'] = () => {
      fixture().change((snapshot) => {
        snapshot.refreshHold = null
      })
      return {}
    }
    const page = await open('#settings')
    fixture().change((snapshot) => {
      snapshot.refreshHold = { until: Date.now() + 60_000, message }
    })
    await page.getByText(message).waitFor()
    await page.goto(`${fixture().url}#`)
    await page
      .getByRole('status')
      .filter({ hasText: message })
      .getByRole('button', { name: actionWords.refresh })
      .click()
    await page.getByText(message).waitFor({ state: 'detached' })
    expect(fixture().inputsOf('servers.endHold')).toEqual([{}])
  })

  test('what is left of a token stands in one line, and a narrow window keeps the reason of what needs a person', async () => {
    const detail = 'figma.com could not be reached: the host name was not found (ENOTFOUND).'
    Object.assign(fixture().snapshot.servers.find(({ id }) => id === 'figma')!, { detail })
    const page = await open('')
    const when = row(page, 'github').locator('.when')
    await expect.poll(() => when.innerText()).toMatch(/^[^\n]* left$/)
    for (const width of [740, 380]) {
      await page.setViewportSize({ width, height: 700 })
      expect((await when.boundingBox())!.height).toBeLessThan(24)
      await row(page, 'figma').getByText(detail).waitFor()
      await row(page, 'notion').locator('.more').waitFor()
    }
    // The light says that nobody is needed: its words are enough.
    await expect.poll(() => row(page, 'linear').locator('.more').isVisible()).toBe(false)
  })

  test('the countdown falls second by second, and the bar with the time', async () => {
    const page = await open('blank')
    await page.clock.install({ time: Date.now() })
    await page.goto(fixture().url)
    const when = row(page, 'linear').locator('.when')
    await when.waitFor()
    const read = async () => Number(/0:(\d\d)/.exec(await when.innerText())?.[1])
    const before = await read()
    const bar = row(page, 'linear').getByRole('meter')
    const left = Number(await bar.getAttribute('aria-valuenow'))
    await page.clock.runFor(5000)
    await expect.poll(async () => before - (await read())).toBeGreaterThanOrEqual(4)
    await page.clock.runFor(300_000)
    await expect.poll(async () => Number(await bar.getAttribute('aria-valuenow'))).toBeLessThan(left)
    await expect.poll(() => when.innerText()).toBe(listWords.now)
  })

  test('nothing ticks while the page is hidden, and the time is right again when it shows', async () => {
    const page = await open('blank')
    await page.clock.install({ time: Date.now() })
    await page.goto(fixture().url)
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
    await expect.poll(() => when.innerText()).not.toBe(frozen)
  })

  test('a change is shown and said aloud', async () => {
    const page = await open('')
    await row(page, 'github').waitFor()
    fixture().change(({ servers }) => {
      Object.assign(servers.find(({ id }) => id === 'github')!, {
        light: 'amber',
        state: 'waiting',
        words: 'Retrying · attempt 1 · a reply was lost',
        nextAt: Date.now() + 10_000
      })
    })
    await page.getByRole('status').filter({ hasText: 'GitHub: Retrying · attempt 1' }).waitFor()
    await row(page, 'github').getByRole('img', { name: markWords.retrying }).waitFor()
  })

  test('a server that is down beside a valid token has a mark and words of its own', async () => {
    const page = await open('')
    const words = 'Token valid · server unreachable since 01:19'
    fixture().change(({ servers }) => {
      const outage = { kind: 'unreachable', since: Date.now(), detail: 'ECONNREFUSED' } as const
      Object.assign(servers.find(({ id }) => id === 'github')!, { light: 'amber', words, outage })
    })
    // The next refresh is the lesser news.
    await row(page, 'github').getByText(words, { exact: true }).waitFor()
    const mark = row(page, 'github').getByRole('img', { name: markWords.serverDown })
    expect(await mark.innerHTML()).not.toBe(await row(page, 'linear').getByRole('img').first().innerHTML())
    await page
      .getByRole('status')
      .filter({ hasText: `GitHub: ${words}` })
      .waitFor()
  })

  test('a server’s own name never pushes its host out of sight, and its icon comes from the core as data', async () => {
    const picture =
      'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    fixture().handlers['server.icon'] = () => ({ picture })
    const name = `GitHub ${'official '.repeat(6)}`.trim()
    const given = { name, nameWithHost: 'GitHub (mcp.evil.example)', icon: 'digest-1' }
    fixture().change((snapshot) => {
      snapshot.servers = [
        serverView({ id: 'evil', ...given }, Date.now()),
        serverView({ id: 'evil-2', ...given }, Date.now())
      ]
    })
    const page = await open('')
    await page.setViewportSize({ width: 380, height: 700 })
    const icon = row(page, 'evil').locator('.serverIcon img')
    await icon.waitFor()
    expect(await icon.getAttribute('src')).toBe(picture)
    // The policy of the page lets it be drawn.
    await expect
      .poll(() => icon.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth))
      .toBe(1)
    const host = row(page, 'evil').locator('.host')
    expect(await host.evaluate((element) => element.scrollWidth <= element.clientWidth + 1)).toBe(true)
    const [inHost, inRow] = await Promise.all([host.boundingBox(), row(page, 'evil').boundingBox()])
    expect(inHost!.x + inHost!.width).toBeLessThanOrEqual(inRow!.x + inRow!.width)
    // Two with one icon need it once.
    await row(page, 'evil-2').locator('.serverIcon img').waitFor()
    expect(fixture().inputsOf('server.icon')).toHaveLength(1)
    await page.goto(`${fixture().url}#server/evil`)
    await page.locator('.title .serverIcon img').waitFor()
    await page.locator('.title .host').getByText('mcp.evil.example').waitFor()
  })

  test('the core is told which rows are in sight, and of a page of one server, and nothing while the page is hidden', async () => {
    const now = Date.now()
    fixture().change((snapshot) => {
      snapshot.servers = Array.from({ length: 200 }, (_, n) => serverView({ id: `server-${n + 100}` }, now))
    })
    const told = () => fixture().inputsOf('servers.shown') as { servers: string[] }[]
    const ids = () => told().flatMap(({ servers }) => servers)
    const page = await open('')
    await expect.poll(() => told().length).toBeGreaterThan(0)
    expect(ids()).toContain('server-100')
    expect(ids()).not.toContain('server-299')
    // The rows further down are drawn later.
    await row(page, 'server-299').waitFor({ state: 'attached' })
    const sent: string[] = []
    page.on('request', (request) => void sent.push(request.postData() ?? ''))
    const scrollend = `new Promise((done) => {
      document.dispatchEvent(new Event('scrollend'))
      setTimeout(done)
    })`
    await page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
    await page.evaluate('window.scrollTo(0, document.body.scrollHeight)')
    await page.evaluate(scrollend)
    expect(sent.filter((body) => body.includes('servers.shown'))).toEqual([])
    await page.evaluate('delete document.hidden')
    await page.evaluate(scrollend)
    await expect.poll(ids).toContain('server-299')
    const before = ids().length
    expect(new Set(ids()).size).toBe(before)
    await page.goto(`${fixture().url}#server/server-200`)
    await expect.poll(ids).toContain('server-200')
  })

  test('200 servers are drawn, and a change redraws its own row only', async () => {
    const now = Date.now()
    fixture().change((snapshot) => {
      snapshot.servers = Array.from({ length: 200 }, (_, n) => serverView({ id: `server-${n}` }, now))
    })
    const page = await open('')
    await row(page, 'server-199').waitFor()
    expect(await page.locator('[data-server]').count()).toBe(200)
    // React leaves what it last drew an element from on the element.
    const drawnFrom = (id: string) => `(() => {
      const element = document.querySelector('[data-server="${id}"]')
      return element[Object.keys(element).find((key) => key.startsWith('__reactProps'))]
    })()`
    await page.evaluate(`globalThis.before = [${drawnFrom('server-149')}, ${drawnFrom('server-150')}]`)
    fixture().change(({ servers }) => {
      servers[150]!.words = 'Paused'
      servers[150]!.paused = true
    })
    await row(page, 'server-150').getByText('Paused').waitFor()
    const isSame = `[${drawnFrom('server-149')} === before[0], ${drawnFrom('server-150')} === before[1]]`
    expect(await page.evaluate(isSame)).toEqual([true, false])
  })

  test('a server far down that comes to need a person is first at once, and none is lost or doubled', async () => {
    const now = Date.now()
    fixture().change((snapshot) => {
      snapshot.servers = Array.from({ length: 90 }, (_, n) => serverView({ id: `server-${n}` }, now))
    })
    const page = await open('')
    await row(page, 'server-89').waitFor()
    fixture().change((snapshot) => {
      const red = {
        ...snapshot.servers[80]!,
        light: 'red' as const,
        state: 'needsUser' as const,
        words: 'Sign-in needed'
      }
      snapshot.servers = [red, ...snapshot.servers.toSpliced(80, 1)]
    })
    await page.locator('[data-server]').first().getByText('Sign-in needed').waitFor()
    const ids = await page.locator('[data-server]').evaluateAll((rows) => rows.map((each) => each.id || each.outerHTML))
    expect(new Set(ids).size).toBe(90)
    fixture().change((snapshot) => {
      snapshot.servers[85]!.name = 'the last of all'
    })
    await page.locator('[data-server]').nth(89).getByText('the last of all').waitFor()
  })

  test('one change is put in its place; after a missed message the page asks for everything anew', async () => {
    const page = await open('')
    const { snapshot, tell } = fixture()
    const { revision, at, servers } = snapshot
    const changed = [{ ...servers.find(({ id }) => id === 'sentry')!, name: 'Aardvark', light: 'green' as const }]
    tell({ kind: 'changes', from: revision, revision: revision + 1, at, changed, removed: ['figma'] })
    await row(page, 'sentry').getByText('Aardvark').waitFor()
    const order = () =>
      page.locator('[data-server]').evaluateAll((rows) => rows.map((r) => r.getAttribute('data-server')))
    expect(await order()).toEqual(['notion', 'linear', 'sentry', 'billing', 'github', 'cloudflare'])
    snapshot.revision = revision + 3
    tell({ kind: 'changes', from: revision + 2, revision: revision + 3, at, changed: [], removed: [] })
    await row(page, 'figma').waitFor()
    await row(page, 'sentry').getByRole('link', { name: 'Sentry' }).waitFor()
  })

  test('pages of another version than the core say so', async () => {
    const page = await open('')
    fixture().tell({ version: 2, kind: 'snapshot', snapshot: fixture().snapshot })
    await page.getByText(appWords.connection.outdated).waitFor()
  })

  test('the keyboard reaches a server and comes back to its row', async () => {
    const page = await open('')
    await page.locator('#server-github').focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'GitHub' }).waitFor()
    await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H1')
    await button(page, `‹ ${detailWords.back}`)
      .or(page.getByRole('button', { name: detailWords.back }))
      .click()
    await row(page, 'github').waitFor()
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('server-github')
  })

  test('a refresh that goes well is not announced; retrying, health again and need are', async () => {
    const page = await open('')
    const said = async () => (await page.locator('.spoken').allTextContents()).join('')
    const become = async (change: Partial<ServerView>, expected: string) => {
      fixture().change(({ servers }) => Object.assign(servers.find(({ id }) => id === 'github')!, change))
      await page.locator('[data-server=github] .words').getByText(change.words!).waitFor()
      await isSettled(page)
      expect(await said()).toBe(expected)
    }
    const refreshing = { state: 'refreshing', light: 'green', words: 'Refreshing…' } as const
    const fresh = { state: 'fresh', light: 'green', words: 'Healthy' } as const
    await page.locator('[data-server=github]').waitFor()
    await become(refreshing, '')
    await become(fresh, '')
    await become({ state: 'waiting', light: 'amber', words: 'Retrying · attempt 1' }, 'GitHub: Retrying · attempt 1')
    await become({ ...refreshing, light: 'amber' }, 'GitHub: Retrying · attempt 1')
    await become(fresh, 'GitHub: Healthy')
    await become({ state: 'needsUser', light: 'red', words: 'Sign-in needed' }, 'GitHub: Sign-in needed')
  })

  test('the demo is started on the first run and removed from the list', async () => {
    fixture().change((snapshot) => {
      snapshot.servers = []
    })
    const page = await open('')
    await button(page, demoWords.start).click()
    await page.locator('[data-server="steady"]').getByText(demoWords.badge).waitFor()
    await button(page, demoWords.stop).click()
    await page.getByText(welcomeWords.title).waitFor()
    expect(fixture().inputsOf('demo.stop')).toEqual([{}])
    fixture().change((snapshot) => {
      snapshot.demo = 'unavailable'
    })
    await page.getByText(welcomeWords.noDemo).waitFor()
    expect(await button(page, demoWords.start).count()).toBe(0)
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
