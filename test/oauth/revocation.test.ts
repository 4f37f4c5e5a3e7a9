// Sign-out at the server (RFC 7009): what is sent, in which order, and what is said about it.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeServer, type Reply, startFakeServer } from '../fakes/authorizationServer.ts'
import { configOf, grantOf, never, setUp } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

const revoke = (grant = grantOf(fake.origin)) => setUp().oauth.revoke(configOf(fake.mcp), grant, never)

test('the refresh token first, then the access token, as the client that got them', async () => {
  expect(await revoke()).toBe('The server revoked the tokens.')
  expect(fake.to('/revoke').map(({ form }) => Object.fromEntries(form))).toEqual([
    { token: 'old-refresh', token_type_hint: 'refresh_token', client_id: 'client-0' },
    { token: 'old-access', token_type_hint: 'access_token', client_id: 'client-0' }
  ])
})

test('an access token alone', async () => {
  await revoke(grantOf(fake.origin, { refreshToken: null }))
  expect(fake.to('/revoke')).toHaveLength(1)
})

test('a server that offers none', async () => {
  expect(await revoke(grantOf(fake.origin, {}, { revocationEndpoint: null }))).toContain('does not support revocation')
  expect(fake.requests).toHaveLength(0)
})

test.each<[Reply, string]>([
  [{ status: 503 }, 'HTTP 503'],
  [{ status: 400, body: { error: 'unsupported_token_type' } }, 'HTTP 400'],
  ['cut', 'UND_ERR_SOCKET']
])('a failed one (%j) is admitted', async (reply, words) => {
  fake.script('/revoke', reply)
  const sentence = await revoke()
  expect(sentence).toContain(words)
  expect(sentence).toContain('did not confirm')
  expect(fake.to('/revoke')).toHaveLength(1)
})

test('the refresh token went, the access token cannot go: that is admitted too', async () => {
  fake.script('/revoke', {}, { status: 400 })
  expect(await revoke()).toContain('access token')
})

test('forgetting a registration', async () => {
  const { oauth, registrations } = setUp()
  registrations.rows.push({
    issuer: fake.origin,
    redirectUri: 'http://127.0.0.1:1/callback',
    clientId: 'client-0',
    clientSecret: null,
    clientSecretExpiresAt: null,
    clientAuth: 'none',
    registeredAt: 0,
    site: '127.0.0.1'
  })
  await oauth.forgetRegistration(grantOf(fake.origin, {}, { clientId: 'another' }))
  expect(registrations.rows).toHaveLength(1)
  await oauth.forgetRegistration(grantOf(fake.origin))
  expect(registrations.rows).toEqual([])
})
