// Clients and upstreams that mean harm, or break off at the worst moment: nobody else notices, nothing of ours is given away.
// Each test waits for the other side to see what happened; none waits for time to pass.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { silentLog } from '../../app/base/log.ts'
import { createForward } from '../../app/gateway/forward.ts'
import { judgeAddress } from '../../app/gateway/guard.ts'
import { ask, type GatewaySetting, key, startSetting } from './gateway.fixture.ts'

let s: GatewaySetting | null = null
const start: typeof startSetting = async (...given) => {
  s = await startSetting(...given)
  return s
}
afterEach(async () => {
  await s?.stop()
  s = null
})

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}\r\n`
const withKey = `X-Tokentray-Key: ${key}\r\n`

describe('requests sent before the answer to the one before, by a client that hangs up', () => {
  test('leave no place taken among those who wait to be let in', async () => {
    const held = Promise.withResolvers<ServerResponse>()
    const { gateway } = await start((request, response) => {
      if (request.url === '/mcp/held') held.resolve(response)
      else response.end()
    })
    const socket = connect(gateway.port, '127.0.0.1')
    socket.write(get('/one/held', withKey) + get('/one').repeat(70))
    const gone = once(await held.promise, 'close')
    socket.destroy()
    await gone
    expect((await ask({ gateway }, '/one')).status).toBe(200)
  })

  test('are ended at the upstream, all of them', async () => {
    const both = Promise.withResolvers<void>()
    const open: ServerResponse[] = []
    const { gateway } = await start((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      if (open.push(response) === 2) both.resolve()
    })
    const socket = connect(gateway.port, '127.0.0.1')
    socket.write(get('/one', withKey).repeat(2))
    await both.promise
    const gone = open.map((response) => once(response, 'close'))
    socket.destroy()
    await Promise.all(gone)
  })
})

test('a client that leaves while it is being let in is asked for nowhere', async () => {
  const letIn = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<ServerResponse>()
  let watched = 0
  let asked = 0
  const forward = createForward({
    parts: () => ({
      upstreams: {
        find: (id) => ({ id, name: id, url: 'http://127.0.0.1:9/mcp', mode: 'token', certificate: null }),
        async token() {
          asked++
          throw new Error('not to be asked')
        },
        renewed: () => Promise.reject(new Error('not to be asked')),
        suspected: () => {},
        retried: () => Promise.reject(new Error('not to be asked')),
        remedy: () => '',
        retryAfter: () => 1,
        accepted() {},
        saw() {},
        needsScope() {}
      },
      admission: {
        async admit() {
          await letIn.promise
          return { ok: true, caller: { client: 'c', name: 'c', kind: 'key', signIn: null } }
        },
        onRevoked() {
          watched++
          return () => watched--
        },
        noteUse() {}
      },
      own: { handle: async () => false }
    }),
    pools: { of: () => Promise.reject(new Error('not to be asked')), forget() {}, close: async () => {} },
    maxKeptBytes: 1000,
    clock: systemClock(),
    metrics: { countRequest() {} },
    log: silentLog
  })
  const done = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    arrived.resolve(response)
    forward(request, response, { server: 'one', rest: '', query: '' }, 'http://127.0.0.1', () => {}).then(done.resolve)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(get('/one'))
  const gone = once(await arrived.promise, 'close')
  socket.destroy()
  await gone
  letIn.resolve()
  await done.promise
  expect([watched, asked]).toEqual([0, 0])
  server.close()
})

test('a refusal whose body never ends holds no connection beyond its request', async () => {
  const refusals: ServerResponse[] = []
  const { gateway, told } = await start((_, response) => {
    refusals.push(response)
    response.writeHead(401, { 'content-length': '100' }).write('{')
  })
  expect((await ask({ gateway }, '/one')).status).toBe(503)
  expect([refusals.length, told.renewals]).toEqual([2, 2])
  await Promise.all(refusals.map((response) => response.destroyed || once(response, 'close')))
})

test('a reason phrase that may not be written again is left out', async () => {
  const upstream = createTcpServer((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 \u6210\u529f\r\nContent-Length: 2\r\n\r\nok'))
  )
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`
  const { gateway } = await start((_, response) => response.end(), { upstream: { url } })
  expect(await ask({ gateway }, '/one')).toMatchObject({ status: 200, text: 'ok' })
  upstream.close()
})

test('pass-through: a credential of this gateway goes to no upstream, wherever the client puts it', async () => {
  const { gateway, seen } = await start((_, response) => response.end(), { upstream: { mode: 'passThrough' } })
  for (const credential of ['Bearer ttk_planted', 'bearer tta_planted', 'ttr_planted'])
    await ask({ gateway }, '/one', { headers: { authorization: credential } })
  await ask({ gateway }, '/one', { headers: { authorization: 'Bearer mine' } })
  expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, undefined, 'Bearer mine'])
  expect(JSON.stringify(seen.map(({ raw }: { raw: IncomingMessage['rawHeaders'] }) => raw))).not.toContain('planted')
})

test.each([
  'localhost:99999',
  'localhost.',
  '127.0.0.1.',
  '2130706433',
  'me@localhost',
  '[::ffff:127.0.0.1]',
  'localhost, localhost',
  ''
])('Host "%s" is not the address of this gateway', (host) => expect(judgeAddress({ host }, null)).toBe(421))

describe('requests that two readers may take for different ones', () => {
  const post = (headers: string, body = '') =>
    `POST /one HTTP/1.1\r\nHost: 127.0.0.1\r\n${withKey}${headers}\r\n${body}`
  test.each([
    [
      'length and chunks',
      post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\nGET /two HTTP/1.1\r\n\r\n'),
      400
    ],
    ['chunks that are not last', post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'), 400],
    ['two lengths', post('Content-Length: 1\r\nContent-Length: 2\r\n', 'ab'), 400],
    ['a list of lengths', post('Content-Length: 2, 2\r\n', 'ab'), 400],
    ['a signed length', post('Content-Length: +2\r\n', 'ab'), 400],
    ['a folded header', post('X-A: 1\r\n Content-Length: 2\r\n', 'ab'), 400],
    ['a blank before the colon', post('Content-Length : 2\r\n', 'ab'), 400],
    ['a bare line feed', 'GET /one HTTP/1.1\nHost: 127.0.0.1\n\n', 400],
    ['a chunk with too long a size', post('Transfer-Encoding: chunked\r\n', 'fffffffffffffffff\r\n'), 400],
    ['a whole address', get('http://127.0.0.1/one', withKey), 400],
    ['an address of others', get('http://evil.example/one', withKey), 400],
    ['an authority', get('//evil.example/one', withKey), 404],
    ['an asterisk', `OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n${withKey}\r\n`, 400],
    ['two hosts', `GET /one HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1\r\n${withKey}\r\n`, 421],
    ['two keys', get('/one', withKey + withKey), 401]
  ])('%s', async (_, text, status) => {
    const { gateway, seen } = await start((_request, response) => response.end())
    const socket = connect(gateway.port, '127.0.0.1')
    const [answer] = await Promise.all([once(socket, 'data'), socket.write(text)])
    socket.destroy()
    expect(String(answer)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(seen).toEqual([])
  })
})

test('closing waits for no stream, no body and nobody who is still being let in', async () => {
  const streaming = Promise.withResolvers<void>()
  const { gateway } = await start((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    if (request.method === 'GET') streaming.resolve()
  })
  const sockets = [
    get('/one', withKey),
    `POST /one HTTP/1.1\r\nHost: 127.0.0.1\r\n${withKey}Content-Length: 9\r\n\r\n`,
    'GET /one HT'
  ].map((text) => {
    const socket = connect(gateway.port, '127.0.0.1')
    socket.on('error', () => {}).write(text)
    return socket
  })
  await streaming.promise
  const gone = sockets.map((socket) => once(socket.resume(), 'close'))
  await gateway.close()
  await Promise.all(gone)
})
