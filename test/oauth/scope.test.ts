// Scopes that a server separates by commas, where RFC 6749 has spaces, and those that hold a comma themselves.
import { expect, test } from 'vitest'
import { serverConfig } from '../../app/contract/serverConfig.ts'
import { tokensAfter } from '../../app/keeper/refresh.ts'
import { newGrant } from '../../app/oauth/newGrant.ts'
import type { RegisteredClient } from '../../app/oauth/registration.ts'
import { separateCommas, validScopesIn } from '../../app/oauth/scope.ts'
import { grantAt, tokensAt } from '../fakes/oauth.ts'

test.each([
  ['Slack', 'chat:write,search:read', null, 'chat:write search:read'],
  ['GitHub', 'repo,gist', null, 'repo gist'],
  ['Strava, asked for both', 'read,activity:read', 'read activity:read', 'read activity:read'],
  ['some were not granted', 'read,activity:read', 'activity:read admin', 'read activity:read'],
  ['an empty part', 'repo,,gist,', null, 'repo gist'],
  ['a comma and a space', 'read, write', null, 'read write'],
  ['a comma and a space, granted before', 'read, write', 'read, write', 'read write'],
  ['a space and a comma', 'read ,user:email , write', null, 'read user:email write'],
  ['a comma with and without a space', 'repo,gist, user', null, 'repo gist user'],
  ['a comma at the end', 'read,', null, 'read'],
  ['GitHub, of several shapes', 'repo,gist,user:email', null, 'repo gist user:email'],
  ['GitHub, sorted', 'admin:org,gist,read:user,repo', null, 'admin:org gist read:user repo'],
  ['addresses and words', 'https://a.test/x,email', null, 'https://a.test/x email'],
  ['two colons everywhere', 'read:jira:a,write:jira:b', null, 'read:jira:a write:jira:b'],
  [
    'Docker’s scopes in a list',
    'repository:a/b:pull,push, registry:catalog:*',
    null,
    'repository:a/b:pull,push registry:catalog:*'
  ],
  ['Google', 'https://a.test/x,https://a.test/y', null, 'https://a.test/x https://a.test/y']
])('%s: commas separate', (_, granted, asked, expected) => {
  expect(separateCommas(granted, asked)).toBe(expected)
})

test.each([
  ['Docker’s registries', 'repository:a/b:pull,push', null],
  ['Docker’s, three of them', 'repository:a/b:pull,push,delete', null],
  ['Docker’s, with a port', 'repository:a.test:5000/b:pull,push', null],
  ['Docker’s, two scopes', 'repository:a/b:pull,push repository:c/d:pull,push', null],
  ['asked for as it is', 'read,write', 'read,write'],
  ['there are spaces', 'files:read,write users', null],
  ['JSON', '{"a":1,"b":2}', null],
  ['none', 'read', null],
  ['nothing', null, 'read,write']
])('%s: no comma separates', (_, granted, asked) => {
  expect(separateCommas(granted, asked)).toBe(granted)
})

test('a challenge with commas and spaces asks for each scope, and commas alone grant none', () => {
  expect(validScopesIn('read, write')).toEqual(['read', 'write'])
  expect(validScopesIn('repository:a/b:pull,push')).toEqual(['repository:a/b:pull,push'])
  expect(separateCommas(' , ,', 'read')).toBeNull()
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
