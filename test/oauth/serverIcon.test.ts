// Fetching a server's icon: from its own site, without credentials, by its bytes and in bounds; otherwise there is none.
// A server may name any address as its icon, and must not learn or reach anything by it.
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SendRequest } from '../../app/net/request.ts'
import { fetchIcon } from '../../app/oauth/serverIcon.ts'
import { type FakeServer, type Reply, startFakeServer } from '../fakes/authorizationServer.ts'
import { heldClock, never, testNetwork } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

/** A PNG of 1 pixel, and as many bytes as wanted. */
function png(length = 67): Buffer {
  const whole = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  return Buffer.concat([Buffer.from(whole, 'base64'), Buffer.alloc(Math.max(0, length - 70))])
}
const network = testNetwork(heldClock())
const fetch = (sources: string[], url = fake.mcp, through: SendRequest = network) =>
  fetchIcon(through, { url, quirks: {} }, sources, never)
const asData = (bytes: Buffer, type = 'image/png') => `data:${type};base64,${bytes.toString('base64')}`

test('a picture of the server’s own site, asked for as nobody, whatever type it is called', async () => {
  fake.script('/icon', { headers: { 'content-type': 'text/html', 'set-cookie': 'a=b' }, body: png() })
  expect(await fetch([`${fake.origin}/icon`])).toBe(asData(png()))
  const { method, headers } = fake.to('/icon')[0]!
  expect([method, headers.authorization, headers.cookie, headers.referer]).toEqual([
    'GET',
    undefined,
    undefined,
    undefined
  ])
})

test('a data URL is taken by its bytes, and needs no request', async () => {
  expect(await fetch([asData(png(), 'image/svg+xml')])).toBe(asData(png()))
  expect(await fetch(['data:image/png,raw', 'data:image/png;base64,%%%', asData(Buffer.from('<svg/>'))])).toBeNull()
  expect(fake.requests).toEqual([])
})

test.each<[string, Reply]>([
  ['SVG', { headers: { 'content-type': 'image/png' }, body: '<svg xmlns="http://www.w3.org/2000/svg"/>' }],
  ['more than 64 kB', { body: png(70_000) }],
  ['no end', 'endless'],
  ['an error', { status: 404, body: png() }],
  ['nothing', 'cut'],
  ['a redirect to another host', { status: 302, headers: { location: 'http://localhost:1/icon' } }],
  ['a redirect in a circle', { status: 302, headers: { location: '/icon' } }]
])('none where the address has %s; the next one is tried, three in all', async (_what, reply) => {
  fake.script('/icon', reply)
  fake.script('/good', { body: png() })
  const bad = `${fake.origin}/icon`
  expect(await fetch([bad])).toBeNull()
  expect(await fetch([bad, `${fake.origin}/good`])).toBe(asData(png()))
  expect(await fetch([bad, bad, bad, `${fake.origin}/good`])).toBeNull()
})

test('64 kB are not too much', async () => {
  fake.script('/icon', { body: png(65_000) })
  expect(await fetch([`${fake.origin}/icon`])).toMatch(/^data:image\/png/)
})

test.each([
  'https://cdn.other.example/icon.png',
  'http://127.0.0.1:1/icon.png',
  'https://user:password@mcp.example.com/icon.png',
  'https://example.com.evil.example/icon.png',
  'ftp://mcp.example.com/icon.png',
  'javascript:alert(1)',
  'file:///etc/passwd',
  '/icon.png',
  ''
])('%j is not asked for', async (source) => {
  const asked: string[] = []
  const through: SendRequest = async (url) => {
    asked.push(url)
    return new Response(png() as never)
  }
  expect(await fetch([source], 'https://mcp.example.com/mcp', through)).toBeNull()
  expect(asked).toEqual([])
})

test('the site’s other hosts may serve it, but only at public addresses', async () => {
  const reaches: unknown[] = []
  const through: SendRequest = async (_url, options) => {
    reaches.push(options?.reach)
    return new Response(png() as never)
  }
  // 192.0.2.1 (RFC 5737) is resolved by nobody.
  expect(await fetch(['https://192.0.2.1:8443/icon'], 'https://192.0.2.1/mcp', through)).toMatch(/^data:/)
  expect(await fetch(['http://127.0.0.1:9/icon'], 'http://127.0.0.1:8/mcp', through)).toMatch(/^data:/)
  expect(reaches).toEqual(['public', 'private'])
})
