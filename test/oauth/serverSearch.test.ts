// Looking for the server that a person means: by the URL they typed, or at the path they left out.
// What is no MCP server must be refused before it is stored; one that answers, but whose sign-in fails, must not.
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { OAuth } from '../../app/oauth/port.ts'
import { type FakeServer, metadataOf, type Reply, startFakeServer } from '../fakes/authorizationServer.ts'
import { begin, configOf, never, refusal, setUp } from './oauth.fixture.ts'

let fake: FakeServer
let oauth: OAuth
beforeEach(async () => {
  fake = await startFakeServer()
  oauth = setUp().oauth
})
afterEach(() => fake.stop())

const find = (url: string) => oauth.findServer({ url }, never)
const resourcePath = '/.well-known/oauth-protected-resource'
const serverPath = '/.well-known/oauth-authorization-server'
const page = { headers: { 'content-type': 'text/html' }, body: '<h1>Welcome</h1>' }
const initialized = { body: { jsonrpc: '2.0', id: 1, result: {} } }

test('a URL that leads to an MCP server stays as it was typed', async () => {
  expect(await find(fake.mcp)).toBe(fake.mcp)
  fake.script('/', { status: 401 })
  expect(await find(fake.origin)).toBe(fake.origin)
})

test.each<[string, Reply]>([
  ['a website', page],
  ['nothing', { status: 404 }],
  ['a site that is busy there', { status: 503 }],
  ['a site that allows no POST', { status: 405 }],
  ['a site that wants a person to sign in on a page', { status: 302, headers: { location: '/login' } }]
])('without a path, where there is %s: /mcp', async (_what, reply) => {
  fake.script('/', reply)
  expect(await find(fake.origin)).toBe(fake.mcp)
  expect(await find(`${fake.origin}/`)).toBe(fake.mcp)
})

test('without a path, where the metadata of the site names another one on the same site: that one', async () => {
  fake.script('/', { status: 401 })
  fake.script(resourcePath, { body: { resource: `${fake.origin}/v1/tools`, authorization_servers: [fake.origin] } })
  fake.script('/v1/tools', { status: 401 })
  fake.script(`${resourcePath}/v1/tools`, {
    body: { resource: `${fake.origin}/v1/tools`, authorization_servers: [fake.origin] }
  })
  expect(await find(fake.origin)).toBe(`${fake.origin}/v1/tools`)
})

test('metadata that names another site leads nobody there', async () => {
  const other = await startFakeServer()
  fake.script('/', { status: 401 })
  fake.script('/mcp', { status: 404 })
  fake.script(resourcePath, { body: { resource: other.mcp, authorization_servers: [other.origin] } })
  fake.script(`${resourcePath}/mcp`, { status: 404 })
  fake.script(serverPath, { status: 404 })
  await refusal(find(fake.origin), 'notMcpServer')
  expect(other.requests).toEqual([])
  await other.stop()
})

test('a wrong path names the path, whatever else the site has', async () => {
  const wrong = `${fake.origin}/tools`
  for (const reply of [page, { status: 404 }, { status: 405 }])
    for (const issuer of [null, 'https://somebody-else.example']) {
      fake.script('/tools', reply)
      fake.script(serverPath, issuer ? { body: metadataOf(issuer) } : { status: 404 })
      expect(await refusal(find(wrong), 'notMcpServer')).toMatch(/Is the path right\? Often it is \/mcp\.$/)
    }
  fake.script('/mcp', { status: 404 })
  fake.script(`${resourcePath}/mcp`, { status: 404 })
  expect(await refusal(find(fake.mcp), 'notMcpServer')).toMatch(/Is the path right\?$/)
  expect(await refusal(find(fake.origin), 'notMcpServer')).toMatch(/neither at \/ nor at \/mcp\. Is the path right\?$/)
  // The site knows the server under another path: it is named.
  fake.script('/tools', { status: 401 })
  fake.script(resourcePath, { body: { resource: `${fake.origin}/v2`, authorization_servers: [fake.origin] } })
  expect(await refusal(find(wrong), 'resourceMismatch')).toMatch(/\/v2, not .*\/tools\. Is the path right\?$/)
})

test('where a URL redirects to that is not followed is said, without its query', async () => {
  fake.script('/tools', { status: 302, headers: { location: 'https://elsewhere.example/mcp?key=x' } })
  fake.script(serverPath, { status: 404 })
  expect(await refusal(find(`${fake.origin}/tools`), 'notMcpServer')).toBe(
    `${fake.origin}/tools redirects to https://elsewhere.example/mcp, which was not followed. If the MCP server is there, use that URL. Is the path right? Often it is /mcp.`
  )
})

test('a server behind a TLS proxy that redirects to plain HTTP is refused with its https address, whatever else it has', async () => {
  const url = 'https://mcp.example/mcp'
  const sent: string[] = []
  const { oauth: behindProxy } = setUp(async (to) => {
    sent.push(to)
    if (to === url) return new Response(null, { status: 307, headers: { location: 'http://mcp.example/mcp/' } })
    return to.endsWith(`${resourcePath}/mcp`)
      ? Response.json({ resource: url, authorization_servers: [fake.origin] })
      : new Response(null, { status: 404 })
  })
  expect(await refusal(behindProxy.findServer({ url }, never), 'notMcpServer')).toBe(
    `${url} redirects to http://mcp.example/mcp/, without https, so nothing was sent there. Use the same URL with https: https://mcp.example/mcp/`
  )
  expect(sent.filter((to) => to.startsWith('http:'))).toEqual([])
})

test('a host that is down, busy or silent is not asked for other paths', async () => {
  fake.script('/', 'cut')
  await refusal(find(fake.origin), 'replyLost')
  expect(fake.to('/mcp')).toEqual([])
  fake.script('/mcp', { status: 503 })
  fake.script(`${resourcePath}/mcp`, { status: 404 })
  fake.script(serverPath, { status: 404 })
  await refusal(find(fake.mcp), 'serverBusy')
  const gone = await startFakeServer()
  await gone.stop()
  await refusal(find(gone.origin), 'serverUnreachable')
})

test.each<[string, () => void]>([
  ['names no authorization server that answers', () => fake.script(serverPath, { status: 404 })],
  [
    'has an authorization server of another name',
    () => fake.script(serverPath, { body: metadataOf('https://x.example') })
  ],
  ['has unreadable metadata', () => fake.script(`${resourcePath}/mcp`, { body: { resource: 7 } })],
  ['needs no sign-in', () => fake.script('/mcp', initialized)]
])('a server that answers is found, though it %s', async (_what, script) => {
  script()
  expect(await find(fake.mcp)).toBe(fake.mcp)
})

test('the sign-in that follows does not ask again for what was just found; a later one does', async () => {
  await find(fake.mcp)
  expect(fake.requests.map(({ path }) => path)).toEqual(['/mcp', '/.well-known/oauth-protected-resource/mcp'])
  for (const total of [3, 6]) {
    const steps: string[] = []
    const signIn = await begin(oauth, configOf(fake.mcp), null, steps)
    signIn.cancel()
    await signIn.grant.catch(() => {})
    expect(steps.slice(0, 2)).toEqual(['resource', 'authorizationServer'])
    expect(fake.requests.filter(({ path }) => path !== '/register')).toHaveLength(total)
  }
})
