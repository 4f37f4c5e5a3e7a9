// Servers of MCP's transport of 2024-11-05 behind the gateway: the address that their stream names is one below the server.
// It leads to that very address, at the same origin, for the client that opened the stream and while the stream is open.
import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { brotliCompressSync, createGzip, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { ask, type GatewaySetting, key, startSetting } from './gateway.fixture.ts'

let s: GatewaySetting
const streams = new Set<ClientRequest>()
afterEach(() => {
  // The gateway gives open streams a moment at its end.
  for (const request of streams) request.destroy()
  streams.clear()
  return s.stop()
})

type Play = (response: ServerResponse) => void
/** An upstream whose streams `play` writes; a POST is answered 202. */
async function start(play: Play, change: Parameters<typeof startSetting>[1] = {}): Promise<void> {
  s = await startSetting(
    (request, response) => {
      if (request.method === 'GET') play(response)
      else response.writeHead(202).end('Accepted')
    },
    { path: '/sse', ...change }
  )
}

const begin = (response: ServerResponse, headers: Record<string, string> = {}) =>
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers })
const naming =
  (address: string | (() => string)): Play =>
  (response) =>
    begin(response).write(`event: endpoint\ndata: ${typeof address === 'string' ? address : address()}\n\n`)

type Opened = { response: IncomingMessage; request: ClientRequest; text: () => string; address: () => Promise<string> }
async function open(path = '/one', headers: Record<string, string> = {}): Promise<Opened> {
  const request = httpRequest({
    host: '127.0.0.1',
    port: s.gateway.port,
    path,
    headers: { 'x-tokentray-key': key, accept: 'text/event-stream', ...headers }
  })
  streams.add(request)
  request.on('error', () => {})
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  response.setEncoding('utf8').on('data', (chunk) => (text += chunk))
  response.on('error', () => {})
  const address = async () => {
    for (;;) {
      const found = /^data: ?(.+)$/m.exec(text)?.[1]
      if (found) return found
      await once(response, 'data')
    }
  }
  return { response, request, text: () => text, address }
}
const post = (path: string, options = {}) => ask(s, path, { method: 'POST', body: '{}', ...options })
const closed = (response: IncomingMessage) => new Promise<void>((resolve) => response.once('close', resolve))
const lastSeen = () => s.seen.at(-1)!

const own = () => new URL(s.upstreamUrl).origin
test.each<[string, string | (() => string), string]>([
  ['from the root', '/messages?sessionId=1', '/messages?sessionId=1'],
  ['relative', 'messages', '/messages'],
  ['relative with a dot', './messages/', '/messages/'],
  ['relative, upwards', '../../messages', '/messages'],
  ['a query alone', '?sessionId=1', '/sse?sessionId=1'],
  ['absolute', () => `${own()}/messages?a=1&b=%20%2F`, '/messages?a=1&b=%20%2F'],
  ['by its host alone', () => `${own().replace('http:', '')}/messages`, '/messages'],
  ['below the server', '/sse/messages', '/sse/messages'],
  ['with spaces around it', '  /messages  ', '/messages'],
  ['with a fragment', '/messages#there', '/messages'],
  ['beyond ASCII', '/bücher?ü', '/b%C3%BCcher?%C3%BC']
])('an address %s is asked for as it was named', async (_, address, path) => {
  await start(naming(address))
  const named = await (await open()).address()
  expect(named).toMatch(/^\/one\/~\/[\w-]{22}$/)
  expect((await post(named)).status).toBe(202)
  expect(lastSeen()).toMatchObject({ method: 'POST', url: path, headers: { authorization: 'Bearer upstream-1' } })
  expect(lastSeen().headers['x-tokentray-key']).toBeUndefined()
})

test('the query that the server’s URL has is not added to an address that the server named', async () => {
  await start(naming('/messages?sessionId=1'), { path: '/sse?tenant=a' })
  await post(await (await open()).address())
  expect(s.seen.map(({ url }) => url)).toEqual(['/sse?tenant=a', '/messages?sessionId=1'])
})

test.each([
  ['another host', 'https://elsewhere.example/messages'],
  ['another port', 'http://127.0.0.1:9/messages'],
  ['another scheme', 'https://127.0.0.1/messages'],
  ['a script', 'javascript:alert(1)'],
  ['credentials', () => `${own().replace('//', '//user:pass@')}/messages`],
  ['nothing that is an address', 'http://['],
  ['another host, without a scheme', '//elsewhere.example/messages'],
  ['another host, with backslashes', '\\\\elsewhere.example\\messages']
])('an address with %s gets nothing, and the client is told why', async (_, address) => {
  await start(naming(address))
  const opened = await open()
  const named = await opened.address()
  const { status, text } = await post(named, { body: '{"jsonrpc":"2.0","id":1,"method":"initialize"}' })
  expect([status, JSON.parse(text)]).toEqual([
    502,
    {
      jsonrpc: '2.0',
      id: 1,
      error: {
        code: -32_000,
        message: 'ONE names an address at another site for messages. Its token must not be sent there.',
        data: { code: 'responseInvalid' }
      }
    }
  ])
  expect(opened.text()).not.toContain('elsewhere.')
  expect(s.seen).toHaveLength(1)
})

test('anything else below is 404, and nothing is sent', async () => {
  await start(naming('/messages'))
  const named = await (await open()).address()
  for (const [path, method] of [
    [`${named}x`, 'POST'],
    [`${named}/more`, 'POST'],
    [`${named}?more=1`, 'POST'],
    [named.replace('/one/', '/two/'), 'POST'],
    ['/one/~', 'POST'],
    ['/one/~/', 'POST'],
    ['/one/~/__proto__', 'POST'],
    [named, 'GET'],
    [named, 'DELETE']
  ] as const)
    expect((await ask(s, path, { method })).status, `${method} ${path}`).toBe(404)
  expect(s.seen).toHaveLength(1)
  expect((await post(named, { key: null })).status).toBe(401)
  expect((await post('/one/~messages')).status).toBe(202)
})

test('another client gets 404 there, and so does another sign-in of the same client', async () => {
  const caller = { client: 'c', name: 'c', kind: 'oauth' as const, signIn: 'first' }
  let now: typeof caller | { client: string; name: string; kind: 'key'; signIn: null } = caller
  await start(naming('/messages'), { admit: async () => ({ ok: true, caller: now }) })
  const named = await (await open()).address()
  for (const other of [
    { ...caller, signIn: 'second' },
    { ...caller, client: 'd' },
    { client: 'c', name: 'c', kind: 'key' as const, signIn: null }
  ]) {
    now = other
    expect((await post(named)).status).toBe(404)
  }
  now = { ...caller }
  expect((await post(named)).status).toBe(202)
})

test.each(['the client leaves', 'the upstream ends it', 'it breaks off'])(
  'it is gone when the stream is: %s',
  async (how) => {
    const ended = Promise.withResolvers<void>()
    let upstream: ServerResponse | undefined
    await start((response) => {
      upstream = response
      response.on('close', ended.resolve)
      naming('/messages')(response)
    })
    const opened = await open()
    const named = await opened.address()
    const gone = closed(opened.response)
    if (how === 'the client leaves') opened.request.destroy()
    else if (how === 'the upstream ends it') upstream!.end()
    else upstream!.destroy()
    await Promise.all([ended.promise, gone])
    const { status, text } = await post(named)
    expect([status, text]).toEqual([404, expect.stringContaining('This connection to ONE has ended. Connect again.')])
  }
)

test('a client has 64 of them at one server; the next is told so, and one that is closed makes room', async () => {
  const endpoints = Array.from({ length: 64 }, (_, n) => `event: endpoint\ndata: /messages/${n}\n\n`).join('')
  let isFirst = true
  await start((response) => {
    if (isFirst) begin(response).write(`${endpoints}data: done\n\n`)
    else naming('/more')(response)
    isFirst = false
  })
  const many = await open()
  while (!many.text().includes('done')) await once(many.response, 'data')
  const names = many.text().match(/\/one\/~\/.+/g)!
  expect(new Set(names).size).toBe(64)
  for (const name of [names[0]!, names[63]!]) expect((await post(name)).status).toBe(202)
  const more = await open()
  expect(await post(await more.address())).toMatchObject({
    status: 503,
    text: expect.stringContaining('too many connections to ONE')
  })
  const inOther = await open('/two')
  expect((await post(await inOther.address())).status).toBe(202)
  many.request.destroy()
  await closed(many.response)
  const last = await open()
  expect((await post(await last.address())).status).toBe(202)
})

test('an address named again and again keeps its name, and of more than 64 on one stream the oldest makes room', async () => {
  const event = (address: string) => `event: endpoint\ndata: ${address}\n\n`
  const repeated = event('/messages?id=1').repeat(100)
  const others = Array.from({ length: 70 }, (_, n) => event(`/other/${n}`) + event('/messages?id=1')).join('')
  const plays: Play[] = [
    naming('/first'),
    (response) => begin(response).write(`${repeated}data: half\n\n${others}data: done\n\n`)
  ]
  await start((response) => plays.shift()!(response))
  const other = await (await open()).address()
  const many = await open()
  while (!many.text().includes('done')) await once(many.response, 'data')
  const [first = '', second = ''] = many.text().split('data: half')
  const named = (text: string) => text.match(/\/one\/~\/.+/g)!
  expect(new Set(named(first)).size).toBe(1)
  const [kept] = named(first)
  const names = named(second).filter((name) => name !== kept)
  expect(names).toHaveLength(70)
  for (const name of [kept!, names[69]!, other]) expect((await post(name)).status).toBe(202)
  expect(s.seen.slice(-3).map(({ url }) => url)).toEqual(['/messages?id=1', '/other/69', '/first'])
  expect((await post(names[0]!)).status).toBe(404)
})

test('a token that is refused there is renewed once, as at the server’s own URL', async () => {
  s = await startSetting(
    (request, response) => {
      if (request.method === 'GET') naming('/messages')(response)
      else response.writeHead(request.headers.authorization === 'Bearer upstream-2' ? 202 : 401).end()
    },
    { path: '/sse' }
  )
  const named = await (await open()).address()
  expect((await post(named)).status).toBe(202)
  expect(s.told.renewals).toBe(1)
})

test('an address named by what a client chose below the server’s URL costs nobody the sign-in', async () => {
  s = await startSetting(
    (request, response) => {
      if (request.method === 'GET') naming('/messages')(response)
      else response.writeHead(401).end()
    },
    { path: '' }
  )
  expect((await post(await (await open('/one/events')).address())).status).toBe(403)
  expect(s.told.renewals).toBe(0)
})

test('the gateway asks for no compression of a stream', async () => {
  await start(naming('/messages'))
  await (await open('/one', { 'accept-encoding': 'gzip, br' })).address()
  expect(lastSeen().headers['accept-encoding']).toBe('identity')
})

const event = 'event: endpoint\ndata: /messages\n\n'
test.each([
  ['gzip', gzipSync(event)],
  ['GZIP', gzipSync(event)],
  ['x-gzip', gzipSync(event)],
  ['deflate', deflateSync(event)],
  ['br', brotliCompressSync(event)],
  ['identity', Buffer.from(event)]
])('a stream compressed all the same is read: %s', async (encoding, bytes) => {
  await start((response) =>
    begin(response, { 'content-encoding': encoding, 'content-length': String(bytes.length) }).end(bytes)
  )
  const opened = await open()
  expect(await opened.address()).toMatch(/^\/one\/~\//)
  expect(opened.response.headers).not.toMatchObject({ 'content-encoding': expect.anything() })
  expect(opened.response.headers).not.toMatchObject({ 'content-length': expect.anything() })
})

test('each event of a compressed stream passes when it was written', async () => {
  const written = Promise.withResolvers<ReturnType<typeof createGzip>>()
  await start((response) => {
    const gzip = createGzip()
    gzip.pipe(begin(response, { 'content-encoding': 'gzip' }))
    gzip.write(event)
    gzip.flush()
    written.resolve(gzip)
  })
  const opened = await open()
  expect((await post(await opened.address())).status).toBe(202)
  const gzip = await written.promise
  gzip.write('data: more\n\n')
  gzip.flush()
  while (!opened.text().endsWith('data: more\n\n')) await once(opened.response, 'data')
  gzip.end()
  await once(opened.response, 'end')
})

test('a compressed stream that is none is cut', async () => {
  await start((response) => begin(response, { 'content-encoding': 'gzip' }).write('no gzip at all'))
  const opened = await open()
  await closed(opened.response)
  expect(opened.response.complete).toBe(false)
})

test('an endpoint event too large to hold cuts the stream and not the gateway', async () => {
  const cut = Promise.withResolvers<void>()
  await start((response) => {
    response.on('close', cut.resolve)
    begin(response).write(': first\n', () => response.write(`event: endpoint\ndata: ${'x'.repeat(100_000)}`))
  })
  await expect(open().then(({ response }) => once(response, 'end'))).rejects.toMatchObject({ code: 'ECONNRESET' })
  await cut.promise
  expect((await post('/one')).status).toBe(202)
})

test.each(['none', 'utf-8'])('a stream whose encoding is said to be %s is one without', async (encoding) => {
  await start((response) => begin(response, { 'content-encoding': encoding }).end(event))
  const opened = await open()
  expect(await opened.address()).toMatch(/^\/one\/~\//)
  expect(opened.response.headers).not.toMatchObject({ 'content-encoding': expect.anything() })
})

test.each(['gzip, gzip', 'zstd', 'br, gzip', 'identity, gzip', 'gzip,', 'compress', 'toString'])(
  'a stream in an encoding that cannot be searched does not pass, whoever asked: %s',
  async (encoding) => {
    s = await startSetting((_, response) => begin(response, { 'content-encoding': encoding }).write(event))
    for (const method of ['GET', 'POST']) {
      const { status, text } = await ask(s, '/one', { method, body: method === 'GET' ? '' : '{}' })
      expect([method, status, JSON.parse(text).error.data]).toEqual([method, 502, { code: 'responseInvalid' }])
      expect(text).toContain(
        `ONE answered with an event stream that Tokentray cannot read (Content-Encoding: ${encoding}). It may have carried out the request.`
      )
    }
    expect(s.seen).toHaveLength(2)
  }
)

test('pass-through: a refusal that cannot be searched does not pass either', async () => {
  s = await startSetting(
    (_, response) =>
      response.writeHead(401, { 'content-type': 'text/event-stream', 'content-encoding': 'zstd' }).end(event),
    { upstream: { mode: 'passThrough' } }
  )
  expect((await ask(s, '/one', { headers: { authorization: 'Bearer own' } })).status).toBe(502)
})

test.each([
  ['gzip, deflate, br, zstd', 'gzip, deflate, br'],
  ['zstd;q=1, gzip;q=0.5', ' gzip;q=0.5'],
  ['zstd', 'identity'],
  ['*', 'identity']
])('no compression is asked for that the gateway could not unpack: %s', async (asked, sent) => {
  s = await startSetting((_, response) => response.end('{}'))
  await ask(s, '/one', { method: 'POST', body: '{}', headers: { 'accept-encoding': asked } })
  expect(lastSeen().headers['accept-encoding']).toBe(sent.trim())
})

test.each([201, 202, 203, 206, 226, 400, 404, 500])('a stream with status %d is one', async (status) => {
  s = await startSetting((_, response) =>
    response.writeHead(status, { 'content-type': 'text/event-stream' }).end(event)
  )
  const answer = await ask(s, '/one')
  expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(/^event: endpoint\ndata: \/one\/~\//)])
})

test.each([
  'text/event-stream',
  'TEXT/Event-Stream; charset=utf-16',
  'text/event-stream, x',
  'x/text/event-stream',
  'text/event-stream charset=utf8',
  "text/event-stream; charset*=utf-8''utf-16",
  'text/plain, text/event-stream'
])('an answer of type %s is a stream, and in UTF-8', async (type) => {
  s = await startSetting((_, response) => response.writeHead(200, { 'content-type': type }).end(event))
  const { text, headers } = await ask(s, '/one')
  expect(text).toMatch(/^event: endpoint\ndata: \/one\/~\//)
  expect(headers['content-type']).toBe('text/event-stream; charset=utf-8')
})

test.each([
  ['text/plain; charset=utf-16', 'text/plain; charset=utf-8'],
  ['', undefined]
])('a client that asked for a stream may take an answer of another type for one: "%s"', async (type, sent) => {
  await start((response) => response.writeHead(200, type === '' ? {} : { 'content-type': type }).end(event))
  const opened = await open()
  expect(await opened.address()).toMatch(/^\/one\/~\//)
  expect(opened.response.headers['content-type']).toBe(sent)
})

test('an endpoint in the answer to a POST leads nowhere', async () => {
  s = await startSetting((_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(event))
  const { text } = await ask(s, '/one', { method: 'POST', body: '{}' })
  expect(text).toBe('event: endpoint\ndata: /one/~/none\n\n')
  expect((await ask(s, '/one/~/none', { method: 'POST' })).status).toBe(404)
})

test('what is no event stream and was not asked for as one passes as it is', async () => {
  const sent = { 'content-type': 'text/plain; charset=latin1', 'content-length': String(event.length) }
  s = await startSetting((_, response) => response.writeHead(200, sent).end(event))
  expect(await ask(s, '/one/text')).toMatchObject({ text: event, headers: sent })
})

test('an address is relative to where a redirect led, and may be redirected itself', async () => {
  s = await startSetting(
    (request, response) => {
      const moved =
        request.url === '/sse' ? '/sse/' : request.url === '/sse/messages?id=1' ? '/sse/messages/?id=1' : null
      if (moved) response.writeHead(307, { location: moved }).end()
      else if (request.method === 'GET') naming('messages?id=1')(response)
      else response.writeHead(202).end()
    },
    { path: '/sse' }
  )
  expect((await post(await (await open()).address())).status).toBe(202)
  expect(s.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET /sse',
    'GET /sse/',
    'POST /sse/messages?id=1',
    'POST /sse/messages/?id=1'
  ])
  expect(lastSeen().body.toString()).toBe('{}')
})

test('pass-through: the client’s own token goes to the address, too', async () => {
  await start(naming('/messages'), { upstream: { mode: 'passThrough' } })
  const headers = { authorization: 'Bearer own' }
  expect((await post(await (await open('/one', headers)).address(), { headers })).status).toBe(202)
  expect(lastSeen()).toMatchObject({ url: '/messages', headers })
})

test('access that is taken away ends the stream, and its address with it', async () => {
  await start(naming('/messages'))
  const opened = await open()
  const named = await opened.address()
  const gone = closed(opened.response)
  s.revoke()
  await gone
  expect((await post(named)).status).toBe(404)
})
