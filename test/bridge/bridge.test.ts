// The bridge against a gateway that does what real ones do: sessions, streams, lost sessions, restarts, refusals.
import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { fakeClock } from '../fakes/clock.ts'
import { type Answer, json, makeBridge, makeGateway } from './bridge.fixture.ts'

const initialize = { id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } }
const begun = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 's', version: '1' } }

/** A server with sessions: `answer` gets what is neither the handshake nor its end. */
function withSessions(answer: Answer): Answer & { forget(): void } {
  let sessions = 0
  let known: string | null = null
  const handle: Answer = (seen, response) => {
    if (seen.body.method === 'initialize') {
      sessions += 1
      known = `s${sessions}`
      return json(response, { jsonrpc: '2.0', id: seen.body.id, result: begun }, 200, { 'mcp-session-id': known })
    }
    if (seen.method === 'DELETE') return void response.writeHead(204).end()
    if (seen.headers['mcp-session-id'] !== known) return json(response, { error: 'no session' }, 404)
    if (seen.body.method === 'notifications/initialized') return {}
    return answer(seen, response)
  }
  return Object.assign(handle, {
    forget() {
      known = null
    }
  })
}

async function shakeHands(bridge: ReturnType<typeof makeBridge>) {
  bridge.send(initialize)
  await bridge.answered(0)
  bridge.send({ method: 'notifications/initialized' })
}

describe('with sessions', () => {
  test('session and version go with each message; a missing stream is tolerated; the end is told', async () => {
    const streamAsked = Promise.withResolvers<void>()
    const gateway = await makeGateway(
      withSessions((seen, response) => {
        if (seen.method !== 'GET') return { tools: [] }
        streamAsked.resolve()
        response.writeHead(405).end()
      })
    )
    const bridge = makeBridge({ url: () => gateway.url })
    await shakeHands(bridge)
    await streamAsked.promise
    bridge.send({ id: 1, method: 'tools/list' })
    expect((await bridge.answered(1)).result).toEqual({ tools: [] })
    bridge.end()
    await bridge.done
    expect(gateway.seen.map(({ method, body }) => body.method ?? method)).toEqual([
      'initialize',
      'notifications/initialized',
      'GET',
      'tools/list',
      'DELETE'
    ])
    expect(gateway.seen[0]!.headers).not.toHaveProperty('mcp-protocol-version')
    for (const { headers } of gateway.seen.slice(1))
      expect([headers['mcp-session-id'], headers['mcp-protocol-version'], headers['x-tokentray-key']]).toEqual([
        's1',
        '2025-11-25',
        'ttk_1'
      ])
  })

  test('the server’s own stream reaches the client, and the client’s answers the server', async () => {
    const gateway = await makeGateway(
      withSessions((seen, response) => {
        if (seen.method === 'GET') {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write('id: 1\ndata: {"jsonrpc":"2.0","id":"q","method":"roots/list"}\n\n')
          return
        }
        return {}
      })
    )
    const bridge = makeBridge({ url: () => gateway.url })
    await shakeHands(bridge)
    await bridge.line(/roots\/list/)
    bridge.send({ id: 'q', result: { roots: [] } })
    bridge.send({ id: 1, method: 'ping' })
    await bridge.answered(1)
    expect(gateway.seen.some(({ body }) => body.id === 'q' && 'result' in body)).toBe(true)
  })

  test('a forgotten session is begun again in the client’s name, once, and the request answered', async () => {
    const server = withSessions((seen, response) =>
      seen.method === 'GET' ? void response.writeHead(405).end() : { ok: true }
    )
    const gateway = await makeGateway(server)
    const bridge = makeBridge({ url: () => gateway.url })
    await shakeHands(bridge)
    server.forget()
    bridge.send({ id: 1, method: 'tools/call', params: { name: 'a' } })
    bridge.send({ id: 2, method: 'tools/call', params: { name: 'b' } })
    expect((await bridge.answered(1)).result).toEqual({ ok: true })
    expect((await bridge.answered(2)).result).toEqual({ ok: true })
    expect(gateway.seen.filter(({ body }) => body.method === 'initialize').length).toBe(2)
    expect(bridge.out.some((line) => line.includes('tokentray-again'))).toBe(false)
  })

  test('a session that cannot be begun again is a clear error', async () => {
    let isFirst = true
    const gateway = await makeGateway((seen, response) => {
      if (seen.body.method === 'initialize' && isFirst) {
        isFirst = false
        return json(response, { jsonrpc: '2.0', id: 0, result: begun }, 200, { 'mcp-session-id': 'x' })
      }
      response.writeHead(404).end()
    })
    const bridge = makeBridge({ url: () => gateway.url })
    await shakeHands(bridge)
    bridge.send({ id: 1, method: 'tools/list' })
    expect((await bridge.answered(1)).error?.message).toContain('Restart the client')
  })

  test('an answer is read as events however its content type is spelled', async () => {
    const gateway = await makeGateway(
      withSessions((seen, response) => {
        if (seen.method === 'GET') return void response.writeHead(405).end()
        response.writeHead(200, { 'content-type': 'Text/Event-Stream; charset=utf-8' })
        response.end('data: {"jsonrpc":"2.0","id":1,"result":{"as":"event"}}\n\n')
      })
    )
    const bridge = makeBridge({ url: () => gateway.url })
    await shakeHands(bridge)
    bridge.send({ id: 1, method: 'tools/call', params: { name: 'one' } })
    expect((await bridge.answered(1)).result).toEqual({ as: 'event' })
  })

  test('a stream that breaks is taken up behind its last event', async () => {
    const gateway = await makeGateway(
      withSessions((seen, response) => {
        if (seen.method === 'GET' && seen.headers['last-event-id'] === undefined)
          return void response.writeHead(405).end()
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        if (seen.method === 'POST') {
          response.write('retry: 1\nid: e1\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n')
          return setImmediate(() => response.destroy())
        }
        response.end('id: e2\ndata: {"jsonrpc":"2.0","id":1,"result":{"late":true}}\n\n')
      })
    )
    const bridge = makeBridge({ url: () => gateway.url })
    await shakeHands(bridge)
    bridge.send({ id: 1, method: 'tools/call', params: { name: 'slow' } })
    expect((await bridge.answered(1)).result).toEqual({ late: true })
    expect(gateway.seen.at(-1)!.headers['last-event-id']).toBe('e1')
  })
})

describe('against a server that means harm', () => {
  const streams = (body: string): Answer =>
    withSessions((seen, response) => {
      if (seen.method !== 'GET') return {}
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(body)
    })
  const opened = ({ seen }: { seen: { method: string }[] }) => seen.filter(({ method }) => method === 'GET').length

  test.each([
    [
      'streams that end at once, with a wait of nothing',
      'retry: 0\n\n',
      [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]
    ],
    ['and with messages', 'retry: 0\ndata: {"jsonrpc":"2.0","method":"x"}\n\n', [1000, 1000, 1000]],
    ['a wait that is longer', 'retry: 5000\n\n', [5000, 5000]],
    ['a wait beyond what timers hold, which they would take for none', 'retry: 9999999999999\n\n', [600_000, 600_000]]
  ])(
    '%s: opened again no sooner than after a second, and slower each time that brings nothing',
    async (_, body, expected) => {
      const clock = fakeClock()
      const waits: number[] = []
      const after = (lengthMs: number, wake: () => void) => {
        waits.push(lengthMs)
        return clock.after(lengthMs, wake)
      }
      const gateway = await makeGateway(streams(body))
      const bridge = makeBridge({ url: () => gateway.url, clock: { ...clock, after } })
      await shakeHands(bridge)
      for (const [n, wait] of expected.entries()) {
        await expect.poll(() => waits.length, { timeout: 60_000 }).toBeGreaterThan(n)
        expect([waits[n], opened(gateway)]).toEqual([wait, n + 1])
        await clock.advance(wait)
      }
    }
  )

  /** Writes until the bridge hangs up; resolves with how much it took, in characters. */
  function flood(response: ServerResponse, part: string): Promise<number> {
    let sent = 0
    const { promise, resolve } = Promise.withResolvers<number>()
    response.on('close', () => resolve(sent))
    response.on('error', () => {})
    const more = () => {
      while (!response.destroyed) {
        sent += part.length
        if (!response.write(part)) return void response.once('drain', more)
      }
    }
    more()
    return promise
  }

  test.each([
    ['event', 'text/event-stream', 'data: {"jsonrpc":"2.0","id":1,"result":"', 'x'.repeat(1024 * 1024)],
    ['event of many lines', 'text/event-stream', '', `data: ${'x'.repeat(10_000)}\n`.repeat(100)],
    ['answer', 'application/json', '{"jsonrpc":"2.0","id":1,"result":"', 'x'.repeat(1024 * 1024)]
  ])('an %s without an end is given up, and the request is answered', async (_, type, begin, part) => {
    const taken = Promise.withResolvers<number>()
    const gateway = await makeGateway((_seen, response) => {
      response.writeHead(200, { 'content-type': type })
      response.write(begin)
      flood(response, part).then(taken.resolve)
    })
    const bridge = makeBridge({ url: () => gateway.url })
    bridge.send({ id: 1, method: 'tools/list' })
    const { error } = await bridge.answered(1)
    expect(error).toMatchObject({ message: expect.stringContaining('32 MB'), data: { code: 'responseInvalid' } })
    expect(await taken.promise).toBeLessThan(64 * 1024 * 1024)
    bridge.end()
  })
})

describe('with sessions, when the client is gone or has lost interest', () => {
  test('an answer that never comes holds the end up no longer than a client would wait', async () => {
    const clock = fakeClock()
    const arrived = Promise.withResolvers<void>()
    const gateway = await makeGateway((_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      arrived.resolve()
    })
    const bridge = makeBridge({ url: () => gateway.url, clock })
    bridge.send({ id: 1, method: 'tools/call', params: {} })
    await arrived.promise
    bridge.end()
    await clock.advance(60_000)
    await bridge.done
    expect(bridge.out.map((line) => JSON.parse(line))).toMatchObject([
      { id: 1, error: { data: { code: 'replyLost' } } }
    ])
  })

  test('a cancelled request is told to the server, hung up, and never answered', async () => {
    const arrived = Promise.withResolvers<void>()
    const cut = Promise.withResolvers<void>()
    const gateway = await makeGateway(
      withSessions((seen, response) => {
        if (seen.method === 'GET') return void response.writeHead(405).end()
        if (seen.body.method !== 'tools/call') return {}
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
        response.on('close', () => cut.resolve())
        arrived.resolve()
      })
    )
    const bridge = makeBridge({ url: () => gateway.url })
    await shakeHands(bridge)
    bridge.send({ id: 1, method: 'tools/call', params: {} })
    await arrived.promise
    bridge.send({ method: 'notifications/cancelled', params: { requestId: 1 } })
    await cut.promise
    bridge.end()
    await bridge.done
    expect(gateway.seen.map(({ body }) => body.method)).toContain('notifications/cancelled')
    expect(bridge.out.length).toBe(1)
  })

  test('a message the server never acknowledges holds up nothing that comes after it', async () => {
    const gateway = await makeGateway(
      withSessions((seen, response) => {
        if (seen.method === 'GET') return void response.writeHead(405).end()
        return seen.body.method === 'notifications/progress' ? new Promise(() => {}) : {}
      })
    )
    const bridge = makeBridge({ url: () => gateway.url })
    await shakeHands(bridge)
    bridge.send({ method: 'notifications/progress', params: {} })
    bridge.send({ id: 1, method: 'ping' })
    expect((await bridge.answered(1)).result).toEqual({})
  })

  test.each(['Bad Request: No valid session ID provided', 'Bad Request: Server not initialized'])(
    'a server that says HTTP 400, "%s", has forgotten the session too',
    async (message) => {
      let sessions = 0
      const gateway = await makeGateway((seen, response) => {
        if (seen.method === 'DELETE' || seen.method === 'GET') return void response.writeHead(405).end()
        if (seen.body.method === 'initialize') {
          sessions++
          const head = { 'mcp-session-id': `s${sessions}` }
          return json(response, { jsonrpc: '2.0', id: seen.body.id, result: begun }, 200, head)
        }
        if (sessions === 1 && seen.body.method === 'tools/call')
          return json(response, { jsonrpc: '2.0', id: null, error: { code: -32000, message } }, 400)
        if (seen.body.method === 'tools/list')
          return json(response, { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'No such cursor' } }, 400)
        return {}
      })
      const bridge = makeBridge({ url: () => gateway.url })
      await shakeHands(bridge)
      bridge.send({ id: 1, method: 'tools/call', params: {} })
      expect((await bridge.answered(1)).result).toEqual({})
      bridge.send({ id: 2, method: 'tools/list', params: {} })
      expect((await bridge.answered(2)).error?.message).toBe('No such cursor')
      expect(sessions).toBe(2)
    }
  )
})

describe('without sessions', () => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {}
  }
  test('headers repeat what the body says, marked parameters too', async () => {
    const inputSchema = {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        in: { properties: { n: { 'x-mcp-header': 'N' } } }
      }
    }
    const gateway = await makeGateway(({ body }) =>
      body.method === 'tools/list' ? { tools: [{ name: 'größe', inputSchema }] } : { content: [] }
    )
    const bridge = makeBridge({ url: () => gateway.url })
    bridge.send({ id: 1, method: 'tools/list', params: { _meta } })
    await bridge.answered(1)
    bridge.send({
      id: 2,
      method: 'tools/call',
      params: { name: 'größe', arguments: { region: ' eu ', in: { n: 5 } }, _meta }
    })
    await bridge.answered(2)
    const [list, call] = gateway.seen
    expect(list!.headers).toMatchObject({ 'mcp-method': 'tools/list', 'mcp-protocol-version': '2026-07-28' })
    expect(call!.headers).toMatchObject({
      'mcp-method': 'tools/call',
      'mcp-name': `=?base64?${Buffer.from('größe').toString('base64')}?=`,
      'mcp-param-region': `=?base64?${Buffer.from(' eu ').toString('base64')}?=`,
      'mcp-param-n': '5'
    })
    bridge.end()
    await bridge.done
    expect(gateway.seen.length).toBe(2)
  })

  test('a cancelled request is hung up, and nothing more is said of it', async () => {
    const cut = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    const gateway = await makeGateway(({ body }, response) => {
      if (body.method === 'ping') return {}
      response.on('close', () => cut.resolve())
      arrived.resolve()
    })
    const bridge = makeBridge({ url: () => gateway.url })
    bridge.send({ id: 1, method: 'tools/call', params: { name: 'long', _meta } })
    await arrived.promise
    bridge.send({ method: 'notifications/cancelled', params: { requestId: 1 } })
    await cut.promise
    bridge.send({ id: 2, method: 'ping', params: { _meta } })
    await bridge.answered(2)
    expect(bridge.out.length).toBe(1)
  })

  test('an endless subscription does not hold up the end; other requests do', async () => {
    const arrived = Promise.withResolvers<void>()
    const hold = Promise.withResolvers<void>()
    const gateway = await makeGateway(async ({ body }, response) => {
      if (body.method === 'subscriptions/listen') {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
        return
      }
      arrived.resolve()
      await hold.promise
      return { done: true }
    })
    const bridge = makeBridge({ url: () => gateway.url })
    bridge.send({ id: 1, method: 'subscriptions/listen', params: { _meta } })
    bridge.send({ id: 2, method: 'tools/call', params: { name: 'a', _meta } })
    await arrived.promise
    bridge.end()
    hold.resolve()
    await bridge.done
    expect(bridge.out.map((line) => JSON.parse(line))).toEqual([{ jsonrpc: '2.0', id: 2, result: { done: true } }])
  })
})

describe('what goes wrong', () => {
  test('a refused key is got anew, once', async () => {
    const gateway = await makeGateway(({ headers }, response) =>
      headers['x-tokentray-key'] === 'ttk_2' ? { in: true } : json(response, {}, 401)
    )
    const bridge = makeBridge({ url: () => gateway.url })
    bridge.send({ id: 1, method: 'tools/call', params: {} })
    expect((await bridge.answered(1)).result).toEqual({ in: true })
    expect(bridge.keys()).toBe(2)
  })

  test('a key that stays refused ends in an error, not in a loop', async () => {
    const gateway = await makeGateway((_seen, response) =>
      json(response, { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Locked: unlock it.' } }, 401)
    )
    const bridge = makeBridge({ url: () => gateway.url })
    bridge.send({ id: 1, method: 'tools/list' })
    expect((await bridge.answered(1)).error?.message).toBe('Locked: unlock it.')
    expect(gateway.seen.length).toBe(2)
  })

  test('the gateway’s own sentence reaches the client; a page that is no JSON becomes one', async () => {
    const gateway = await makeGateway(({ body }, response) => {
      if (body.id === 1)
        return json(response, { jsonrpc: '2.0', id: 1, error: { code: -32002, message: 'Sign in to one.' } }, 503)
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>')
    })
    const bridge = makeBridge({ url: () => gateway.url })
    bridge.send({ id: 1, method: 'tools/list' })
    bridge.send({ id: 2, method: 'tools/list' })
    expect((await bridge.answered(1)).error).toEqual({ code: -32002, message: 'Sign in to one.' })
    expect((await bridge.answered(2)).error?.message).toContain('HTTP 502')
  })

  test('a redirect within the gateway is followed with the body, three times at most; any other one is told', async () => {
    const places: Record<string, string> = { '/one': '/a', '/a': '/b', '/b': '/c', '/loop': '/loop' }
    const gateway = await makeGateway(({ url, body }, response) => {
      const location = body.id === 1 ? places[url] : body.id === 2 ? '/loop' : 'http://127.0.0.1:1/elsewhere?key=x'
      return location ? response.writeHead(body.id === 4 ? 303 : 307, { location }).end() : { url, body: body.method }
    })
    const bridge = makeBridge({ url: () => gateway.url })
    bridge.send({ id: 1, method: 'tools/call', params: {} })
    expect((await bridge.answered(1)).result).toEqual({ url: '/c', body: 'tools/call' })
    bridge.send({ id: 2, method: 'tools/call', params: {} })
    expect((await bridge.answered(2)).error?.message).toBe(
      'The server redirects to /loop (HTTP 307), which was not followed.'
    )
    expect(gateway.seen).toHaveLength(8)
    for (const [id, status] of [
      [3, 307],
      [4, 303]
    ]) {
      bridge.send({ id, method: 'tools/call', params: {} })
      expect((await bridge.answered(id)).error?.message).toBe(
        `The server redirects to http://127.0.0.1:1/elsewhere (HTTP ${status}), which was not followed.`
      )
    }
    expect(gateway.seen).toHaveLength(10)
  })

  test('a gateway that restarts is waited for, and asked for a new key', async () => {
    const gateway = await makeGateway(() => ({ ok: true }))
    const bridge = makeBridge({ url: () => gateway.url })
    bridge.send({ id: 1, method: 'ping' })
    await bridge.answered(1)
    await gateway.stop()
    bridge.send({ id: 2, method: 'tools/call', params: {} })
    await expect.poll(() => bridge.logs.some((line) => line.includes('Waiting'))).toBe(true)
    await gateway.start()
    expect((await bridge.answered(2)).result).toEqual({ ok: true })
    expect(bridge.keys()).toBeGreaterThan(1)
  })

  test('a call whose answer was lost is not made twice; a list is', async () => {
    const counts: Record<string, number> = {}
    const gateway = await makeGateway(({ body }, response) => {
      const method = body.method!
      counts[method] = (counts[method] ?? 0) + 1
      if (method === 'ping' || counts[method] === 2) return { tools: [] }
      response.destroy()
    })
    const bridge = makeBridge({ url: () => gateway.url })
    // In once, so that a lost gateway is worth waiting for.
    bridge.send({ id: 0, method: 'ping' })
    await bridge.answered(0)
    bridge.send({ id: 1, method: 'tools/call', params: {} })
    expect((await bridge.answered(1)).error?.message).toContain('The request may or may not have been carried out.')
    bridge.send({ id: 2, method: 'tools/list' })
    expect((await bridge.answered(2)).result).toEqual({ tools: [] })
    expect(counts).toEqual({ ping: 1, 'tools/call': 1, 'tools/list': 2 })
  })

  test('nobody to let it in: each request is told why, and the next one tries again', async () => {
    const gateway = await makeGateway(() => ({ ok: true }))
    let isOpen = false
    const { TokentrayError } = await import('../../app/contract/errors.ts')
    const bridge = makeBridge({
      url: () => gateway.url,
      obtainAccess: async () => {
        if (!isOpen) throw new TokentrayError('ownerUnreachable', 'Tokentray is not running: start it.')
      }
    })
    bridge.send({ id: 1, method: 'tools/list' })
    expect((await bridge.answered(1)).error).toEqual({
      code: -32000,
      message: 'Tokentray is not running: start it.',
      data: { code: 'ownerUnreachable' }
    })
    isOpen = true
    bridge.send({ id: 2, method: 'tools/list' })
    expect((await bridge.answered(2)).result).toEqual({ ok: true })
  })

  test('a line that is no JSON is told; texts pass as they are, on one line', async () => {
    const big = '{"jsonrpc":"2.0",\n "id":1,"result":{"n":12345678901234567890,"s":"a\u2028b"}}'
    const gateway = await makeGateway((_seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(big)
    })
    const bridge = makeBridge({ url: () => gateway.url })
    bridge.type('not json')
    bridge.send({ id: 1, method: 'tools/list' })
    await bridge.line(/1234567890/)
    expect(JSON.parse(bridge.out[0]!)).toMatchObject({ id: null, error: { code: -32700 } })
    expect(bridge.out[1]).toBe('{"jsonrpc":"2.0",  "id":1,"result":{"n":12345678901234567890,"s":"a\u2028b"}}')
  })

  test('stopped: what is in flight gets a moment, then an answer that says so', async () => {
    const arrived = Promise.withResolvers<void>()
    const gateway = await makeGateway(() => {
      arrived.resolve()
      return new Promise(() => {})
    })
    const bridge = makeBridge({ url: () => gateway.url })
    bridge.send({ id: 1, method: 'tools/call', params: {} })
    await arrived.promise
    bridge.stop()
    await bridge.done
    expect(JSON.parse(bridge.out[0]!).error.message).toBe('The bridge was stopped.')
  })

  test('a client that does not read holds the server back instead of filling memory', async () => {
    const event = `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"x":"${'x'.repeat(60_000)}"}}\n\n`
    let written = 0
    const gateway = await makeGateway(({ body }, response) => {
      if (body.method === 'ping') return {}
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const pump = () => {
        while (written < 600) {
          written += 1
          if (!response.write(event)) return void response.once('drain', pump)
        }
        response.end('data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n')
      }
      pump()
    })
    const room = Promise.withResolvers<void>()
    const bridge = makeBridge({ url: () => gateway.url, write: () => room.promise })
    bridge.send({ id: 1, method: 'tools/call', params: {} })
    await bridge.line(/message/)
    // Whatever the stream could bring meanwhile would have come while these went to and fro.
    for (let id = 2; id < 22; id++) {
      bridge.send({ id, method: 'ping' })
      await bridge.answered(id)
    }
    expect(bridge.out.length).toBe(21)
    expect(written).toBeLessThan(450)
    room.resolve()
    await bridge.answered(1)
    expect(bridge.out.length).toBe(621)
  })
})
