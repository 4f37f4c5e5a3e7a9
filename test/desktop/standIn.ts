// Drives the shell on the stand-in: it runs in this process, its window in a real Chromium.
// Connected once for the tests of a file.
import { ChromiumPage } from '../electron-double/chromiumPage.ts'
import { makeHome, start } from '../electron-double/start.ts'
import { connectChromium } from '../renderer/sharedChromium.ts'
import { type App, driveBy, type Given } from './driver.ts'
import { type Recorder, record } from './recorder.ts'

let chromium: ReturnType<typeof connectChromium> | null = null

export async function startElectron({ argv = [], schedule, pages }: Given): Promise<App> {
  chromium ??= connectChromium()
  const { browser } = await chromium
  let recorder: Recorder | null = null
  const shell = await start(await makeHome(true, schedule), {
    argv,
    pages,
    makePage: (...parts) => new ChromiumPage(browser, ...parts),
    prepare: (electron) => {
      recorder = record(electron, process.platform)
    }
  })
  const page = () => shell.window().page as ChromiumPage
  return {
    ...driveBy(async (name, ...args) => {
      const method = recorder![name] as (...args: unknown[]) => never
      return structuredClone(await method(...args))
    }),
    async page() {
      await shell.until(() => shell.window()?.isVisible)
      return page().tab
    },
    get complaints() {
      return page().complaints
    },
    quit: shell.quit
  }
}

/** Ends the connection to the browser. */
export async function end(): Promise<void> {
  await (await chromium)?.close()
  chromium = null
}
