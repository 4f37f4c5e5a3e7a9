// The bridge before a server of MCP's transport of 2024-11-05: one stream brings all answers, and names where messages go.
// The gateway is played; its streams break, its sessions are forgotten, and it restarts.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { type Answer, json, makeBridge, makeGateway } from './bridge.fixture.ts'

const initialize = { id: 0, method: 'initialize', params: { protocolVersion: '2024-11-05', capabilities: {} } }
const begun = { protocolVersion: '2024-11-05', capabilities: {}, serverInfo: { name: 's', version: '1' } }

type OldServer = Answer & {
  /** Writes an event to the newest stream. */
  push(message: object): void
  /** Ends the newest stream, and with it the session. */
  cut(): void
  /** Forgets the session, and says nothing of it. */
  forget(): void
  streams: number
}

/** A server behind the gateway's own addresses; `answer` returns a result, or undefined for none. */
function oldServer(answer: Answer = () => ({}), { status = 405, address = '/one/~/' } = {}): OldServer {
  let stream: ServerResponse | null = null
  let known = ''
  const handle: Answer = async (seen, response) => {
    if (seen.method === 'GET') {
      server.streams += 1
      known = `${address}${server.streams}`
      stream = response
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      return void response.write(`: hello\n\nevent: endpoint\ndata: ${known}\n\n`)
    }
    if (seen.url === '/one') return json(response, { error: 'no such method' }, status)
    if (seen.url !== known)
      return json(response, { jsonrpc: '2.0', id: null, error: { code: -32_000, message: 'Ended.' } }, 404)
    const { method, id } = seen.body
    response.writeHead(202).end('Accepted')
    const result = method === 'initialize' ? begun : await answer(seen, response)
    if (result !== undefined && id !== undefined && method !== undefined) server.push({ id, result })
  }
  const server: OldServer = Object.assign(handle, {
    push: (message: object) =>
      void stream?.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`),
    cut: () => void stream?.destroy(),
    forget() {
      known = ''
    },
    streams: 0
  })
  return server
}

async function shakeHands(bridge: ReturnType<typeof makeBridge>) {
  bridge.send(initialize)
  expect((await bridge.answered(0)).result).toEqual(begun)
  bridge.send({ method: 'notifications/initialized' })
}
const posted = (seen: { method: string; url: string; body: { method?: string } }[]) =>
  seen.map(({ method, url, body }) => `${body.method ?? method} ${url}`)

test.each([400, 404, 405, 406, 415, 422])(
  'a refusal of initialize with %d leads to the stream, and all goes by it',
  async (status) => {
    const server = oldServer(({ body }) => ({ asked: body.method }), { status })
    const gateway = await makeGateway(server)
    const bridge = makeBridge({ url: () => gateway.url })
    await shakeHands(bridge)
    bridge.send({ id: 1, method: 'tools/list' })
    bridge.send({ id: 'two', method: 'tools/call', params: {} })
    expect((await bridge.answered(1)).result).toEqual({ asked: 'tools/list' })
    expect((await bridge.answered('two')).result).toEqual({ asked: 'tools/call' })
    bridge.end()
    await bridge.done
    expect(posted(gateway.seen)).toEqual([
      'initialize /one',
      'GET /one',
      'initialize /one/~/1',
      'notifications/initialized /one/~/1',
      'tools/list /one/~/1',
      'tools/call /one/~/1'
    ])
    expect(new Set(gateway.seen.map(({ headers }) => headers['x-tokentray-key']))).toEqual(new Set(['ttk_1']))
  }
)

test('the server asks the client in the middle of a call', async () => {
  const server = oldServer(({ body }) => {
    if (body.method === 'tools/call') return server.push({ id: 'ask', method: 'elicitation/create', params: {} })
    if (body.id === 'ask') server.push({ id: 1, result: { asked: body.result } })
  })
  const gateway = await makeGateway(server)
  const bridge = makeBridge({ url: () => gateway.url })
  await shakeHands(bridge)
  bridge.send({ id: 1, method: 'tools/call', params: {} })
  await bridge.line(/elicitation\/create/)
  bridge.send({ id: 'ask', result: { name: 'Ada' } })
  expect((await bridge.answered(1)).result).toEqual({ asked: { name: 'Ada' } })
})

test.each<[string, Answer]>([
  ['no stream', (_, response) => json(response, {}, 405)],
  [
    'a stream that ends',
    (_, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': hello\n\n')
  ],
  ['no event stream', (_, response) => json(response, { endpoint: '/one/~/1' })]
])('a server with %s has refused initialize, and its words are passed on', async (_, stream) => {
  const gateway = await makeGateway((seen, response) => {
    if (seen.method === 'GET') return stream(seen, response)
    const error = { code: -32_600, message: 'Unsupported version.' }
    json(response, { jsonrpc: '2.0', id: seen.body.id, error }, 400)
  })
  const bridge = makeBridge({ url: () => gateway.url })
  bridge.send(initialize)
  expect((await bridge.answered(0)).error?.message).toBe('Unsupported version.')
  expect(posted(gateway.seen)).toEqual(['initialize /one', 'GET /one'])
})

test('a stream that names nothing is not waited for without end', async () => {
  const waiting = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const gateway = await makeGateway((seen, response) => {
    if (seen.method !== 'GET') return json(response, {}, 405)
    response.on('close', ended.resolve)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    waiting.resolve()
  })
  const timers = new Set<() => void>()
  const clock = {
    ...systemClock(),
    after(_: number, wake: () => void) {
      timers.add(wake)
      return () => void timers.delete(wake)
    }
  }
  const bridge = makeBridge({ url: () => gateway.url, clock })
  bridge.send(initialize)
  await waiting.promise
  for (const wake of timers) wake()
  expect((await bridge.answered(0)).error?.message).toContain('HTTP 405')
  await ended.promise
})

test('an address of another origin gets neither message nor key', async () => {
  const asked: string[] = []
  const other = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end()
  }).listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  const address = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`
  const gateway = await makeGateway(oldServer(() => ({}), { address }))
  const bridge = makeBridge({ url: () => gateway.url })
  bridge.send(initialize)
  expect((await bridge.answered(0)).error?.message).toBe('The server names an address at another site for messages.')
  expect(asked).toEqual([])
})

test('a stream that breaks begins the session anew in the client’s name; a list is asked for again, a call is not', async () => {
  let isFirst = true
  const server = oldServer(({ body }) => {
    if (!isFirst || body.method === 'notifications/initialized') return {}
    isFirst = false
    server.cut()
    return undefined
  })
  const gateway = await makeGateway(server)
  const bridge = makeBridge({ url: () => gateway.url })
  await shakeHands(bridge)
  bridge.send({ id: 1, method: 'tools/list' })
  expect((await bridge.answered(1)).result).toEqual({})
  isFirst = true
  bridge.send({ id: 2, method: 'tools/call', params: {} })
  expect((await bridge.answered(2)).error?.message).toBe('The server ended its stream without a response.')
  bridge.send({ id: 3, method: 'tools/call', params: {} })
  expect((await bridge.answered(3)).result).toEqual({})
  expect(bridge.out.join()).not.toContain('tokentray-again')
  expect(server.streams).toBe(3)
})

/** A clock whose waits between attempts are over at once and noted; the time limits never end. */
function hastyClock() {
  const waits: number[] = []
  const after = (lengthMs: number, wake: () => void) => {
    if (lengthMs === 15_000) return () => {}
    waits.push(lengthMs)
    const soon = setImmediate(wake)
    return () => clearImmediate(soon)
  }
  return { waits, clock: { ...systemClock(), after } }
}

test('a stream that breaks while nobody waits is opened again: the server may have something to say', async () => {
  const initialized = [0, 1].map(() => Promise.withResolvers<void>())
  const server = oldServer(({ body }) => {
    if (body.method === 'notifications/initialized') initialized[server.streams - 1]?.resolve()
    return {}
  })
  const gateway = await makeGateway(server)
  const bridge = makeBridge({ url: () => gateway.url, clock: hastyClock().clock })
  await shakeHands(bridge)
  await initialized[0]!.promise
  server.cut()
  await initialized[1]!.promise
  server.push({ method: 'notifications/tools/list_changed' })
  await bridge.line(/list_changed/)
})

test('streams that end as soon as they began are opened ever more rarely', async () => {
  const enough = Promise.withResolvers<void>()
  const server = oldServer(({ body }) => {
    if (body.method !== 'notifications/initialized') return {}
    if (server.streams === 8) enough.resolve()
    server.cut()
    return {}
  })
  const gateway = await makeGateway(server)
  const { clock, waits } = hastyClock()
  const bridge = makeBridge({ url: () => gateway.url, clock })
  await shakeHands(bridge)
  await enough.promise
  expect(waits.slice(0, 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
})

test('a session that was forgotten is begun again, and the message that met it is sent there', async () => {
  const server = oldServer()
  const gateway = await makeGateway(server)
  const bridge = makeBridge({ url: () => gateway.url })
  await shakeHands(bridge)
  bridge.send({ id: 1, method: 'tools/call', params: {} })
  await bridge.answered(1)
  server.forget()
  bridge.send({ id: 2, method: 'tools/call', params: {} })
  bridge.send({ id: 3, method: 'tools/call', params: {} })
  expect([(await bridge.answered(2)).result, (await bridge.answered(3)).result]).toEqual([{}, {}])
  expect(server.streams).toBe(2)
})

test('a session that cannot be begun again is a clear error, and the next message tries anew', async () => {
  let isGone = false
  const server = oldServer()
  const gateway = await makeGateway((seen, response) =>
    isGone && seen.method === 'GET' ? json(response, {}, 503) : server(seen, response)
  )
  const bridge = makeBridge({ url: () => gateway.url })
  await shakeHands(bridge)
  bridge.send({ id: 1, method: 'tools/list' })
  await bridge.answered(1)
  isGone = true
  server.forget()
  bridge.send({ id: 2, method: 'tools/list' })
  expect((await bridge.answered(2)).error?.message).toContain('Restart the client.')
  isGone = false
  bridge.send({ id: 3, method: 'tools/list' })
  expect((await bridge.answered(3)).result).toEqual({})
})

test('a gateway that restarts is waited for', async () => {
  const server = oldServer()
  const gateway = await makeGateway(server)
  const bridge = makeBridge({ url: () => gateway.url })
  await shakeHands(bridge)
  bridge.send({ id: 1, method: 'tools/list' })
  await bridge.answered(1)
  await gateway.stop()
  await expect.poll(() => bridge.logs.some((line) => line.includes('Waiting'))).toBe(true)
  bridge.send({ id: 2, method: 'tools/call', params: {} })
  await gateway.start()
  expect((await bridge.answered(2)).result).toEqual({})
})

test('a cancelled request is told to the server and never answered', async () => {
  const called = Promise.withResolvers<void>()
  const server = oldServer(({ body }) => {
    if (body.method !== 'tools/call') return {}
    called.resolve()
    return undefined
  })
  const gateway = await makeGateway(server)
  const bridge = makeBridge({ url: () => gateway.url })
  await shakeHands(bridge)
  bridge.send({ id: 1, method: 'tools/call', params: {} })
  await called.promise
  bridge.send({ method: 'notifications/cancelled', params: { requestId: 1 } })
  bridge.send({ id: 2, method: 'ping' })
  await bridge.answered(2)
  bridge.end()
  await bridge.done
  expect(posted(gateway.seen)).toContain('notifications/cancelled /one/~/1')
  expect(bridge.out.some((line) => JSON.parse(line).id === 1)).toBe(false)
})

test('a client that begins anew is asked anew which transport it is', async () => {
  const server = oldServer()
  let isNew = false
  const gateway = await makeGateway((seen, response) => (isNew ? begun : server(seen, response)))
  const bridge = makeBridge({ url: () => gateway.url })
  await shakeHands(bridge)
  isNew = true
  bridge.send({ ...initialize, id: 7 })
  expect((await bridge.answered(7)).result).toEqual(begun)
  expect(gateway.seen.at(-1)!.url).toBe('/one')
})
