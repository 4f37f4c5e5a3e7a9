// A request through the gateway beside a bare pipe of node:http and undici, and beside no proxy at all.
// Requests of 2 KB, one after another and sixteen at a time; each end is a process of its own.
import { Client, Pool } from 'undici'
import { type End, withEnds } from './ends.ts'
import { interleave, judge, median, type Part, rowOf, timed } from './stats.ts'

export const rounds = 15
export const batch = 200
const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { text: 'x'.repeat(1960) } })

async function post(dispatcher: Client | Pool, { path, headers }: End): Promise<void> {
  const reply = await dispatcher.request({ method: 'POST', path, headers, body })
  if (reply.statusCode !== 200) throw new Error(`status ${reply.statusCode}`)
  await reply.body.dump()
}

/** What `of` says of the times, in ms, of a batch's requests: a median, for example. */
type Statistic = (times: readonly number[]) => number

/** Requests that follow one another on one kept connection. */
export const onKeptConnection = (of: Statistic) => (end: End) => {
  const client = new Client(end.origin)
  return async () => {
    const times: number[] = []
    for (let n = 0; n < batch; n++) times.push(await timed(() => post(client, end)))
    return of(times)
  }
}

/** Requests that each come on a connection of their own; a quarter as many. */
export const onNewConnections = (of: Statistic) => (end: End) => async () => {
  const times: number[] = []
  for (let n = 0; n < batch / 4; n++) {
    const client = new Client(end.origin)
    times.push(await timed(() => post(client, end)))
    await client.close()
  }
  return of(times)
}

/** In µs. */
const medianOf: Statistic = (times) => 1000 * median(times)

/** The time of a batch, sixteen requests at a time, per request in µs. */
function together(end: End): () => Promise<number> {
  const pool = new Pool(end.origin, { connections: 16 })
  return async () =>
    (1000 / batch) * (await timed(() => Promise.all(Array.from({ length: batch }, () => post(pool, end)))))
}

export function measureGateway(): Promise<Part> {
  return withEnds(async (ends) => {
    const armsOf = (make: typeof together) => ({
      direct: make(ends.direct),
      bare: make(ends.bare),
      gateway: make(ends.gateway)
    })
    const [one, many, fresh] = [
      armsOf(onKeptConnection(medianOf)),
      armsOf(together),
      armsOf(onNewConnections(medianOf))
    ]
    await interleave(3, one)
    await interleave(3, many)
    const latency = await interleave(rounds, one)
    const throughput = await interleave(rounds, many)
    await interleave(3, fresh)
    const connecting = await interleave(rounds, fresh)
    const over = (reference: number[]) => latency.gateway.map((value, round) => value - reference[round]!)
    const share = 100 * median(throughput.bare.map((value, round) => value / throughput.gateway[round]!))
    return {
      name: 'gateway',
      title: 'A request through the gateway',
      about: `POST of 2 KB over kept connections, batches of ${batch} in turn: the median of the requests of a batch, and of 16 at a time the batch's time per request; the ratio to asking the server itself. The bare pipe is node:http and undici with no checks.`,
      rows: [
        rowOf('one after another, no proxy', 'µs', latency.direct, latency.direct),
        rowOf('one after another, bare pipe', 'µs', latency.bare, latency.direct),
        rowOf('one after another, gateway', 'µs', latency.gateway, latency.direct),
        rowOf('the gateway adds to no proxy', 'µs', over(latency.direct)),
        rowOf('the gateway adds to the bare pipe', 'µs', over(latency.bare)),
        rowOf('on a new connection, bare pipe', 'µs', connecting.bare, connecting.direct),
        rowOf('on a new connection, gateway', 'µs', connecting.gateway, connecting.direct),
        rowOf('16 at a time, no proxy', 'µs', throughput.direct, throughput.direct),
        rowOf('16 at a time, bare pipe', 'µs', throughput.bare, throughput.direct),
        rowOf('16 at a time, gateway', 'µs', throughput.gateway, throughput.direct)
      ],
      notes: [
        judge('Added to asking the server itself', median(over(latency.direct)) / 1000, 'ms', 0.5),
        judge('Added to the bare pipe', median(over(latency.bare)) / 1000, 'ms', 0.5),
        judge('Requests per second, 16 at a time, of those of the bare pipe', share, '%', 60, 'at least')
      ]
    }
  })
}
