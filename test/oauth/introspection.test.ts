// Whether a token is alive, asked where the MCP server leaves it open (RFC 7662): told where it is known, and only there.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeServer, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'
import { configOf, grantOf, never, setUp } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
  fake.script('/.well-known/oauth-authorization-server', {
    body: { ...metadataOf(fake.origin), introspection_endpoint: `${fake.origin}/introspect` }
  })
})
afterEach(() => fake.stop())

function verify(shape: Parameters<typeof grantOf>[2] = {}) {
  const grant = grantOf(fake.origin, {}, shape)
  return setUp().oauth.verify(configOf(fake.mcp), { ...grant, dpopKey: null }, grant.shape, never)
}

test('is asked of the token’s own authorization server where the MCP server says nothing about the token', async () => {
  fake.script('/mcp', { status: 503 })
  fake.script('/introspect', { body: { active: false } })
  expect(await verify()).toMatchObject({ verdict: 'rejected', sentence: expect.stringContaining('no longer valid') })
  expect(Object.fromEntries(fake.to('/introspect')[0]?.form ?? [])).toMatchObject({
    token: 'old-access',
    token_type_hint: 'access_token',
    client_id: 'client-0'
  })
  fake.script('/introspect', { body: { active: true } })
  expect(await verify()).toMatchObject({ verdict: 'unknown', sentence: expect.stringContaining('token is valid') })
})

test('an answer that is none leaves it open, and the MCP server’s own word needs no other', async () => {
  fake.script('/mcp', { status: 503 })
  for (const reply of [{ status: 401 }, { body: '<h1>' }, { body: { active: 'yes' } }, 'cut'] as const) {
    fake.script('/introspect', reply)
    expect(await verify()).toMatchObject({ verdict: 'unknown', sentence: expect.not.stringContaining('valid') })
  }
  expect(await verify({ issuer: 'https://another.example' })).toMatchObject({ verdict: 'unknown' })
  const asked = fake.to('/introspect').length
  fake.script('/mcp', { body: { jsonrpc: '2.0', id: 1, result: {} } })
  expect(await verify()).toMatchObject({ verdict: 'accepted' })
  expect(fake.to('/introspect')).toHaveLength(asked)
})
