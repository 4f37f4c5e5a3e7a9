// A new server's URL as people type it, and which of its settings belong together: each rule broken once, or none.
// The sentences for them are tested where they are made: at the command line and in servers/newServer.ts.
import { expect, test } from 'vitest'
import { findBrokenRule, type GivenSettings, grantKindOf, withScheme } from '../../app/contract/newServer.ts'

const client = { clientId: 'c', clientSecret: 's' }
const assertion = { file: '/a' }

test.each<[GivenSettings, ReturnType<typeof findBrokenRule>]>([
  [{ clientAuth: 'private_key_jwt' }, 'keyNeedsClient'],
  [{ clientSecret: 's' }, 'secretNeedsClient'],
  [{ grantKind: 'clientCredentials', clientId: 'c' }, 'clientCredentialsNeedClient'],
  [{ grantKind: 'clientCredentials', ...client, accessToken: 'a' }, 'clientCredentialsExcludeTokens'],
  [{ grantKind: 'jwtBearer', assertion }, 'assertionNeedsClient'],
  [{ grantKind: 'jwtBearer', clientId: 'c' }, 'assertionNeeded'],
  [{ grantKind: 'jwtBearer', clientId: 'c', assertion, refreshToken: 'r' }, 'assertionExcludesOthers'],
  [{ grantKind: 'clientCredentials', ...client, assertion }, 'assertionExcludesOthers'],
  [{ identityProvider: { tokenEndpoint: 't', clientId: 'c' } }, 'assertionExcludesOthers'],
  [{ identityProviderSecret: 's' }, 'providerSecretNeedsProvider'],
  [{ grantKind: 'refreshToken' }, 'refreshTokenNeeded'],
  [{ refreshToken: 'r' }, 'refreshTokenNeedsEndpoint'],
  [{ grantKind: 'staticToken' }, 'tokenNeeded'],
  [{}, null],
  [client, null],
  [{ grantKind: 'clientCredentials', ...client }, null],
  [{ grantKind: 'clientCredentials', clientId: 'c', clientAuth: 'private_key_jwt' }, null],
  [{ grantKind: 'jwtBearer', clientId: 'c', assertion }, null],
  [{ refreshToken: 'r', tokenEndpoint: 't' }, null],
  [{ accessToken: 'a' }, null]
])('%j breaks %s', (given, rule) => {
  expect(findBrokenRule(given)).toBe(rule)
})

test('without a kind, the tokens that are given say which', () => {
  expect(grantKindOf({})).toBe('authorizationCode')
  expect(grantKindOf({ accessToken: 'a' })).toBe('staticToken')
  expect(grantKindOf({ accessToken: 'a', refreshToken: 'r' })).toBe('refreshToken')
  expect(grantKindOf({ grantKind: 'jwtBearer', accessToken: 'a' })).toBe('jwtBearer')
})

test.each([
  ['mcp.linear.app/mcp', 'https://mcp.linear.app/mcp'],
  [' mcp.linear.app ', 'https://mcp.linear.app'],
  ['//mcp.linear.app/mcp', 'https://mcp.linear.app/mcp'],
  ['example.com:8443/mcp?team=a', 'https://example.com:8443/mcp?team=a'],
  ['localhost:27300/mcp', 'http://localhost:27300/mcp'],
  ['LOCALHOST', 'http://LOCALHOST'],
  ['tools.localhost/mcp', 'http://tools.localhost/mcp'],
  ['127.0.0.1:3000', 'http://127.0.0.1:3000'],
  ['[::1]:3000/mcp', 'http://[::1]:3000/mcp'],
  // Only look like this computer: nothing is sent to them unencrypted.
  ['localhost.example.com/mcp', 'https://localhost.example.com/mcp'],
  ['localhostess/mcp', 'https://localhostess/mcp'],
  ['127.0.0.1.example.com', 'https://127.0.0.1.example.com'],
  ['192.168.1.5:3000/mcp', 'https://192.168.1.5:3000/mcp'],
  ['https://a.example/mcp', 'https://a.example/mcp'],
  ['HTTP://a.example/mcp', 'HTTP://a.example/mcp'],
  ['ftp://a.example', 'ftp://a.example'],
  ['', '']
])('%j means %j', (typed, url) => {
  expect(withScheme(typed)).toBe(url)
})
