// The account's name from the userinfo endpoint: asked for only where it is missing, and never a reason to fail.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeServer, metadataOf, type Reply, startFakeServer } from '../fakes/authorizationServer.ts'
import { begin, browse, configOf, setUp, signInFully } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
  list(`${fake.origin}/userinfo`)
  fake.script('/userinfo', { body: { sub: '1', email: 'ann@example.com' } })
})
afterEach(() => fake.stop())

const list = (userinfo_endpoint: unknown) =>
  fake.script('/.well-known/oauth-authorization-server', { body: { ...metadataOf(fake.origin), userinfo_endpoint } })
const signIn = (scope = 'openid read') => signInFully(setUp().oauth, configOf(fake.mcp, { scope }))

test('the endpoint is asked with the new token where no ID token named the account', async () => {
  expect((await signIn()).account).toBe('ann@example.com')
  const [asked] = fake.to('/userinfo')
  expect([asked?.method, asked?.headers.authorization]).toEqual(['GET', expect.stringMatching(/^Bearer access-\d+$/)])
})

test('not where the ID token told it, not without the scope, not where none is listed', async () => {
  await signIn('read')
  const claims = Buffer.from('{"name":"Bea"}').toString('base64url')
  fake.script('/token', { body: { access_token: 'a', expires_in: 3600, id_token: `e30.${claims}.` } })
  expect((await signIn()).account).toBe('Bea')
  fake.script('/token', { body: { access_token: 'a', expires_in: 3600 } })
  for (const useless of [undefined, 7, 'ftp://x.example/', 'no address']) {
    list(useless)
    expect((await signIn()).account).toBeUndefined()
  }
  expect(fake.to('/userinfo')).toEqual([])
})

test.each<[string, Reply]>([
  ['a refusal', { status: 403, body: { error: 'insufficient_scope' } }],
  ['an error', { status: 500 }],
  ['a signed answer', { headers: { 'content-type': 'application/jwt' }, body: 'e30.e30.x' }],
  ['a list', { body: ['ann'] }],
  ['a name that would steer a terminal', { body: { email: 'a\u001b[2Jb' } }],
  ['a cut line', 'cut'],
  ['a body without an end', 'endless']
])('%s costs the name and nothing else', async (_, reply) => {
  fake.script('/userinfo', reply)
  const grant = await signIn()
  expect([grant.account, grant.tokenType]).toEqual([undefined, 'Bearer'])
})

test('an endpoint that never answers is waited for five seconds', async () => {
  fake.script('/userinfo', 'hang')
  const { clock, oauth } = setUp()
  const started = await begin(oauth, configOf(fake.mcp, { scope: 'openid' }))
  const arrived = fake.arrived('/userinfo')
  await browse(started)
  await arrived
  clock.advance(5000)
  expect((await started.grant).account).toBeUndefined()
})
