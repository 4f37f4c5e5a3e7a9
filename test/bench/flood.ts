// Admitted clients of two gateways, of which one is flooded by strangers who hold whatever they can without a key.
// The flood is a process of its own, and comes back a second after each connection that the gateway drops.

import { once } from 'node:events'
import { join } from 'node:path'
import { Client } from 'undici'
import { inFolder, startProbed } from './bench.fixture.ts'
import { type End, startEnd } from './ends.ts'
import { post } from './gateway.ts'
import { interleave, judge, median, type Part, quantile, rowOf, timed } from './stats.ts'

const rounds = 15
const batch = 200

/** The 95th percentile of a batch's requests on one kept connection, in ms. */
function kept(end: End): () => Promise<number> {
  const client = new Client(end.origin)
  return async () => {
    const times: number[] = []
    for (let n = 0; n < batch; n++) times.push(await timed(() => post(client, end)))
    return quantile(times, 0.95)
  }
}

/** The same, with a new connection for each request. */
function fresh(end: End): () => Promise<number> {
  return async () => {
    const times: number[] = []
    for (let n = 0; n < batch / 4; n++) {
      const client = new Client(end.origin)
      times.push(await timed(() => post(client, end)))
      await client.close()
    }
    return quantile(times, 0.95)
  }
}

export function measureFlood(): Promise<Part> {
  return inFolder((quietHome) =>
    inFolder(async (floodedHome) => {
      const upstream = await startEnd('/mcp', 'upstream')
      const quiet = await startEnd('/one', 'gateway', upstream.origin, quietHome)
      const flooded = await startEnd('/one', 'gateway', upstream.origin, floodedHome)
      const armsOf = (make: typeof kept) => ({ quiet: make(quiet), flooded: make(flooded) })
      const [old, young] = [armsOf(kept), armsOf(fresh)]
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
