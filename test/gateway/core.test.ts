// The whole way: real SDK clients of both generations, a key of the vault, the gateway, a real core, a real authorization
// server, and an MCP server of the SDK behind it; what upstreams say is read off the core's own views.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client as ClientToday, StreamableHTTPClientTransport as TransportToday } from '@modelcontextprotocol/client'
import { Client as ClientBefore } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportBefore } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { demoScope } from '../../app/demo/interaction.ts'
import { type Gateway, startGateway } from '../../app/gateway/gateway.ts'
import { createSetting, type Setting } from '../core.fixture.ts'
import { times } from '../support/soak.ts'
import { ask } from './gateway.fixture.ts'

type Upstream = {
  url: string
  /** 'accept': as the token deserves; else what every request gets. */
  rule: 'accept' | '401' | '403' | 'doubt'
  doubt: { status: number; headers: Record<string, string> }
  /** Where its requests are redirected to, in its own path's place; null: nowhere. */
  movedTo: string | null
  /** So many requests get what `doubt` says first. */
  doubtNext: number
  /** So many requests get a 401 first. */
  refuseNext: number
  refused: number
  /** The tool whose calls always get a 401; 'every': all do. */
  closedTool: string | null
  /** How many `initialize` came. */
  initialized: number
}

let s: Setting
let gateway: Gateway
let localKey: string
afterEach(async () => {
  await gateway.close()
  await s.stop()
})

/** An SDK server as protected resource; `stateful`: with sessions. */
async function startUpstream(setting: Setting, stateful: boolean): Promise<Upstream> {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  async function makeTransport(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport(
      stateful
        ? {
            sessionIdGenerator: () => `s${sessions.size}`,
            onsessioninitialized: (id) => void sessions.set(id, transport)
          }
        : {}
    )
    const server = new McpServer({ name: 'upstream', version: '1.0.0' })
    server.registerTool('greet', { description: 'Greets.' }, async () => ({
      content: [{ type: 'text', text: 'hello' }]
    }))
    await server.connect(transport as never)
    return transport
  }
  const http = createServer(async (request, response: ServerResponse) => {
    const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    if (request.url?.startsWith('/.well-known/oauth-protected-resource'))
      return response.setHeader('content-type', 'application/json').end(
        JSON.stringify({
          resource: `${origin}/mcp`,
          authorization_servers: [setting.authority.issuer],
          scopes_supported: [demoScope]
        })
      )
    if (upstream.movedTo !== null && request.url === '/mcp')
      return response.writeHead(307, { location: upstream.movedTo }).end()
    const metadata = `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    if (upstream.rule === 'doubt' || upstream.doubtNext-- > 0)
      return response.writeHead(upstream.doubt.status, upstream.doubt.headers).end()
    if (upstream.rule === '403')
      return response
        .writeHead(403, { 'www-authenticate': `Bearer error="insufficient_scope", scope="openid", ${metadata}` })
        .end()
    if (
      upstream.rule === '401' ||
      upstream.refuseNext-- > 0 ||
      !(await setting.authority.validate(token, upstream.url))
    ) {
      upstream.refused++
      return response.writeHead(401, { 'www-authenticate': `Bearer ${metadata}` }).end()
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const message = JSON.parse(Buffer.concat(chunks).toString() || 'null') as {
      method?: string
      params?: { name?: string }
    } | null
    if (message?.method === 'initialize') upstream.initialized++
    const isClosed = upstream.closedTool === 'every' || message?.params?.name === upstream.closedTool
    if (message?.method === 'tools/call' && isClosed)
      return response.writeHead(401, { 'www-authenticate': `Bearer ${metadata}` }).end()
    const known = sessions.get(String(request.headers['mcp-session-id']))
    await (known ?? (await makeTransport())).handleRequest(request, response, message ?? undefined)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    http.close()
    http.closeAllConnections()
  })
  const upstream: Upstream = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    rule: 'accept',
    doubt: { status: 403, headers: {} },
    doubtNext: 0,
    movedTo: null,
    refuseNext: 0,
    refused: 0,
    closedTool: null,
    initialized: 0
  }
  return upstream
}

async function start(options: { stateful?: boolean; signedIn?: boolean } = {}): Promise<Upstream> {
  s = await createSetting()
  const upstream = await startUpstream(s, options.stateful ?? true)
  if (options.signedIn === false) await s.call('server.add', { url: upstream.url, name: 'one' })
  else await s.signIn({ url: upstream.url })
  gateway = await startGateway({ ...s.core.gateway, clock: systemClock(), port: 0, publicUrl: null })
  localKey = (await s.call('clients.addKey', { name: 'test', servers: ['one'] })).key
  return upstream
}

type Client = { listTools(): Promise<{ tools: { name: string }[] }>; close(): Promise<void> }
const generations: [string, () => Promise<Client>][] = [
  [
    '1.x',
    async () => {
      const client = new ClientBefore({ name: 'client', version: '1.0.0' })
      const requestInit = { headers: { 'x-tokentray-key': localKey } }
      await client.connect(new TransportBefore(new URL(`${gateway.address}/one`), { requestInit }) as never)
      return client
    }
  ],
  [
    '2.x',
    async () => {
      const client = new ClientToday({ name: 'client', version: '1.0.0' })
      const requestInit = { headers: { authorization: `Bearer ${localKey}` } }
      await client.connect(new TransportToday(new URL(`${gateway.address}/one`), { requestInit }))
      return client
    }
  ]
]

describe.each(generations)('the SDK %s', (_, connect) => {
  test.each([true, false])('works through the gateway, with sessions: %s', async (stateful) => {
    await start({ stateful })
    const client = await connect()
    onTestFinished(() => client.close())
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['greet'])
    expect((await s.until(({ acceptedAt }) => acceptedAt !== null)).light).toBe('green')
  })

  test('notices nothing of a token that is refused and renewed meanwhile', async () => {
    const upstream = await start()
    const client = await connect()
    onTestFinished(() => client.close())
    const { refused } = upstream
    upstream.refuseNext = 1
    // Either this or the stream that the client opens on the side meets the refusal.
    expect((await client.listTools()).tools).toHaveLength(1)
    await s.until(({ lastEvent, state }) => lastEvent?.kind === 'refreshed' && state === 'fresh')
    expect(upstream.refused).toBe(refused + 1)
    expect(s.authority.events.filter(({ kind }) => kind === 'refreshed')).toHaveLength(1)
  })

  test('is told what to do where server and authorization server ended it', async () => {
    const upstream = await start()
    const client = await connect()
    onTestFinished(() => client.close())
    s.authority.revokeAll()
    await expect(Promise.all([client.listTools(), client.listTools(), client.listTools()])).rejects.toThrow(
      /Sign in to one: open Tokentray or run `tokentray login one`/
    )
    expect(upstream.refused).toBeGreaterThan(0)
    expect(s.view()).toMatchObject({ state: 'needsUser', action: 'signIn' })
  })

  test('FM-19 keeps its session when a person signs in again, and its next request has the new token', async () => {
    const upstream = await start()
    const client = await connect()
    onTestFinished(() => client.close())
    await client.listTools()
    s.authority.revokeAll()
    await s.signInAgain()
    const { refused } = upstream
    // The old token would be refused now; no request of this session carries it any more.
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['greet'])
    expect(upstream.refused).toBe(refused)
  })

  test('is told in a sentence what to do where there is no sign-in', async () => {
    await start({ signedIn: false })
    await expect(connect()).rejects.toThrow(/Sign in to one: open Tokentray or run `tokentray login one`/)
  })
})

const call = { method: 'POST', body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' }
const initialize = {
  method: 'POST',
  headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
  body: '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"a","version":"1"}}}'
}
const askIt = () => ask({ gateway }, '/one', { ...call, key: localKey })

test('a token that is always refused is renewed once, then a person is asked, and what is accepted again is believed', async () => {
  const upstream = await start({ stateful: false })
  upstream.rule = '401'
  const refreshes = () => s.authority.events.filter(({ kind }) => kind === 'refreshed').length
  const first = await askIt()
  expect([first.status, JSON.parse(first.text).error.data.code]).toEqual([503, 'signInNeeded'])
  expect(refreshes()).toBe(1)
  await askIt()
  expect(refreshes()).toBe(1)
  expect(s.view()).toMatchObject({
    light: 'red',
    state: 'needsUser',
    action: 'signIn',
    words: expect.stringContaining('the server rejects the token')
  })
  expect(s.view().nextAt).not.toBeNull()
  upstream.rule = 'accept'
  await ask({ gateway }, '/one', { ...initialize, key: localKey })
  expect(s.view()).toMatchObject({ light: 'green', state: 'fresh', action: null })
})

test('one tool that always answers 401 costs one refresh and no sign-in, alone or among others', async () => {
  const upstream = await start({ stateful: false })
  const before = upstream.initialized
  upstream.closedTool = 'closed'
  const callTool = (name: string) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } })
    return ask({ gateway }, '/one', { ...initialize, body, key: localKey })
  }
  const refreshes = () => s.authority.events.filter(({ kind }) => kind === 'refreshed').length
  for (let n = 0; n < 3; n++) {
    const reply = await callTool('closed')
    expect([reply.status, JSON.parse(reply.text).error]).toMatchObject([
      403,
      { message: expect.stringContaining('accepts the token'), data: { code: 'notAllowedHere' } }
    ])
    expect(reply.headers['retry-after']).toBeUndefined()
  }
  expect(refreshes()).toBe(1)
  // The server was asked once, not for each refusal.
  expect(upstream.initialized - before).toBe(1)
  expect(s.view()).toMatchObject({ light: 'green', state: 'fresh', action: null })
  expect(s.view().nextAt).not.toBeNull()
  expect((await callTool('greet')).status).toBe(200)
  await callTool('closed')
  expect(refreshes()).toBe(1)
  expect(s.view()).toMatchObject({ light: 'green', state: 'fresh' })
  // The token ends at the server after all: that is told as soon as the server is asked again.
  upstream.rule = '401'
  expect((await s.call('server.verify', { server: 'one' })).view).toMatchObject({ light: 'red', action: 'signIn' })
})

describe('a server that doubts every token in other words than 401', () => {
  const refreshes = () => s.authority.events.filter(({ kind }) => kind === 'refreshed').length
  const bearer = (params: string) => ({ 'www-authenticate': `Bearer ${params}` })
  test.each([
    ['invalid_token', 403, bearer('error="invalid_token"')],
    ['scopes that were granted', 403, bearer(`error="insufficient_scope", scope="${demoScope}"`)],
    ['no scopes by name', 403, bearer('error="insufficient_scope"')],
    ['a login page', 302, { location: 'https://login.example/' }]
  ])(
    'costs one refresh per token and no scope, and is amber once Tokentray asked itself: %s',
    async (_, status, headers) => {
      const upstream = await start({ stateful: false })
      upstream.rule = 'doubt'
      upstream.doubt = { status, headers }
      const replies = await Promise.all(Array.from({ length: 50 }, askIt))
      for (let round = 0; round < times(50, 10_000); round++) replies.push(await askIt())
      expect(replies.filter((reply) => reply.status < 400 || reply.status === 401)).toEqual([])
      expect(refreshes()).toBe(1)
      const rejecting = await s.until(({ light }) => light === 'amber')
      expect(rejecting).toMatchObject({
        state: 'fresh',
        action: null,
        words: expect.stringMatching(/^Token valid · server re/)
      })
      expect(s.view().missingScope).toBeUndefined()
      upstream.rule = 'accept'
      expect((await ask({ gateway }, '/one', { ...initialize, key: localKey })).status).toBe(200)
    }
  )

  test('is served again after that refresh where the token had really ended', async () => {
    const upstream = await start({ stateful: false })
    upstream.doubt = { status: 403, headers: bearer('error="invalid_token"') }
    upstream.doubtNext = 1
    expect((await ask({ gateway }, '/one', { ...initialize, key: localKey })).status).toBe(200)
    expect(refreshes()).toBe(1)
  })
})

test('verifying a token that is refused in other words refreshes it once, tries the new one, and says so', async () => {
  const upstream = await start({ stateful: false })
  const refreshes = () => s.authority.events.filter(({ kind }) => kind === 'refreshed').length
  const verify = () => s.call('server.verify', { server: 'one' })
  for (const headers of [{ 'www-authenticate': 'Bearer error="insufficient_scope"' }, { location: '/login' }]) {
    upstream.rule = 'doubt'
    upstream.doubt = { status: 'location' in headers ? 302 : 403, headers: headers as Record<string, string> }
    const { sentence } = await verify()
    expect(sentence.includes('A refresh did not help.')).toBe(!('location' in headers))
    await verify()
  }
  expect(refreshes()).toBe(1)
  expect(s.view()).toMatchObject({ light: 'amber', action: null, words: expect.stringContaining('server rejects it') })
  upstream.rule = 'accept'
  expect((await verify()).verdict).toBe('accepted')
  expect(s.view()).toMatchObject({ light: 'green', action: null })
})

describe('a server that moved within its origin', () => {
  const good = () => ask({ gateway }, '/one', { ...initialize, key: localKey })

  test('works as before, and is proposed its new URL after three answers from there; a yes keeps sign-in and key', async () => {
    const upstream = await start({ stateful: false })
    upstream.movedTo = '/v2/mcp'
    const to = new URL('/v2/mcp', upstream.url).href
    for (let n = 0; n < 2; n++) expect((await good()).status).toBe(200)
    expect(s.view().proposals).toEqual([])
    await good()
    const proposals = [expect.objectContaining({ change: { url: to }, reason: expect.stringContaining(to) })]
    expect(s.view()).toMatchObject({ light: 'green', url: upstream.url, proposals })
    const { resource, obtainedAt } = s.view()
    const { view } = await s.call('server.set', { server: 'one', url: to, reason: 'moved' })
    expect(view).toMatchObject({ id: 'one', url: to, light: 'green', resource, obtainedAt, proposals: [] })
    upstream.movedTo = null
    expect((await good()).status).toBe(200)
    expect(s.authority.events.filter(({ kind }) => kind === 'refreshed')).toEqual([])
  })

  test('is proposed nothing where it answers itself in between, or redirects elsewhere each time', async () => {
    const upstream = await start({ stateful: false })
    for (const to of ['/a', '/a', null, '/a', '/a', '/b', '/c', '/d', `/${'x'.repeat(300)}`, null]) {
      upstream.movedTo = to
      expect((await good()).status).toBe(200)
      expect(s.view().proposals).toEqual([])
    }
  })

  test('is set to no other origin, since its sign-in is not valid there', async () => {
    const upstream = await start({ stateful: false })
    for (const url of ['https://evil.example/mcp', 'http://127.0.0.1:9/mcp', 'http://localhost/mcp'])
      await expect(s.call('server.set', { server: 'one', url })).rejects.toMatchObject({
        code: 'inputInvalid',
        message: expect.stringContaining('Add it and sign in')
      })
    await expect(s.call('server.set', { server: 'one', url: 'no url' })).rejects.toMatchObject({ code: 'urlInvalid' })
    expect(s.view().url).toBe(upstream.url)
  })
})

test('a server that looks at the token at tools only, and takes none there, needs a person', async () => {
  const upstream = await start({ stateful: false })
  upstream.closedTool = 'every'
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'greet', arguments: {} } })
  const reply = await ask({ gateway }, '/one', { ...initialize, body, key: localKey })
  expect([reply.status, JSON.parse(reply.text).error.data.code]).toEqual([503, 'signInNeeded'])
  expect(s.view()).toMatchObject({ light: 'red', action: 'signIn' })
})

test('a request that needs more scopes asks the person for them, and the rest goes on', async () => {
  const upstream = await start({ stateful: false })
  upstream.rule = '403'
  const reply = await askIt()
  expect([reply.status, JSON.parse(reply.text).error.message]).toEqual([403, expect.stringContaining('openid')])
  expect(await s.until(({ state }) => state === 'needsUser')).toMatchObject({
    action: 'grantMore',
    // It serves other requests: not red.
    light: 'amber',
    missingScope: 'openid'
  })
  // No sign-in asks for it before a person said so.
  const askedFor = async (addScope?: string) => {
    const { rule } = upstream
    upstream.rule = 'accept'
    const { signIn, url } = await s.call('signIn.start', { server: 'one', ...(addScope && { addScope }) })
    await s.call('signIn.cancel', { signIn })
    upstream.rule = rule
    return new URL(url!).searchParams.get('scope')
  }
  expect(await askedFor()).not.toContain('openid')
  // A refresh brings no scope (RFC 6749 section 6).
  const { obtainedAt } = s.view()
  await s.call('server.refresh', { server: 'one' })
  expect(s.view()).toMatchObject({ state: 'needsUser', action: 'grantMore', missingScope: 'openid' })
  expect(s.view().obtainedAt).toBeGreaterThan(obtainedAt!)
  // A good answer ends it, and the same scopes do not raise it again; they are shown all the same.
  upstream.rule = 'accept'
  await ask({ gateway }, '/one', { ...initialize, key: localKey })
  expect(s.view()).toMatchObject({ light: 'green', action: null, missingScope: 'openid' })
  upstream.rule = '403'
  expect((await askIt()).status).toBe(403)
  expect(s.view()).toMatchObject({ light: 'green', action: null, missingScope: 'openid' })
  // A person can say no: the next sign-in does not ask for them, and the server's next 403 does not bring them back.
  await s.call('server.set', { server: 'one', declineScopes: true })
  expect(s.view().missingScope).toBeUndefined()
  expect((await askIt()).status).toBe(403)
  expect(s.view()).toMatchObject({ light: 'green', action: null })
  upstream.rule = 'accept'
  expect(await askedFor()).not.toContain('openid')
  expect(await askedFor('openid')).toContain('openid')
})

test('the gateway counts what it answered', async () => {
  await start()
  await ask({ gateway }, '/one', { ...call, key: 'wrong' })
  const { text } = await s.call('metrics', {})
  expect(text).toContain('tokentray_gateway_requests_total{server="one",result="refused"} 1')
})

test('a server set to pass-through is asked with what the client brings, and misses no sign-in', async () => {
  const upstream = await start({ signedIn: false, stateful: false })
  const { view } = await s.call('server.set', { server: 'one', mode: 'passThrough' })
  expect(view).toMatchObject({
    mode: 'passThrough',
    action: null,
    light: 'grey',
    words: 'Each client signs in itself'
  })
  const reply = await ask({ gateway }, '/one', {
    ...call,
    key: localKey,
    headers: { authorization: 'Bearer of-the-client' }
  })
  expect(reply.status).toBe(401)
  expect(reply.headers['www-authenticate']).toContain(new URL(upstream.url).origin)
  expect((await ask({ gateway }, '/one', { ...call, key: 'wrong' })).status).toBe(401)
})
