// Which settings of a new server belong together: each rule broken once, and settings that break none.
// The sentences for them are tested where they are made: at the command line and in servers/newServer.ts.
import { expect, test } from 'vitest'
import { findBrokenRule, type GivenSettings, grantKindOf } from '../../app/contract/newServer.ts'

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
