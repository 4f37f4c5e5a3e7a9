// The built pages opened for one test file: a Chromium, a fresh fixture per test, and no complaint of the console.
// `page(hash)` opens them; what the fixture was asked is in `fixture()`.
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { buildPages, type Look, openChromium } from './chromium.ts'
import { type Fixture, startFixture } from './fixture.ts'

export function openPages(user: string) {
  let chromium: Awaited<ReturnType<typeof openChromium>>
  let fixture: Fixture
  let files = ''
  beforeAll(async () => {
    files = buildPages(user)
    chromium = await openChromium()
  })
  afterAll(() => chromium?.close())
  beforeEach(async () => {
    fixture = await startFixture(files)
  })
  afterEach(async () => {
    await chromium.closePages()
    await fixture.close()
    expect(chromium.complaints.splice(0)).toEqual([])
  })
  return {
    fixture: () => fixture,
    page: (hash: string, look?: Look): Promise<Page> =>
      chromium.page(hash === 'blank' ? 'about:blank' : fixture.url + hash, look)
  }
}

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
