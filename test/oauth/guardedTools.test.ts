// MCP servers that let everybody list their tools and ask for a token only when a tool is called, or not even then in words.
// An open server must still be told apart from these, and no session may be left behind.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TokentrayError } from '../../app/contract/errors.ts'
import type { ServerConfig } from '../../app/contract/serverConfig.ts'
import { type FakeServer, type Reply, startFakeServer } from '../fakes/authorizationServer.ts'
import { begin, browse, configOf, setUp } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
  fake.script('/.well-known/oauth-protected-resource/mcp', { status: 404 })
  fake.script('/named', { body: { resource: fake.mcp, authorization_servers: [fake.origin] } })
})
afterEach(() => fake.stop())

const serverPath = '/.well-known/oauth-authorization-server'
const result = (more = {}): Reply => ({ body: { jsonrpc: '2.0', id: 1, result: more } })

/** Everybody may do all but call a tool. */
function guardCalls(call: Reply, opened: Reply = result()): void {
  fake.script('/mcp', ({ method, body }) => {
    if (method === 'DELETE') return { status: 204 }
    const { method: asked } = JSON.parse(body)
    return asked === 'initialize' ? opened : asked === 'tools/call' ? call : result({ tools: [] })
  })
}

async function signIn(more: Partial<ServerConfig> = {}) {
  try {
    const signIn = await begin(setUp().oauth, configOf(fake.mcp, more))
    await browse(signIn)
    return (await signIn.grant).shape
  } catch (error) {
    if (error instanceof TokentrayError) return error
    throw error
  }
}
const challenge = () => `Bearer resource_metadata="${fake.origin}/named"`
const said = () => fake.to('/mcp').map(({ method, body }) => (method === 'POST' ? JSON.parse(body).method : method))

test('by the challenge of a call of a tool that no server has', async () => {
  guardCalls({ status: 401, headers: { 'www-authenticate': challenge() } })
  expect(await signIn()).toMatchObject({ issuer: fake.origin, resource: fake.mcp })
  expect(said()).toEqual(['initialize', 'tools/list', 'tools/call'])
  expect(JSON.parse(fake.to('/mcp')[2]!.body).params).toEqual({ name: 'tokentray-asks-for-sign-in', arguments: {} })
})

test.each([
  ['text', (text: string) => text],
  ['list', (text: string) => [text]]
])('by a challenge within the result of that call, as a %s', async (_, form) => {
  guardCalls(result({ isError: true, _meta: { 'mcp/www_authenticate': form(challenge()) } }))
  expect(await signIn()).toMatchObject({ issuer: fake.origin, resource: fake.mcp })
})

test('by a challenge within a result that is an event of a stream', async () => {
  const message = { jsonrpc: '2.0', id: 1, result: { _meta: { 'mcp/www_authenticate': challenge() } } }
  guardCalls({ headers: { 'content-type': 'text/event-stream' }, body: `data: ${JSON.stringify(message)}\n\n` })
  expect(await signIn()).toMatchObject({ issuer: fake.origin, resource: fake.mcp })
})

test('within a session, in the version that the server chose, and the session is ended', async () => {
  const opened = { body: { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-03-26' } } }
  guardCalls({ status: 401 }, { ...opened, headers: { 'mcp-session-id': 'session-1' } })
  expect(await signIn()).toMatchObject({ issuer: fake.origin, resource: null })
  expect(said()).toEqual(['initialize', 'tools/list', 'tools/call', 'DELETE'])
  const [first, ...others] = fake.to('/mcp').map(({ headers }) => headers)
  expect(first).not.toHaveProperty('mcp-session-id')
  for (const headers of others)
    expect(headers).toMatchObject({ 'mcp-session-id': 'session-1', 'mcp-protocol-version': '2025-03-26' })
})

test('a stream leaves the version open, and a session id that no header can hold is not used', async () => {
  guardCalls({ status: 401 }, { headers: { 'content-type': 'text/event-stream', 'mcp-session-id': 'a b' }, body: '' })
  expect(await signIn()).toMatchObject({ issuer: fake.origin })
  expect(said()).toEqual(['initialize', 'tools/list', 'tools/call'])
  expect(fake.to('/mcp')[2]!.headers).not.toHaveProperty('mcp-protocol-version')
})

test('by the metadata of its origin, where no request was refused', async () => {
  guardCalls(result({ content: [] }))
  expect(await signIn()).toMatchObject({ issuer: fake.origin, resource: null })
})

test.each<[string, Reply]>([
  ['none', { status: 404 }],
  ['a page', { body: '<h1>Welcome</h1>' }],
  ['of another issuer', { body: { issuer: 'https://other.example' } }],
  ['busy', { status: 503 }]
])(
  'where the origin’s metadata is %s, too, it is open, and a person may choose to sign in anyway',
  async (_, metadata) => {
    guardCalls(result({ content: [] }))
    fake.script(serverPath, metadata)
    const error = await signIn()
    const change = { quirks: { signInAnyway: true } }
    expect(error).toMatchObject({ code: 'signInFailed', proposals: [{ change }] })
    expect((error as TokentrayError).message).toMatch(/turn on pass-through.*choose to sign in anyway/)
    expect(fake.to('/register')).toEqual([])
    fake.script(serverPath, { status: 404 })
    expect(await signIn(change)).toMatchObject({ issuer: fake.origin, tokenEndpoint: `${fake.origin}/token` })
  }
)

test('an issuer that a person names is enough', async () => {
  guardCalls(result({ content: [] }))
  fake.script(serverPath, { status: 404 })
  fake.script(`${serverPath}/named`, {
    body: {
      issuer: `${fake.origin}/named`,
      authorization_endpoint: `${fake.origin}/authorize`,
      token_endpoint: `${fake.origin}/token`,
      registration_endpoint: `${fake.origin}/register`,
      code_challenge_methods_supported: ['S256']
    }
  })
  expect(await signIn({ issuer: `${fake.origin}/named` })).toMatchObject({ issuer: `${fake.origin}/named` })
})

test.each(['hang', 'cut'] as const)(
  'silence about that tool says nothing, and the session is ended: %s',
  async (silence) => {
    const { oauth, clock } = setUp()
    fake.script(serverPath, { status: 404 })
    const answer = { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-06-18' } }
    const opened = { body: answer, headers: { 'mcp-session-id': 'session-1' } }
    fake.script('/mcp', ({ method, body }) => {
      if (method === 'DELETE') return { status: 204 }
      const { method: asked } = JSON.parse(body)
      if (asked !== 'tools/call') return asked === 'initialize' ? opened : result({ tools: [] })
      clock.advance(30_000)
      return silence
    })
    const change = { quirks: { signInAnyway: true } }
    await expect(begin(oauth, configOf(fake.mcp))).rejects.toMatchObject({
      code: 'signInFailed',
      proposals: [{ change }]
    })
    expect(said()).toEqual(['initialize', 'tools/list', 'tools/call', 'DELETE'])
  }
)

test('a sign-in that is cancelled meanwhile ends, and the server is not taken for open', async () => {
  const { oauth } = setUp()
  const abort = new AbortController()
  fake.script('/mcp', ({ body }) => {
    if (!body.includes('tools/call')) return result()
    abort.abort()
    return 'hang'
  })
  const given = { clientSecret: null, onStep: () => {}, signal: abort.signal }
  await expect(oauth.beginSignIn(configOf(fake.mcp), given)).rejects.toMatchObject({ code: 'signInCancelled' })
})

test('no further request is made of a server that refuses the first', async () => {
  fake.script('/mcp', { status: 401, headers: { 'www-authenticate': challenge(), 'mcp-session-id': 'x' } })
  expect(await signIn()).toMatchObject({ issuer: fake.origin })
  expect(said()).toEqual(['initialize'])
})

const stream: Reply = { headers: { 'content-type': 'text/event-stream' }, body: 'event: endpoint\ndata: /messages\n\n' }

test.each([404, 405])(
  'by the challenge at the stream of the transport of 2024-11-05, where POST is %d',
  async (status) => {
    fake.script('/mcp', ({ method }) =>
      method === 'GET' ? { status: 401, headers: { 'www-authenticate': challenge() } } : { status }
    )
    expect(await signIn()).toMatchObject({ issuer: fake.origin, resource: fake.mcp })
    expect(said()).toEqual(['initialize', 'GET'])
  }
)

test('an open stream of that transport is an open server', async () => {
  fake.script('/mcp', ({ method }) => (method === 'GET' ? stream : { status: 405 }))
  fake.script(serverPath, { status: 404 })
  expect(await signIn()).toMatchObject({
    code: 'signInFailed',
    proposals: [{ change: { quirks: { signInAnyway: true } } }]
  })
})

test.each<[string, Reply]>([
  ['a page', { headers: { 'content-type': 'text/html' }, body: '<h1>Welcome</h1>' }],
  ['a refusal that asks for no token', { status: 401, headers: { 'www-authenticate': 'Basic realm="staff"' } }],
  ['an error', { status: 500 }]
])('a website that takes only GET is no server for it: %s', async (_, reply) => {
  fake.script('/mcp', ({ method }) => (method === 'GET' ? reply : { status: 405 }))
  fake.script(serverPath, { status: 404 })
  expect(await signIn()).toMatchObject({ code: 'notMcpServer' })
})
