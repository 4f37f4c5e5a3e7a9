// FM-25: planted secrets are looked for in everything OAuth gives out: outcomes, errors, pages, sentences, views of grants.
import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Secret } from '../../app/base/secret.ts'
import { type FakeServer, type Reply, startFakeServer } from '../fakes/authorizationServer.ts'
import { begin, browse, configOf, grantOf, never, setUp } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

const canary = (name: string) => `CANARY-${name}-5d41402abc4b2a76`
const echo = ['refresh', 'access', 'secret', 'code'].map(canary).join(' ')

const replies: Reply[] = [
  { body: { access_token: canary('access'), refresh_token: canary('refresh'), scope: 'read' } },
  { status: 400, body: { error: 'invalid_grant', error_description: echo } },
  { status: 400, body: { error: canary('refresh'), error_description: echo } },
  { status: 401, body: { error: 'invalid_client', error_description: echo } },
  { status: 400, body: { error: 'invalid_target', error_description: echo } },
  { status: 400, body: { access_token: canary('access'), error: 'x' } },
  { status: 503, headers: { 'retry-after': canary('refresh') }, body: echo },
  { status: 302, headers: { location: `/x?${canary('refresh')}` } },
  { body: `<html>${echo}` },
  { body: `{"access_token":"${canary('access')}` },
  'cut',
  'cutBody'
]

const printed = (value: unknown) => {
  const error = value instanceof Error ? `${value.message} ${value.stack}` : ''
  return `${error} ${String(value)} ${JSON.stringify(value)} ${inspect(value, { depth: 12, showHidden: true, getters: true })}`
}

test.each(replies)('FM-25 %#: nothing planted comes out', async (reply) => {
  fake.script('/token', reply)
  fake.script('/revoke', reply)
  fake.script('/register', {
    body: { client_id: 'c', client_secret: canary('secret'), token_endpoint_auth_method: 'client_secret_post' }
  })
  fake.script('/authorize', ({ form }) => {
    const query = new URLSearchParams({ code: canary('code'), state: form.get('state') ?? '' })
    return { status: 302, headers: { location: `${form.get('redirect_uri')}?${query}` } }
  })
  const { oauth, registrations } = setUp()
  const signIn = await begin(oauth, configOf(fake.mcp))
  const page = await browse(signIn)
  const grant = grantOf(
    fake.origin,
    { accessToken: new Secret(canary('access')), refreshToken: new Secret(canary('refresh')) },
    { clientSecret: new Secret(canary('secret')), clientAuth: 'client_secret_basic' }
  )
  const results = [
    page,
    await signIn.grant.catch((error: unknown) => error),
    await oauth.renew(configOf(fake.mcp), grant, never),
    await oauth.revoke(configOf(fake.mcp), grant, never),
    registrations.rows,
    signIn
  ]
  expect(
    fake
      .to('/token')
      .map(({ body }) => body)
      .join()
  ).toContain('CANARY')
  for (const result of results) expect(printed(result)).not.toContain('CANARY')
})
