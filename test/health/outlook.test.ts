// What becomes of a server until some time without a person, from each end that is known, and from none.
// Times are minutes from now, so that a case reads as a timetable.
import { describe, expect, test } from 'vitest'
import type { ServerView } from '../../app/contract/views.ts'
import { type Circumstances, needsPerson, outlookOf, troubles, withVerdict } from '../../app/health/outlook.ts'
import { healthyView } from '../fakes/view.ts'

const minute = 60_000
const now = 1_000_000 * minute
const at = (minutes: number) => now + minutes * minute
const time = (moment: number) => `T${(moment - now) / minute}`

const look = (change: Partial<ServerView>, forMinutes = 480, circumstances: Partial<Circumstances> = {}) =>
  outlookOf(healthyView({ id: 'a', obtainedAt: at(-10), ...change }), {
    now,
    until: at(forMinutes),
    isKept: true,
    isRefreshed: false,
    time,
    ...circumstances
  })

const lone = { renewable: false, expiresAt: at(59) } as const
const fixed = { refreshExpiresAt: at(120), refreshExtends: false } as const
const retrying = { state: 'waiting', light: 'amber', words: 'Retrying', expiresAt: at(20) } as const

const cases: [string, Partial<ServerView>, number, ReturnType<typeof look>['trouble'], string][] = [
  ['nobody said when it ends', {}, 480, null, 'Signed in, no known end'],
  ['client credentials have no end', { grantKind: 'clientCredentials' }, 480, null, 'Signs in by itself'],
  ['an access token that ends is refreshed', { expiresAt: at(1) }, 480, null, 'no known end'],
  ['one that ended is refreshed when it is used', { expiresAt: at(-1) }, 480, null, 'no known end'],
  ['no refresh token, ends too early', lone, 480, 'tokenEnds', 'Sign in again before T59'],
  ['no refresh token, lasts long enough', lone, 30, null, 'Token valid until T59; there is no refresh token'],
  ['no refresh token, ends at that very moment', lone, 59, 'tokenEnds', 'before T59'],
  ['no refresh token, over', { ...lone, expiresAt: at(-5) }, 0, 'tokenEnds', 'the token expired at T-5'],
  [
    'no refresh token, a guessed end',
    { ...lone, expirySource: 'guess' },
    480,
    null,
    'Token valid, no known end; there is no refresh token'
  ],
  [
    'a guessed end that is over',
    { ...lone, expiresAt: at(-1), expirySource: 'guess' },
    0,
    'tokenEnds',
    'expired at T-1'
  ],
  ['a token by hand without an end', { ...lone, expiresAt: null, grantKind: 'staticToken' }, 480, null, 'no known end'],
  [
    'a token by hand that ends',
    { ...lone, grantKind: 'staticToken' },
    480,
    'tokenEnds',
    'Replace the token before T59'
  ],
  ['a fixed end of the refresh token', fixed, 480, 'signInEnds', 'before T120: the refresh token expires'],
  ['the same, but later than asked for', fixed, 60, null, 'Signed in until T120'],
  ['paused', { paused: true, state: 'fresh', words: 'Paused' }, 0, 'paused', 'Paused'],
  [
    'a person is needed',
    { action: 'signIn', state: 'needsUser', words: 'Not signed in' },
    0,
    'personNeeded',
    'Not signed in'
  ],
  ['settings are refused', { action: 'fixSettings', words: 'Settings need fixing' }, 0, 'personNeeded', 'Settings'],
  ['never signed in, and nobody asks', { obtainedAt: null, words: 'Signing in…' }, 0, 'personNeeded', 'Signing in…'],
  ['each client signs in itself', { obtainedAt: null, mode: 'passThrough' }, 480, null, 'Each client'],
  ['refreshes fail, the token is good until then', retrying, 10, null, 'no known end'],
  ['refreshes fail, the token ends before', retrying, 480, 'retrying', 'Retrying; the token expires at T20'],
  ['refreshes fail, the token is over', { ...retrying, expiresAt: at(-2) }, 0, 'retrying', 'the token expired at T-2']
]

test.each(cases)('%s', (_, change, forMinutes, trouble, words) => {
  const found = look(change, forMinutes)
  expect(found.trouble).toBe(trouble)
  expect(found.words).toContain(words)
})

describe('an end of the refresh token that refreshing may move', () => {
  const sliding = { refreshExpiresAt: at(30), refreshExtends: true }
  test('is the end as long as no refresh has moved it', () => {
    expect(look(sliding)).toEqual({
      trouble: 'signInEnds',
      endsAt: at(30),
      words:
        'Sign in again before T30: the refresh token expires, unless a refresh extends it, which none has shown yet'
    })
  })
  test('is none once one has, while Tokentray runs and refreshes in time', () => {
    expect(look(sliding, 480, { isRefreshed: true })).toMatchObject({ trouble: null, endsAt: at(30) })
    expect(look(sliding, 480, { isRefreshed: true, isKept: false })).toMatchObject({
      trouble: 'signInEnds',
      words: expect.stringContaining('unless Tokentray runs')
    })
    expect(look(sliding, 20, { isRefreshed: true, isKept: false }).trouble).toBeNull()
  })
})

test('a server that was asked itself: refused, not working, or good; other trouble comes first', () => {
  const view = healthyView({ id: 'a' })
  const well = look({})
  const outage = { kind: 'unreachable', since: at(-3), detail: 'ECONNREFUSED' } as const
  expect(withVerdict(well, view, 'accepted', '', time)).toEqual({
    ...well,
    words: 'Signed in, no known end; the server answered'
  })
  expect(withVerdict(well, view, 'rejected', 'No.', time)).toMatchObject({ trouble: 'tokenRejected', words: 'No.' })
  expect(withVerdict(well, view, 'unknown', 'HTTP 404.', time)).toMatchObject({
    trouble: 'serverDown',
    words: 'HTTP 404.'
  })
  expect(withVerdict(well, { ...view, outage }, 'unknown', '', time).words).toContain('since T-3')
  const ending = look(lone)
  expect(withVerdict(ending, { ...view, outage }, 'rejected', '', time)).toBe(ending)
})

test('only what may pass by itself needs no person', () => {
  expect(troubles.filter((trouble) => !needsPerson(trouble))).toEqual(['retrying', 'serverDown'])
})
