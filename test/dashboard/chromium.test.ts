// The way in as a person goes it: a real browser opens the private file, gets its session, and sees snapshots move.
// Only a browser knows whether a strict cookie survives the way from a file to the page.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { makeView } from '../owner/fakeCore.ts'
import { patience, reason } from '../renderer/chromium.ts'
import { connectChromium } from '../renderer/sharedChromium.ts'
import { makeDashboard } from './dashboard.fixture.ts'

if (reason) console.log(`skipped: ${reason}`)

async function openPage(): Promise<Page> {
  const { browser, close } = await connectChromium()
  onTestFinished(close)
  const context = await browser.newContext()
  context.setDefaultTimeout(patience)
  return context.newPage()
}

test.skipIf(reason !== null)('a browser comes in by the redirect file and follows the snapshots', async () => {
  const { dashboard, core } = await makeDashboard()
  const page = await openPage()
  const problems: string[] = []
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))

  const refused = await page.goto(dashboard.address)
  expect(refused?.status()).toBe(401)
  expect(await page.locator('h1').innerText()).toBe('Open the dashboard from a terminal')
  // Its one style is let through by the policy.
  expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).not.toBe('none')
  problems.length = 0

  const { file } = dashboard.link('file')
  await page.goto(pathToFileURL(file!).href)
  await page.waitForURL(`${dashboard.address}/`)
  await page.locator('#light', { hasText: /^1$/ }).waitFor()
  expect(existsSync(file!)).toBe(false)
  core.publish([makeView('a')])
  await page.locator('#light', { hasText: /^2$/ }).waitFor()
  const [cookie] = await page.context().cookies(dashboard.address)
  expect(cookie).toMatchObject({ domain: 'tokentray.localhost', httpOnly: true, sameSite: 'Strict', path: '/' })
  expect(await page.evaluate('document.cookie')).toBe('')
  const { status } = await page.evaluate(async () => {
    const headers = { 'content-type': 'application/json' }
    return { status: (await fetch('/call', { method: 'POST', headers, body: '{"command":"snapshot"}' })).status }
  })
  expect(status).toBe(200)
  expect(problems).toEqual([])
})

test.skipIf(reason !== null)(
  'a page on another port of localhost, whose requests carry the cookie, gets nothing',
  async () => {
    const { dashboard, port, core } = await makeDashboard()
    const page = await openPage()
    const link = dashboard.link('text').link!.replace('tokentray.localhost', 'localhost')
    await page.goto(link)
    await page.locator('#light', { hasText: /^1$/ }).waitFor()

    const neighbour = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Neighbour</title>')
    })
    await new Promise<void>((resolve) => neighbour.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void neighbour.close())
    const other = await page.context().newPage()
    await other.goto(`http://localhost:${(neighbour.address() as AddressInfo).port}/`)
    // Asked of the server itself: the browser keeps such answers from everybody.
    const statuses: number[] = []
    const note = (message: unknown) => {
      const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
      if (request.headers.host === `localhost:${port}`) statuses.push(response.statusCode)
    }
    subscribe('http.server.response.finish', note)
    onTestFinished(() => void unsubscribe('http.server.response.finish', note))
    const script = `new Promise((resolve) => {
    const script = document.createElement('script')
    script.onload = () => resolve('loaded')
    script.onerror = () => resolve('refused')
    script.src = 'http://localhost:${port}/assets/index-aB3_x9-Z.js?past-the-cache'
    document.head.append(script)
  })`
    expect(await other.evaluate(script)).toBe('refused')
    const calls = core.calls.length
    await other.evaluate(
      `fetch('http://localhost:${port}/call', {method: 'POST', credentials: 'include', mode: 'no-cors', body: '{"command":"snapshot"}'}).catch(() => {})`
    )
    // 401 would mean that the cookie was not sent, and that this proves nothing.
    await expect.poll(() => statuses).toEqual([403, 403])
    expect(core.calls.length).toBe(calls)
  }
)
