// A real Chromium on the built pages, and everything it complains about.
// Debian's package is used; where there is none the tests are skipped, and say so.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const root = join(import.meta.dirname, '..', '..')
const executablePath =
  process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

export const reason = executablePath ? null : 'no Chromium found (CHROMIUM names one): the pages are not tested'

/** Builds the pages into `folder`, which it names again. */
export async function buildPages(folder: string): Promise<string> {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const config = join(root, 'renderer', 'vite.config.ts')
  const args = [vite, 'build', '-c', config, '--outDir', folder, '--emptyOutDir', '--logLevel', 'warn']
  // A test runner's own NODE_ENV would make it React's development build.
  const env = { ...process.env, NODE_ENV: 'production' }
  await promisify(execFile)(process.execPath, args, { cwd: root, env }).catch(({ stdout, stderr }) => {
    throw new Error(`the pages could not be built:\n${stdout}${stderr}`)
  })
  return folder
}

/** For what only a hang makes late, in ms: less than a test's own, so that it is told what was waited for. */
export const patience = 300_000

/** How Chromium is started, with a home of its own that `removeHome` removes once it has ended. */
async function prepareLaunch() {
  const home = await mkdtemp(join(tmpdir(), 'tokentray-chromium-'))
  const options = {
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
  }
  // Its helpers end after it, and until then may write there.
  const removeHome = () => rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  return { options, removeHome }
}

export type OpenBrowser = { browser: Browser; close(): Promise<void> }

/** A browser of the caller's own, for scripts outside of the tests; those share one (sharedChromium.ts). */
export async function launchChromium(): Promise<OpenBrowser> {
  const { options, removeHome } = await prepareLaunch()
  const browser = await chromium.launch(options)
  return {
    browser,
    async close() {
      await browser.close()
      await removeHome()
    }
  }
}

/** A browser that several processes connect to, at `address`. */
export async function serveChromium(): Promise<{ address: string; close(): Promise<void> }> {
  const { options, removeHome } = await prepareLaunch()
  const server = await chromium.launchServer(options)
  return {
    address: server.wsEndpoint(),
    async close() {
      await server.close()
      await removeHome()
    }
  }
}

/** In the page: what was put on the clipboard, which belongs to the whole browser and so to other pages too. */
const noteCopies = `if (navigator.clipboard) {
  const write = navigator.clipboard.writeText.bind(navigator.clipboard)
  navigator.clipboard.writeText = async (text) => {
    await write(text)
    window.copied = text
  }
}`

export type Look = { width: number; scheme: 'light' | 'dark'; at?: number }

/**
 * `page` opens an address; `complaints` holds what the console and the CSP said. One page is used again by one test after the
 * other, emptied in between, since a new one costs a browser window; `own` asks for a new one, which a test may prepare.
 */
export async function openChromium(opened: Promise<OpenBrowser> = launchChromium()) {
  const { browser, close } = await opened
  const contexts: BrowserContext[] = []
  const complaints: string[] = []
  let kept: { page: Page; isFree: boolean } | undefined

  async function makePage(context: BrowserContext): Promise<Page> {
    context.setDefaultTimeout(patience)
    const page = await context.newPage()
    listen(page)
    await page.addInitScript(noteCopies)
    return page
  }

  function listen(page: Page): void {
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
  }

  const makeContext = ({ width, scheme }: Look) =>
    browser.newContext({
      viewport: { width, height: 760 },
      colorScheme: scheme,
      reducedMotion: 'reduce',
      locale: 'en-GB',
      permissions: ['clipboard-read', 'clipboard-write']
    })

  /** Nothing of one test may reach the next: no second page, listener, storage, cookie or place of the mouse. */
  async function empty(page: Page): Promise<void> {
    for (const other of page.context().pages()) if (other !== page) await other.close()
    for (const event of ['console', 'pageerror', 'response', 'request', 'dialog'] as const)
      page.removeAllListeners(event)
    await page.evaluate('try { localStorage.clear(); sessionStorage.clear() } catch {}')
    await page.mouse.move(0, 0)
    await page.goto('about:blank')
    await page.context().clearCookies()
  }

  return {
    complaints,
    async page(url: string, look: Look = { width: 900, scheme: 'light' }, own = look.at !== undefined): Promise<Page> {
      if (own || kept?.isFree === false) {
        const context = await makeContext(look)
        contexts.push(context)
        const page = await makePage(context)
        if (look.at !== undefined) await page.clock.setFixedTime(look.at)
        await page.goto(url)
        return page
      }
      kept ??= { page: await makePage(await makeContext(look)), isFree: true }
      kept.isFree = false
      await kept.page.setViewportSize({ width: look.width, height: 760 })
      await kept.page.emulateMedia({ colorScheme: look.scheme, reducedMotion: 'reduce' })
      await kept.page.goto(url)
      return kept.page
    },
    async closePages() {
      for (const context of contexts.splice(0)) await context.close()
      if (kept?.page.isClosed()) kept = undefined
      if (!kept || kept.isFree) return
      await empty(kept.page)
      listen(kept.page)
      kept.isFree = true
    },
    close
  }
}
