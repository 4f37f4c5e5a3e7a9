// What a person is told about a request for access, and whom it lets in: the attacks on consent, played at a whole core.
// The gateway is published here, as behind a reverse proxy: a stranger may be anybody on the internet.
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../app/base/clock.ts'
import { type Gateway, startGateway } from '../../../app/gateway/gateway.ts'
import { createSetting, type Setting } from '../../core.fixture.ts'
import { ask } from '../gateway.fixture.ts'

const publicHost = 'mcp.example.com'
let s: Setting
let gateway: Gateway
beforeEach(async () => {
  s = await createSetting()
  await s.signIn()
  gateway = await startGateway({
    ...s.core.gateway,
    ...{ clock: systemClock(), port: 0, publicUrl: `https://${publicHost}` }
  })
})
afterEach(async () => {
  await gateway.close()
  await s.stop()
})

const register = async (redirectUri: string): Promise<string> => {
  const { text } = await ask({ gateway }, '/register', {
    method: 'POST',
    key: null,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Claude Code', redirect_uris: [redirectUri] })
  })
  return JSON.parse(text).client_id
}

function authorizationPath(client: string, redirectUri: string, change: Record<string, string> = {}): string {
  const parameters = {
    client_id: client,
    redirect_uri: redirectUri,
    response_type: 'code',
    code_challenge: randomBytes(32).toString('base64url'),
    code_challenge_method: 'S256',
    ...change
  }
  return `/authorize?${new URLSearchParams(parameters)}`
}

const loopback = 'http://127.0.0.1:3999/callback'
const pending = () => s.core.snapshot().clients.pending

test.each([
  ['from this computer', {}, 'this computer', 'a program on this computer'],
  ['by the public name', { host: publicHost }, `the internet, through ${publicHost}`, 'a program on another computer'],
  [
    'through a proxy that hides the name',
    { 'x-forwarded-for': '192.0.2.1' },
    'another computer, through a proxy',
    'a program on another computer'
  ]
])('a request %s is shown as one', async (_, headers, source, destination) => {
  const client = await register(loopback)
  await ask({ gateway }, authorizationPath(client, loopback), { key: null, headers })
  expect(pending()).toMatchObject([{ name: 'Claude Code', source, destination }])
})

test('whoever learns the id of a client that was always allowed gets nothing without a person, from near or far', async () => {
  for (const redirectUri of [loopback, 'https://claude.ai/api/callback']) {
    const client = await register(redirectUri)
    const path = authorizationPath(client, redirectUri, { resource: `${gateway.address}/one` })
    const { text } = await ask({ gateway }, path, { key: null })
    const ticket = /data-ticket="([^"]+)"/.exec(text)![1]!
    await s.call('clients.allow', { request: pending()[0]!.request, always: true })
    const headers = { 'x-tokentray-ticket': ticket }
    expect((await ask({ gateway }, '/authorize/wait', { key: null, headers })).text).toContain('code=')
    for (const origin of [gateway.address, `https://${publicHost}`]) {
      const { host } = new URL(origin)
      const again = authorizationPath(client, redirectUri, { resource: `${origin}/one` })
      const answer = await ask({ gateway }, again, { key: null, headers: { host } })
      expect([answer.headers.location, answer.text.includes('data-ticket=')]).toEqual([undefined, true])
    }
    for (const { request } of pending()) await s.call('clients.deny', { request })
  }
})

test('a client that nobody let in sends no browser anywhere, whatever it asks for', async () => {
  for (const redirectUri of ['https://evil.example/cb', 'cursor://anysphere.cursor-deeplink/mcp/install']) {
    const client = await register(redirectUri)
    for (const change of [{ response_type: 'x' }, { code_challenge_method: 'plain' }, { resource: 'x' }]) {
      const answer = await ask({ gateway }, authorizationPath(client, redirectUri, change), { key: null })
      expect([answer.status, answer.headers.location]).toEqual([400, undefined])
      expect(answer.text).not.toMatch(/evil|deeplink|http-equiv/)
    }
  }
  expect(pending()).toEqual([])
})

test('HEAD asks nobody, and takes no answer', async () => {
  const client = await register(loopback)
  const head = { method: 'HEAD', key: null }
  expect((await ask({ gateway }, authorizationPath(client, loopback), head)).status).toBe(405)
  expect(pending()).toEqual([])
  await ask({ gateway }, authorizationPath(client, loopback), { key: null })
  expect((await ask({ gateway }, '/authorize/wait', head)).status).toBe(405)
  expect(pending()).toHaveLength(1)
})

test('registrations from the internet leave those of this computer their own', async () => {
  const register = async (host: string) => {
    const headers = { host, 'content-type': 'application/json' }
    const body = JSON.stringify({ redirect_uris: [loopback] })
    return (await ask({ gateway }, '/register', { method: 'POST', key: null, headers, body })).status
  }
  const statuses = await Promise.all(Array.from({ length: 21 }, () => register(publicHost)))
  expect(statuses.filter((status) => status === 429)).toHaveLength(1)
  expect(await register(`127.0.0.1:${gateway.port}`)).toBe(201)
})
