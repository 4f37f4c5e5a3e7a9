// The network's faults, each made for real on sockets of this machine.
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { hostname } from 'node:os'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isPrivateAddress, isPrivateHost, leadsToPrivate } from '../../app/net/privateAddresses.ts'
import { createSendRequest, NetworkFault } from '../../app/net/request.ts'
import { type FakeServer, startFakeServer } from '../fakes/authorizationServer.ts'
import { heldClock, testNetwork } from '../oauth/oauth.fixture.ts'
import { isSkipped } from '../support/skipped.ts'

let fake: FakeServer
let silent: Server
const clock = heldClock()
const network = testNetwork(clock)

beforeEach(async () => {
  fake = await startFakeServer()
  silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
})
afterEach(async () => {
  await fake.stop()
  silent.close()
})

const portOf = (server: Server) => (server.address() as { port: number }).port

async function faultOf(promise: Promise<Response>): Promise<NetworkFault> {
  const fault = await promise.catch((error: unknown) => error)
  expect(fault).toBeInstanceOf(NetworkFault)
  return fault as NetworkFault
}

test('a proxy that cannot be read, or is never named, is a fault before anything was sent, and holds no password', async () => {
  const clock = heldClock()
  const through = (resolveProxy: () => Promise<string | null>, signal?: AbortSignal) =>
    createSendRequest({ clock, userAgent: 'test', resolveProxy })('https://mcp.example.com/', { signal }).catch(
      (error: unknown) => error
    )
  const bad = await through(() => Promise.reject(new Error('http://me:s3cret@')))
  expect(bad).toMatchObject({ fault: 'misconfigured', detail: 'proxy_invalid' })
  expect(inspect(bad)).not.toContain('s3cret')
  const never = () => new Promise<null>(() => {})
  const late = through(never)
  clock.advance(10_000)
  expect(await late).toMatchObject({ fault: 'busy', detail: 'proxy_timeout' })
  const left = new AbortController()
  const leaving = through(never, left.signal)
  left.abort()
  expect(await leaving).toMatchObject({ fault: 'busy', detail: 'aborted' })
})

describe('FM-05 how far a request got', () => {
  test('offline: refused, unknown name, no TLS, no answer to the connection', async () => {
    const port = portOf(silent)
    silent.close()
    expect(await faultOf(network(`http://127.0.0.1:${port}/`))).toMatchObject({
      fault: 'offline',
      detail: 'ECONNREFUSED'
    })
    expect(await faultOf(network('https://nowhere.invalid/'))).toMatchObject({ fault: 'offline' })
    expect(await faultOf(network(fake.origin.replace('http', 'https')))).toMatchObject({ fault: 'offline' })
    expect(fake.requests).toHaveLength(0)
  })

  test('offline: the connection is not made within its limit', async () => {
    const hasty = testNetwork(clock, { connectMs: 20 })
    const fault = await faultOf(hasty(`https://127.0.0.1:${portOf(silent)}/`))
    expect(fault).toMatchObject({ fault: 'offline', detail: 'UND_ERR_CONNECT_TIMEOUT' })
  })

  test('busy: the time is up before anything was sent', async () => {
    const promise = faultOf(network(`https://127.0.0.1:${portOf(silent)}/`))
    await once(silent, 'connection')
    clock.advance(30_000)
    expect(await promise).toMatchObject({ fault: 'busy', detail: 'timeout' })
  })

  test('busy: given up before it began', async () => {
    const fault = await faultOf(network(fake.mcp, { signal: AbortSignal.abort() }))
    expect(fault).toMatchObject({ fault: 'busy', detail: 'aborted' })
    expect(fake.requests).toHaveLength(0)
  })

  test.each(['cut', 'cutBody'] as const)('lost: the request arrived and the reply is %s', async (reply) => {
    fake.script('/token', reply)
    expect(await faultOf(network(`${fake.origin}/token`, { method: 'POST', body: 'x=1' }))).toMatchObject({
      fault: 'lost'
    })
    expect(fake.to('/token')).toHaveLength(1)
  })

  test('lost: no reply within the limit, or given up while waiting', async () => {
    fake.script('/token', 'hang')
    const late = faultOf(network(`${fake.origin}/token`, { method: 'POST' }))
    await fake.arrived('/token')
    clock.advance(30_000)
    expect(await late).toMatchObject({ fault: 'lost', detail: 'timeout' })

    const abort = new AbortController()
    const dropped = faultOf(network(`${fake.origin}/token`, { method: 'POST', signal: abort.signal }))
    await fake.arrived('/token')
    abort.abort()
    expect(await dropped).toMatchObject({ fault: 'lost', detail: 'aborted' })
  })

  test('garbled: a reply that is too large, or compressed and broken', async () => {
    fake.script('/big', { body: 'x'.repeat(200_000) }, { headers: { 'content-encoding': 'gzip' }, body: 'not gzip' })
    expect(await faultOf(network(`${fake.origin}/big`))).toMatchObject({ fault: 'garbled', detail: 'too_large' })
    expect(await faultOf(network(`${fake.origin}/big`))).toMatchObject({ fault: 'garbled', detail: 'unreadable' })
  })

  test('a busy status needs no body', async () => {
    fake.script('/token', { status: 503, headers: { 'content-length': '999', 'retry-after': '7' }, body: '<p>' })
    const reply = await network(`${fake.origin}/token`, { method: 'POST' })
    expect(reply.status).toBe(503)
    expect(reply.headers.get('retry-after')).toBe('7')
  })
})

test('a reply compressed although unasked is read, and a bomb is not', async () => {
  const bodies = [gzipSync('{"a":1}'), gzipSync('x'.repeat(1_000_000))]
  const zipped = createServer((socket) => {
    const body = bodies.shift() ?? Buffer.alloc(0)
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`)
      socket.end(body)
    })
  }).listen(0, '127.0.0.1')
  await once(zipped, 'listening')
  const reply = await network(`http://127.0.0.1:${portOf(zipped)}/`)
  expect(await reply.json()).toEqual({ a: 1 })
  expect(await faultOf(network(`http://127.0.0.1:${portOf(zipped)}/`))).toMatchObject({ fault: 'garbled' })
  zipped.close()
})

test.each(['utf-8', 'none', 'aws-chunked'])('a reply that calls itself %s is taken as it is', async (coding) => {
  fake.script('/odd', { headers: { 'content-encoding': coding }, body: { a: 1 } })
  expect(await (await network(`${fake.origin}/odd`)).json()).toEqual({ a: 1 })
})

test('what comes before the reply is none, whatever it says of itself (RFC 9110 section 15.2)', async () => {
  const early = 'HTTP/1.1 103 Early Hints\r\ncontent-type: text/event-stream\r\n\r\n'
  const hinting = createServer((socket) => {
    socket.once('data', () => socket.end(`${early}HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{"a":1}`))
  }).listen(0, '127.0.0.1')
  await once(hinting, 'listening')
  const reply = await network(`http://127.0.0.1:${portOf(hinting)}/`)
  expect([reply.status, await reply.json()]).toEqual([200, { a: 1 }])
  hinting.close()
})

test('each request has a connection of its own', async () => {
  await network(fake.mcp)
  expect(fake.requests[0]?.headers).toMatchObject({ connection: 'close', 'user-agent': 'tokentray-test' })
})

test('redirects: none unless asked for, and only within the origin', async () => {
  const target = fake.origin.replace('127.0.0.1', 'localhost')
  fake.script('/near', { status: 307, headers: { location: '/mcp' } })
  fake.script('/far', { status: 307, headers: { location: `${target}/mcp` } })
  fake.script('/named', { status: 307, headers: { location: fake.origin.replace('://', '://user:word@') } })
  expect((await network(`${fake.origin}/named`, { followsRedirects: true })).status).toBe(307)
  fake.script('/loop', { status: 302, headers: { location: '/loop' } })
  expect((await network(`${fake.origin}/near`, { method: 'POST' })).status).toBe(307)
  expect((await network(`${fake.origin}/near`, { method: 'POST', followsRedirects: true })).status).toBe(401)
  expect((await network(`${fake.origin}/far`, { followsRedirects: true })).status).toBe(307)
  expect((await network(`${fake.origin}/loop`, { followsRedirects: true })).status).toBe(302)
  expect(fake.to('/loop')).toHaveLength(4)
})

test('plain HTTP to this machine only; private addresses not where only public ones are meant', async () => {
  expect(await faultOf(network('http://example.com/'))).toMatchObject({
    fault: 'misconfigured',
    detail: 'https_required'
  })
  expect(await faultOf(network('file:///etc/passwd'))).toMatchObject({ fault: 'misconfigured' })
  for (const url of [
    fake.origin,
    'https://10.1.2.3/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://localhost/',
    'https://localhost./',
    'https://x.localhost./'
  ])
    expect(await faultOf(network(url, { reach: 'public' }))).toMatchObject({ detail: 'private_address' })
  expect(fake.requests).toHaveLength(0)
  // What a server on this machine named.
  expect((await network(`${fake.origin}/`, { reach: 'local' })).status).toBe(404)
  for (const url of ['https://10.1.2.3/', 'https://2852039166/', 'https://[::ffff:10.0.0.1]/', 'https://0.0.0.0/'])
    expect(await faultOf(network(url, { reach: 'local' }))).toMatchObject({ detail: 'private_address' })
})

const ownName = hostname()
const named = !isPrivateHost(ownName) && (await leadsToPrivate(ownName))
test.skipIf(isSkipped(!named, 'this machine’s own name leads to no private address'))(
  `a name that resolves to a private address (needs a machine whose own name does)`,
  async () => {
    expect(await faultOf(network(`https://${ownName}/`, { reach: 'public' }))).toMatchObject({
      fault: 'misconfigured',
      detail: 'private_address'
    })
  }
)

test('a status no standard knows is no answer', async () => {
  fake.script('/odd', { status: 999 })
  expect((await network(`${fake.origin}/odd`)).status).toBe(599)
})

test('which addresses are private', async () => {
  for (const address of [
    '127.0.0.1',
    '10.0.0.1',
    '172.16.9.9',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '::1',
    'fd00::1',
    'fe80::1',
    '::ffff:192.168.0.1'
  ])
    expect([address, isPrivateAddress(address)]).toEqual([address, true])
  for (const address of ['1.1.1.1', '172.32.0.1', '2606:4700::1111', 'example.com'])
    expect([address, isPrivateAddress(address)]).toEqual([address, false])
  expect(isPrivateHost('foo.localhost')).toBe(true)
  expect(await leadsToPrivate('localhost')).toBe(true)
  expect(await leadsToPrivate('1.1.1.1')).toBe(false)
  expect(await leadsToPrivate('nowhere.invalid')).toBe(false)
})
