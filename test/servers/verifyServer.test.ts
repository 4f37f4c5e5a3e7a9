// Verifying: what each answer of an MCP server means for its token, and what follows for health and history.
// A whole core, a real authorization server; the odd answers come from a small server of this test's own.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { asTokentrayError } from '../../app/contract/errors.ts'
import { createSetting } from '../core.fixture.ts'
import { answerBy } from '../fakes/answerBy.ts'

/** What an MCP server answers to `initialize`. */
const initialized = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-11-25' } })
const planted = 'planted-token-c4n4ry'
const cleanup: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step()
})
const open = async () => {
  const setting = await createSetting()
  cleanup.push(setting.stop)
  return setting
}

type Seen = {
  method: string
  authorization: string | undefined
  session: string | undefined
  version: string | undefined
  body: string
}

/** An MCP server that answers as told; each request is noted. */
async function answering(answer: (request: IncomingMessage, reply: ServerResponse) => void) {
  const seen: Seen[] = []
  const server = createServer(
    answerBy(async (request, reply) => {
      let body = ''
      for await (const chunk of request) body += chunk
      const {
        authorization,
        'mcp-session-id': session,
        'mcp-protocol-version': version
      } = request.headers as Record<string, string | undefined>
      seen.push({ method: request.method!, authorization, session, version, body })
      answer(request, reply)
    })
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` }
}

async function withToken(answer: (request: IncomingMessage, reply: ServerResponse) => void) {
  const setting = await open()
  const upstream = await answering(answer)
  await setting.call('server.add', { url: upstream.url, name: 'one', accessToken: planted })
  const verify = () => setting.call('server.verify', { server: 'one' })
  return { ...setting, ...upstream, verify }
}

const statuses: [number, Record<string, string>, 'accepted' | 'rejected' | 'unknown'][] = [
  [200, {}, 'accepted'],
  [202, {}, 'unknown'],
  [400, {}, 'unknown'],
  [404, {}, 'unknown'],
  [405, {}, 'unknown'],
  [302, { location: '/login' }, 'unknown'],
  [400, { 'www-authenticate': 'Bearer error="invalid_token"' }, 'unknown'],
  [403, { 'www-authenticate': 'DPoP error="token_expired"' }, 'unknown'],
  [401, {}, 'rejected'],
  [403, {}, 'unknown'],
  [403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="files:write"' }, 'rejected'],
  [429, {}, 'unknown'],
  [500, {}, 'unknown'],
  [503, {}, 'unknown']
]

test('a script that asks each minute leaves history and the scopes of the next sign-in as they were', async () => {
  const wanting = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="files:write"' }
  let status = 200
  const { call } = await withToken((_, reply) => reply.writeHead(status, wanting).end(initialized))
  const before = (await call('server.history', { server: 'one' })).events
  const ask = () => call('server.verify', { server: 'one', routine: true })
  expect((await ask()).verdict).toBe('accepted')
  status = 403
  expect(await ask()).toMatchObject({ verdict: 'rejected', missingScope: 'files:write' })
  const { events } = await call('server.history', { server: 'one' })
  // Only that no client is served now is told.
  expect(events.filter(({ kind }) => kind !== 'serverDown')).toEqual(before)
  const view = (await call('snapshot', {})).servers[0]
  expect([view?.missingScope, view?.action]).toEqual([undefined, null])
  await call('server.verify', { server: 'one' })
  expect((await call('server.history', { server: 'one' })).events[0]?.kind).toBe('verified')
})

test.each(statuses)('%i %o says: %s', async (status, headers, verdict) => {
  const body = status === 200 ? initialized : '{}'
  const { verify, seen } = await withToken((_, reply) => reply.writeHead(status, headers).end(body))
  const outcome = await verify()
  expect(outcome.verdict).toBe(verdict)
  expect(outcome.sentence).toContain(String(status))
  expect(outcome.view.lastEvent).toMatchObject({ kind: 'verified', detail: expect.stringContaining(String(status)) })
  // Older servers take nothing but GET there.
  expect(seen.map(({ method }) => method)).toEqual(status === 404 || status === 405 ? ['POST', 'GET'] : ['POST'])
  expect(seen[0]).toMatchObject({ method: 'POST', authorization: `Bearer ${planted}` })
  expect(JSON.parse(seen[0]!.body)).toMatchObject({ method: 'initialize' })
  expect(JSON.stringify(outcome)).not.toContain(planted)
})

test.each<[number, string, 'accepted' | 'rejected' | 'unknown']>([
  [200, 'text/event-stream', 'accepted'],
  [401, 'application/json', 'rejected'],
  [403, 'application/json', 'unknown']
])('a server of the transport of 2024-11-05 tells where its stream begins: %i', async (status, type, verdict) => {
  const { verify, seen } = await withToken((request, reply) => {
    if (request.method === 'POST') reply.writeHead(405).end()
    else reply.writeHead(status, { 'content-type': type }).write(': hello\n\n')
    if (status !== 200) reply.end()
  })
  const { verdict: said, sentence } = await verify()
  expect([said, sentence.includes(String(status))]).toEqual([verdict, true])
  expect(seen.map(({ method, authorization }) => [method, authorization])).toEqual([
    ['POST', `Bearer ${planted}`],
    ['GET', `Bearer ${planted}`]
  ])
})

test.each<[string, number, Record<string, string>, string, string]>([
  [
    'JSON that names the token',
    400,
    {},
    '{"error":"invalid_token"}',
    'seems to reject the token (HTTP 400, invalid_token)'
  ],
  ['a page', 200, { 'content-type': 'text/html; charset=utf-8' }, '<form>', 'answered with a web page'],
  [
    'a redirect',
    302,
    { location: 'https://login.example/?next=x' },
    '',
    'redirects to https://login.example/ (HTTP 302)'
  ]
])('%s says nothing good of the token', async (_, status, headers, body, words) => {
  const { verify, view } = await withToken((_request, reply) => reply.writeHead(status, headers).end(body))
  const { verdict, sentence } = await verify()
  expect([verdict, sentence]).toEqual(['unknown', expect.stringContaining(words)])
  expect(sentence).not.toContain('next=')
  expect(view()).toMatchObject({ state: 'fresh', action: null })
})

const rpcError = (code: number, message = 'no') => JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code, message } })

test.each<[string, number, string, string | null]>([
  ['nothing at its URL', 404, 'Not Found', 'notMcp'],
  ['a URL that takes no messages', 405, '', 'notMcp'],
  ['a server that is gone for good', 410, '{}', 'notMcp'],
  ['an empty answer', 200, '', 'notMcp'],
  ['nothing but a status', 204, '', 'notMcp'],
  ['JSON that is no MCP', 200, '{"status":"ok"}', 'notMcp'],
  ['a text', 200, 'It works!', 'notMcp'],
  ['a redirect that leads nowhere', 302, '', 'notMcp'],
  ['an error of its own', 200, rpcError(-32603), 'failing'],
  ['an unknown session, though none was named', 400, rpcError(-32000, 'No valid session ID'), 'failing'],
  ['a refusal without a reason', 400, 'Bad Request', 'failing'],
  ['what it forbids', 403, '{}', 'failing'],
  ['a token that it calls invalid', 200, rpcError(-32001, 'Unauthorized: invalid token'), 'rejecting'],
  ['a page that ended', 419, '{"message":"Token has expired"}', 'rejecting'],
  ['a token of an unwanted kind', 403, '{"message":"jwt expired"}', 'rejecting'],
  ['another protocol version', 400, rpcError(-32000, 'Bad Request: Unsupported protocol version'), null],
  ['parameters that it does not like', 200, rpcError(-32602), null],
  ['no `initialize`', 404, rpcError(-32601), null],
  ['one session for all', 400, rpcError(-32600, 'Invalid Request: Server already initialized'), null],
  ['too many requests', 429, '', null]
])('green means works: %s (%i)', async (_, status, body, kind) => {
  const { verify, view, call } = await withToken((_request, reply) => reply.writeHead(status).end(body))
  const { verdict, sentence } = await verify()
  expect(verdict).toBe(kind === null && status !== 429 ? 'accepted' : 'unknown')
  expect(sentence).toMatch(/HTTP|JSON-RPC error -\d+/)
  expect(view()).toMatchObject({ light: kind ? 'amber' : 'green', state: 'fresh', action: null })
  expect(view().outage?.kind ?? null).toBe(kind)
  const told = (await call('server.history', { server: 'one' })).events.some((event) => event.kind === 'serverDown')
  expect(told).toBe(kind !== null)
})

test.each<[number, string, string]>([
  [307, 'https://sso.example/start', 'rejecting'],
  [303, '/Account/Login?ReturnUrl=%2Fmcp', 'rejecting'],
  [308, 'https://other.example/mcp', 'notMcp'],
  [301, '/mcp/', 'notMcp'],
  [307, '/mcp?again', 'notMcp']
])('a redirect by %i to %s is amber as what it means', async (status, location, kind) => {
  const { verify, view } = await withToken((_, reply) => reply.writeHead(status, { location }).end())
  expect((await verify()).verdict).toBe('unknown')
  expect(view()).toMatchObject({ light: 'amber', outage: { kind } })
})

test('a session that was opened is ended in the version that the server chose, and nothing else is asked', async () => {
  const chosen = initialized.replace('2025-11-25', '2025-03-26')
  const { verify, seen } = await withToken((request, reply) =>
    reply.writeHead(request.method === 'DELETE' ? 405 : 200, { 'mcp-session-id': 's-1' }).end(chosen)
  )
  expect((await verify()).verdict).toBe('accepted')
  expect(seen.map(({ method, session, version }) => [method, session, version])).toEqual([
    ['POST', undefined, undefined],
    ['DELETE', 's-1', '2025-03-26']
  ])
})

test('an event stream that never ends is an answer too', async () => {
  const { verify } = await withToken((_, reply) => {
    reply.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
  })
  expect((await verify()).verdict).toBe('accepted')
})

test.each([
  [
    'nobody there',
    (_: IncomingMessage, reply: ServerResponse) => reply.destroy(),
    'did not send a complete response',
    'amber'
  ],
  ['too much', (_: IncomingMessage, reply: ServerResponse) => void reply.end('x'.repeat(1_100_000)), 'read', 'green']
])('%s: nothing is known of the token, said in a sentence', async (_name, answer, words, light) => {
  const { verify, view } = await withToken(answer)
  const outcome = await verify()
  expect(outcome).toMatchObject({ verdict: 'unknown', sentence: expect.stringContaining(words) })
  expect(view()).toMatchObject({ acceptedAt: null, light })
})

test('a server that is gone cannot be asked', async () => {
  const { signIn, mcp, call } = await open()
  await signIn()
  await mcp.stop()
  const outcome = await call('server.verify', { server: 'one' })
  expect(outcome).toMatchObject({
    verdict: 'unknown',
    sentence: expect.stringContaining('could not be reached: the connection was refused (ECONNREFUSED)')
  })
})

test('a token given by hand is not called healthy before the server was seen to accept it', async () => {
  const setting = await open()
  await setting.signIn()
  const { token } = await setting.call('readToken', { server: 'one' })
  await setting.call('server.add', {
    url: `${setting.mcp.url}?given`,
    id: 'given',
    grantKind: 'staticToken',
    accessToken: token
  })
  expect(setting.view('given')).toMatchObject({
    words: 'Not verified yet',
    detail: expect.stringContaining('Use Verify to check it.')
  })
  expect((await setting.call('server.verify', { server: 'given' })).view).toMatchObject({
    words: 'Healthy',
    detail: ''
  })
  const { events } = await setting.call('server.history', { server: 'one' })
  expect(events.map(({ detail }) => detail)).toContain('Signed in, valid for 1 h')
})

describe('what follows', () => {
  test('accepted: seen in the view', async () => {
    const { signIn, call, mcp } = await open()
    expect((await signIn()).acceptedAt).toBeNull()
    const { view, verdict } = await call('server.verify', { server: 'one' })
    expect(verdict).toBe('accepted')
    expect(view.acceptedAt).toBeGreaterThan(0)
    expect(mcp.counts.accepted).toBe(2)
  })

  test('rejected: one refresh mends what a refresh can mend', async () => {
    const { signIn, call, authority } = await open()
    await signIn()
    const rejected = new Set<string | undefined>()
    const upstream = await answering(({ headers: { authorization } }, reply) => {
      if (rejected.size === 0) rejected.add(authorization)
      reply.writeHead(rejected.has(authorization) ? 401 : 200).end(initialized)
    })
    await call('server.add', { url: upstream.url, id: 'two', ...client(authority) })
    const { signIn: signingIn } = await call('signIn.start', { server: 'two' })
    await call('signIn.wait', { signIn: signingIn })
    const before = authority.events.length
    const outcome = await call('server.verify', { server: 'two' })
    expect(outcome).toMatchObject({ verdict: 'accepted', view: { light: 'green' } })
    expect(authority.events.slice(before).map(({ detail }) => detail)).toEqual(['client_credentials'])
  })

  test('a server that rejects every token is shown so after the sign-in, and Verify tries one newer token', async () => {
    const { call, authority, view } = await open()
    const upstream = await answering((_, reply) => reply.writeHead(401).end())
    await call('server.add', { url: upstream.url, id: 'two', ...client(authority) })
    const { signIn: signingIn } = await call('signIn.start', { server: 'two' })
    await call('signIn.wait', { signIn: signingIn })
    expect(view('two')).toMatchObject({ light: 'amber', words: expect.stringContaining('server rejects it') })
    const before = authority.events.length
    for (const refreshes of [1, 1]) {
      const { verdict, sentence, view } = await call('server.verify', { server: 'two' })
      expect([verdict, view.light, view.action]).toEqual(['rejected', 'red', 'signIn'])
      expect(sentence).not.toContain('Verify again')
      expect(authority.events.slice(before)).toHaveLength(refreshes)
    }
    expect(new Set(upstream.seen.map(({ authorization }) => authorization)).size).toBe(2)
  })

  test('seemingly rejected: the token is refreshed once, and the new one is tried at once', async () => {
    const { call, authority } = await open()
    const first = new Set<string | undefined>()
    const forbidden = { 'www-authenticate': 'Bearer error="invalid_token"' }
    const upstream = await answering(({ headers: { authorization } }, reply) => {
      if (first.size === 0) first.add(authorization)
      if (first.has(authorization)) reply.writeHead(403, forbidden).end()
      else reply.end(initialized)
    })
    await call('server.add', { url: upstream.url, id: 'two', ...client(authority) })
    const { signIn: signingIn } = await call('signIn.start', { server: 'two' })
    await call('signIn.wait', { signIn: signingIn })
    const before = authority.events.length
    const { verdict, sentence, view } = await call('server.verify', { server: 'two' })
    expect([verdict, view.light]).toEqual(['accepted', 'green'])
    expect(sentence).toContain('It had seemed to reject the token before, which was refreshed.')
    expect(authority.events.slice(before).map(({ detail }) => detail)).toEqual(['client_credentials'])
  })

  test('rejected for good: a person is needed, until the server takes the token after all', async () => {
    let status = 401
    const { verify } = await withToken((_, reply) => reply.writeHead(status).end(initialized))
    expect((await verify()).view).toMatchObject({ light: 'red', state: 'needsUser', action: 'signIn' })
    status = 200
    expect((await verify()).view).toMatchObject({ light: 'green', action: null })
  })

  test('another token of a person is not taken for the one that was rejected', async () => {
    const { verify, call, view } = await withToken((_, reply) => reply.writeHead(401).end())
    await verify()
    await call('server.giveToken', { server: 'one', accessToken: 'another' })
    expect(view()).toMatchObject({ state: 'fresh', words: 'Not verified yet' })
  })

  test('more permission wanted: shown as such', async () => {
    const { verify } = await withToken((_, reply) =>
      reply.writeHead(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="files:write"' }).end()
    )
    expect((await verify()).view).toMatchObject({ action: 'grantMore', words: 'More permission needed' })
  })

  test('without a token there is nothing to ask with', async () => {
    const { call, mcp } = await open()
    await call('server.add', { url: mcp.url, name: 'one' })
    const refused = await call('server.verify', { server: 'one' }).catch(asTokentrayError)
    expect(refused).toMatchObject({ code: 'signInNeeded' })
    expect(mcp.counts.rejected).toBe(0)
  })
})

/** A server whose tokens the demo's authorization server gives to a client of its own. */
function client({ issuer, confidentialClient }: { issuer: string; confidentialClient: Record<string, string> }) {
  const { clientId, clientSecret } = confidentialClient
  return {
    grantKind: 'clientCredentials',
    clientId: clientId!,
    clientSecret: clientSecret!,
    clientAuth: 'client_secret_basic',
    tokenEndpoint: `${issuer}/token`
  } as const
}
