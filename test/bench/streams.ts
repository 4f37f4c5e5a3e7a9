// Streams through the gateway: how soon an event has passed, 100 MB in one answer, and what a thousand open ones hold.
// Beside each the bare pipe of node:http and undici, which has to hold the same two connections per stream.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent } from '../../app/net/http.ts'
import { addServer, bundle, type Probed, sources, withOwner } from './bench.fixture.ts'
import { type End, get, startEnd, withEnds } from './ends.ts'
import { interleave, judge, median, type Part, quantile, rowOf, timed } from './stats.ts'

const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY })

const passRounds = 10
const ticks = 50

/** From the upstream's write of an event to its arrival here, of `ticks` events, in ms. */
async function passing(end: End): Promise<number[]> {
  const times: number[] = []
  const response = await get(end, '/ticks', agent)
  for await (const chunk of response) {
    const now = process.hrtime.bigint()
    for (const [, written] of String(chunk).matchAll(/data: (\d+)/g)) times.push(Number(now - BigInt(written!)) / 1e6)
    if (times.length >= ticks) break
  }
  return times
}

export function measurePassing(): Promise<Part> {
  return withEnds(async (ends) => {
    const all = { direct: [] as number[], bare: [] as number[], gateway: [] as number[] }
    const arm = (name: keyof typeof all) => async () => {
      const times = await passing(ends[name])
      all[name].push(...times)
      return median(times)
    }
    const arms = { direct: arm('direct'), bare: arm('bare'), gateway: arm('gateway') }
    await interleave(2, arms)
    for (const name of ['direct', 'bare', 'gateway'] as const) all[name] = []
    const values = await interleave(passRounds, arms)
    const p99 = (name: keyof typeof all) => quantile(all[name], 0.99)
    const more = (reference: number[]) => values.gateway.map((value, round) => value - reference[round]!)
    return {
      name: 'passing',
      title: 'An event through the gateway',
      about: `From the server's write of an event to its arrival at the client, one every 5 ms, the medians of ${ticks} in turn, the ratio to a stream without a proxy.`,
      rows: [
        rowOf('no proxy', 'ms', values.direct, values.direct),
        rowOf('bare pipe', 'ms', values.bare, values.direct),
        rowOf('gateway', 'ms', values.gateway, values.direct),
        rowOf('the gateway adds to no proxy', 'ms', more(values.direct)),
        rowOf('the gateway adds to the bare pipe', 'ms', more(values.bare)),
        rowOf('no proxy, 99th percentile of all', 'ms', [p99('direct')]),
        rowOf('bare pipe, 99th percentile of all', 'ms', [p99('bare')]),
        rowOf('gateway, 99th percentile of all', 'ms', [p99('gateway')])
      ],
      notes: [
        judge('Added to no proxy, median', median(more(values.direct)), 'ms', 2),
        judge('Added to no proxy, 99th percentile', p99('gateway') - p99('direct'), 'ms', 2),
        judge('Added to the bare pipe, 99th percentile', p99('gateway') - p99('bare'), 'ms', 2)
      ]
    }
  })
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6)

export function measureStreams(): Promise<Part> {
  return withEnds(async (ends) => {
    const stream = (end: End) => () =>
      timed(async () => {
        const response = await get(end, '/stream', agent)
        await once(response.resume(), 'end')
      })
    const arms = { direct: stream(ends.direct), bare: stream(ends.bare), gateway: stream(ends.gateway) }
    await interleave(1, arms)
    const before = (await ends.gateway.process.read()).rss
    const values = await interleave(7, arms)
    const after = (await ends.gateway.process.read()).rss
    return {
      name: 'streams',
      title: '100 MB through the gateway',
      about: '100 MB in one answer, one at a time in turn, the ratio to asking the server itself.',
      rows: [
        rowOf('no proxy', 'ms', values.direct, values.direct),
        rowOf('bare pipe', 'ms', values.bare, values.direct),
        rowOf('gateway', 'ms', values.gateway, values.direct)
      ],
      notes: [
        `Resident memory of the gateway's process: ${megabytes(before)} MB after the first 100 MB, ${megabytes(after)} MB after 700 MB more.`
      ]
    }
  })
}

const held = 1000

/** Resident memory with no stream, with one, and with `held` open, in MB. */
async function hold(probed: Probed, end: Pick<End, 'port' | 'path' | 'headers'>) {
  const streams: IncomingMessage[] = []
  const open = async (many: number) => {
    for (; streams.length < many; ) {
      const response = await get(end, '/events', agent)
      await once(response, 'data')
      streams.push(response)
    }
    return (await probed.read()).rss / 1e6
  }
  const rss = { none: await open(0), one: await open(1), all: await open(held) }
  for (const response of streams) response.destroy()
  return { ...rss, each: ((rss.all - rss.one) / (held - 1)) * 1000 }
}

async function holdAtOwner(upstream: End, entry: string) {
  return withOwner(
    0,
    async (owner) => {
      const key = await addServer(owner, `${upstream.origin}/mcp`, 'a'.repeat(1600))
      const end = { port: Number(new URL(owner.gateway).port), path: '/one', headers: { 'x-tokentray-key': key } }
      return hold(owner, end)
    },
    entry
  )
}

export async function measureHeld(): Promise<Part> {
  const upstream = await startEnd('/mcp', 'upstream')
  try {
    const pipe = await startEnd('/one', 'bare', upstream.origin)
    const bare = await hold(pipe.process, pipe)
    await pipe.process.stop()
    const bundled = await holdAtOwner(upstream, bundle)
    const fromSources = await holdAtOwner(upstream, sources)
    const rows = (what: string, { none, all, each }: typeof bare) => [
      rowOf(`${what}: no stream`, 'MB', [none]),
      rowOf(`${what}: ${held.toLocaleString('en')} streams`, 'MB', [all], [none]),
      rowOf(`${what}: each stream`, 'kB', [each])
    ]
    return {
      name: 'held',
      title: `${held.toLocaleString('en')} event streams held open`,
      about:
        'Resident memory of a fresh process, the ratio to itself without a stream; `tokentray serve` with gateway, dashboard and vault, and the bare pipe of node:http and undici from its source.',
      rows: [
        ...rows('bare pipe', bare),
        ...rows('tokentray serve, bundled', bundled),
        ...rows('tokentray serve, from the sources', fromSources)
      ],
      notes: [judge(`${held.toLocaleString('en')} streams, bundled`, bundled.all, 'MB', 150)]
    }
  } finally {
    await upstream.process.stop()
  }
}
