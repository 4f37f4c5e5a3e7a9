// Tokens bound to a key (RFC 9449): asked for where the resource wants them, proved at every request, with the server's nonce.
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Secret } from '../../app/base/secret.ts'
import { credentialsFor, Nonces } from '../../app/oauth/dpop.ts'
import { makeKey, thumbprintOf } from '../../app/oauth/keys.ts'
import { type FakeServer, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'
import { begin, browse, configOf, grantOf, never, setUp, signInFully, start } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
  fake.script('/.well-known/oauth-authorization-server', {
    body: { ...metadataOf(fake.origin), dpop_signing_alg_values_supported: ['ES256'] }
  })
})
afterEach(() => fake.stop())

const part = (jwt: unknown, at: number) =>
  JSON.parse(Buffer.from(String(jwt).split('.')[at] ?? '', 'base64url').toString())
const proofs = () => fake.to('/token').map(({ headers }) => headers.dpop)
const wanted = () =>
  fake.script('/mcp', { status: 401, headers: { 'www-authenticate': 'DPoP error="invalid_token", algs="ES256"' } })
const bound = { body: { access_token: 'a', token_type: 'dpop', expires_in: 3600, refresh_token: 'r' } }

test('are asked for where the challenge or the metadata wants them, or a person does, and not elsewhere', async () => {
  await signInFully(setUp().oauth, configOf(fake.mcp))
  await signInFully(setUp().oauth, configOf(fake.mcp, { dpop: true }))
  wanted()
  await signInFully(setUp().oauth, configOf(fake.mcp))
  await signInFully(setUp().oauth, configOf(fake.mcp, { dpop: false }))
  fake.script('/mcp', { status: 401 })
  fake.script('/.well-known/oauth-protected-resource/mcp', {
    body: { resource: fake.mcp, authorization_servers: [fake.origin], dpop_bound_access_tokens_required: true }
  })
  await signInFully(setUp().oauth, configOf(fake.mcp))
  expect(proofs().map((proof) => proof !== undefined)).toEqual([false, true, true, false, true])
})

test('the code, the exchange and each refresh are bound to one key, which is kept with the grant', async () => {
  wanted()
  fake.script('/token', bound)
  const { oauth } = setUp()
  const signIn = await begin(oauth, configOf(fake.mcp))
  await browse(signIn)
  const grant = await signIn.grant
  expect(grant.tokenType).toBe('DPoP')
  const jkt = thumbprintOf(grant.shape.dpopKey!)
  expect(new URL(signIn.url ?? '').searchParams.get('dpop_jkt')).toBe(jkt)
  await oauth.renew(configOf(fake.mcp), { ...grantOf(fake.origin), ...grant }, never)
  const [first, second] = proofs()
  expect(part(second, 0)).toEqual(part(first, 0))
  expect(part(first, 1)).toEqual({
    jti: expect.any(String),
    htm: 'POST',
    htu: `${fake.origin}/token`,
    iat: start / 1000
  })
  expect(part(second, 1).jti).not.toBe(part(first, 1).jti)
})

test('a nonce the token endpoint asks for is used at once, once, and from then on', async () => {
  wanted()
  const asksFor = (nonce: string) => ({
    status: 400,
    headers: { 'dpop-nonce': nonce },
    body: { error: 'use_dpop_nonce' }
  })
  fake.script('/token', asksFor('n1'), bound, bound, asksFor('n2'), asksFor('n2'))
  const { oauth } = setUp()
  const grant = { ...grantOf(fake.origin), ...(await signInFully(oauth, configOf(fake.mcp))) }
  expect((await oauth.renew(configOf(fake.mcp), grant, never)).ok).toBe(true)
  // It passes: the refresh token was not spent, and nothing is to be set.
  expect(await oauth.renew(configOf(fake.mcp), grant, never)).toMatchObject({
    ok: false,
    fault: 'busy',
    detail: 'use_dpop_nonce'
  })
  expect(proofs().map((proof) => part(proof, 1).nonce)).toEqual([undefined, 'n1', 'n1', 'n1', 'n2'])
})

test('a nonce that another request learnt meanwhile is used too: the proof that was refused did not have it', async () => {
  wanted()
  fake.script('/token', bound)
  const { oauth } = setUp()
  const grant = { ...grantOf(fake.origin), ...(await signInFully(oauth, configOf(fake.mcp))) }
  const asks = { status: 400, headers: { 'dpop-nonce': 'n1' }, body: { error: 'use_dpop_nonce' } }
  const meanwhile = () => oauth.noteNonce(`${fake.origin}/other`, 'n1')
  fake.script(
    '/token',
    () => {
      meanwhile()
      return asks
    },
    bound
  )
  expect((await oauth.renew(configOf(fake.mcp), grant, never)).ok).toBe(true)
  expect(proofs().map((proof) => part(proof, 1).nonce)).toEqual([undefined, undefined, 'n1'])
})

test('a proof names the address a redirect leads to, and the nonce learnt meanwhile', async () => {
  const { oauth } = setUp()
  const moved = { status: 307, headers: { location: '/mcp/' } }
  fake.script('/mcp', moved)
  const asks = { status: 401, headers: { 'dpop-nonce': 'n1', 'www-authenticate': 'DPoP error="use_dpop_nonce"' } }
  fake.script(
    '/mcp/',
    () => {
      oauth.noteNonce(fake.mcp, 'n1')
      return asks
    },
    { body: { jsonrpc: '2.0', id: 1, result: {} } }
  )
  const token = { accessToken: new Secret('a'), tokenType: 'DPoP', dpopKey: makeKey() }
  expect((await oauth.verify(configOf(fake.mcp), token, null, never)).verdict).toBe('accepted')
  const sent = fake.requests.map(({ path, headers }) => [path, part(headers.dpop, 1).htu, part(headers.dpop, 1).nonce])
  expect(sent).toEqual([
    ['/mcp', fake.mcp, undefined],
    ['/mcp/', `${fake.mcp}/`, undefined],
    ['/mcp', fake.mcp, 'n1'],
    ['/mcp/', `${fake.mcp}/`, 'n1']
  ])
})

test('a request with the token carries a proof of its own, bound to the token; a bearer token carries none', () => {
  const key = makeKey()
  const nonces = new Nonces()
  expect(nonces.note('https://a.example/mcp', 'n1')).toBe(true)
  expect(nonces.note('https://a.example/other', 'n1')).toBe(false)
  expect(nonces.note('https://a.example/mcp', 'bad\nnonce')).toBe(false)
  const clock = { now: () => start }
  const of = (tokenType: string, dpopKey: Secret | null) =>
    new Map(
      credentialsFor(
        { accessToken: new Secret('the-token'), tokenType, dpopKey },
        { nonces, clock },
        'GET',
        'https://a.example/mcp?x=1'
      )
    )
  const headers = of('DPoP', key)
  expect(headers.get('authorization')).toBe('DPoP the-token')
  expect(part(headers.get('dpop'), 1)).toMatchObject({
    htm: 'GET',
    htu: 'https://a.example/mcp',
    ath: createHash('sha256').update('the-token').digest('base64url'),
    nonce: 'n1'
  })
  expect([...of('Bearer', key)]).toEqual([['authorization', 'Bearer the-token']])
})
