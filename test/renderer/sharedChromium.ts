// The one Chromium that all test files of a run share: each file has a connection, and sees its own pages only.
// Apart from chromium.ts, which scripts use too that run outside of a test run.
import { chromium } from 'playwright-core'
import { shared } from '../support/shared.ts'
import { type OpenBrowser, patience } from './chromium.ts'

/** Pages that a file leaves open end with its `close`; the browser stays. */
export async function connectChromium(): Promise<OpenBrowser> {
  const browser = await chromium.connect(await shared('chromium'), { timeout: patience })
  return { browser, close: () => browser.close() }
}
