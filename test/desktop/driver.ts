// One way to drive the desktop application, whatever runs it: the stand-in for Electron, or Electron through Playwright.
// Tests here know this file only, so that the same ones prove both; where they ran is told in each result's name.
import type { Page } from 'playwright-core'
import { reason as noChromium } from '../renderer/chromium.ts'
import { shared } from '../support/shared.ts'
import type { Recorder, Seen } from './recorder.ts'

/** Set by `npm run test:electron`: the path of the Electron to use. */
export const electronPath = process.env.TOKENTRAY_TEST_ELECTRON || null
export const label = electronPath ? 'Electron' : 'stand-in, not Electron'
/** Why nothing can be driven here; null where it can. */
export const reason = electronPath ? null : noChromium

export type App = {
  /** The window, once it is shown. */
  page(): Promise<Page>
  /** The first thing `look` answers, asked again after each change. */
  until<T>(look: (seen: Seen) => T | null | undefined | false): Promise<T>
  seen(): Promise<Seen>
  click(label: string, inner?: string): Promise<void>
  clickNotification(index: number): Promise<void>
  power(name: Parameters<Recorder['power']>[0]): Promise<void>
  traffic(): Promise<string[]>
  /** What the page's console, content policy and uncaught errors said. */
  complaints: string[]
  /** Quits as a person would, from the menu; resolves with the exit code. */
  quit(): Promise<number>
}

/** A machine of its own: a home, a keychain in a file, a folder of the built pages. */
export type Given = { argv?: string[]; schedule?: Record<string, string>; pages: string }

/** Starts the application in a new home; it ends with the test. */
export async function startApp(given: Given): Promise<App> {
  const { startElectron } = electronPath ? await import('./electron.ts') : await import('./standIn.ts')
  return startElectron(given)
}

export const makePages = () => shared('pages')

/** Everything but the window follows from how one method of the recorder is called. */
export function driveBy(
  call: <Name extends keyof Recorder>(
    name: Name,
    ...args: Parameters<Recorder[Name]>
  ) => Promise<Awaited<ReturnType<Recorder[Name]>>>
): Omit<App, 'page' | 'complaints' | 'quit'> {
  return {
    seen: () => call('seen'),
    async until(look) {
      for (let count = await call('count'); ; count = await call('changed', count)) {
        const found = look(await call('seen'))
        if (found !== null && found !== undefined && found !== false) return found
      }
    },
    click: (label, inner) => call('click', label, inner),
    clickNotification: (index) => call('clickNotification', index),
    power: (name) => call('power', name),
    traffic: () => call('traffic')
  }
}
