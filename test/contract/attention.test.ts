// Which servers need a person, and the counts in words: alike in every door.
import { expect, test } from 'vitest'
import { needsYou, sayAttention } from '../../app/contract/attention.ts'
import type { ServerView } from '../../app/contract/views.ts'
import { sayCancelled } from '../../app/health/words.ts'
import { healthyView } from '../fakes/view.ts'

const ended = (detail: string) => ({ at: 1, kind: 'signInFailed', fault: null, detail, expiresAt: null }) as const
const signedOut = { light: 'grey', state: 'signedOut', action: 'signIn', lastEvent: null } as const
const failed = { ...signedOut, lastEvent: ended('The client was refused.') } as const

test.each<[string, Partial<ServerView>, boolean]>([
  ['healthy', {}, false],
  ['red', { light: 'red', state: 'needsUser', action: 'signIn' }, true],
  ['amber', { light: 'amber' }, false],
  ['never signed in', signedOut, false],
  ['the first sign-in failed', failed, true],
  ['its client was refused', { ...failed, action: 'fixSettings' }, true],
  ['the first sign-in was cancelled', { ...signedOut, lastEvent: ended(sayCancelled(false)) }, false],
  ['a new sign-in runs', { ...failed, state: 'signingIn' }, false],
  ['paused', { ...failed, paused: true }, false]
])('%s', (_, change, expected) => {
  expect(needsYou(healthyView({ id: 'a', ...change }))).toBe(expected)
})

test.each([
  [0, 0, ''],
  [1, 0, '1 server needs you'],
  [2, 1, '2 servers need you, 1 has a problem'],
  [1, 2, '1 server needs you, 2 have problems'],
  [0, 1, '1 server has a problem'],
  [0, 2, '2 servers have problems']
])('%i and %i: %s', (needing, troubled, words) => {
  expect(sayAttention(needing, troubled)).toBe(words)
})
