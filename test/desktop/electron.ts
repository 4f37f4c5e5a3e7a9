// Drives the shell on Electron itself, unpackaged, through Playwright; the main process is reached by evaluating in it.
// Run by `npm run test:electron` on machines that have an Electron runtime.
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { _electron } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { makeHome } from '../electron-double/start.ts'
import { type App, driveBy, electronPath, type Given } from './driver.ts'

/** Writes the recorder as one CommonJS file, which is what `-r` takes. */
export async function bundleRecorder(outfile: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, 'recorderEntry.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    external: ['electron']
  })
}

export async function startElectron({ argv = [], schedule, pages }: Given): Promise<App> {
  const home = await makeHome(true, schedule)
  const folder = join(home.folder, 'start')
  cpSync(home.bundle, join(folder, 'main'), { recursive: true })
  cpSync(pages, join(folder, 'renderer'), { recursive: true })
  const recorder = join(home.folder, 'recorder.cjs')
  await bundleRecorder(recorder)
  const application = await _electron.launch({
    executablePath: electronPath!,
    args: ['-r', recorder, join(folder, 'main', 'main.js'), ...argv],
    env: { ...process.env, ...home.env } as Record<string, string>,
    // The shell asks for the sandbox, and what is tested is what a person gets.
    chromiumSandbox: true
  })
  const ended = new Promise<number>((resolve) => application.process().once('exit', (code) => resolve(code ?? -1)))
  onTestFinished(async () => {
    application.process().kill()
    await ended
  })
  const complaints: string[] = []
  application.on('window', (page) => {
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
  })
  const driven = driveBy((name, ...args) =>
    application.evaluate(
      (_, [method, given]) =>
        (globalThis.tokentrayRecorder as never as Record<string, (...args: unknown[]) => never>)[method]!(...given),
      [name, args] as [string, unknown[]]
    )
  )
  return {
    ...driven,
    complaints,
    async page() {
      return application.windows().at(-1) ?? application.firstWindow()
    },
    async quit() {
      // The process may be gone before it has answered.
      await driven.click('Quit').catch(() => {})
      return ended
    }
  }
}

export async function end(): Promise<void> {}
