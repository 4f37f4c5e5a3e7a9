// From a failure at the token endpoint to the changed row in a browser's page: core, dashboard, Chromium, nothing faked.
// The endpoint answers at once, which is the worst case: the refresh itself was just told, so the failure waits its turn.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parseSettings } from '../../app/settings/settings.ts'
import { openChromium, reason } from '../renderer/chromium.ts'
import { serve } from '../renderer/dashboard.ts'
import { fill, inFolder, openCoreIn, root, vaultOpener } from './bench.fixture.ts'
import { judge, notMeasured, type Part, quantile, rowOf } from './stats.ts'

const rounds = 100
const coalescing = 200
const target = 250

/** Notes when each row first turned amber, in ms since the epoch. */
const watch = `
  globalThis.turned = {}
  new MutationObserver((changes) => {
    for (const { target } of changes)
      if (target.classList.contains('amber')) turned[target.dataset.server] ??= performance.timeOrigin + performance.now()
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ['class'] })`

export async function measureFailure(): Promise<Part> {
  const about = `${rounds} servers on the page, each made to refresh once by a command; its token endpoint answers 503 at once.`
  const empty: Part = { name: 'failure', title: 'A failed refresh to the changed page', about, rows: [], notes: [] }
  if (reason) return notMeasured(empty, reason)
  return inFolder(async (home) => {
    let answeredAt = 0
    const endpoint = createServer((request, response) => {
      request.resume().once('end', () => {
        answeredAt = performance.timeOrigin + performance.now()
        response.writeHead(503).end()
      })
    })
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve))
    const { port } = endpoint.address() as AddressInfo
    const vault = await vaultOpener()(join(home, 'vault.db'))
    await fill(vault, rounds, 3_600_000, `http://127.0.0.1:${port}/token`)
    const core = await openCoreIn(home, vault, {
      // Nothing is tried a second time while this runs.
      settings: parseSettings({ schedule: { backoffFirst: 300_000 } }, 'settings.json')
    })
    const dashboard = await serve(core, join(root, 'dist', 'renderer'), home)
    const chromium = await openChromium()
    try {
      const page = await chromium.page(dashboard.link({ as: 'text' }).link!)
      await page.locator(`[data-server="s-${rounds - 1}"]`).waitFor()
      await page.evaluate(watch)
      const values: number[] = []
      for (let number = 0; number < rounds; number++) {
        const server = `s-${number}`
        await core.handle('cli', 'server.refresh', { server })
        await page.locator(`[data-server="${server}"].amber`).waitFor()
        values.push((await page.evaluate<number>(`turned['${server}']`)) - answeredAt)
      }
      const p99 = quantile(values, 0.99)
      return {
        ...empty,
        rows: [
          rowOf('the endpoint’s answer to the changed row', 'ms', values),
          rowOf('the same, 99th percentile', 'ms', [p99])
        ],
        notes: [
          `Snapshots are published at most every ${coalescing} ms, which is in these times.`,
          judge('99th percentile', p99, 'ms', target)
        ]
      }
    } finally {
      await chromium.close()
      await dashboard.close()
      await core.close()
      endpoint.closeAllConnections()
      endpoint.close()
    }
  })
}
