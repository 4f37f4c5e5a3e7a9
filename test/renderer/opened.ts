// The built pages opened for one test file: a Chromium, and no complaint of the console in any test.
// On a fresh fixture per test (`openPages`), or on whatever a test starts itself (`openBrowser`).
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { shared } from '../support/shared.ts'
import { type Look, openChromium } from './chromium.ts'
import { type Fixture, startFixture } from './fixture.ts'
import { connectChromium } from './sharedChromium.ts'

/** `files()` is the folder of the built pages. */
export function openBrowser() {
  let chromium: Awaited<ReturnType<typeof openChromium>>
  let files = ''
  beforeAll(async () => {
    files = await shared('pages')
    chromium = await openChromium(connectChromium())
  })
  afterAll(() => chromium?.close())
  afterEach(async () => {
    await chromium.closePages()
    // Whatever the console or the CSP complained about.
    expect(chromium.complaints.splice(0)).toEqual([])
  })
  return {
    files: () => files,
    visit: (url: string, look?: Look, own?: boolean): Promise<Page> => chromium.page(url, look, own),
    closePages: () => chromium.closePages(),
    /** For what a test provoked itself. */
    forgetComplaints: () => void chromium.complaints.splice(0)
  }
}

/** `page(hash)` opens the pages; what the fixture was asked is in `fixture()`. */
export function openPages() {
  let fixture: Fixture
  // Told before the browser's, so that it runs after it: a page whose fixture is gone would complain.
  afterEach(() => fixture.close())
  const browser = openBrowser()
  beforeEach(async () => {
    fixture = await startFixture(browser.files())
  })
  return {
    ...browser,
    fixture: () => fixture,
    async page(hash: string, look?: Look): Promise<Page> {
      if (hash === 'blank') return browser.visit('about:blank', look, true)
      const page = await browser.visit(fixture.url + hash, look)
      // Looked for at each frame; what a test waits for itself is looked for every half a second in the end.
      await page.evaluate(
        "new Promise((done) => (function look() { document.querySelector('h1') ? done() : requestAnimationFrame(look) })())"
      )
      return page
    }
  }
}

/** Resolves once no action of the page runs, and what it changed is drawn. */
export async function isSettled(page: Page): Promise<void> {
  await page.locator('[data-pending]').first().waitFor({ state: 'detached' })
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
}

/** What the page last put on the clipboard; the clipboard itself is shared by all pages of the browser. */
export const copied = (page: Page): Promise<unknown> => page.evaluate('window.copied')

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
export const row = (page: Page, id: string) => page.locator(`[data-server="${id}"]`)
