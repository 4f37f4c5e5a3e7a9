// Renewal without a person: refresh and client credentials, shaped as the sign-in was, with every fault made for real.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../app/base/secret.ts'
import { type FakeServer, type Reply, startFakeServer } from '../fakes/authorizationServer.ts'
import { begin, configOf, grantOf, never, plain, refusal, setUp, signInFully, start } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

const asked = () => Object.fromEntries(fake.to('/token').at(-1)?.form ?? [])
const renew = (config = configOf(fake.mcp), grant = grantOf(fake.origin), signal = never) =>
  setUp().oauth.renew(config, grant, signal)

describe('FM-12 a refresh is sent like the sign-in', () => {
  test('public client, with `resource` and extra parameters', async () => {
    const outcome = await renew(
      configOf(fake.mcp, { params: { audience: 'api', refresh_token: 'x', client_secret: 'x', scope: 'x', code: 'x' } })
    )
    expect(asked()).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'old-refresh',
      client_id: 'client-0',
      resource: fake.mcp,
      audience: 'api'
    })
    if (!outcome.ok) throw new Error(outcome.detail)
    expect(plain(outcome.tokens.accessToken)).toBe('access-1')
    expect(plain(outcome.tokens.refreshToken)).toBe('refresh-1')
    expect(outcome.tokens).toMatchObject({ obtainedAt: start, expiresAt: start + 3_600_000 })
  })

  test('with the client secret, by Basic or in the body', async () => {
    const secret = { clientSecret: new Secret('a-b:c') }
    await renew(configOf(fake.mcp), grantOf(fake.origin, {}, { ...secret, clientAuth: 'client_secret_basic' }))
    expect(fake.to('/token')[0]?.headers.authorization).toBe(`Basic ${btoa('client-0:a-b%3Ac')}`)
    expect(asked().client_secret).toBeUndefined()
    await renew(configOf(fake.mcp), grantOf(fake.origin, {}, { ...secret, clientAuth: 'client_secret_post' }))
    expect(asked()).toMatchObject({ client_id: 'client-0', client_secret: 'a-b:c' })
  })

  test('without `resource` where the grant has none or the quirk says so; never dropped by itself', async () => {
    await renew(configOf(fake.mcp), grantOf(fake.origin, {}, { resource: null }))
    expect(asked().resource).toBeUndefined()
    await renew(configOf(fake.mcp, { quirks: { omitResource: true } }))
    expect(asked().resource).toBeUndefined()
    fake.script('/token', { status: 400, body: { error: 'invalid_target' } })
    expect(await renew()).toMatchObject({
      fault: 'misconfigured',
      detail: 'invalid_target; try leaving out the resource parameter'
    })
    expect(fake.to('/token')).toHaveLength(3)
  })

  test('FM-10 no lifetime stated: the last known one is used, not a guess', async () => {
    fake.script('/token', { body: { access_token: 'a' } })
    expect(await renew()).toMatchObject({ tokens: { expiresAt: start + 60_000, expirySource: 'lastKnown' } })
    const guessed = grantOf(fake.origin, { expirySource: 'guess' })
    const config = configOf(fake.mcp, { schedule: { guessedLifetime: 1_800_000 } })
    expect(await renew(config, guessed)).toMatchObject({
      tokens: { expiresAt: start + 1_800_000, expirySource: 'guess' }
    })
  })
})

describe('FM-05 faults made for real', () => {
  test.each<[Reply, string, string, number | null]>([
    [{ status: 503, headers: { 'retry-after': '9' }, body: '<html>' }, 'busy', 'HTTP 503', 9000],
    [{ status: 429 }, 'busy', 'HTTP 429', null],
    [{ body: '<html>Log in to this Wi-Fi</html>' }, 'garbled', 'HTTP 200', null],
    [
      { status: 302, headers: { location: 'http://portal.example/' } },
      'garbled',
      'HTTP 302 to http://portal.example',
      null
    ],
    [{ body: '{"access_token":' }, 'garbled', 'HTTP 200', null],
    [{ status: 400, body: { error: 'invalid_grant' } }, 'refused', 'invalid_grant', null],
    [{ status: 200, body: { error: 'bad_refresh_token' } }, 'refused', 'bad_refresh_token', null],
    [
      { status: 401, headers: { 'www-authenticate': 'Bearer error="x"' }, body: { error: 'invalid_grant' } },
      'refused',
      'invalid_grant',
      null
    ],
    [{ status: 400, body: { error: 'invalid_scope' } }, 'unclear', 'invalid_scope', null],
    [{ body: 'x'.repeat(200_000) }, 'garbled', 'too_large', null]
  ])('%j is %s', async (reply, fault, detail, retryAfter) => {
    fake.script('/token', reply)
    expect(await renew()).toEqual({ ok: false, fault, detail, retryAfter })
    expect(fake.to('/token')).toHaveLength(1)
  })

  test.each(['cut', 'cutBody'] as const)(
    'FM-03 a reply that is %s is lost, and it is asked once only',
    async (reply) => {
      fake.script('/token', reply)
      expect(await renew()).toMatchObject({ ok: false, fault: 'lost' })
      expect(fake.to('/token')).toHaveLength(1)
    }
  )

  test('FM-03 a reply that is late, or no longer waited for, counts as lost too', async () => {
    fake.script('/token', 'hang')
    const { oauth, clock } = setUp()
    const late = oauth.renew(configOf(fake.mcp), grantOf(fake.origin), never)
    await fake.arrived('/token')
    clock.advance(30_000)
    expect(await late).toMatchObject({ fault: 'lost', detail: 'timeout' })
    const abort = new AbortController()
    const dropped = renew(configOf(fake.mcp), grantOf(fake.origin), abort.signal)
    await fake.arrived('/token')
    abort.abort()
    expect(await dropped).toMatchObject({ fault: 'lost', detail: 'aborted' })
  })

  test('a server that is down is offline', async () => {
    await fake.stop()
    expect(await renew()).toMatchObject({ fault: 'offline', detail: 'ECONNREFUSED' })
  })

  test('what cannot be sent is a matter of settings', async () => {
    const outcomes = [
      renew(configOf(fake.mcp), grantOf(fake.origin, { refreshToken: null })),
      renew(configOf(fake.mcp), grantOf(fake.origin, {}, { clientId: null })),
      renew(configOf(fake.mcp), grantOf(fake.origin, {}, { tokenEndpoint: 'http://token.example/' })),
      renew(configOf(fake.mcp), grantOf(fake.origin, {}, { tokenEndpoint: 'no url' })),
      renew(configOf(fake.mcp, { grantKind: 'staticToken' }))
    ]
    expect((await Promise.all(outcomes)).map((outcome) => !outcome.ok && [outcome.fault, outcome.detail])).toEqual([
      ['misconfigured', 'refresh_token_missing'],
      ['misconfigured', 'client_id_missing'],
      ['misconfigured', 'https_required'],
      ['misconfigured', 'request_impossible'],
      ['misconfigured', 'static_token']
    ])
    expect(fake.requests).toHaveLength(0)
  })

  test('FM-13 invalid_client removes the stored registration for the next sign-in, and nothing else', async () => {
    fake.script('/token', { status: 401, body: { error: 'invalid_client' } })
    const { oauth, registrations } = setUp()
    await signInFully(oauth, configOf(fake.mcp)).catch(() => {})
    fake.script('/token', { body: { access_token: 'a', refresh_token: 'r' } })
    const grant = { ...grantOf(fake.origin), ...(await signInFully(oauth, configOf(fake.mcp))) }
    expect(registrations.rows).toHaveLength(1)
    fake.script('/token', { status: 401, body: { error: 'invalid_client' } })
    expect(await oauth.renew(configOf(fake.mcp), grant, never)).toMatchObject({
      fault: 'misconfigured',
      detail: 'client_forgotten'
    })
    expect(registrations.rows).toEqual([])
    const own = { ...grant, shape: { ...grant.shape, registration: 'preRegistered' as const } }
    expect(await oauth.renew(configOf(fake.mcp), own, never)).toMatchObject({ detail: 'invalid_client' })
    expect(plain(grant.refreshToken)).toBe('r')
  })
})

describe('FM-06 a refusal that does not say of what', () => {
  test.each([
    ['dynamic', 'unclear'],
    ['metadataDocument', 'unclear'],
    ['preRegistered', 'misconfigured'],
    ['none', 'misconfigured']
  ] as const)('of a client by registration "%s" is %s', async (registration, fault) => {
    fake.script('/token', { status: 400, body: { error: 'invalid_request' } })
    expect(await renew(configOf(fake.mcp), grantOf(fake.origin, {}, { registration }))).toMatchObject({ fault })
    fake.script('/token', { status: 400, body: { status: 'BAD_REFRESH_TOKEN' } })
    const named = await renew(configOf(fake.mcp), grantOf(fake.origin, {}, { registration }))
    expect(named).toMatchObject({ fault: 'refused', inOwnWords: true, detail: 'HTTP 400' })
  })

  test('of a client known by its URL, which has no settings, is never told as one of settings', async () => {
    fake.script('/token', { status: 401, body: { error: 'invalid_client' } })
    const shape = { registration: 'metadataDocument' as const }
    expect(await renew(configOf(fake.mcp), grantOf(fake.origin, {}, shape))).toMatchObject({ fault: 'unclear' })
  })
})

describe('a pasted refresh token', () => {
  const pasted = (shape = {}) =>
    grantOf(
      fake.origin,
      {},
      { issuer: null, tokenEndpoint: null, resource: null, clientId: 'mine', registration: 'none', ...shape }
    )

  test('with its token endpoint needs no discovery', async () => {
    const config = configOf(fake.mcp, { grantKind: 'refreshToken', tokenEndpoint: `${fake.origin}/token` })
    expect(await renew(config, pasted())).toMatchObject({ ok: true })
    expect(fake.requests).toHaveLength(1)
  })

  test('without one discovers it, and `resource` with it; a fault on the way spent nothing', async () => {
    const config = configOf(fake.mcp, { grantKind: 'refreshToken' })
    expect(await renew(config, pasted())).toMatchObject({ ok: true })
    expect(asked()).toMatchObject({ refresh_token: 'old-refresh', client_id: 'mine', resource: fake.mcp })
    fake.script(
      '/.well-known/oauth-authorization-server',
      'cut',
      { status: 503 },
      { body: { issuer: 'https://other' } }
    )
    expect(await renew(config, pasted())).toMatchObject({ fault: 'busy' })
    expect(await renew(config, pasted())).toMatchObject({ fault: 'busy', detail: 'HTTP 503' })
    expect(await renew(config, pasted())).toMatchObject({ fault: 'misconfigured', detail: 'issuerMismatch' })
    expect(fake.to('/token')).toHaveLength(1)
  })
})

describe('client credentials', () => {
  const config = (more = {}) => configOf(fake.mcp, { grantKind: 'clientCredentials', clientId: 'robot', ...more })

  test('sign in without a browser, and renew in the same way', async () => {
    fake.script('/token', { body: { access_token: 'a', expires_in: 60 } })
    const { oauth } = setUp()
    const signIn = await begin(oauth, config(), 'shh')
    expect([signIn.url, signIn.redirectUri]).toEqual([null, null])
    const grant = await signIn.grant
    expect(asked()).toEqual({ grant_type: 'client_credentials', scope: 'read write', resource: fake.mcp })
    expect(grant).toMatchObject({
      refreshToken: null,
      scope: 'read write',
      shape: { clientId: 'robot', clientAuth: 'client_secret_basic', registration: 'preRegistered' }
    })
    const kept = { ...grantOf(fake.origin), ...grant }
    expect(await oauth.renew(config(), kept, never)).toMatchObject({ ok: true, tokens: { expiresAt: start + 60_000 } })
    expect(asked()).toEqual({ grant_type: 'client_credentials', scope: 'read write', resource: fake.mcp })
    expect(fake.to('/token')[1]?.headers.authorization).toBe(`Basic ${btoa('robot:shh')}`)
  })

  test('ask for what step-up added, and renew with as much of it as was granted', async () => {
    fake.script('/token', { body: { access_token: 'a', expires_in: 60, scope: 'x files' } })
    const { oauth } = setUp()
    const stepped = config({ scope: 'x', addedScope: 'files admin' })
    const kept = { ...grantOf(fake.origin), ...(await signInFully(oauth, stepped, 'shh')) }
    expect(asked()).toMatchObject({ scope: 'x files admin' })
    await oauth.renew(stepped, kept, never)
    // A server may refuse a request for a scope it does not grant; a renewal must not fail for it.
    expect(asked()).toMatchObject({ scope: 'x files' })
  })

  test('at an endpoint of the settings, without discovery', async () => {
    const grant = await signInFully(
      setUp().oauth,
      config({ tokenEndpoint: `${fake.origin}/token`, scope: 'x', params: { audience: 'api' } }),
      'shh'
    )
    expect(asked()).toEqual({ grant_type: 'client_credentials', scope: 'x', audience: 'api' })
    expect(grant.shape).toMatchObject({ tokenEndpoint: `${fake.origin}/token`, resource: null })
    expect(fake.requests).toHaveLength(1)
  })

  test('a wrong secret, a missing client id, a cancelled sign-in', async () => {
    const { oauth } = setUp()
    const refused = { status: 401, body: { error: 'invalid_client' } }
    fake.script('/token', refused, refused, 'hang')
    await refusal(signInFully(oauth, config(), 'wrong'), 'clientRefused')
    await refusal(begin(oauth, configOf(fake.mcp, { grantKind: 'clientCredentials' }), 'shh'), 'signInFailed')
    const arrived = fake.arrived('/token')
    const signIn = await begin(oauth, config(), 'shh')
    await arrived
    signIn.cancel()
    await refusal(signIn.grant, 'signInCancelled')
    await refusal(signIn.paste('x'), 'responseInvalid')
  })
})
