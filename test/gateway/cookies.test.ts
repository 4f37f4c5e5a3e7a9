// Cookies of upstreams: kept for one caller, one session and one origin, sent back there alone, and never shown to a client.
// A balancer that pins sessions to one of two machines is played with the official SDK on both.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCookies } from '../../app/gateway/cookies.ts'
import type { Caller } from '../../app/gateway/port.ts'
import { makeBridge } from '../bridge/bridge.fixture.ts'
import { answerBy } from '../fakes/answerBy.ts'
import { fakeClock } from '../fakes/clock.ts'
import { ask as askOf, type GatewaySetting, key, startSetting } from './gateway.fixture.ts'

const minute = 60_000
const site = new URL('https://api.example.com/mcp/one')

/** The cookies of a caller, by hand: what an answer sets, and what the next request is sent. */
function play() {
  const clock = fakeClock()
  const cookies = createCookies(clock)
  const of = (holder: string, session: string | null, account = 'one') => ({
    set: (set: string | string[], url = site, more: Record<string, string> = {}, status = 200, method = 'POST') =>
      cookies.note({ holder, account, session }, url, method, { status, headers: { 'set-cookie': set, ...more } }),
    answer: (status: number, method = 'POST', url = site, headers: Record<string, string> = {}) =>
      cookies.note({ holder, account, session }, url, method, { status, headers }),
    sent: (url: string | URL = site) => cookies.header({ holder, account, session }, new URL(url)),
    open: (url = site) => cookies.openStream({ holder, account, session }, url)
  })
  return { clock, of, me: of('me', 's1') }
}

describe('a cookie', () => {
  test.each<[string, string | string[], string | null]>([
    ['as balancers set it', 'AWSALB=abc/+=; Expires=Wed, 01 Jan 2200 00:00:00 GMT; Path=/', 'AWSALB=abc/+='],
    ['of Secure, HttpOnly, SameSite', 'a=1; Path=/; Secure; HttpOnly; SameSite=None; Partitioned', 'a=1'],
    ['with a quoted value', 'a="x y"', 'a="x y"'],
    ['with no value', 'a=', 'a='],
    ['two of them', ['a=1', 'b=2'], 'a=1; b=2'],
    ['set twice', ['a=1', 'b=2', 'a=3'], 'a=3; b=2'],
    ['deleted by Max-Age', ['a=1', 'a=; Max-Age=0'], null],
    ['deleted by a negative Max-Age', ['a=1', 'a=; Max-Age=-5'], null],
    ['deleted by Expires', ['a=1', 'a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], null],
    ['whose Max-Age wins over Expires', 'a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'a=1'],
    ['with an unreadable Expires', 'a=1; Expires=tomorrow', 'a=1'],
    ['of the longer path first', ['a=1; Path=/', 'b=2; Path=/mcp/one'], 'b=2; a=1'],
    ['of two paths', ['a=1; Path=/', 'a=2; Path=/mcp'], 'a=2; a=1'],
    ['of another path', 'a=1; Path=/other', null],
    ['of a path that only begins alike', 'a=1; Path=/mcp/on', null],
    ['of the host itself', 'a=1; Domain=api.example.com', 'a=1'],
    ['of the domain above', 'a=1; Domain=.example.com', 'a=1'],
    ['of another domain', 'a=1; Domain=example.org', null],
    ['of a domain below', 'a=1; Domain=x.api.example.com', null],
    ['of a domain that only ends alike', 'a=1; Domain=pi.example.com', null],
    ['without a name', '=1', null],
    ['that is none', 'hello', null],
    ['empty', '', null],
    ['with control characters', 'a=1\u0001', null],
    ['beyond ASCII', 'a=ü', null],
    ['of 4 kB', `a=${'x'.repeat(4095)}`, `a=${'x'.repeat(4095)}`],
    ['of more', `a=${'x'.repeat(4096)}`, null]
  ])('%s', (_, set, sent) => {
    const { me } = play()
    me.set(set)
    expect(me.sent()).toBe(sent)
  })

  test('goes to its host alone, whatever its Domain says, and Secure ones to https alone', () => {
    const { me } = play()
    me.set('a=1; Domain=example.com; Path=/')
    for (const url of [
      'https://example.com/mcp',
      'https://x.api.example.com/',
      'http://api.example.com/',
      'https://api.example.com:8443/'
    ])
      expect(me.sent(url), url).toBeNull()
    expect(me.sent('https://api.example.com/')).toBe('a=1')
    const local = new URL('http://127.0.0.1:8080/mcp')
    me.set(['b=1; Secure', 'c=2'], local)
    expect(me.sent(local)).toBe('c=2')
  })

  test('ends when it says so', () => {
    const { clock, me } = play()
    me.set(['a=1; Max-Age=60', 'b=2; Max-Age=600', 'c=3'])
    clock.jump(minute)
    expect(me.sent()).toBe('b=2; c=3')
    clock.jump(9 * minute)
    expect(me.sent()).toBe('c=3')
  })

  test('is one of 20: the oldest goes, or those that ended', () => {
    const { clock, me } = play()
    me.set(['short=1; Max-Age=60', ...Array.from({ length: 19 }, (_, n) => `c${n}=1`)])
    clock.jump(minute)
    me.set('c19=1')
    expect(me.sent()?.split('; ')).toEqual(Array.from({ length: 20 }, (_, n) => `c${n}=1`))
    me.set('c20=1')
    expect(me.sent()?.split('; ')).toEqual(Array.from({ length: 20 }, (_, n) => `c${n + 1}=1`))
  })
})

describe('a session', () => {
  test('has its own cookies, and so has each caller', () => {
    const { of, me } = play()
    me.set('a=mine')
    of('me', null).set('a=no session')
    of('me', 's2').set('a=other session')
    expect([me.sent(), of('me', null).sent(), of('me', 's2').sent()]).toEqual([
      'a=mine',
      'a=no session',
      'a=other session'
    ])
    for (const session of ['s1', 's2', null]) expect(of('you', session).sent()).toBeNull()
  })

  test('that begins takes the cookies of its answer, which then are no other session’s', () => {
    const { of, me } = play()
    const initialize = of('me', null)
    initialize.set('route=1', site, { 'mcp-session-id': 's1' })
    expect([me.sent(), initialize.sent()]).toEqual(['route=1', null])
    initialize.set('route=2', site, { 'mcp-session-id': 's2' })
    expect([me.sent(), of('me', 's2').sent()]).toEqual(['route=1', 'route=2'])
  })

  test('that begins takes those that its request was sent, too', () => {
    const { of, me } = play()
    const initialize = of('me', null)
    initialize.set('route=1', site, {}, 401)
    initialize.answer(200, 'POST', site, { 'mcp-session-id': 's1' })
    expect(me.sent()).toBe('route=1')
  })

  test.each<[string, number, string, string, string | null]>([
    ['DELETE ends it', 200, 'DELETE', site.href, null],
    ['a DELETE that the server does not offer leaves it', 405, 'DELETE', site.href, 'a=1'],
    ['404 ends it', 404, 'POST', site.href, null],
    ['404 of a path below leaves it', 404, 'GET', `${site.href}/files`, 'a=1'],
    ['an error leaves it', 500, 'POST', site.href, 'a=1']
  ])('%s', (_, status, method, url, sent) => {
    const { of, me } = play()
    of('me', null).set('a=1; Path=/', site, { 'mcp-session-id': 's1' })
    me.answer(status, method, new URL(url))
    expect(me.sent()).toBe(sent)
  })

  test('ends after a day without use', () => {
    const { clock, me } = play()
    me.set('a=1')
    clock.jump(24 * 60 * minute)
    expect(me.sent()).toBe('a=1')
    clock.jump(24 * 60 * minute + 1)
    expect(me.sent()).toBeNull()
  })

  test('is one of 2,000: the one that was not used for longest goes', () => {
    const { of } = play()
    for (let n = 0; n < 2000; n++) of('me', `s${n}`).set('a=1')
    of('me', 's0').sent()
    of('you', 's').set('a=1')
    expect(['s0', 's1', 's2'].map((session) => of('me', session).sent())).toEqual(['a=1', null, 'a=1'])
  })

  test('has its place in 4 MB', () => {
    const { of } = play()
    const large = Array.from({ length: 20 }, (_, n) => `c${n}=${'x'.repeat(4000)}`)
    for (let n = 0; n < 60; n++) of('me', `s${n}`).set(large)
    expect(
      Array.from({ length: 60 }, (_, n) => of('me', `s${n}`)).filter((session) => session.sent() !== null)
    ).toHaveLength(52)
  })

  test.each([
    ['many sessions', 3000, ['a=1']],
    ['large cookies', 340, Array.from({ length: 20 }, (_, n) => `c${n}=${'x'.repeat(4000)}`)]
  ])('loses nothing to others that have %s, in however many accounts', (_, count, set) => {
    const { of, me } = play()
    me.set('route=1')
    of('me', null).set('route=2')
    for (let n = 0; n < count; n++) of('other', null, `account ${n}`).set(set, site, { 'mcp-session-id': `s${n}` })
    for (let n = 0; n < count; n++) of('third', `s${n}`).set(set)
    expect([me.sent(), of('me', null).sent()]).toEqual(['route=1', 'route=2'])
    // The newest of those who have most stay.
    expect(of('other', `s${count - 1}`, `account ${count - 1}`).sent()).not.toBeNull()
    expect(of('third', `s${count - 1}`).sent()).not.toBeNull()
    expect(of('other', 's0', 'account 0').sent()).toBeNull()
  })

  test('that others left for a day makes room before one in use', () => {
    const { clock, of } = play()
    of('other', 's').set('a=1')
    clock.jump(24 * 60 * minute + 1)
    for (let n = 0; n < 2000; n++) of('me', `s${n}`).set('a=1')
    expect(of('me', 's0').sent()).toBe('a=1')
  })

  test('of a stream without a session id is the stream’s own while it is open', () => {
    const { of } = play()
    const none = of('me', null)
    none.set('route=1')
    const { session, end } = none.open()
    none.set('route=2')
    expect([of('me', session).sent(), none.sent()]).toEqual(['route=1', 'route=2'])
    end()
    expect(of('me', session).sent()).toBeNull()
    const known = of('me', 's1').open()
    of('me', 's1').set('a=1')
    known.end()
    expect([known.session, of('me', 's1').sent()]).toEqual(['s1', 'a=1'])
  })
})

/** An upstream that sets a cookie on each answer, and the cookies that it was sent. */
async function start(
  change: Parameters<typeof startSetting>[1] = {},
  more: RequestListener = () => {}
): Promise<GatewaySetting> {
  let count = 0
  const s = await startSetting((request, response) => {
    count += 1
    more(request, response)
    if (!response.writableEnded) response.setHeader('set-cookie', [`n=${count}; Path=/`]).end('{}')
  }, change)
  onTestFinished(() => s.stop())
  return s
}
const sentCookies = ({ seen }: GatewaySetting) => seen.map(({ headers }) => headers.cookie ?? null)

describe('through the gateway', () => {
  test('a redirect that is followed has the cookies of its answer', async () => {
    const s = await start({}, ({ url }, response) => {
      if (url === '/mcp') response.writeHead(307, { location: '/mcp/', 'set-cookie': 'route=1; Path=/' }).end()
      else response.setHeader('mcp-session-id', 's1')
    })
    await askOf(s, '/one', { method: 'POST', body: '{}' })
    await askOf(s, '/one/', { headers: { 'mcp-session-id': 's1' } })
    expect(sentCookies(s)).toEqual([null, 'route=1', 'route=1; n=2'])
  })

  test('no client sees a cookie, and none of a client’s own goes up', async () => {
    const s = await start()
    const headers = { cookie: 'mine=1' }
    const replies = [await askOf(s, '/one', { headers }), await askOf(s, '/one', { headers })]
    expect(sentCookies(s)).toEqual([null, 'n=1'])
    expect(JSON.stringify(replies.map(({ raw }) => raw))).not.toMatch(/cookie|n=/i)
  })

  test('each server, session, key and sign-in has its own', async () => {
    let caller: Caller = { client: 'a', name: 'a', kind: 'oauth', signIn: 'first' }
    const s = await start({ admit: async () => ({ ok: true, caller }) })
    const ask = (path = '/one', id?: string) =>
      askOf(s, path, id === undefined ? {} : { headers: { 'mcp-session-id': id } })
    await ask()
    await ask('/two')
    await ask('/one', 's1')
    caller = { ...caller, signIn: 'second' }
    await ask()
    caller = { client: 'b', name: 'b', kind: 'key', signIn: null }
    await ask()
    await ask('/one', 's1')
    caller = { client: 'a', name: 'a', kind: 'oauth', signIn: 'first' }
    await ask()
    await ask('/two')
    await ask('/one', 's1')
    expect(sentCookies(s)).toEqual([null, null, null, null, null, null, 'n=1', 'n=2', 'n=3'])
  })

  test('after another sign-in at the server, perhaps with another account, nothing of the old one is sent', async () => {
    const s = await start()
    await askOf(s, '/one')
    s.token.generation++
    await askOf(s, '/one')
    s.token.signInNumber++
    await askOf(s, '/one')
    expect(sentCookies(s)).toEqual([null, 'n=1', null])
  })

  test('pass-through: people behind one key who bring tokens of their own share none', async () => {
    const s = await start({ upstream: { mode: 'passThrough' } })
    for (const token of ['ada', 'bob', 'ada']) await askOf(s, '/one', { headers: { authorization: `Bearer ${token}` } })
    expect(sentCookies(s)).toEqual([null, null, 'n=1'])
  })

  test('a request that is sent once more with a new token has the cookie of the refusal', async () => {
    const s = await start({}, ({ headers }, response) => {
      if (headers.authorization !== 'Bearer upstream-2') response.statusCode = 401
    })
    await askOf(s, '/one')
    expect(sentCookies(s)).toEqual([null, 'n=1'])
  })

  test('other headers named like cookies are neither read nor sent', async () => {
    const s = await start({}, (_, response) =>
      response.setHeader('set-cookie2', 'old=1').setHeader('trailer', 'set-cookie')
    )
    await askOf(s, '/one', { headers: { cookie2: 'x=1' } })
    const { raw } = await askOf(s, '/one')
    expect(sentCookies(s)).toEqual([null, 'n=1'])
    expect(raw.join()).not.toContain('old=1')
  })
})

/** Machines behind a balancer that pins by cookie, or else takes turns. `pinsStreams` false: each GET takes its turn. */
async function startBalancer(
  machines: readonly RequestListener[],
  pinsStreams: boolean
): Promise<{ url: string; counts: number[] }> {
  let turn = 0
  const counts = machines.map(() => 0)
  const http = createServer((request, response) => {
    const isPinned = pinsStreams || request.method !== 'GET'
    const pinned = isPinned ? /(?:^|; )route=(\d)/.exec(request.headers.cookie ?? '')?.[1] : undefined
    const chosen = pinned === undefined ? turn++ % machines.length : Number(pinned)
    counts[chosen]!++
    if (pinned === undefined) response.setHeader('set-cookie', `route=${chosen}; Path=/; HttpOnly`)
    machines[chosen]!(request, response)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    http.close()
    http.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, counts }
}

function makeServer(machine: number): McpServer {
  const server = new McpServer({ name: 'balanced', version: '1.0.0' })
  server.registerTool('where', { description: 'Tells the machine.' }, async () => ({
    content: [{ type: 'text', text: String(machine) }]
  }))
  return server
}

function streamableMachine(machine: number): RequestListener {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  return answerBy(async (request, response) => {
    const id = request.headers['mcp-session-id']
    const known = sessions.get(String(id))
    if (known) return known.handleRequest(request, response)
    if (id !== undefined) return void response.writeHead(404).end()
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (made) => void sessions.set(made, transport)
    })
    await makeServer(machine).connect(transport as never)
    await transport.handleRequest(request, response)
  })
}

function sseMachine(machine: number): RequestListener {
  const sessions = new Map<string, SSEServerTransport>()
  return answerBy(async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '', 'http://any')
    if (request.method === 'GET') {
      const transport = new SSEServerTransport('/messages', response)
      sessions.set(transport.sessionId, transport)
      return makeServer(machine).connect(transport)
    }
    const known = sessions.get(url.searchParams.get('sessionId') ?? '')
    if (known) return known.handlePostMessage(request, response)
    response.writeHead(404).end()
  })
}

describe('a balancer that pins sessions by cookie', () => {
  test.each([
    ['Streamable HTTP', streamableMachine, StreamableHTTPClientTransport, true],
    ['HTTP+SSE', sseMachine, SSEClientTransport, false]
  ] as const)('%s: each session stays on its machine', async (_, makeMachine, Transport, pinsStreams) => {
    const { url, counts } = await startBalancer([makeMachine(0), makeMachine(1)], pinsStreams)
    const s = await startSetting(() => {}, { upstream: { url: `${url}/mcp` } })
    onTestFinished(() => s.stop())
    const clients = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const client = new Client({ name: 'client', version: '1.0.0' })
        onTestFinished(() => client.close())
        const options = { requestInit: { headers: { 'x-tokentray-key': key } } }
        await client.connect(new Transport(new URL(`${s.gateway.address}/one`), options) as never)
        return client
      })
    )
    const where = async (client: Client) => JSON.stringify((await client.callTool({ name: 'where' })).content)
    const first = await Promise.all(clients.map(where))
    for (let n = 0; n < 5; n++) expect(await Promise.all(clients.map(where))).toEqual(first)
    expect(Math.min(...counts)).toBeGreaterThan(0)
  })
  test('the bridge stays on its machine, too', async () => {
    const { url } = await startBalancer([streamableMachine(0), streamableMachine(1)], true)
    const s = await startSetting(() => {}, { upstream: { url: `${url}/mcp` } })
    onTestFinished(() => s.stop())
    const bridge = makeBridge({ url: () => `${s.gateway.address}/one`, key: () => key })
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
    bridge.send({ id: 0, method: 'initialize', params })
    await bridge.answered(0)
    bridge.send({ method: 'notifications/initialized' })
    for (let id = 1; id <= 5; id++) {
      bridge.send({ id, method: 'tools/call', params: { name: 'where', arguments: {} } })
      expect((await bridge.answered(id)).result).toEqual({ content: [{ type: 'text', text: '0' }] })
    }
    expect(bridge.logs.join()).not.toContain('session')
  })
})
