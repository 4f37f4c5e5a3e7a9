// The smoke start with the real pages in a real Chromium window, on the stand-in: "stand-in, not Electron".
// What a person sees in that window is told by test/desktop/story.test.ts.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { reason } from '../renderer/chromium.ts'
import { connectChromium } from '../renderer/sharedChromium.ts'
import { shared } from '../support/shared.ts'
import { ChromiumPage } from './chromiumPage.ts'
import { makeHome, start } from './start.ts'

if (reason) console.log(`test/electron-double/window.test.ts is skipped: ${reason}`)

let pages = ''
let chromium: Awaited<ReturnType<typeof connectChromium>>

describe.skipIf(reason !== null)('stand-in, not Electron: the window', () => {
  beforeAll(async () => {
    pages = await shared('pages')
    chromium = await connectChromium()
  })
  afterAll(() => chromium?.close())

  test('the smoke start sees the real pages paint', async () => {
    const lines: string[] = []
    const log = console.log
    console.log = (line: string) => lines.push(line)
    onTestFinished(() => {
      console.log = log
    })
    const shell = await start(await makeHome(), {
      argv: ['--smoke'],
      pages,
      makePage: (...parts) => new ChromiumPage(chromium.browser, ...parts)
    })
    await shell.until(() => shell.recorded.exits.length > 0)
    expect(JSON.parse(lines[0]!)).toMatchObject({ smoke: true })
    expect(shell.recorded.exits).toEqual([0])
  })
})
