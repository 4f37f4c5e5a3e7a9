// Which tokens only a person can replace, and where a refresh is offered: alike in every door.
import { expect, test } from 'vitest'
import { canRefresh, endingOf } from '../../app/contract/renewal.ts'
import type { ServerView } from '../../app/contract/views.ts'
import { healthyView } from '../fakes/view.ts'

const viewWith = (change: Partial<ServerView> = {}) => healthyView({ id: 'a', ...change })
const down = { kind: 'silent', since: 1000, detail: 'timeout' } as const
const lone = { renewable: false, expiresAt: 5000 } as const

test.each([
  ['a sign-in without a refresh token', lone, { remedy: 'Sign in again', at: 5000 }],
  ['a static token', { ...lone, grantKind: 'staticToken' }, { remedy: 'Replace the token', at: 5000 }],
  ['it is renewed', { ...lone, renewable: true }, null],
  ['no known end', { ...lone, expiresAt: null }, { remedy: 'Sign in again', at: null }],
  ['a static token without a known end', { ...lone, expiresAt: null, grantKind: 'staticToken' }, null],
  ['a guessed end', { ...lone, expirySource: 'guess' }, null],
  ['a person is needed now', { ...lone, state: 'needsUser', light: 'red' }, null],
  ['the server is down', { ...lone, light: 'amber', outage: down }, { remedy: 'Sign in again', at: 5000 }],
  ['it is over, and nobody looked after it', { ...lone, light: 'amber' }, null],
  ['paused', { ...lone, paused: true }, null],
  ['signing in', { ...lone, state: 'signingIn' }, null]
] as const)('%s', (_, change, expected) => {
  expect(endingOf(viewWith(change))).toEqual(expected)
})

test('a refresh is offered where there is something to refresh with and it was not refused for good', () => {
  expect(canRefresh(viewWith())).toBe(true)
  expect(canRefresh(viewWith(lone))).toBe(false)
  const refused = { state: 'needsUser', fault: 'refused', action: 'signIn', light: 'red' } as const
  expect(canRefresh(viewWith({ ...refused, nextAt: null }))).toBe(false)
  expect(canRefresh(viewWith({ ...refused, nextAt: 9000 }))).toBe(true)
})
