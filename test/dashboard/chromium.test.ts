// The way in as a person goes it, in a real browser with the real pages: by the private file, again by reload and by a second
// tab, through a tunnel, and after a restart.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { pathToFileURL } from 'node:url'
import type { BrowserContext, Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { actionWords } from '../../renderer/words/actions.ts'
import { appWords } from '../../renderer/words/app.ts'
import { makeCore, makeView } from '../owner/fakeCore.ts'
import { patience, reason } from '../renderer/chromium.ts'
import { connectChromium } from '../renderer/sharedChromium.ts'
import { shared } from '../support/shared.ts'
import { makeDashboard } from './dashboard.fixture.ts'

if (reason) console.log(`skipped: ${reason}`)

async function openContext(): Promise<BrowserContext> {
  const { browser, close } = await connectChromium()
  onTestFinished(close)
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
  context.setDefaultTimeout(patience)
  return context
}

const openDashboard = async (more: { port?: number } = {}) =>
  makeDashboard({
    core: makeCore([makeView('a')]),
    files: await shared('pages'),
    command: 'npx tokentray open',
    ...more
  })

const rowOf = (page: Page, id: string) => page.locator(`[data-server="${id}"]`)

/** A port that leads to `port`, as ssh -L and an editor's forwarding make one. */
async function openTunnel(port: number): Promise<number> {
  const tunnel = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near]
    ] as const) {
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(tunnel, 'listening')
  onTestFinished(() => void tunnel.close())
  return (tunnel.address() as AddressInfo).port
}

describe.skipIf(reason !== null)('a browser', () => {
  test('comes in by the redirect file, follows the snapshots, and is in again by reload and by a second tab', async () => {
    const { dashboard, core, host } = await openDashboard()
    const context = await openContext()
    const page = await context.newPage()
    const problems: string[] = []
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    const { file } = dashboard.link({ as: 'file' })
    await page.goto(pathToFileURL(file!).href)
    await rowOf(page, 'a').waitFor()
    expect([page.url(), existsSync(file!)]).toEqual([`http://${host}/`, false])
    core.publish([makeView('a'), makeView('b')])
    await rowOf(page, 'b').waitFor()

    await page.reload()
    await rowOf(page, 'b').waitFor()
    const second = await context.newPage()
    await second.goto(`http://${host}/#settings`)
    await second.locator('h1').waitFor()
    core.publish([makeView('b')])
    await second.goto(`http://${host}/`)
    await rowOf(second, 'b').waitFor()
    await rowOf(page, 'a').waitFor({ state: 'detached' })
    expect(await context.cookies()).toEqual([])
    expect(problems).toEqual([])
  })

  test('is told how to get in at the name that people know, by a page with one button', async () => {
    const { dashboard } = await openDashboard()
    const page = await (await openContext()).newPage()
    const response = await page.goto(dashboard.address)
    expect(response?.status()).toBe(421)
    expect(await page.locator('h1').innerText()).toBe('Open the dashboard from a terminal')
    // Its one style and its one script are let through by the policy.
    expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).not.toBe('none')
    await page.bringToFront()
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate('getSelection().toString()')).toBe('npx tokentray open')
  })

  test('that knows the host but has no session is shown nothing', async () => {
    const { host } = await openDashboard()
    const page = await (await openContext()).newPage()
    await page.goto(`http://${host}/`)
    await page.getByRole('heading', { name: appWords.ended.title }).waitFor()
    expect(await rowOf(page, 'a').count()).toBe(0)
  })

  test('works through a tunnel that ends at another port', async () => {
    const { dashboard, core, port } = await openDashboard()
    core.on('server.pause', () => ({}))
    const tunnel = await openTunnel(port)
    const context = await openContext()
    const page = await context.newPage()
    await page.goto(dashboard.link({ as: 'text' }).link!.replace(`:${port}`, `:${tunnel}`))
    await rowOf(page, 'a').waitFor()
    core.publish([makeView('b')])
    await rowOf(page, 'b').waitFor()
    expect(await page.evaluate("fetch('./call', { method: 'POST' }).then(({ status }) => status)")).toBe(401)
    await page.reload()
    await rowOf(page, 'b').waitFor()
    // The port itself is another origin, with nothing kept.
    const direct = await context.newPage()
    await direct.goto(page.url().replace(`:${tunnel}`, `:${port}`))
    await direct.getByRole('heading', { name: appWords.ended.title }).waitFor()
  })

  test('that was in before a restart shows how to come back, with the command of this installation, and nothing else', async () => {
    const first = await openDashboard()
    const context = await openContext()
    const page = await context.newPage()
    await page.goto(first.dashboard.link({ as: 'text' }).link!)
    await rowOf(page, 'a').waitFor()
    await first.dashboard.close()
    // Nothing can be clicked, and no light looks as if it were on, while nobody answers.
    await page.getByText(appWords.connection.lost).waitFor()
    const look = "((node) => [node.inert, getComputedStyle(node).filter])(document.querySelector('.live'))"
    expect(await page.evaluate(look)).toEqual([true, 'grayscale(1)'])
    const second = await openDashboard({ port: first.port })
    await page.getByRole('heading', { name: appWords.ended.title }).waitFor()
    await page.getByText('npx tokentray open', { exact: true }).waitFor()
    await page.getByRole('button', { name: actionWords.copy }).waitFor()
    expect(await rowOf(page, 'a').count()).toBe(0)
    await page.goto(second.dashboard.link({ as: 'text' }).link!)
    await rowOf(page, 'a').waitFor()
    expect(second.host).not.toBe(first.host)
  })
})
