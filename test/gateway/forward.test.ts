// What crosses the gateway and what does not: credentials, headers, paths, redirects, methods, errors.
// Each test speaks HTTP as written, since browsers' and libraries' clients would tidy up what matters here.
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../app/base/clock.ts'
import {
  type Answer,
  ask,
  type GatewaySetting,
  key,
  type Reply,
  signInNeeded,
  startSetting
} from './gateway.fixture.ts'

let s: GatewaySetting
const start: typeof startSetting = async (...given) => {
  s = await startSetting(...given)
  return s
}
afterEach(() => s?.stop())
const json = (reply: Reply) => JSON.parse(reply.text)
/** `signInNeeded` as it comes down: with backticks, which JSON need not escape. */
const sentence = 'Sign in to ONE: open Tokentray or run `tokentray login one`.'
const call = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: {} })

describe('up', () => {
  test('the token goes up; nothing the client says of itself does', async () => {
    await start((_, response) => response.end('ok'))
    const reply = await ask(s, '/one', {
      method: 'POST',
      body: call,
      key: null,
      headers: {
        authorization: `Bearer ${key}`,
        'x-tokentray-key': 'other',
        cookie: 'a=b',
        'proxy-authorization': 'Basic x',
        'x-forwarded-for': '10.0.0.1',
        forwarded: 'for=10.0.0.1',
        referer: 'http://127.0.0.1/',
        te: 'trailers',
        connection: 'close, x-hop',
        'x-hop': 'secret',
        'keep-alive': 'timeout=5',
        'mcp-session-id': 'abc',
        'last-event-id': '9'
      }
    })
    expect([reply.status, reply.text]).toEqual([200, 'ok'])
    const [{ headers, body } = expect.fail()] = s.seen
    expect(headers.authorization).toBe('Bearer upstream-1')
    expect(headers.host).toBe(new URL(s.upstreamUrl).host)
    expect(headers).toMatchObject({ 'mcp-session-id': 'abc', 'last-event-id': '9' })
    for (const name of [
      'cookie',
      'x-tokentray-key',
      'proxy-authorization',
      'x-forwarded-for',
      'forwarded',
      'referer',
      'te',
      'x-hop',
      'keep-alive',
      'via'
    ])
      expect(headers).not.toHaveProperty(name)
    expect(JSON.stringify(s.seen[0]?.raw)).not.toContain(key)
    expect(body.toString()).toBe(call)
    expect(s.told).toMatchObject({ accepted: 1, uses: ['one'], counted: ['one 200'] })
  })

  test.each([
    ['/one', '/mcp'],
    ['/one/', '/mcp/'],
    ['/one/a/b', '/mcp/a/b'],
    ['/one/a%2Fb%20c', '/mcp/a%2Fb%20c'],
    ['/one?x=1&y=%26', '/mcp?x=1&y=%26'],
    ['/one/..a/.b', '/mcp/..a/.b']
  ])('%s stands for %s', async (path, url) => {
    await start((_, response) => response.end())
    expect((await ask(s, path)).status).toBe(200)
    expect(s.seen[0]?.url).toBe(url)
  })

  test('what the configured address adds to each query stays first', async () => {
    await start((_, response) => response.end(), { path: '/mcp/?tenant=a' })
    await ask(s, '/one')
    await ask(s, '/one/b?x=1')
    expect(s.seen.map(({ url }) => url)).toEqual(['/mcp/?tenant=a', '/mcp/b?tenant=a&x=1'])
  })

  test.each([
    '/one/../x',
    '/one/%2e%2e/x',
    '/one/a/..%2fx',
    '/one/..\\x',
    '/one/.%2E',
    '/one/..;a/x',
    '/one/a%5c..',
    'http://evil.example/one',
    '*'
  ])('%s is not forwarded', async (path) => {
    await start((_, response) => response.end())
    const reply = await ask(s, path, path === '*' ? { method: 'OPTIONS' } : {})
    expect([reply.status, s.seen.length]).toEqual([400, 0])
  })

  test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])('%s goes up as it is', async (method) => {
    await start((_, response) =>
      response.writeHead(200, { 'content-length': 3 }).end(method === 'HEAD' ? undefined : 'abc')
    )
    const reply = await ask(s, '/one', { method })
    expect([reply.status, s.seen[0]?.method, reply.headers['content-length']]).toEqual([200, method, '3'])
    expect(reply.text).toBe(method === 'HEAD' ? '' : 'abc')
  })

  test('TRACE and WebSockets are refused, an offer of h2c is left alone', async () => {
    await start((_, response) => response.end())
    expect((await ask(s, '/one', { method: 'TRACE' })).status).toBe(405)
    const upgrade = (to: string) =>
      ask(s, '/one', { headers: { connection: 'upgrade, http2-settings', upgrade: to, 'http2-settings': 'AA' } })
    expect((await upgrade('websocket')).status).toBe(501)
    expect((await upgrade('h2c')).status).toBe(200)
    expect(s.seen).toHaveLength(1)
    expect(s.seen[0]?.headers).not.toHaveProperty('http2-settings')
  })

  test('a body is called up only for who is let in', async () => {
    await start((_, response) => response.end('done'))
    const say = (given: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(s.gateway.port, '127.0.0.1')
        let text = ''
        socket.on('data', (chunk) => {
          text += chunk
          if (text.endsWith('100 Continue\r\n\r\n')) socket.write('hello')
        })
        socket.on('close', () => resolve(text))
        socket.write(
          `POST /one HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Tokentray-Key: ${given}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`
        )
      })
    expect(await say('wrong')).toMatch(/^HTTP\/1\.1 401 /)
    expect(await say(key)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
    expect(s.seen.map(({ body, headers }) => [body.toString(), headers.expect])).toEqual([['hello', undefined]])
  })
})

describe('down', () => {
  test('cookies, challenges and what acts on an origin stay away; everything else passes', async () => {
    await start((_, response) =>
      response
        .writeHead(200, 'Fine', {
          'set-cookie': ['a=b', 'c=d'],
          'www-authenticate': 'Bearer realm="x"',
          'access-control-allow-origin': '*',
          'content-security-policy': "default-src 'self'",
          'clear-site-data': '"*"',
          'alt-svc': 'h3=":443"',
          'strict-transport-security': 'max-age=1',
          refresh: '0; url=http://evil.example/',
          'service-worker-allowed': '/',
          connection: 'keep-alive, x-hop',
          'x-hop': '1',
          'mcp-session-id': 'abc',
          'x-many': ['1', '2'],
          'content-type': 'text/html'
        })
        .end('<script>alert(1)</script>')
    )
    const { headers, raw } = await ask(s, '/one')
    expect(headers).toMatchObject({
      'mcp-session-id': 'abc',
      'x-many': '1, 2',
      'content-type': 'text/html',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^sandbox;/)
    })
    for (const name of [
      'set-cookie',
      'www-authenticate',
      'access-control-allow-origin',
      'clear-site-data',
      'alt-svc',
      'strict-transport-security',
      'refresh',
      'service-worker-allowed',
      'x-hop'
    ])
      expect(headers).not.toHaveProperty(name)
    expect(raw.filter((text) => text.toLowerCase() === 'content-security-policy')).toHaveLength(1)
  })

  test('trailers pass, but for those that may be none', async () => {
    await start((_, response) => {
      response.writeHead(200, { trailer: 'x-sum, set-cookie' })
      response.write('a')
      response.addTrailers({ 'x-sum': '1', 'set-cookie': 'a=b' })
      response.end()
    })
    expect((await ask(s, '/one')).trailers).toEqual({ 'x-sum': '1' })
  })

  test.each(['/mcp/next?x=1', 'next', '//HOST/mcp/next'])(
    'a redirect of a GET within the upstream comes down as ours: %s',
    async (location) => {
      await start((_, response) =>
        response.writeHead(302, { location: location.replace('HOST', new URL(s.upstreamUrl).host) }).end()
      )
      const reply = await ask(s, '/one/a')
      expect(reply.status).toBe(302)
      expect(reply.headers.location).toBe(`${s.gateway.address}/one/next${location.includes('?') ? '?x=1' : ''}`)
    }
  )

  test.each(['https://evil.example/mcp', '/other', '/mcp/../other', '/mcpother', 'javascript:alert(1)'])(
    'one that leaves it is an error and is not followed: %s',
    async (location) => {
      await start((_, response) => response.writeHead(302, { location }).end())
      const reply = await ask(s, '/one/a', { method: 'POST', body: call })
      expect(reply.status).toBe(502)
      expect(json(reply)).toMatchObject({ id: 7, error: { data: { code: 'serverMoved' } } })
      expect(json(reply).error.message).not.toMatch(/remove/i)
      expect(reply.headers).not.toHaveProperty('location')
      expect(s.seen).toHaveLength(1)
    }
  )

  test('an answer of the upstream that is an error passes as it is', async () => {
    await start((_, response) => response.writeHead(404, { 'content-type': 'text/plain' }).end('no session'))
    const reply = await ask(s, '/one')
    expect([reply.status, reply.text, s.told.accepted]).toEqual([404, 'no session', 0])
  })
})

describe('a redirect that repeats the request', () => {
  /** `routes`: where each path redirects to; any other one answers with what it got. */
  const redirect =
    (routes: Record<string, string>, status = 307): Answer =>
    (request, response) => {
      const location = routes[request.url ?? '']
      if (location !== undefined) return response.writeHead(status, { location }).end('moved')
      response.end(`${request.method} ${request.url}`)
    }

  test.each([
    [307, '/mcp/'],
    [308, '/mcp/'],
    [307, '/v2/mcp?tenant=a'],
    [308, 'mcp/'],
    [307, '//HOST/mcp/']
  ])('is followed within the origin, with body and token: %s %s', async (status, location) => {
    await start((request, response) =>
      redirect({ '/mcp': location.replace('HOST', request.headers.host ?? '') }, status)(request, response)
    )
    const reply = await ask(s, '/one', { method: 'POST', body: call })
    const there = new URL(location.replace('HOST', new URL(s.upstreamUrl).host), s.upstreamUrl)
    expect([reply.status, reply.text]).toEqual([200, `POST ${there.pathname}${there.search}`])
    expect(s.seen.map(({ headers, body }) => [headers.authorization, body.toString()])).toEqual([
      ['Bearer upstream-1', call],
      ['Bearer upstream-1', call]
    ])
    expect(s.told.accepted).toBe(1)
  })

  test('is followed for GET, for a chunked body, below the server, and in pass-through', async () => {
    await start(redirect({ '/mcp': '/mcp/', '/mcp/a': '/mcp/b' }))
    expect((await ask(s, '/one')).text).toBe('GET /mcp/')
    const chunked = { 'transfer-encoding': 'chunked' }
    expect((await ask(s, '/one/a', { method: 'POST', body: call, headers: chunked })).text).toBe('POST /mcp/b')
    expect(s.seen.at(-1)?.body.toString()).toBe(call)
    await s.stop()
    await start(redirect({ '/mcp': '/mcp/' }), { upstream: { mode: 'passThrough' } })
    const reply = await ask(s, '/one', { method: 'POST', body: call, headers: { authorization: 'Bearer mine' } })
    expect(reply.text).toBe('POST /mcp/')
    expect(s.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer mine', 'Bearer mine'])
  })

  test('an answer that comes before a chunked body has arrived in full is followed with all of it', async () => {
    await start(
      (request, response) => {
        if (request.url === '/mcp') return response.writeHead(307, { location: '/mcp/' }).end()
        const chunks: Buffer[] = []
        request.on('data', (chunk) => chunks.push(chunk))
        request.on('end', () => response.end(Buffer.concat(chunks)))
      },
      { readsBody: false }
    )
    const socket = connect(s.gateway.port, '127.0.0.1')
    const text = new Promise<string>((resolve) => {
      let read = ''
      socket.on('data', (chunk) => (read += chunk))
      socket.on('close', () => resolve(read))
    })
    socket.write(
      `POST /one HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Tokentray-Key: ${key}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`
    )
    await expect.poll(() => s.seen.length).toBe(1)
    socket.write('4\r\nrest\r\n0\r\n\r\n')
    expect(await text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*halfrest/)
  })

  test('three are followed, a circle ends, and a body too large to keep is told', async () => {
    await start(redirect({ '/mcp': '/a', '/a': '/b', '/b': '/c' }))
    expect((await ask(s, '/one')).text).toBe('GET /c')
    await s.stop()
    await start(redirect({ '/mcp': '/mcp/', '/mcp/': '/mcp' }))
    const circle = await ask(s, '/one', { method: 'POST', body: call })
    expect([circle.status, json(circle).error.message, s.seen.length]).toEqual([
      502,
      expect.stringContaining('more than 3 times'),
      4
    ])
    await s.stop()
    await start(redirect({ '/mcp': '/mcp/' }), {
      settings: { gatewayKeepBody: 10, gatewayHeaderTimeout: 300_000, gatewayUsers: [] }
    })
    const large = await ask(s, '/one', { method: 'POST', body: call })
    expect([large.status, json(large).error.message]).toEqual([
      502,
      `ONE redirects to ${s.upstreamUrl}/, and this request was too large to be sent again, so it was not carried out. Run \`tokentray set one --url ${s.upstreamUrl}/\`, then send it again.`
    ])
    expect(s.seen).toHaveLength(1)
  })

  test.each([
    ['https://evil.example/mcp?token=x', 'https://evil.example/mcp, a different server'],
    ['http://127.0.0.1:1/mcp', 'http://127.0.0.1:1/mcp, a different server'],
    ['http://user:pass@HOST/mcp/', 'not a valid URL'],
    [`https://evil.example/${'x'.repeat(500)}`, 'https://evil.example/xxx']
  ])('is never followed elsewhere, and where to is said: %s', async (location, words) => {
    await start((request, response) =>
      response.writeHead(308, { location: location.replace('HOST', request.headers.host ?? '') }).end()
    )
    const reply = await ask(s, '/one', { method: 'POST', body: call })
    expect([reply.status, s.seen.length]).toEqual([502, 1])
    expect(json(reply).error.message).toContain(words)
    expect(json(reply).error.message.length).toBeLessThan(400)
    expect(json(reply).error.message).not.toMatch(/remove|token=x|pass@/i)
  })

  test.each([301, 302, 303])('a POST that would become a GET is told instead of being followed: %s', async (status) => {
    await start((_, response) => response.writeHead(status, { location: '/mcp/' }).end())
    const reply = await ask(s, '/one', { method: 'POST', body: call })
    expect([reply.status, s.seen.length, s.told.retries]).toEqual([502, 1, 0])
    expect(json(reply).error.message).toBe(
      `ONE redirects to ${s.upstreamUrl}/, which would turn this POST request into a GET. If it moved there, run \`tokentray set one --url ${s.upstreamUrl}/\`.`
    )
  })
})

describe('a token refused in other words than 401', () => {
  const challenge = (params: string) => ({ 'www-authenticate': `Bearer ${params}` })
  const jsonType = { 'content-type': 'application/json' }
  const accept = { accept: 'application/json, text/event-stream' }
  type Shape = [name: string, status: number, headers: Record<string, string>, body?: string]
  const shapes: Shape[] = [
    ['403 invalid_token', 403, challenge('error="invalid_token", resource_metadata="https://a.example/x"')],
    ['400 invalid_token', 400, challenge('realm="x", error="invalid_token"')],
    ['403 token_expired, of DPoP', 403, { 'www-authenticate': 'DPoP error="token_expired"' }],
    ['insufficient_scope for what is granted', 403, challenge('error="insufficient_scope", scope="read"')],
    ['insufficient_scope for nothing in particular', 403, challenge('error="insufficient_scope"')],
    ['400 with JSON', 400, jsonType, '{"error":"invalid_token","error_description":"The access token expired"}'],
    [
      '403 with JSON-RPC',
      403,
      jsonType,
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Token expired"}}'
    ],
    ['403 of a JWT library', 403, jsonType, '{"message":"jwt expired"}'],
    ['403 of AWS', 403, jsonType, '{"message":"The incoming token has expired"}'],
    ['403 by a word and a sentence', 403, jsonType, '{"error":"Forbidden","message":"Invalid or expired token"}'],
    ['403 with a list of errors', 403, jsonType, '{"errors":[{"code":"TOKEN_REVOKED"}]}'],
    ['a redirect to a login page', 302, { location: 'https://login.example/start?next=%2Fmcp' }],
    ['a redirect to a page of the same host', 303, { location: '/start' }],
    ['a 307 to another host', 307, { location: 'https://www.example/' }],
    ['a login page below the server', 302, { location: '/mcp/login' }],
    ['a page', 200, { 'content-type': 'text/html; charset=utf-8' }, '<form>']
  ]

  test.each(shapes)('%s: one refresh, and the request once more', async (_, status, headers, body) => {
    await start((request, response) => {
      if (request.headers.authorization === 'Bearer upstream-1') response.writeHead(status, headers).end(body)
      else response.end('works')
    })
    const reply = await ask(s, '/one', { method: 'POST', body: call, headers: accept })
    expect([reply.status, reply.text]).toEqual([200, 'works'])
    expect(s.seen.map((one) => one.body.toString())).toEqual([call, call])
    expect(s.told).toMatchObject({ retries: 1, renewals: 0, scopes: [], accepted: 1 })
  })

  test.each(shapes)('%s for ever: an honest sentence, and no second refresh', async (_, status, headers, body) => {
    await start((_request, response) => response.writeHead(status, headers).end(body))
    for (const wanted of [2, 3]) {
      const reply = await ask(s, '/one', { method: 'POST', body: call, headers: accept })
      expect(json(reply).id).toBe(7)
      expect(json(reply).error.message).toMatch(/^ONE (rejects|requires|redirects|answered with a web page)/)
      expect(json(reply).error.message).not.toMatch(/remove|next=/)
      expect(reply.status).not.toBe(401)
      expect(s.seen).toHaveLength(wanted)
    }
    expect(s.told).toMatchObject({ retries: 1, renewals: 0, scopes: [], accepted: 0 })
  })

  test.each<Shape>([
    ['403 without a challenge', 403, { 'content-type': 'text/plain' }, 'no'],
    ['403 with JSON that names no token', 403, jsonType, '{"error":"forbidden","message":"Not your project"}'],
    [
      '400 with an error of JSON-RPC',
      400,
      jsonType,
      '{"jsonrpc":"2.0","id":7,"error":{"code":-32600,"message":"Bad"}}'
    ],
    ['404 with JSON', 404, jsonType, '{"error":"session not found"}'],
    ['400 with much JSON', 400, jsonType, `{"error":"invalid_token","more":"${'x'.repeat(40_000)}"}`],
    ['403 with what is no JSON', 403, jsonType, '{"error":"invalid_token"'],
    ['403 with a challenge of another scheme', 403, { 'www-authenticate': 'Basic error="invalid_token"' }, 'no'],
    ['a page that was asked for', 200, { 'content-type': 'text/html' }, '<p>']
  ])('%s passes as it is', async (name, status, headers, body) => {
    await start((_, response) => response.writeHead(status, headers).end(body))
    const reply = await ask(s, '/one', {
      method: 'POST',
      body: call,
      headers: name.startsWith('a page') ? { accept: 'text/html' } : accept
    })
    expect([reply.status, reply.text, s.seen.length]).toEqual([status, body, 1])
    expect(reply.headers).not.toHaveProperty('www-authenticate')
    expect(s.told.retries).toBe(0)
  })

  test('a compressed error is read, and one whose end does not come is passed on', async () => {
    await start((request, response) => {
      if (request.headers.authorization !== 'Bearer upstream-1') return response.end('works')
      response.writeHead(400, { ...jsonType, 'content-encoding': 'gzip' }).end(gzipSync('{"error":"invalid_token"}'))
    })
    expect((await ask(s, '/one', { method: 'POST', body: call })).text).toBe('works')
    await s.stop()
    const timers: (() => void)[] = []
    const machine = systemClock()
    const clock: Clock = {
      ...machine,
      after(ms, run) {
        if (ms !== 2000) return machine.after(ms, run)
        timers.push(run)
        return () => {}
      }
    }
    const held = Promise.withResolvers<ServerResponse>()
    await start(
      (_, response) => {
        response.writeHead(400, jsonType).write('{"error":')
        held.resolve(response)
      },
      { clock }
    )
    const reply = ask(s, '/one', { method: 'POST', body: call })
    const response = await held.promise
    await expect.poll(() => timers.length).toBe(1)
    timers[0]?.()
    response.end('"invalid_token"}')
    expect([(await reply).status, (await reply).text]).toEqual([400, '{"error":"invalid_token"}'])
    expect(s.told.retries).toBe(0)
  })

  test('says nothing below the server’s own URL', async () => {
    await start((_, response) => response.writeHead(403, challenge('error="invalid_token"')).end('no'))
    const reply = await ask(s, '/one/admin', { method: 'POST', body: call })
    expect([reply.status, reply.text, s.told.retries]).toEqual([403, 'no', 0])
  })
})

describe('a refused token', () => {
  const refuse =
    (from: number): Answer =>
    (request, response) => {
      const generation = Number(request.headers.authorization?.split('-')[1])
      if (generation < from) response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end('no')
      else response.end(`${generation}`)
    }

  test('is renewed once for all who wait, and each request is sent once more', async () => {
    // All of them are refused before anybody is answered.
    const held: (() => void)[] = []
    const answer = refuse(2)
    await start((request, response) => {
      held.push(() => answer(request, response))
      if (s.seen.length >= 20) for (const go of held.splice(0)) go()
    })
    const replies = await Promise.all(Array.from({ length: 20 }, () => ask(s, '/one', { method: 'POST', body: call })))
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(['200 2']))
    expect(s.told.renewals).toBe(1)
    expect(s.seen).toHaveLength(40)
    expect(s.seen.every(({ body }) => body.toString() === call)).toBe(true)
  })

  test('a bound token refused for want of a nonce is proved anew with it, once, and no refresh is asked for', async () => {
    await start((request, response) => {
      if (request.headers.dpop === 'proof-with-n1') response.end('taken')
      else response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n1' }).end()
    })
    const reply = await ask(s, '/one', { method: 'POST', body: call })
    expect([reply.status, reply.text]).toEqual([200, 'taken'])
    expect(s.told.renewals).toBe(0)
    expect(s.seen.map(({ headers, body }) => [headers.dpop, body.toString()])).toEqual([
      [undefined, call],
      ['proof-with-n1', call]
    ])
  })

  test('so is each of several at once, although only the first brings home what is news', async () => {
    const held: (() => void)[] = []
    await start((request, response) => {
      if (request.headers.dpop === 'proof-with-n1') return void response.end('taken')
      const headers = { 'www-authenticate': 'Bearer, DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n1' }
      held.push(() => response.writeHead(401, headers).end())
      if (held.length === 3) for (const go of held) go()
    })
    const replies = await Promise.all([1, 2, 3].map(() => ask(s, '/one', { method: 'POST', body: call })))
    expect(replies.map(({ text }) => text)).toEqual(['taken', 'taken', 'taken'])
    expect(s.told.renewals).toBe(0)
  })

  test('a body of unknown length that was small is sent again too', async () => {
    await start(refuse(2))
    const reply = await ask(s, '/one', { method: 'POST', body: call, headers: { 'transfer-encoding': 'chunked' } })
    expect(reply.text).toBe('2')
    expect(s.seen.map(({ body }) => body.toString())).toEqual([call, call])
  })

  test('a body beyond the limit is not; the client is told to send it again, and then it works', async () => {
    await start(refuse(2), { settings: { gatewayKeepBody: 10, gatewayHeaderTimeout: 300_000, gatewayUsers: [] } })
    const reply = await ask(s, '/one', { method: 'POST', body: call })
    expect(reply.status).toBe(503)
    expect(reply.headers['retry-after']).toBe('1')
    expect(json(reply).error.message).toContain('Send it again')
    expect((await ask(s, '/one', { method: 'POST', body: call })).text).toBe('2')
  })

  test('a token that cannot be renewed is a 503 with the sentence, never a 401', async () => {
    await start(refuse(9))
    s.token.renewFails = signInNeeded
    const reply = await ask(s, '/one', { method: 'POST', body: call })
    expect(reply.status).toBe(503)
    expect(reply.headers).not.toHaveProperty('www-authenticate')
    expect(json(reply)).toEqual({
      jsonrpc: '2.0',
      id: 7,
      error: { code: -32_000, message: sentence, data: { code: 'signInNeeded' } }
    })
  })

  test('one refused twice in a row is no 401 either', async () => {
    await start(refuse(99))
    const reply = await ask(s, '/one', { method: 'POST', body: call })
    expect([reply.status, s.seen.length]).toEqual([503, 2])
  })
})

describe('no token', () => {
  test('every request in a batch is answered, notifications are not', async () => {
    await start((_, response) => response.end())
    s.token.fails = signInNeeded
    const body = JSON.stringify([
      { jsonrpc: '2.0', id: 1, method: 'a' },
      { jsonrpc: '2.0', method: 'b' },
      { jsonrpc: '2.0', id: 'x', method: 'c' }
    ])
    const reply = await ask(s, '/one', { method: 'POST', body })
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, '30'])
    expect(json(reply).map(({ id }: { id: unknown }) => id)).toEqual([1, 'x'])
    expect(json(await ask(s, '/one'))).toMatchObject({ id: null, error: { message: sentence } })
    expect(s.seen).toEqual([])
  })

  test('more scopes are asked for by name', async () => {
    await start((_, response) =>
      response.writeHead(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="files:write"' }).end()
    )
    const reply = await ask(s, '/one', { method: 'POST', body: call })
    expect(reply.status).toBe(403)
    expect(reply.headers).not.toHaveProperty('www-authenticate')
    expect(json(reply).error).toMatchObject({
      message: expect.stringContaining('files:write'),
      data: { code: 'scopeMissing' }
    })
    expect(s.told).toMatchObject({ scopes: ['files:write'], accepted: 0 })
  })

  test('only answers at the server’s own address judge its token: a path that answers 401 costs nobody the sign-in', async () => {
    await start((request, response) => {
      if (request.url?.startsWith('/mcp/admin')) return response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
      const header = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="admin"' }
      if (request.url?.includes('?')) return response.writeHead(403, header).end()
      response.end('public')
    })
    const refused = await ask(s, '/one/admin')
    expect([refused.status, json(refused).error.data.code]).toEqual([403, 'notAllowedHere'])
    expect(refused.headers).not.toHaveProperty('www-authenticate')
    expect((await ask(s, '/one?all')).status).toBe(403)
    expect((await ask(s, '/one/public')).text).toBe('public')
    expect(s.told).toMatchObject({ renewals: 0, scopes: [], accepted: 0 })
    await ask(s, '/one')
    expect(s.told.accepted).toBe(1)
  })

  test('an upstream that is not there, and one that breaks off, are told apart', async () => {
    await start((_, response) => response.destroy())
    const broken = await ask(s, '/one', { method: 'POST', body: call })
    expect([broken.status, json(broken).error.data.code, s.seen.length]).toEqual([502, 'replyLost', 1])
    expect((await ask(s, '/one')).status).toBe(502)
    // What changes nothing is asked once more.
    expect(s.seen).toHaveLength(3)
    await s.stop()
    await start((_, response) => response.end(), { upstream: { url: 'http://127.0.0.1:9/mcp' } })
    expect(json(await ask(s, '/one')).error.data.code).toBe('serverUnreachable')
  })

  test('a token never leaves this machine in plain text', async () => {
    await start((_, response) => response.end(), { upstream: { url: 'http://mcp.example/mcp' } })
    expect(json(await ask(s, '/one')).error.data.code).toBe('urlInvalid')
  })
})

describe('who may ask', () => {
  test('without a key: 401 that names the metadata for the very address that was used', async () => {
    await start((_, response) => response.end())
    const reply = await ask(s, '/one', { key: null, headers: { host: 'localhost:9999' } })
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe(
      'Bearer resource_metadata="http://localhost:9999/.well-known/oauth-protected-resource/one"'
    )
    const wrong = await ask(s, '/one', { key: null, headers: { authorization: 'Bearer wrong' } })
    expect(wrong.headers['www-authenticate']).toContain('error="invalid_token", error_description="No key for  one ."')
    expect(s.seen).toEqual([])
  })

  test.each(['evil.example', 'evil.example:4140', '127.0.0.1.evil.example', 'tokentray.localhost', '0.0.0.0'])(
    'Host %j is refused',
    async (host) => {
      await start((_, response) => response.end())
      expect([(await ask(s, '/one', { headers: { host } })).status, s.seen.length]).toEqual([421, 0])
    }
  )

  test.each(['http://evil.example', 'null', 'http://localhost:3000', 'http://tokentray.localhost:4141'])(
    'Origin %s is refused',
    async (origin) => {
      await start((_, response) => response.end())
      const reply = await ask(s, '/one', { headers: { origin } })
      expect([reply.status, s.seen.length]).toEqual([403, 0])
      expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
      expect((await ask(s, '/one', { headers: { origin: s.gateway.address } })).status).toBe(200)
      expect(s.seen[0]?.headers).not.toHaveProperty('origin')
    }
  )

  test.each([
    ['none', 'null', 'null'],
    ['of an editor', 'vscode-file://vscode-app', 'vscode-file://vscode-app'],
    ['long', `http://a\u00ff${'x'.repeat(300)}`, `http://a?${'x'.repeat(191)}`]
  ])('the refusal names the Origin, cleaned, and what to do: %s', async (_, origin, named) => {
    await start((_, response) => response.end())
    const reply = await ask(s, '/one', { headers: { origin } })
    expect([reply.status, json(reply).error.message]).toEqual([
      403,
      `The request has the Origin "${named}", as requests from another website do, so nothing was done. Configure the client to send no Origin header.`
    ])
  })

  test('another loopback name of the same port is Tokentray’s for a request with a credential, and for no other', async () => {
    await start((_, response) => response.end())
    const { port } = s.gateway
    const status = async (origin: string, headers = {}, given: { key?: null; method?: string } = {}) =>
      (await ask(s, '/one', { ...given, headers: { origin, ...headers } })).status
    for (const name of ['localhost', '127.0.0.1', '[::1]']) expect(await status(`http://${name}:${port}`)).toBe(200)
    expect(await status(`http://127.0.0.1:${port}`, { host: `localhost:${port}` })).toBe(200)
    // A page can send neither without a preflight, which has no credential.
    expect(await status(`http://localhost:${port}`, {}, { key: null })).toBe(403)
    expect(await status(`http://localhost:${port}`, {}, { key: null, method: 'OPTIONS' })).toBe(403)
    expect(await status(`http://localhost:${port}`, { 'x-tokentray-key': 'ttk_wrong' }, { key: null })).toBe(401)
    for (const origin of [
      `https://localhost:${port}`,
      `http://localhost:${port}/`,
      `http://tokentray.localhost:${port}`,
      `http://me@localhost:${port}`,
      `http://localhost.evil.example:${port}`,
      `http://localhost:${port + 1}`,
      'http://localhost'
    ])
      expect(await status(origin), origin).toBe(403)
  })

  test('its own routes get the origin, /health lives, the rest is 404', async () => {
    await start((_, response) => response.end())
    expect((await ask(s, '/.well-known/x', { key: null })).text).toBe(s.gateway.address)
    expect(json(await ask(s, '/health', { key: null }))).toEqual({ ok: true })
    expect((await ask(s, '/authorize', { key: null })).status).toBe(404)
    const bare = await ask(s, '/', {})
    expect([bare.status, json(bare).error.message]).toEqual([404, expect.stringContaining('name of a server')])
    expect(json(await ask(s, '/three')).error.message).toContain('"three"')
    expect((await ask(s, '/one', { headers: { 'x-large': 'x'.repeat(20_000) } })).status).toBe(431)
  })

  test('pass-through: the own Authorization goes up, only the key lets in, challenges come down', async () => {
    await start(
      (_, response) =>
        response.writeHead(401, { 'www-authenticate': 'Bearer resource_metadata="https://up.example/x"' }).end(),
      { upstream: { mode: 'passThrough' } }
    )
    const reply = await ask(s, '/one', { headers: { authorization: 'Bearer mine' } })
    expect([reply.status, reply.headers['www-authenticate']]).toEqual([
      401,
      'Bearer resource_metadata="https://up.example/x"'
    ])
    expect(s.seen[0]?.headers).toMatchObject({ authorization: 'Bearer mine' })
    expect(s.seen[0]?.headers).not.toHaveProperty('x-tokentray-key')
    // The upstream's token, or even the local key as a bearer, proves nothing here.
    const refused = await ask(s, '/one', { key: null, headers: { authorization: `Bearer ${key}` } })
    expect([refused.status, s.seen.length]).toEqual([401, 1])
  })
})
