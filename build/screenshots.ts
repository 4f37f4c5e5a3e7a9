// Writes docs/screenshots/: every screen, light and dark, narrow and wide, from the built pages on the tests' fixture.
// Run by `node build/with-node.mjs build/screenshots.ts`; a name as argument makes the screens that begin so.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { buildPages, openChromium, reason } from '../test/renderer/chromium.ts'
import { startFixture } from '../test/renderer/fixture.ts'
import { settings } from '../test/renderer/pages.ts'

// The same pictures on each run, wherever it is.
process.env.TZ = 'UTC'
const at = Date.UTC(2026, 5, 3, 16, 30)
const folder = join(import.meta.dirname, '..', 'docs', 'screenshots')
const only = process.argv[2]
if (reason) throw new Error(reason)
if (!only) rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const files = await buildPages(join(import.meta.dirname, '..', 'dist', 'pages-screenshots'))
const chromium = await openChromium()
for (const { name, hash, prepare, ready } of settings) {
  if (only && !name.startsWith(only)) continue
  for (const scheme of ['light', 'dark'] as const)
    for (const width of [360, 900]) {
      const fixture = await startFixture(files, null, () => at)
      prepare?.(fixture)
      const page = await chromium.page(fixture.url + hash, { width, scheme, at })
      await ready(page)
      await page.evaluate('document.fonts.ready')
      await page.screenshot({ path: join(folder, `${name}-${scheme}-${width}.png`), fullPage: true })
      await chromium.closePages()
      await fixture.close()
    }
}
await chromium.close()
if (chromium.complaints.length > 0) console.error(chromium.complaints.join('\n'))
