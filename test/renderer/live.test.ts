// What only a browser has, on a real core: the one-time link, the policy, the stream of events, and a sign-in of its own.
// No stored token is in the page or in what was sent to it. The rest of the story is test/desktop/story.test.ts.
import { describe, expect, test } from 'vitest'
import { actionWords } from '../../renderer/words/actions.ts'
import { addWords } from '../../renderer/words/addServer.ts'
import { listWords, welcomeWords } from '../../renderer/words/list.ts'
import { detailWords, verifyWords } from '../../renderer/words/server.ts'
import { scheduleWords } from '../../renderer/words/serverSettings.ts'
import { signInWords } from '../../renderer/words/signIn.ts'
import { createSetting } from '../core.fixture.ts'
import { watchIssued } from '../desktop/issued.ts'
import { reason } from './chromium.ts'
import { serve } from './dashboard.ts'
import { isSettled, openBrowser } from './opened.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('the pages on a real core', () => {
  const browser = openBrowser()

  test('let in by the link: add, sign in, refresh, verify, set, remove; no token is ever sent', async () => {
    const issued = watchIssued()
    const setting = await createSetting()
    const dashboard = await serve(setting.core, browser.files(), setting.home)
    const page = await browser.visit(dashboard.link({ as: 'text' }).link!)
    const sent: string[] = []
    page.on('response', async (response) => sent.push(await response.text().catch(() => '')))
    // The text of a stream that does not end is not told by the response.
    const streamed: string[] = []
    const devtools = await page.context().newCDPSession(page)
    devtools.on('Network.responseReceived', ({ requestId, response }) => {
      if (!response.url.endsWith('/snapshots')) return
      const note = (data = '') => streamed.push(Buffer.from(data, 'base64').toString('utf8'))
      devtools.on('Network.dataReceived', (received) => received.requestId === requestId && note(received.data))
      // The reload ends the stream of the first page, which then has no text left to give: it was not watched from its start.
      const whole = devtools.send('Network.streamResourceContent', { requestId })
      void whole.then(({ bufferedData }) => note(bufferedData)).catch(() => undefined)
    })
    await devtools.send('Network.enable')
    // So that the stream begins while it is watched.
    await page.reload()
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    const token = async () => (await setting.call('readToken', { server: '127.0.0.1', minValid: 0 })).token
    const tokens: string[] = []

    await button(listWords.add).waitFor()
    const policy = "fetch(location.href).then(({ headers }) => headers.get('content-security-policy'))"
    expect(await page.evaluate(policy)).toContain("script-src 'self'")

    // First run, then the steps to the first token. The page it opens says yes by itself.
    await button(listWords.add).click()
    await page.getByLabel(addWords.url).fill(setting.mcp.url)
    const asked = page.context().waitForEvent('page')
    await button(addWords.submit).click()
    await (await asked).waitForURL(/\/callback/)
    await page.getByText(signInWords.done, { exact: true }).waitFor()
    tokens.push(await token())

    // A refresh by hand: what the page shows of it came as an event of the stream.
    await button(signInWords.show).click()
    await button(actionWords.refresh).click()
    await expect.poll(token).not.toBe(tokens[0])
    tokens.push(await token())
    await page.locator('.state.green').waitFor()

    // The server itself says whether it takes the token; an override is set, shown and taken back.
    await button(actionWords.verify).click()
    await page.getByText(verifyWords.accepted).waitFor()
    await button(detailWords.settings).click()
    await page.getByRole('button', { name: scheduleWords.title }).click()
    const margin = page.getByRole('textbox', { name: scheduleWords.fields.refreshMargin })
    const overrides = async () => (await setting.call('snapshot', {})).servers[0]?.schedule
    await margin.fill('90s')
    await button(actionWords.save).click()
    await expect.poll(overrides).toEqual({ refreshMargin: 90_000 })
    await isSettled(page)
    await page.getByText(scheduleWords.followDefault('5m')).click()
    await button(actionWords.save).click()
    await expect.poll(overrides).toEqual({})

    // Kept out of the page and out of everything that was sent to it.
    const seen = [await page.content(), ...sent, ...streamed].join('\n')
    for (const token of tokens) expect(issued).toContain(token)
    expect(issued.size).toBeGreaterThanOrEqual(2 * tokens.length)
    for (const token of issued) expect(seen).not.toContain(token)
    expect(sent.length).toBeGreaterThan(0)
    expect(streamed.join('\n')).toContain('"words":"Healthy"')

    await button(actionWords.remove).click()
    await page
      .getByRole('alertdialog', { name: /^Remove / })
      .getByRole('button', { name: actionWords.removeNow, exact: true })
      .click()
    await page.getByText(welcomeWords.title).waitFor()
    await browser.closePages()
    await dashboard.close()
    await setting.stop()
  })
})
