// The demo's authorization server against a client by hand: sign-in, rotation, reuse, ends of life.
// What is shown here is what the end-to-end tests of the whole core rely on.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Authority, type AuthorityOptions, startAuthority } from '../../app/demo/authority.ts'
import { approve, callbackUrl } from '../../app/demo/person.ts'
import { freePort } from '../support/freePort.ts'
import { authorizeUrl, post, redirectUri, refresh, register, signIn, type TokenReply } from './client.ts'

const resource = 'http://127.0.0.1:9/mcp'
const started: Authority[] = []
async function authorityWith(options: Partial<AuthorityOptions> = {}) {
  const authority = await startAuthority({ accessTokenTtl: 3600, ...options })
  started.push(authority)
  return authority
}
const kinds = (authority: Authority) => authority.events.map((event) => event.kind)

afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(started.splice(0).map((authority) => authority.stop()))
})

/** A clock that stands still until it is moved. */
function movableClock() {
  let now = Date.now()
  const cancel = () => undefined
  const clock = { now: () => now, alarm: () => cancel, after: () => cancel, poke: () => undefined }
  return { clock, move: (length: number) => (now += length) }
}

describe('metadata', () => {
  test.each(['oauth-authorization-server', 'openid-configuration'])('is served at /.well-known/%s', async (name) => {
    const { issuer } = await authorityWith()
    const metadata = await (await fetch(`${issuer}/.well-known/${name}`)).json()
    expect(metadata).toMatchObject({
      issuer,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/reg`,
      revocation_endpoint: `${issuer}/token/revocation`,
      introspection_endpoint: `${issuer}/token/introspection`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true
    })
    expect(metadata).toHaveProperty('token_endpoint_auth_methods_supported', expect.arrayContaining(['none']))
  })
})

describe('sign-in', () => {
  test('registers, approves and issues a token for the resource, with nothing printed', async () => {
    const spies = (['log', 'info', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name))
    const authority = await authorityWith()
    const { clientId, tokens } = await signIn(authority.issuer, { resource })
    expect(tokens).toMatchObject({ expires_in: 3600, token_type: 'Bearer', refresh_token: expect.any(String) })
    expect(await authority.validate(tokens.access_token, resource)).toBe(true)
    expect(await authority.validate(tokens.access_token, 'http://127.0.0.1:9/other')).toBe(false)
    expect(kinds(authority)).toEqual(['registered', 'issued'])
    expect(authority.events[1]).toMatchObject({ clientId, resource, detail: 'authorization_code' })
    for (const spy of spies) expect(spy).not.toHaveBeenCalled()
  })

  test('calls the callback of the client, with state and iss', async () => {
    const { issuer } = await authorityWith()
    const called = Promise.withResolvers<URL>()
    const listener = createServer((request, reply) => {
      called.resolve(new URL(request.url ?? '', redirectUri))
      reply.end('thanks')
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as AddressInfo
    const clientId = await register(issuer)
    await approve(authorizeUrl(issuer, clientId, { redirect_uri: `http://127.0.0.1:${port}/callback` }).url)
    const { searchParams } = await called.promise
    listener.close()
    expect(searchParams.get('state')).toBe('by-hand')
    expect(searchParams.get('iss')).toBe(issuer)
    expect(searchParams.get('code')).toEqual(expect.any(String))
  })

  test('a person who says no sends access_denied back', async () => {
    const { issuer } = await authorityWith()
    const { url } = authorizeUrl(issuer, await register(issuer))
    expect(new URL(await callbackUrl(url, 'no')).searchParams.get('error')).toBe('access_denied')
  })

  test('a person is told when the page does not lead back', async () => {
    const { issuer } = await authorityWith()
    await expect(approve(authorizeUrl(issuer, 'nobody').url)).rejects.toMatchObject({ code: 'signInFailed' })
  })

  test('needs PKCE', async () => {
    const { issuer } = await authorityWith()
    const url = new URL(authorizeUrl(issuer, await register(issuer)).url)
    url.searchParams.delete('code_challenge')
    url.searchParams.delete('code_challenge_method')
    expect(new URL(await callbackUrl(url.href)).searchParams.get('error')).toBe('invalid_request')
  })

  test('refuses resources elsewhere, and any where it knows none', async () => {
    const open = await authorityWith()
    const foreign = authorizeUrl(open.issuer, await register(open.issuer), { resource: 'https://example.com/mcp' })
    expect(new URL(await callbackUrl(foreign.url)).searchParams.get('error')).toBe('invalid_target')

    const closed = await authorityWith({ resources: 'refused' })
    const local = authorizeUrl(closed.issuer, await register(closed.issuer), { resource })
    expect(new URL(await callbackUrl(local.url)).searchParams.get('error')).toBe('invalid_target')
    const { tokens } = await signIn(closed.issuer)
    expect(await closed.validate(tokens.access_token, resource)).toBe(true)
  })

  test('JWT access tokens carry exp and are checked by signature, audience and time', async () => {
    const { clock, move } = movableClock()
    const authority = await authorityWith({ accessTokenFormat: 'jwt', clock })
    const { tokens } = await signIn(authority.issuer, { resource })
    const [header, payload = '', signature] = tokens.access_token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    expect(claims).toMatchObject({ aud: resource, iss: authority.issuer, exp: claims.iat + 3600 })
    expect(await authority.validate(tokens.access_token, resource)).toBe(true)
    expect(await authority.validate(tokens.access_token, 'http://127.0.0.1:9/other')).toBe(false)
    const forged = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 9 })).toString('base64url')
    expect(await authority.validate(`${header}.${forged}.${signature}`, resource)).toBe(false)
    move(7_200_000)
    expect(await authority.validate(tokens.access_token, resource)).toBe(false)
  })
})

describe('refresh', () => {
  test('rotates each time', async () => {
    const authority = await authorityWith()
    const { clientId, tokens } = await signIn(authority.issuer, { resource })
    let { refresh_token } = tokens
    for (let round = 0; round < 3; round += 1) {
      const next = (await (await refresh(authority.issuer, clientId, refresh_token)).json()) as TokenReply
      expect(next.refresh_token).not.toBe(refresh_token)
      expect(await authority.validate(next.access_token, resource)).toBe(true)
      refresh_token = next.refresh_token
    }
    expect(kinds(authority).slice(2)).toEqual(['refreshed', 'refreshed', 'refreshed'])
    expect(authority.events.at(-1)).toMatchObject({ clientId, resource })
  })

  test('reuse is detected and ends the whole family', async () => {
    const authority = await authorityWith()
    const { clientId, tokens } = await signIn(authority.issuer, { resource })
    const winner = (await (await refresh(authority.issuer, clientId, tokens.refresh_token)).json()) as TokenReply
    const loser = await refresh(authority.issuer, clientId, tokens.refresh_token)
    expect(await loser.json()).toMatchObject({ error: 'invalid_grant' })
    expect(kinds(authority)).toEqual(expect.arrayContaining(['grantRevoked', 'reuseDetected']))
    expect(await authority.validate(winner.access_token, resource)).toBe(false)
    expect((await refresh(authority.issuer, clientId, winner.refresh_token)).status).toBe(400)
    expect(authority.events.at(-1)).toMatchObject({ kind: 'refused', detail: expect.stringContaining('invalid_grant') })
  })

  test('a race for one refresh token never goes unseen', async () => {
    const authority = await authorityWith()
    const { clientId, tokens } = await signIn(authority.issuer, { resource })
    await Promise.all([1, 2].map(() => refresh(authority.issuer, clientId, tokens.refresh_token)))
    const reuses = kinds(authority).filter((kind) => kind === 'reuseDetected' || kind === 'reuseForgiven')
    expect(reuses).toHaveLength(1)
  })

  test('a grace forgives reuse until it is over', async () => {
    const { clock, move } = movableClock()
    const authority = await authorityWith({ clock, forResource: () => ({ reuseGrace: 10_000 }) })
    const { clientId, tokens } = await signIn(authority.issuer, { resource })
    expect((await refresh(authority.issuer, clientId, tokens.refresh_token)).status).toBe(200)
    move(9000)
    expect((await refresh(authority.issuer, clientId, tokens.refresh_token)).status).toBe(200)
    expect(authority.events.at(-2)).toMatchObject({ kind: 'reuseForgiven', clientId, resource })
    move(1000)
    expect((await refresh(authority.issuer, clientId, tokens.refresh_token)).status).toBe(400)
    expect(kinds(authority)).toContain('reuseDetected')
  })

  test('refreshTokenTtl counts from the sign-in, whatever was rotated since', async () => {
    const { clock, move } = movableClock()
    const authority = await authorityWith({ clock, refreshTokenTtl: 60 })
    const { clientId, tokens } = await signIn(authority.issuer, { resource })
    move(40_000)
    const later = (await (await refresh(authority.issuer, clientId, tokens.refresh_token)).json()) as TokenReply
    expect(later.refresh_token).toEqual(expect.any(String))
    move(21_000)
    const dead = await refresh(authority.issuer, clientId, later.refresh_token)
    expect(await dead.json()).toMatchObject({ error: 'invalid_grant' })
  })

  test('access tokens end to the second they were said to', async () => {
    const { clock, move } = movableClock()
    const authority = await authorityWith({ clock, accessTokenTtl: 5 })
    const { tokens } = await signIn(authority.issuer, { resource })
    move(4000)
    expect(await authority.validate(tokens.access_token, resource)).toBe(true)
    move(1001)
    expect(await authority.validate(tokens.access_token, resource)).toBe(false)
  })

  test('events hold no token', async () => {
    const authority = await authorityWith()
    const { clientId, tokens } = await signIn(authority.issuer, { resource })
    const next = (await (await refresh(authority.issuer, clientId, tokens.refresh_token)).json()) as TokenReply
    await refresh(authority.issuer, clientId, tokens.refresh_token)
    const written = JSON.stringify(authority.events)
    for (const token of [tokens.access_token, tokens.refresh_token, next.access_token, next.refresh_token]) {
      expect(written).not.toContain(token)
    }
  })
})

describe('the server ends things', () => {
  test('revokeAll ends the grants asked for and no other', async () => {
    const authority = await authorityWith()
    const other = 'http://127.0.0.1:9/other'
    const doomed = await signIn(authority.issuer, { resource })
    const spared = await signIn(authority.issuer, { resource: other })
    expect(authority.revokeAll({ resource })).toBe(1)
    expect(await authority.validate(doomed.tokens.access_token)).toBe(false)
    expect((await refresh(authority.issuer, doomed.clientId, doomed.tokens.refresh_token)).status).toBe(400)
    expect(await authority.validate(spared.tokens.access_token, other)).toBe(true)
    expect((await refresh(authority.issuer, spared.clientId, spared.tokens.refresh_token)).status).toBe(200)
    expect(authority.revokeAll()).toBe(1)
  })

  test('revocation (RFC 7009) ends the grant', async () => {
    const authority = await authorityWith()
    const { clientId, tokens } = await signIn(authority.issuer, { resource })
    const params = { client_id: clientId, token: tokens.refresh_token ?? '' }
    expect((await post(`${authority.issuer}/token/revocation`, params)).status).toBe(200)
    expect(await authority.validate(tokens.access_token, resource)).toBe(false)
    expect(kinds(authority)).toContain('grantRevoked')
  })

  test('goes down, comes back on the same port and remembers', async () => {
    const authority = await authorityWith({ port: await freePort() })
    const { clientId, tokens } = await signIn(authority.issuer, { resource })
    await authority.goDown()
    await expect(refresh(authority.issuer, clientId, tokens.refresh_token)).rejects.toThrow('fetch failed')
    await authority.comeBack()
    expect((await refresh(authority.issuer, clientId, tokens.refresh_token)).status).toBe(200)
  })

  test('a taken port is said so', async () => {
    const { issuer } = await authorityWith()
    const port = Number(new URL(issuer).port)
    await expect(startAuthority({ accessTokenTtl: 5, port })).rejects.toMatchObject({ code: 'portInUse' })
  })
})

test('client credentials, introspection: the pre-registered client', async () => {
  const { issuer, confidentialClient, validate } = await authorityWith()
  const { clientId, clientSecret } = confidentialClient
  const authorization = `Basic ${Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`).toString('base64')}`
  const reply = await post(
    `${issuer}/token`,
    { grant_type: 'client_credentials', resource },
    { headers: { authorization } }
  )
  const { access_token: token, expires_in, refresh_token } = (await reply.json()) as TokenReply
  expect({ expires_in, refresh_token }).toEqual({ expires_in: 3600, refresh_token: undefined })
  expect(await validate(token, resource)).toBe(true)
  const about = await post(`${issuer}/token/introspection`, { token }, { headers: { authorization } })
  expect(await about.json()).toMatchObject({ active: true, aud: resource })
  const refused = await post(`${issuer}/token`, { grant_type: 'client_credentials', client_id: clientId })
  expect(refused.status).toBe(401)
})

test('200 servers: nothing is forgotten', async () => {
  const authority = await authorityWith()
  const first = await signIn(authority.issuer, { resource })
  for (let batch = 0; batch < 20; batch += 1) {
    await Promise.all(Array.from({ length: 10 }, () => signIn(authority.issuer, { resource })))
  }
  const reply = await refresh(authority.issuer, first.clientId, first.tokens.refresh_token)
  expect(reply.status).toBe(200)
})
