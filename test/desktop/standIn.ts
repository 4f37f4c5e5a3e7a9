// Drives the shell on the stand-in: it runs in this process, its window in a real Chromium.
// The browser is shared by the tests of a file.
import { ChromiumPage } from '../electron-double/chromiumPage.ts'
import { makeHome, start } from '../electron-double/start.ts'
import { launchChromium } from '../renderer/chromium.ts'
import { type App, driveBy, type Given } from './driver.ts'
import { type Recorder, record } from './recorder.ts'

let chromium: ReturnType<typeof launchChromium> | null = null

export async function startElectron({ argv = [], schedule, pages }: Given): Promise<App> {
  chromium ??= launchChromium()
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

/** Closes the browser. */
export async function end(): Promise<void> {
  await (await chromium)?.close()
  chromium = null
}
