// The gateway beside a bare pipe of node:http and undici, and beside no proxy at all; each end in a process of its own.
// Requests of 2 KB one after another and sixteen at a time, 100 MB in one stream, and a thousand open event streams.
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client, Pool } from 'undici'
import { inFolder, type Probed, startProbed } from './setting.ts'
import { interleave, median, type Part, rowOf, timed } from './stats.ts'

const rounds = 15
const batch = 200
const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { text: 'x'.repeat(1960) } })

type End = { process: Probed; port: number; origin: string; path: string; headers: Record<string, string> }

async function start(path: string, ...args: string[]): Promise<End> {
  const process = startProbed([join(import.meta.dirname, 'gatewayChild.ts'), ...args])
  process.child.stderr?.on('data', (text) => globalThis.process.stderr.write(text))
  const [line] = await once(createInterface({ input: process.child.stdout! }), 'line')
  const { port, key } = JSON.parse(line)
  const headers = { 'content-type': 'application/json', 'x-tokentray-key': key }
  return { process, port, origin: `http://127.0.0.1:${port}`, path, headers }
}

async function withEnds<T>(work: (ends: { direct: End; bare: End; gateway: End }) => Promise<T>): Promise<T> {
  return inFolder(async (home) => {
    const direct = await start('/mcp', 'upstream')
    const bare = await start('/one', 'bare', direct.origin)
    const gateway = await start('/one', 'gateway', direct.origin, home)
    try {
      return await work({ direct, bare, gateway })
    } finally {
      for (const end of [gateway, bare, direct]) await end.process.stop()
    }
  })
}

export function measureGateway(): Promise<Part> {
  return withEnds(async (ends) => {
    const post = async (dispatcher: Client | Pool, { path, headers }: End) => {
      const reply = await dispatcher.request({ method: 'POST', path, headers, body })
      if (reply.statusCode !== 200) throw new Error(`status ${reply.statusCode}`)
      await reply.body.dump()
    }
    const inTurn = (end: End) => {
      const client = new Client(end.origin)
      return async () =>
        (1000 / batch) *
        (await timed(async () => {
          for (let n = 0; n < batch; n++) await post(client, end)
        }))
    }
    const together = (end: End) => {
      const pool = new Pool(end.origin, { connections: 16 })
      return async () =>
        (1000 / batch) * (await timed(() => Promise.all(Array.from({ length: batch }, () => post(pool, end)))))
    }
    const armsOf = (make: typeof inTurn) => ({
      direct: make(ends.direct),
      bare: make(ends.bare),
      gateway: make(ends.gateway)
    })
    const [one, many] = [armsOf(inTurn), armsOf(together)]
    await interleave(3, one)
    await interleave(3, many)
    const latency = await interleave(rounds, one)
    const throughput = await interleave(rounds, many)
    const added = median(latency.gateway.map((value, round) => value - latency.direct[round]!)) / 1000
    const share = median(throughput.bare.map((value, round) => value / throughput.gateway[round]!))
    return {
      name: 'gateway',
      title: 'A request through the gateway',
      about: `POST of 2 KB over kept connections, batches of ${batch} in turn, time per request, the ratio to asking the server itself. The bare pipe is node:http and undici with no checks.`,
      rows: [
        rowOf('one after another, no proxy', 'µs', latency.direct, latency.direct),
        rowOf('one after another, bare pipe', 'µs', latency.bare, latency.direct),
        rowOf('one after another, gateway', 'µs', latency.gateway, latency.direct),
        rowOf('16 at a time, no proxy', 'µs', throughput.direct, throughput.direct),
        rowOf('16 at a time, bare pipe', 'µs', throughput.bare, throughput.direct),
        rowOf('16 at a time, gateway', 'µs', throughput.gateway, throughput.direct)
      ],
      notes: [
        `The gateway adds ${added.toFixed(2)} ms (goal: under 0.5) and reaches ${Math.round(100 * share)} % of the bare pipe's throughput (goal: 60).`
      ]
    }
  })
}

export function measureStreams(): Promise<Part> {
  return withEnds(async (ends) => {
    const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY })
    const get = async ({ port, path, headers }: End, below: string) => {
      const asked = request({ host: '127.0.0.1', port, path: `${path}${below}`, headers, agent }).end()
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
      return response
    }
    const stream = (end: End) => () =>
      timed(async () => {
        const response = await get(end, '/stream')
        await once(response.resume(), 'end')
      })
    const arms = { direct: stream(ends.direct), bare: stream(ends.bare), gateway: stream(ends.gateway) }
    await interleave(1, arms)
    const before = (await ends.gateway.process.read()).rss
    const values = await interleave(7, arms)
    const after = (await ends.gateway.process.read()).rss
    const streams: IncomingMessage[] = []
    for (let n = 0; n < 1000; n++) {
      const response = await get(ends.gateway, '/events')
      await once(response, 'data')
      streams.push(response)
    }
    const held = (await ends.gateway.process.read()).rss
    for (const response of streams) response.destroy()
    const mb = (bytes: number) => Math.round(bytes / 1_048_576)
    return {
      name: 'streams',
      title: 'Streams through the gateway',
      about: '100 MB in one answer, one at a time in turn, the ratio to asking the server itself.',
      rows: [
        rowOf('no proxy', 'ms', values.direct, values.direct),
        rowOf('bare pipe', 'ms', values.bare, values.direct),
        rowOf('gateway', 'ms', values.gateway, values.direct)
      ],
      notes: [
        `Resident memory of the gateway's process, vault and core included: ${mb(before)} MB before these streams, ${mb(after)} MB after, ${mb(held)} MB with 1,000 event streams open (goal: under 150).`
      ]
    }
  })
}
