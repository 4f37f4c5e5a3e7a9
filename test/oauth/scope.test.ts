// Scopes that a server separates by commas, where RFC 6749 has spaces, and those that hold a comma themselves.
import { expect, test } from 'vitest'
import { serverConfig } from '../../app/contract/serverConfig.ts'
import { tokensAfter } from '../../app/keeper/refresh.ts'
import { newGrant } from '../../app/oauth/newGrant.ts'
import type { RegisteredClient } from '../../app/oauth/registration.ts'
import { separateCommas } from '../../app/oauth/scope.ts'
import { grantAt, tokensAt } from '../fakes/oauth.ts'

test.each([
  ['Slack', 'chat:write,search:read', null, 'chat:write search:read'],
  ['GitHub', 'repo,gist', null, 'repo gist'],
  ['Strava, asked for both', 'read,activity:read', 'read activity:read', 'read activity:read'],
  ['some were not granted', 'read,activity:read', 'activity:read admin', 'read activity:read'],
  ['an empty part', 'repo,,gist,', null, 'repo gist'],
  ['Google', 'https://a.test/x,https://a.test/y', null, 'https://a.test/x https://a.test/y']
])('%s: commas separate', (_, granted, asked, expected) => {
  expect(separateCommas(granted, asked)).toBe(expected)
})

test.each([
  ['Docker’s registries', 'repository:a/b:pull,push', null],
  ['asked for as it is', 'read,write', 'read,write'],
  ['there are spaces', 'files:read,write users', null],
  ['JSON', '{"a":1,"b":2}', null],
  ['none', 'read', null],
  ['nothing', null, 'read,write']
])('%s: no comma separates', (_, granted, asked) => {
  expect(separateCommas(granted, asked)).toBe(granted)
})

test('a sign-in and a refresh both keep them apart, beside what was asked for and what was granted before', () => {
  const tokens = tokensAt(0, 1)
  const said = { ...tokens, scope: 'read,activity:read' }
  const config = serverConfig.parse({ id: 'a', name: 'a', url: 'https://a.test/mcp', grantKind: 'authorizationCode' })
  const { shape } = grantAt(0)
  const own = { isKept: false, callback: null, otherMethods: [], scopes: null }
  const client: RegisteredClient = { ...shape, ...own, clientId: 'c', registration: 'dynamic' }
  const discovery = { server: { issuer: 'https://a.test' }, resource: null }
  const asked = 'read activity:read'
  expect(newGrant({ tokens: said, config, discovery, client, scope: asked, prover: null }).scope).toBe(asked)
  expect(newGrant({ tokens, config, discovery, client, scope: asked, prover: null }).scope).toBe(asked)
  expect(tokensAfter({ ...tokens, scope: asked }, said).scope).toBe(asked)
  expect(tokensAfter({ ...tokens, scope: said.scope }, said).scope).toBe(said.scope)
})
