// Against a real authorization server (oidc-provider) with rotation and reuse detection, and a real protected MCP server.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { expose } from '../../app/base/secret.ts'
import { type Authority, startAuthority } from '../../app/demo/authority.ts'
import { type McpServer, startMcpServer } from '../../app/demo/mcpServer.ts'
import { approve, callbackUrl } from '../../app/demo/person.ts'
import { createSendRequest } from '../../app/net/request.ts'
import { createOAuth } from '../../app/oauth/engine.ts'
import type { Grant, NewGrant, Tokens } from '../../app/oauth/grant.ts'
import { freePort } from '../support/freePort.ts'
import { begin, configOf, memoryRegistrations, never, refusal } from './oauth.fixture.ts'

let authority: Authority
let mcp: McpServer
const clock = systemClock()
const network = createSendRequest({ clock, userAgent: 'tokentray-test' })
const registrations = memoryRegistrations()
const oauth = createOAuth({ network, clock, registrations })

async function open(options: Partial<Parameters<typeof startAuthority>[0]> = {}) {
  authority = await startAuthority({ accessTokenTtl: 60, port: await freePort(), ...options })
  mcp = await startMcpServer({ authority })
}
beforeEach(() => open())
afterEach(() => close())
const close = () => Promise.all([authority.stop(), mcp.stop()])

async function signIn(more = {}): Promise<Grant> {
  const signing = await begin(oauth, configOf(mcp.url, more))
  await approve(signing.url ?? '')
  return kept(await signing.grant)
}

const kept = (grant: NewGrant): Grant => ({ ...grant, generation: 1, startedAt: null, restored: false })
const updated = (grant: Grant, tokens: Tokens): Grant => ({
  ...grant,
  ...tokens,
  refreshToken: tokens.refreshToken ?? grant.refreshToken,
  generation: grant.generation + 1
})

async function renewed(grant: Grant): Promise<Grant> {
  const outcome = await oauth.renew(configOf(mcp.url), grant, never)
  if (!outcome.ok) throw new Error(`not renewed: ${outcome.detail}`)
  return updated(grant, outcome.tokens)
}

async function statusWith(grant: Grant): Promise<number> {
  const headers = { authorization: `Bearer ${expose(grant.accessToken)}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
  return (await fetch(mcp.url, { method: 'POST', headers, body })).status
}

test('sign in, then 20 refreshes in a row, each token accepted by the MCP server, none reused', async () => {
  let grant = await signIn()
  expect(grant).toMatchObject({ expirySource: 'stated', shape: { issuer: authority.issuer, resource: mcp.url } })
  expect(await statusWith(grant)).toBe(200)
  for (let round = 0; round < 20; round++) grant = await renewed(grant)
  expect(await statusWith(grant)).toBe(200)
  expect(authority.events.filter(({ kind }) => kind === 'refreshed')).toHaveLength(20)
  expect(authority.events.filter(({ kind }) => kind === 'reuseDetected' || kind === 'refused')).toEqual([])
})

test('FM-13 one registration serves two MCP servers behind one issuer', async () => {
  const second = await startMcpServer({ authority })
  await signIn()
  const other = await begin(oauth, configOf(second.url))
  await approve(other.url ?? '')
  expect((await other.grant).shape.resource).toBe(second.url)
  expect(authority.events.filter(({ kind }) => kind === 'registered')).toHaveLength(1)
  await second.stop()
})

test('FM-03 a reply lost after rotation: the token was already used, and the next attempt is rejected', async () => {
  const grant = await signIn()
  authority.faults.next('cutAfter', 1)
  expect(await oauth.renew(configOf(mcp.url), grant, never)).toMatchObject({ ok: false, fault: 'lost' })
  expect(await oauth.renew(configOf(mcp.url), grant, never)).toMatchObject({
    ok: false,
    fault: 'refused',
    detail: 'invalid_grant'
  })
  expect(authority.events.some(({ kind }) => kind === 'reuseDetected')).toBe(true)
})

test('FM-03 a connection cut before the server saw the request counts as `lost` too, and the same token still works', async () => {
  const grant = await signIn()
  authority.faults.next('cutBefore', 1)
  expect(await oauth.renew(configOf(mcp.url), grant, never)).toMatchObject({ ok: false, fault: 'lost' })
  expect(await statusWith(await renewed(grant))).toBe(200)
})

test.each([
  ['503', 'busy'],
  ['500', 'busy'],
  ['429', 'busy'],
  ['html', 'garbled'],
  ['garbled', 'garbled'],
  ['invalid_client', 'misconfigured']
] as const)('FM-05 %s is %s, and the grant works afterwards', async (kind, fault) => {
  const grant = await signIn()
  authority.faults.next(kind, 1, { retryAfter: 5 })
  expect(await oauth.renew(configOf(mcp.url), grant, never)).toMatchObject({ ok: false, fault })
  expect(await statusWith(await renewed(grant))).toBe(200)
})

test('down and back again', async () => {
  const grant = await signIn()
  await authority.goDown()
  expect(await oauth.renew(configOf(mcp.url), grant, never)).toMatchObject({ ok: false, fault: 'offline' })
  await authority.comeBack()
  expect(await statusWith(await renewed(grant))).toBe(200)
})

test('the person says no', async () => {
  const signing = await begin(oauth, configOf(mcp.url))
  await approve(signing.url ?? '', 'no')
  await refusal(signing.grant, 'authorizationDenied')
})

test('the address is pasted', async () => {
  const signing = await begin(oauth, configOf(mcp.url))
  await signing.paste(await callbackUrl(signing.url ?? ''))
  expect(await statusWith(kept(await signing.grant))).toBe(200)
})

test('revoked at sign-out: neither token works any more', async () => {
  const grant = await signIn()
  expect(await oauth.revoke(configOf(mcp.url), grant, never)).toBe('The server revoked the tokens.')
  expect(await statusWith(grant)).toBe(401)
  expect(await oauth.renew(configOf(mcp.url), grant, never)).toMatchObject({ ok: false, fault: 'refused' })
})

describe('client credentials', () => {
  test('token by token, and a wrong secret', async () => {
    const { clientId, clientSecret } = authority.confidentialClient
    const config = configOf(mcp.url, { grantKind: 'clientCredentials', clientId })
    const grant = kept(await (await begin(oauth, config, clientSecret)).grant)
    expect(await statusWith(grant)).toBe(200)
    const outcome = await oauth.renew(config, grant, never)
    expect(outcome.ok && (await statusWith(updated(grant, outcome.tokens)))).toBe(200)
    await refusal((await begin(oauth, config, 'wrong')).grant, 'clientRefused')
  })
})

describe('FM-12 a server that does not know `resource`', () => {
  test('is served with the quirk, which the failure names', async () => {
    await close()
    await open({ resources: 'refused' })
    const { clientId, clientSecret } = authority.confidentialClient
    const config = configOf(mcp.url, { grantKind: 'clientCredentials', clientId })
    expect(await refusal((await begin(oauth, config, clientSecret)).grant, 'signInFailed')).toContain(
      'try leaving out the resource parameter'
    )
    const quirky = configOf(mcp.url, { grantKind: 'clientCredentials', clientId, quirks: { omitResource: true } })
    expect(await (await begin(oauth, quirky, clientSecret)).grant).toMatchObject({ shape: { resource: null } })
  })
})
