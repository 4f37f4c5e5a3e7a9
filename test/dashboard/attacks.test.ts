// Attacks on the dashboard by another user of this computer together with a web page, run for real: a program as uid 65534 that
// listens where the dashboard does not, or does not yet, and a browser that some page sends there.
import type { BrowserContext, Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { appWords } from '../../renderer/words/app.ts'
import { makeCore, makeView } from '../owner/fakeCore.ts'
import { patience, reason } from '../renderer/chromium.ts'
import { connectChromium } from '../renderer/sharedChromium.ts'
import { freePort } from '../support/freePort.ts'
import { shared } from '../support/shared.ts'
import { isSkipped } from '../support/skipped.ts'
import { noStranger, startStranger, strangerId } from '../support/stranger.ts'
import { makeDashboard } from './dashboard.fixture.ts'

const why = reason ?? noStranger

/**
 * Serves a page that plants a service worker and a cookie, at ?bomb more cookies than a server takes, and prints each request
 * as JSON.
 */
const listener = `
import { createServer } from 'node:http'
const worker = \`
  self.addEventListener('install', () => self.skipWaiting())
  self.addEventListener('activate', (event) => event.waitUntil(clients.claim()))
  self.addEventListener('fetch', (event) => event.respondWith(fetch(event.request)))
\`
const page = \`<!doctype html><script>
  for (let n = 0; location.search && n < 40; n++) document.cookie = 'bomb' + n + '=' + 'x'.repeat(1000) + '; path=/'
  document.cookie = 'tokentray-session=planted; path=/'
  navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready)
    .then(() => document.title = 'planted', (error) => document.title = String(error))
</script>\`
const [port] = process.argv.slice(-1).map(Number)
const server = createServer({ maxHeaderSize: 1e6 }, (request, response) => {
  let body = ''
  request.on('data', (chunk) => body += chunk).on('end', () => {
    const { url, method, headers } = request
    console.log(JSON.stringify({ uid: process.getuid(), method, url, headers, body }))
    if (url === '/worker.js') return response.writeHead(200, { 'content-type': 'text/javascript' }).end(worker)
    if (url === '/snapshots') return response.writeHead(200, { 'content-type': 'text/event-stream', ...FORGED }).end('data: {}\\n\\n')
    response.writeHead(200, { 'content-type': 'text/html' }).end(page)
  })
})
const FORGED = { 'tokentray-proof': 'forged', 'tokentray-stream-version': '1' }
server.listen(port, '127.0.0.1', () => console.log(JSON.stringify({ listening: server.address().port })))
`

type Taken = { uid: number; method: string; url: string; headers: Record<string, string>; body: string }

async function openContext(): Promise<BrowserContext> {
  const { browser, close } = await connectChromium()
  onTestFinished(close)
  const context = await browser.newContext()
  context.setDefaultTimeout(patience)
  return context
}

const openDashboard = async (port = 0) =>
  makeDashboard({ core: makeCore([makeView('a')]), files: await shared('pages'), port })

const rowOf = (page: Page, id: string) => page.locator(`[data-server="${id}"]`)

/** Waits until the page has planted all that it can. */
const isPlanted = (page: Page) =>
  page.waitForFunction("document.title === 'planted' || (document.title && Promise.reject(document.title))")

describe.skipIf(isSkipped(why !== null, why ?? ''))('another user of this computer', () => {
  test('H1 at another port gets nothing that opens the dashboard, even where he knows its host', async () => {
    const { dashboard, core, host, port } = await openDashboard()
    const context = await openContext()
    const page = await context.newPage()
    await page.goto(dashboard.link({ as: 'text' }).link!)
    await rowOf(page, 'a').waitFor()
    const stranger = startStranger(listener, '0')
    const { listening } = (await stranger.next()) as { listening: number }
    const lured = await context.newPage()
    const loot: Taken[] = []
    for (const name of ['tokentray.localhost', host.split(':')[0]!]) {
      await lured.goto(`http://${name}:${listening}/a`)
      await isPlanted(lured)
      loot.push((await stranger.next()) as Taken)
    }
    loot.push(...(stranger.rest() as Taken[]))
    expect(loot.length).toBeGreaterThan(1)
    const secret = await page.evaluate<string>("JSON.parse(localStorage.getItem('session')).secret")
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(new Set(loot.map(({ uid }) => uid))).toEqual(new Set([strangerId]))
    expect(JSON.stringify(loot)).not.toContain(secret)
    // From there the dashboard is another origin: no call reaches the core.
    const calls = core.calls.length
    const status = await lured.evaluate(`fetch('http://${host}/call', {
      method: 'POST', credentials: 'include', mode: 'no-cors', body: '{"command":"clients.addKey"}'
    }).then(({ type }) => type, String)`)
    expect(status).not.toBe('basic')
    expect(core.calls.length).toBe(calls)
    expect(port).not.toBe(listening)
  })

  test('H2 a service worker from while Tokentray was away neither controls the dashboard nor sees its link', async () => {
    const port = await freePort()
    const squatter = startStranger(listener, `${port}`)
    await squatter.next()
    const context = await openContext()
    const lured = await context.newPage()
    const workers = () => lured.evaluate('navigator.serviceWorker.getRegistrations().then(({ length }) => length)')
    for (const name of ['tokentray.localhost', 'localhost', '127.0.0.1']) {
      await lured.goto(`http://${name}:${port}/`)
      await isPlanted(lured)
      expect(await workers()).toBe(1)
    }
    await squatter.stop()

    const { dashboard, host } = await openDashboard(port)
    const page = await context.newPage()
    await page.goto(dashboard.link({ as: 'text' }).link!)
    await rowOf(page, 'a').waitFor()
    expect(await page.evaluate('[navigator.serviceWorker.controller, location.host]')).toEqual([null, host])
    expect(await page.evaluate('navigator.serviceWorker.getRegistrations().then(({ length }) => length)')).toBe(0)
    // And what was planted is gone once somebody looks there.
    await lured.goto(dashboard.address)
    await lured.getByRole('heading', { name: 'Open the dashboard from a terminal' }).waitFor()
    expect(await workers()).toBe(0)
  })

  test('L6 a bomb of cookies does not lock the person out of a fresh link', async () => {
    const { dashboard } = await openDashboard()
    const stranger = startStranger(listener, '0')
    const { listening } = (await stranger.next()) as { listening: number }
    const context = await openContext()
    const page = await context.newPage()
    await page.goto(`http://tokentray.localhost:${listening}/?bomb`)
    await isPlanted(page)
    expect((await context.cookies('http://tokentray.localhost')).length).toBeGreaterThan(30)
    await page.goto(dashboard.link({ as: 'text' }).link!)
    await rowOf(page, 'a').waitFor()
  })

  test('at the port after Tokentray ended is believed by no tab that is still open, and is sent no command', async () => {
    const { dashboard, port } = await openDashboard()
    const context = await openContext()
    const page = await context.newPage()
    await page.goto(dashboard.link({ as: 'text' }).link!)
    await rowOf(page, 'a').waitFor()
    await dashboard.close()
    const squatter = startStranger(listener, `${port}`)
    await squatter.next()
    expect(await squatter.next()).toMatchObject({ uid: strangerId, url: '/snapshots' })
    await page.getByRole('heading', { name: appWords.ended.title }).waitFor()
    expect(await rowOf(page, 'a').count()).toBe(0)
    expect((squatter.rest() as Taken[]).filter(({ method }) => method === 'POST')).toEqual([])
  })
})
