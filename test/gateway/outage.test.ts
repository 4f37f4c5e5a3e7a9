// What the gateway's exchanges tell of a server itself: a server that is gone or broken is amber, with its own words.
// A whole core and a real upstream whose answers each test writes; the token is a given one.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { startGateway } from '../../app/gateway/gateway.ts'
import { sightingOf } from '../../app/gateway/sighting.ts'
import { createSetting } from '../core.fixture.ts'
import { answerBy } from '../fakes/answerBy.ts'
import { freePort } from '../support/freePort.ts'
import { ask } from './gateway.fixture.ts'

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step()
})

type Message = { method: string; params?: { name?: string } }
type Answer = (message: Message, reply: ServerResponse, request: IncomingMessage) => void

async function start(answer: Answer, mode: 'token' | 'passThrough' = 'token') {
  const port = await freePort()
  const upstream = createServer(
    answerBy(async (request, reply) => {
      let body = ''
      for await (const chunk of request) body += chunk
      answer(body ? JSON.parse(body) : { method: request.method }, reply, request)
    })
  )
  const listen = () => new Promise<void>((resolve) => upstream.listen(port, '127.0.0.1', resolve))
  const stop = () =>
    new Promise<void>((resolve) => {
      upstream.close(() => resolve())
      upstream.closeAllConnections()
    })
  await listen()
  cleanup.push(stop)
  const s = await createSetting()
  cleanup.push(s.stop)
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/mcp`
  await s.call('server.add', { url, id: 'one', mode, ...(mode === 'token' && { accessToken: 'given' }) })
  const gateway = await startGateway({ ...s.core.gateway, clock: systemClock(), port: 0, publicUrl: null })
  cleanup.push(gateway.close)
  const { key } = await s.call('clients.addKey', { name: 'test', servers: ['one'] })
  const send = (method: string, name?: string, path = '') =>
    ask({ gateway }, `/one${path}`, {
      method: 'POST',
      key,
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { name } })
    })
  const kinds = async () => (await s.call('server.history', { server: 'one' })).events.map(({ kind }) => kind)
  return { ...s, send, stopUpstream: stop, startUpstream: listen, kinds }
}

const good: Answer = (_, reply) => reply.end('{"jsonrpc":"2.0","id":1,"result":{}}')
const failing: Answer = (_, reply) => reply.writeHead(500).end('{}')

test('a server that is gone is amber as soon as a request cannot reach it, and green with its next answer', async () => {
  const s = await start(good)
  await s.send('tools/list')
  expect(s.view()).toMatchObject({ light: 'green', words: 'Healthy' })
  await s.stopUpstream()
  expect((await s.send('tools/list')).status).toBe(502)
  expect(s.view()).toMatchObject({
    light: 'amber',
    state: 'fresh',
    action: null,
    words: expect.stringMatching(/^Token valid · server unreachable since \d\d:\d\d$/),
    outage: { kind: 'unreachable', detail: 'ECONNREFUSED' }
  })
  expect(s.core.snapshot().light).toBe('amber')
  await s.startUpstream()
  await s.send('tools/list')
  expect(s.view()).toMatchObject({ light: 'green', words: 'Healthy' })
  expect((await s.kinds()).slice(0, 2)).toEqual(['serverUp', 'serverDown'])
})

test('a server that answers each request with an error is amber after three, however the requests differ', async () => {
  const s = await start(failing)
  await s.send('initialize')
  await s.send('tools/list')
  expect(s.view().light).toBe('green')
  await s.send('tools/list')
  expect(s.view()).toMatchObject({
    light: 'amber',
    words: expect.stringContaining('server returning errors since'),
    detail: expect.stringContaining('HTTP 500')
  })
})

test('one tool that always fails, among others or alone, is not the server', async () => {
  const s = await start((message, reply) => (message.params?.name === 'closed' ? failing : good)(message, reply, null!))
  for (let n = 0; n < 5; n++) await s.send('tools/call', 'closed')
  expect(s.view().light).toBe('green')
  await s.send('tools/call', 'open')
  for (let n = 0; n < 5; n++) await s.send('tools/call', 'closed')
  expect(s.view().light).toBe('green')
  expect(await s.kinds()).not.toContain('serverDown')
})

test('a path below the server that always fails is not the server, and a public one does not vouch for it', async () => {
  let isBroken = false
  const s = await start((message, reply, request) =>
    (request.url !== '/mcp' || isBroken ? failing : good)(message, reply, request)
  )
  for (let n = 0; n < 5; n++) await s.send('tools/list', undefined, '/broken')
  expect(s.view().light).toBe('green')
  isBroken = true
  for (let n = 0; n < 3; n++) await s.send('tools/list')
  await s.send('tools/list', undefined, '/other')
  expect(s.view().light).toBe('amber')
})

test('a connection that is cut before the answer counts in a row, too', async () => {
  const s = await start((_, reply) => reply.destroy())
  for (let n = 0; n < 3; n++) await s.send('tools/list')
  expect(s.view()).toMatchObject({ light: 'amber', words: expect.stringContaining('server not responding since') })
})

test('a pass-through server that is gone is amber, although it has no token here', async () => {
  const s = await start(good, 'passThrough')
  await s.send('tools/list')
  expect(s.view()).toMatchObject({ light: 'grey' })
  await s.stopUpstream()
  await s.send('tools/list')
  expect(s.view()).toMatchObject({
    light: 'amber',
    words: expect.stringMatching(/^Each client signs in itself · server unreachable since/)
  })
})

test.each<[string, number, Record<string, string>, string]>([
  ['nothing there any more', 404, {}, 'notMcp'],
  ['gone', 410, {}, 'notMcp'],
  ['moved elsewhere', 308, { location: 'https://other.example/mcp' }, 'notMcp'],
  ['in a circle', 307, { location: '/mcp?again' }, 'notMcp'],
  ['a login page', 302, { location: 'https://login.example/' }, 'rejecting'],
  ['forbidden', 403, {}, 'failing'],
  ['a token that ended', 403, { 'www-authenticate': 'Bearer error="invalid_token"' }, 'rejecting']
])('what a client is answered is amber once Tokentray was answered so itself: %s', async (_, status, headers, kind) => {
  let looks = 0
  const s = await start((message, reply) => {
    if (message.method === 'initialize') looks++
    reply.writeHead(status, headers).end()
  })
  for (let n = 0; n < 5; n++) await s.send('tools/list')
  const view = await s.until(({ light }) => light === 'amber')
  expect(view).toMatchObject({ state: 'fresh', action: null, outage: { kind } })
  for (let n = 0; n < 5; n++) await s.send('tools/list')
  // One `initialize`, which may follow three redirects.
  expect(looks).toBeLessThanOrEqual(4)
  expect(await s.kinds()).toContain('serverDown')
})

test('what a client alone is answered decides nothing: the server answers Tokentray well', async () => {
  const asked = Promise.withResolvers<void>()
  let looks = 0
  const s = await start((message, reply, request) => {
    if (message.method === 'initialize') {
      looks++
      good(message, reply, request)
      asked.resolve()
    } else reply.writeHead(404).end()
  })
  for (let n = 0; n < 5; n++) await s.send('tools/list')
  await asked.promise
  for (let n = 0; n < 5; n++) await s.send('tools/list')
  expect(looks).toBe(1)
  expect(s.view()).toMatchObject({ light: 'green', state: 'fresh' })
})

test('a verification tells at once, both ways', async () => {
  let answer = failing
  const s = await start((...given) => answer(...given))
  expect((await s.call('server.verify', { server: 'one' })).view).toMatchObject({ light: 'amber' })
  answer = good
  expect((await s.call('server.verify', { server: 'one' })).view).toMatchObject({ light: 'green', words: 'Healthy' })
})

test.each([
  [200, true, 'well'],
  [202, true, 'well'],
  [200, false, 'reached'],
  [500, false, 'reached'],
  [302, true, 'reached'],
  [401, true, 'reached'],
  [403, true, 'reached'],
  [404, true, 'reached'],
  [429, true, 'reached'],
  [500, true, 'failing'],
  [502, true, 'failing'],
  [599, true, 'failing']
])('status %i, own address %s: %s', (status, isOwn, kind) => {
  expect(sightingOf({ kind: 'streaming', status, headers: {} }, isOwn, () => null).kind).toBe(kind)
})

test.each([
  ['{"method":"tools/call","params":{"name":"a"}}', 'a'],
  ['{"method":"tools/list"}', null],
  ['[{"method":"tools/call","params":{"name":"a"}}]', null],
  ['{"method":"tools/call","params":{"name":7}}', null],
  ['{"method":"tools/call","params":null}', null],
  ['null', null],
  ['no JSON', null],
  ['', null]
])('the tool of %s', (body, tool) => {
  const answer = { kind: 'ours', status: 500, headers: {} } as const
  expect(sightingOf(answer, true, () => Buffer.from(body))).toMatchObject({ tool })
})
