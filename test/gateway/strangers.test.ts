// What somebody without a credential can learn and cause at the gateway of a whole core, and what a person sees of attempts.
// Each attempt of the issue is made on the wire and must be refused, counted, and shown without a secret.
import { request as httpRequest } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { type Gateway, startGateway } from '../../app/gateway/gateway.ts'
import { createSetting, type Setting } from '../core.fixture.ts'
import { allow, browse, decide, type Gateway as Served } from './access/access.fixture.ts'
import { redirectUri, registerClient, TestClient } from './access/client.ts'
import { ask } from './gateway.fixture.ts'

let s: Setting
let gateway: Gateway
beforeEach(async () => {
  s = await createSetting()
  await s.signIn()
  await s.call('server.add', { url: `${s.mcp.url}#2`, name: 'two' })
  gateway = await startGateway({
    ...s.core.gateway,
    scrape: s.core.scrape,
    ...{ clock: systemClock(), port: 0, publicUrl: null }
  })
})
afterEach(async () => {
  await gateway.close()
  await s.stop()
})

const call = (path: string, more: Parameters<typeof ask>[2] = {}) =>
  ask({ gateway }, path, { method: 'POST', body: '{"jsonrpc":"2.0","id":"a-7","method":"ping"}', ...more })
const addKey = (servers: string[]) => s.call('clients.addKey', { name: servers.join(), servers })
const view = { view: () => s.core.snapshot().clients }
const served = () => ({ origin: `http://127.0.0.1:${gateway.port}`, call: s.call, access: view }) as unknown as Served
const refused = async () => (await s.call('clients.list', {})).refused

describe('names of servers', () => {
  const same = (text: string | undefined, name: string) => text?.replaceAll(name, 'NAME')

  test.each([
    ['nothing', {}, 401],
    ['an invented token', { authorization: 'Bearer tta_made-up' }, 401],
    ['a token of the server itself', { authorization: 'Bearer of-the-upstream' }, 401],
    ['another scheme', { authorization: 'Basic bWU6bWU=' }, 400],
    ['an invented key', { 'x-tokentray-key': 'ttk_made-up' }, 401],
    ['an unreadable key', { 'x-tokentray-key': 'a key' }, 400],
    ['an invented key and a token', { 'x-tokentray-key': 'ttk_made-up', authorization: 'Bearer of-the-upstream' }, 401]
  ])(
    'a stranger who sends %s gets the same answer for every name: signed in, pass-through, or no server at all',
    async (_, headers, status) => {
      await s.call('server.add', { url: `${s.mcp.url}#3`, name: 'three', mode: 'passThrough' })
      const answers = ['two', 'three', 'missing'].map(async (name) => {
        const reply = await call(`/${name}`, { key: null, headers: headers as Record<string, string> })
        const { date: _, 'content-length': length, ...others } = reply.headers
        const about = Number(length) - Buffer.byteLength(reply.text)
        return {
          status: reply.status,
          about,
          text: same(reply.text, name),
          headers: same(JSON.stringify(others), name)
        }
      })
      const [two, three, missing] = await Promise.all(answers)
      expect(two?.status).toBe(status)
      expect(three).toEqual(two)
      expect(missing).toEqual(two)
    }
  )

  test('a stranger reads the same metadata for every name, and their requests leave no name behind', async () => {
    const read = (name: string) => ask({ gateway }, `/.well-known/oauth-protected-resource/${name}`, { key: null })
    const [there, not] = [await read('two'), await read('none')]
    expect([there.status, not.status]).toEqual([200, 200])
    expect(same(not.text, 'none')).toBe(same(there.text, 'two'))
    await call('/none', { key: null })
    const { text } = await s.call('metrics', {})
    expect(text).not.toContain('"none"')
  })

  test('whoever has a key is told that a name is wrong; what no server can be called is told to everybody', async () => {
    const { key } = await addKey(['one'])
    const wrong = await call('/none', { key })
    expect(wrong.status).toBe(404)
    expect(JSON.parse(wrong.text)).toMatchObject({ id: 'a-7', error: { message: expect.stringContaining('"none"') } })
    expect(await refused()).toEqual([])
    expect((await call('/two', { key })).status).toBe(403)
    expect((await call('/No-Name', { key: null })).status).toBe(404)
    expect((await ask({ gateway }, '/.well-known/oauth-protected-resource/metrics', { key: null })).status).toBe(404)
  })
})

test('in pass-through, where no sign-in helps, a known client is told to send a key, and not challenged', async () => {
  await s.call('server.add', { url: `${s.mcp.url}#3`, name: 'three', mode: 'passThrough' })
  const client = await TestClient.register(served())
  const { access } = await client.signIn(allow(), { resource: `${served().origin}/three` })
  const { key } = await addKey(['three'])
  for (const credential of [access, key]) {
    const reply = await call('/three', { key: null, headers: { authorization: `Bearer ${credential}` } })
    expect([reply.status, reply.headers['www-authenticate']]).toEqual([403, undefined])
    expect(JSON.parse(reply.text).error_description).toContain('X-Tokentray-Key')
  }
  const { headers } = await call('/three', { key })
  expect(headers['www-authenticate']).toContain(new URL(s.mcp.url).origin)
})

test('while locked, a known client hears so as JSON-RPC with its request’s id, a stranger without its body being read', async () => {
  const { key } = await addKey(['one'])
  await s.call('gateway.lock', {})
  for (const [given, id] of [
    [key, 'a-7'],
    [null, null],
    ['ttk_made-up', null]
  ] as const) {
    const reply = await call('/one', { key: given })
    expect([reply.status, Number(reply.headers['retry-after'])]).toEqual([503, 30])
    expect(JSON.parse(reply.text)).toMatchObject({
      id,
      error: { message: expect.stringMatching(/locked.*`tokentray unlock`/), data: { code: 'gatewayLocked' } }
    })
  }
})

test('metrics challenge a stranger, who waits for a turn in the same queue as all others', async () => {
  const reply = await ask({ gateway }, '/metrics', { key: null })
  expect([reply.status, reply.headers['www-authenticate']]).toEqual([401, 'Bearer realm="metrics"'])
  await gateway.close()
  const judged = Promise.withResolvers<null>()
  const arrived = Promise.withResolvers<void>()
  let waiting = 0
  gateway = await startGateway({
    ...{ ...s.core.gateway, clock: systemClock(), port: 0, publicUrl: null, maxWaiting: 2 },
    scrape() {
      if (++waiting === 64) arrived.resolve()
      return judged.promise
    }
  })
  const crowd = Array.from({ length: 64 }, () => ask({ gateway }, '/metrics', { key: null }))
  await arrived.promise
  const late = ['/metrics', '/one'].map((path) => ask({ gateway }, path, { key: null }))
  // Answered without a turn, and sent after them.
  expect((await ask({ gateway }, '/one', { key: null, headers: { host: 'evil.example' } })).status).toBe(421)
  expect(waiting).toBe(64)
  expect((await ask({ gateway }, '/one', { key: null })).status).toBe(503)
  judged.resolve(null)
  expect(new Set((await Promise.all([...crowd, ...late])).map(({ status }) => status))).toEqual(new Set([401]))
  expect((await ask({ gateway }, '/one', { key: null })).status).toBe(401)
})

describe('attempts are refused and shown', () => {
  test('a foreign Host (DNS rebinding) and a page of another site', async () => {
    const { key } = await addKey(['one'])
    expect((await call('/one', { key, headers: { host: 'evil.example' } })).status).toBe(421)
    for (let n = 0; n < 2; n++)
      expect((await call('/one', { key, headers: { origin: 'https://evil.example' } })).status).toBe(403)
    expect(await refused()).toMatchObject([
      { kind: 'foreignOrigin', times: 2, detail: 'https://evil.example' },
      { kind: 'foreignHost', times: 1, detail: 'evil.example' }
    ])
  })

  test('a replayed code, a wrong verifier, and no PKCE', async () => {
    const client = await TestClient.register(served())
    const come = async () => {
      const url = await client.authorizationUrl({ resource: `${served().origin}/one` })
      return client.read(await decide(served(), url, allow()))
    }
    const code = await come()
    await client.exchange(code)
    await expect(client.exchange(code)).rejects.toThrow()
    await expect(client.exchange(await come(), redirectUri, 'w'.repeat(43))).rejects.toThrow()
    const { location } = await browse(await client.authorizationUrl({ code_challenge_method: 'plain' }))
    expect(new URL(location!).searchParams.get('error')).toBe('invalid_request')
    expect(await refused()).toMatchObject([
      { kind: 'pkce', times: 1, detail: 'Test client' },
      { kind: 'code', times: 2, detail: 'Test client: a code was sent with a wrong verifier' }
    ])
  })

  test('a foreign redirect URI, registered or asked for', async () => {
    const { origin } = served()
    const bad = { redirect_uris: ['http://evil.example/cb'] }
    await expect(registerClient(origin, bad)).rejects.toThrow()
    const client = await TestClient.register(served())
    const url = await client.authorizationUrl({ redirect_uri: 'https://evil.example/cb' })
    expect((await browse(url)).status).toBe(400)
    expect(await refused()).toMatchObject([{ kind: 'redirectUri', times: 2, detail: 'Test client' }])
  })

  test('a token for one server at another, a key too', async () => {
    const client = await TestClient.register(served())
    const { access } = await client.signIn(allow(), { resource: `${served().origin}/one` })
    const { key } = await addKey(['one'])
    const headers = { authorization: `Bearer ${access}` }
    expect((await call('/one', { key: null, headers })).status).toBe(200)
    expect((await call('/two', { key: null, headers })).status).toBe(401)
    expect((await call('/two', { key })).status).toBe(403)
    expect(await refused()).toMatchObject([{ kind: 'otherServer', times: 2, detail: 'one, at two' }])
  })

  test('the report tells kinds and counts, and nothing a stranger wrote', async () => {
    await call('/one', { key: null, headers: { origin: 'https://planted.example' } })
    const { text } = await s.call('diagnostics', {})
    expect(JSON.parse(text).refused).toMatchObject([{ kind: 'foreignOrigin', times: 1 }])
    expect(text).not.toContain('planted')
  })

  test('a thousand of them are one entry, and one news', async () => {
    const before = s.core.snapshot().clients.revision
    const agent = { method: 'GET', host: '127.0.0.1', port: gateway.port, path: '/one' }
    const knock = (n: number) =>
      new Promise((resolve) =>
        httpRequest({ ...agent, headers: { origin: `https://${n}.example` } }, (reply) => resolve(reply.resume())).end()
      )
    for (let n = 0; n < 1000; n += 50) await Promise.all(Array.from({ length: 50 }, (_, m) => knock(n + m)))
    expect(await refused()).toMatchObject([{ kind: 'foreignOrigin', times: 1000 }])
    expect(s.core.snapshot().clients.revision).toBe(before + 1)
  })
})
