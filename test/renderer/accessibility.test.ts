// Every screen there is, narrow and light, wide and dark: axe finds nothing, and nothing sticks out sideways.
// The screens are those of pages.ts, which the pictures show too.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { reason } from './chromium.ts'
import { openPages } from './opened.ts'
import { settings } from './pages.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('accessibility', () => {
  const { page: open, fixture } = openPages()

  const axe = readFileSync(join(import.meta.dirname, '..', '..', 'node_modules', 'axe-core', 'axe.min.js'), 'utf8')

  test.each(settings)(
    'axe finds nothing on $name, narrow and light, wide and dark',
    async ({ hash, prepare, ready }) => {
      prepare?.(fixture())
      const page = await open(hash, { scheme: 'light', width: 360 })
      await ready(page)
      await page.evaluate(axe)
      await look(page)
      await page.setViewportSize({ width: 900, height: 760 })
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
      await look(page)
    }
  )

  async function look(page: Page): Promise<void> {
    const violations = await page.evaluate(
      `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map((n) => n.html).join(' | ')))`
    )
    expect(violations).toEqual([])
    // Nothing may stick out sideways.
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
  }
})
