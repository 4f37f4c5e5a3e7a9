// A real Chromium on the built pages, and everything it complains about.
// Debian's package is used; where there is none the tests are skipped, and say so.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'
import { pagesOf } from './fixture.ts'

const root = join(import.meta.dirname, '..', '..')
const executablePath =
  process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

export const reason = executablePath ? null : 'no Chromium found (CHROMIUM names one): the pages are not tested'

/** Builds the pages into `user`'s own folder and names it. */
export function buildPages(user: string): string {
  const files = pagesOf(user)
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const config = join(root, 'renderer', 'vite.config.ts')
  const args = [vite, 'build', '-c', config, '--outDir', files, '--emptyOutDir', '--logLevel', 'warn']
  // A test runner's own NODE_ENV would make it React's development build.
  const env = { ...process.env, NODE_ENV: 'production' }
  const { status, stderr, stdout } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the pages could not be built:\n${stdout}${stderr}`)
  return files
}

/** For what only a hang makes late, in ms: less than a test's own, so that it is told what was waited for. */
export const patience = 300_000

/** A browser with a home of its own, which is removed once it is closed. */
export async function launchChromium(): Promise<{ browser: Browser; close(): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'tokentray-chromium-'))
  const browser = await chromium.launch({
    executablePath: executablePath!,
    timeout: patience,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync'
    ],
    // Its temporary files too, where the name is short enough for the socket among them.
    env: { ...process.env, HOME: home, TMPDIR: home.length < 50 ? home : '/tmp' } as Record<string, string>
  })
  return {
    browser,
    async close() {
      await browser.close()
      // Its helpers end after it, and until then may write there.
      await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    }
  }
}

export type Look = { width: number; scheme: 'light' | 'dark'; at?: number }

/** `page` opens an address; `complaints` holds what the console and the CSP said. */
export async function openChromium() {
  const { browser, close } = await launchChromium()
  const contexts: BrowserContext[] = []
  const complaints: string[] = []
  return {
    complaints,
    async page(url: string, { width, scheme, at }: Look = { width: 900, scheme: 'light' }) {
      const context = await browser.newContext({
        viewport: { width, height: 760 },
        colorScheme: scheme,
        reducedMotion: 'reduce',
        locale: 'en-GB',
        permissions: ['clipboard-read', 'clipboard-write']
      })
      context.setDefaultTimeout(patience)
      contexts.push(context)
      const page = await context.newPage()
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      if (at !== undefined) await page.clock.setFixedTime(at)
      await page.goto(url)
      return page
    },
    async closePages() {
      for (const context of contexts.splice(0)) await context.close()
    },
    close
  }
}
