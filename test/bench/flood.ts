// Admitted clients of two gateways, of which one is flooded by strangers who hold whatever they can without a key.
// The flood is a process of its own, and comes back a second after each connection that the gateway drops.
import { once } from 'node:events'
import { join } from 'node:path'
import { inFolder, startProbed } from './bench.fixture.ts'
import { type End, startEnd } from './ends.ts'
import { batch, onKeptConnection, onNewConnections, rounds } from './gateway.ts'
import { interleave, judge, median, type Part, quantile, rowOf } from './stats.ts'

/** In ms. */
const p95Of = (times: readonly number[]) => quantile(times, 0.95)

export function measureFlood(): Promise<Part> {
  return inFolder((quietHome) =>
    inFolder(async (floodedHome) => {
      const upstream = await startEnd('/mcp', 'upstream')
      const quiet = await startEnd('/one', 'gateway', upstream.origin, quietHome)
      const flooded = await startEnd('/one', 'gateway', upstream.origin, floodedHome)
      const armsOf = (make: (end: End) => () => Promise<number>) => ({ quiet: make(quiet), flooded: make(flooded) })
      const [old, young] = [armsOf(onKeptConnection(p95Of)), armsOf(onNewConnections(p95Of))]
      await interleave(3, old)
      await interleave(2, young)
      const flood = startProbed([join(import.meta.dirname, 'floodChild.ts'), String(flooded.port)])
      await once(flood.child.stdout!, 'data')
      try {
        const requests = await interleave(rounds, old)
        const connections = await interleave(rounds, young)
        const ratio = (values: typeof requests) => median(values.flooded.map((value, n) => value / values.quiet[n]!))
        return {
          name: 'flood',
          title: 'Admitted clients while strangers flood the gateway',
          about: `POST of 2 KB in batches of ${batch} (${batch / 4} on new connections), the 95th percentile of each batch; the ratio to a second gateway without a flood. The flood holds 400 connections: half requests, bodies that come a byte a second, sign-in pages, and clients with a key that nobody knows. No request was refused.`,
          rows: [
            rowOf('kept connection, quiet', 'ms', requests.quiet, requests.quiet),
            rowOf('kept connection, flooded', 'ms', requests.flooded, requests.quiet),
            rowOf('new connection, quiet', 'ms', connections.quiet, connections.quiet),
            rowOf('new connection, flooded', 'ms', connections.flooded, connections.quiet)
          ],
          notes: [
            judge('95th percentile on a kept connection, of the quiet one', 100 * ratio(requests), '%', 200),
            judge('95th percentile on a new connection, of the quiet one', 100 * ratio(connections), '%', 200)
          ]
        }
      } finally {
        for (const process of [flood, flooded.process, quiet.process, upstream.process]) await process.stop()
      }
    })
  )
}
