// The life of local tokens: ends, rotation, races, reuse, revocation.
// Time is the test's own; races are true ones, many requests at once against the same vault.
import { expect, test } from 'vitest'
import { fakeClock } from '../../fakes/clock.ts'
import { allow, decide, startGateway } from './access.fixture.ts'
import { bearer, oauthError, redirectUri, TestClient } from './client.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

async function signedIn() {
  const clock = fakeClock()
  const gateway = await startGateway(clock)
  const client = await TestClient.register(gateway)
  const tokens = await client.signIn()
  const works = async (token: string) => (await gateway.use('notes', bearer(token))).status === 200
  return { clock, gateway, client, tokens, works }
}

test('an access token ends after an hour, a refresh token after 30 days', async () => {
  const { clock, client, tokens, works } = await signedIn()
  await clock.advance(hour - 1)
  expect(await works(tokens.access)).toBe(true)
  await clock.advance(1)
  expect(await works(tokens.access)).toBe(false)
  await clock.advance(30 * day - hour)
  expect(await oauthError(client.refresh(tokens.refresh))).toBe('invalid_grant')
})

test('refreshing rotates, and twenty at once all get the same answer', async () => {
  const { client, tokens, works } = await signedIn()
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.refresh(tokens.refresh)))
  expect(new Set(answers.map(({ access }) => access)).size).toBe(1)
  expect(new Set(answers.map(({ refresh }) => refresh)).size).toBe(1)
  expect(answers[0]!.refresh).not.toBe(tokens.refresh)
  expect(await works(answers[0]!.access)).toBe(true)
  // A request with the old access token may still be under way.
  expect(await works(tokens.access)).toBe(true)
  expect((await client.refresh(answers[0]!.refresh)).refresh).not.toBe(answers[0]!.refresh)
})

test('within half a minute a lost answer can be had again, also after a restart; later it is reuse and ends all', async () => {
  const { clock, gateway, client, tokens, works } = await signedIn()
  const first = await client.refresh(tokens.refresh)
  await clock.advance(29_000)
  await gateway.restart()
  const again = await client.refresh(tokens.refresh)
  expect(again).toEqual({ ...first, expiresIn: first.expiresIn - 29 })
  const newest = await client.refresh(again.refresh)
  await clock.advance(2000)
  expect(await oauthError(client.refresh(tokens.refresh))).toBe('invalid_grant')
  for (const token of [tokens.access, again.access, newest.access]) expect(await works(token)).toBe(false)
  expect(await oauthError(client.refresh(newest.refresh))).toBe('invalid_grant')
  expect(gateway.logged.join()).toContain('a replaced refresh token was used again')
})

test('reuse ends its own sign-in only', async () => {
  const { clock, client, tokens, works } = await signedIn()
  const other = await client.signIn()
  await client.refresh(tokens.refresh)
  await clock.advance(minute)
  expect(await oauthError(client.refresh(tokens.refresh))).toBe('invalid_grant')
  expect(await works(other.access)).toBe(true)
})

test('a code that comes twice ends what it gave', async () => {
  const { gateway, client, works } = await signedIn()
  const answer = client.read(await decide(gateway, await client.authorizationUrl(), allow()))
  const tokens = await client.exchange(answer)
  expect(await oauthError(client.exchange(answer))).toBe('invalid_grant')
  expect(await works(tokens.access)).toBe(false)
  expect(await oauthError(client.refresh(tokens.refresh))).toBe('invalid_grant')
})

test('of many who bring one code at once at most one gets tokens, and those end', async () => {
  const { gateway, client, works } = await signedIn()
  const answer = client.read(await decide(gateway, await client.authorizationUrl(), allow()))
  const ended = await Promise.allSettled(Array.from({ length: 10 }, () => client.exchange(answer)))
  const won = ended.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []))
  expect(won.length).toBeLessThanOrEqual(1)
  for (const { access } of won) expect(await works(access)).toBe(false)
})

test.each([
  ['that came too late', null, 10 * minute],
  ['with a wrong verifier', 'x'.repeat(43), 0],
  ['with no verifier worth the name', 'short', 0]
])('a code %s is refused, and spent', async (_, verifier, wait) => {
  const { clock, gateway, client } = await signedIn()
  const answer = client.read(await decide(gateway, await client.authorizationUrl(), allow()))
  await clock.advance(wait)
  expect(await oauthError(client.exchange(answer, redirectUri, verifier ?? client.verifier))).toBe('invalid_grant')
  expect(await oauthError(client.exchange(answer))).toBe('invalid_grant')
})

test('a code is for the client and the redirect URI it was given to', async () => {
  const { gateway, client } = await signedIn()
  const thief = await TestClient.register(gateway)
  const stolen = client.read(await decide(gateway, await client.authorizationUrl(), allow()))
  expect(await oauthError(thief.exchange(stolen, redirectUri, client.verifier))).toBe('invalid_grant')
  const answer = client.read(await decide(gateway, await client.authorizationUrl(), allow()))
  expect(await oauthError(client.exchange(answer, 'http://127.0.0.1:3998/callback'))).toBe('invalid_grant')
})

test('a refresh token of another client is refused and stays good for its own', async () => {
  const { gateway, client, tokens } = await signedIn()
  const thief = await TestClient.register(gateway)
  expect(await oauthError(thief.refresh(tokens.refresh))).toBe('invalid_grant')
  expect((await client.refresh(tokens.refresh)).access).toBeTruthy()
})

test.each(['access', 'refresh'] as const)(
  'revoking the %s token ends both (RFC 7009), by its own client only',
  async (which) => {
    const { gateway, client, tokens, works } = await signedIn()
    const stranger = await TestClient.register(gateway)
    expect(await oauthError(stranger.revoke(tokens[which]))).toBe('unauthorized_client')
    expect(await works(tokens.access)).toBe(true)
    await client.revoke(tokens[which])
    await client.revoke('unknown')
    expect(await works(tokens.access)).toBe(false)
    expect(await oauthError(client.refresh(tokens.refresh))).toBe('invalid_grant')
  }
)

test('a client that was revoked is unknown at its next request, and everything of it is gone', async () => {
  const { gateway, client, tokens, works } = await signedIn()
  expect(await gateway.call('clients.list', {})).toMatchObject({
    clients: [{ name: 'Test client', servers: ['notes'] }]
  })
  expect(await gateway.call('clients.revoke', { client: 'test CLIENT' })).toEqual({ name: 'Test client' })
  expect(await works(tokens.access)).toBe(false)
  expect(await oauthError(client.refresh(tokens.refresh))).toBe('invalid_client')
  expect((await gateway.call('clients.list', {})).clients).toEqual([])
})

test('registrations nobody approved are gone after a day, approved ones stay', async () => {
  const { clock, gateway, client } = await signedIn()
  const idle = await TestClient.register(gateway)
  await clock.advance(day + 10 * minute)
  expect(await gateway.vault.local.client(idle.client.client_id)).toBeNull()
  expect(await gateway.vault.local.client(client.client.client_id)).not.toBeNull()
})

test('a client that was allowed and never came for its code is listed as long as it may come, and then no more', async () => {
  const { clock, gateway, client } = await signedIn()
  const listed = async () => (await gateway.call('clients.list', {})).clients.map(({ name }) => name)
  const late = await TestClient.register(gateway, { client_name: 'Late' })
  const answer = late.read(await decide(gateway, await late.authorizationUrl(), allow()))
  await clock.advance(10 * minute - 1)
  expect(await listed()).toEqual(['Late', 'Test client'])
  await clock.advance(1)
  expect(await listed()).toEqual(['Test client'])
  const { revision } = gateway.access.view()
  await clock.advance(10 * minute)
  expect(gateway.access.view().revision).toBeGreaterThan(revision)
  expect(await oauthError(late.exchange(answer))).toBe('invalid_grant')
  await clock.advance(31 * day)
  await gateway.restart()
  expect(await listed()).toEqual(['Test client'])
  expect(await gateway.vault.local.client(late.client.client_id)).toBeNull()
  expect(await gateway.vault.local.client(client.client.client_id)).not.toBeNull()
})
