// The health machine: DESIGN's fault table row by row, and properties over generated histories.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Fault, type FaultReport, faults, type GrantFacts, type Health } from '../../app/contract/health.ts'
import { type Context, type HealthEvent, transition } from '../../app/health/machine.ts'
import { isDue, newHealth, plannedAt } from '../../app/health/questions.ts'
import { defaultSchedule } from '../../app/health/schedule.ts'
import { detailOf, historyOf, lightOf, warningsOf, wordsOf } from '../../app/health/words.ts'

const minute = 60_000
const start = Date.UTC(2026, 0, 2, 12)
const time = (at: number) => new Date(at).toISOString().slice(11, 16)
const facts = (change: Partial<GrantFacts> = {}): GrantFacts => ({
  generation: 1,
  obtainedAt: start,
  expiresAt: start + 60 * minute,
  expirySource: 'stated',
  refreshExpiresAt: null,
  refreshExtends: true,
  renewable: true,
  restored: false,
  ...change
})
const at = (now: number): Context => ({ now, roll: 0.5, schedule: defaultSchedule })

/** Runs events, each with its time in ms after the start. */
function run(steps: [number, HealthEvent][], health: Health = newHealth) {
  let effect: string | null = null
  for (const [after, event] of steps) ({ health, effect } = transition(health, event, at(start + after)))
  return { health, effect }
}
const failed = (fault: Fault, after: number, more: Partial<FaultReport> = {}): [number, HealthEvent] => [
  after,
  { type: 'failed', report: { fault, at: start + after, detail: 'HTTP 503', ...more } }
]
const signedIn: [number, HealthEvent] = [0, { type: 'signedIn', grant: facts() }]
const due: [number, HealthEvent] = [50 * minute, { type: 'due' }]

describe('the fault table', () => {
  test.each(['offline', 'busy', 'garbled'] as const)('FM-05 %s waits, keeps the grant and tries again', (fault) => {
    const { health } = run([signedIn, due, failed(fault, 50 * minute + 100)])
    expect(health.state).toMatchObject({ kind: 'waiting', attempt: 1 })
    expect(plannedAt(health)).toBe(start + 50 * minute + 100 + 10_000)
    expect(health.grant).toEqual(facts())
    expect(lightOf(health, start)).toBe('amber')
    expect(wordsOf(health, start)).toContain('Retrying · attempt 1')
  })

  test('busy respects Retry-After', () => {
    const { health } = run([signedIn, due, failed('busy', 50 * minute, { retryAfter: 60_000 })])
    expect(plannedAt(health)).toBe(start + 51 * minute)
  })

  test('a reply that is none of OAuth is no death, and past the end of the token the way out is named', () => {
    const garbled = [...Array(9).keys()].flatMap((n): [number, HealthEvent][] => [
      [(50 + 6 * n) * minute, { type: 'due' }],
      failed('garbled', (50 + 6 * n) * minute, { detail: 'HTTP 400' })
    ])
    const { health } = run([signedIn, ...garbled])
    expect(health).toMatchObject({ state: { kind: 'waiting', attempt: 9 }, dead: null })
    expect(detailOf(health, start + 59 * minute, time)).not.toContain('sign in again')
    expect(detailOf(health, start + 60 * minute, time)).toContain(
      'login page of a network. If this continues, sign in again.'
    )
  })

  test('FM-03 a lost reply is retried once immediately, despite the floor, and explained; then it is treated like a busy server', () => {
    const lost = run([signedIn, due, failed('lost', 50 * minute + 1)])
    expect(plannedAt(lost.health)).toBe(start + 50 * minute + 1)
    expect(detailOf(lost.health, start + 50 * minute, time)).toContain('may already have replaced the refresh token')
    const retry = run([[50 * minute + 1, { type: 'due' }]], lost.health)
    expect(retry.effect).toBe('refresh')
    const again = run([failed('lost', 50 * minute + 2)], retry.health)
    expect(plannedAt(again.health)! - start).toBeGreaterThan(50 * minute + 9000)
    const refused = run([failed('refused', 51 * minute)], { ...retry.health })
    expect(detailOf(refused.health, start, time)).toContain('was lost, and the server rejected')
  })

  test('FM-06 a rejected refresh token leads to a sign-in and is never retried', () => {
    const { health } = run([signedIn, due, failed('refused', 50 * minute, { detail: 'invalid_grant' })])
    expect(health.state).toMatchObject({ kind: 'needsUser', action: 'signIn', nextAt: null })
    expect(lightOf(health, start)).toBe('red')
    expect(detailOf(health, start + 51 * minute, time)).toBe(
      'The server rejected the refresh token at 12:50 (invalid_grant). The current token may still work until 13:00.'
    )
    for (const type of ['due', 'asked', 'poked'] as const)
      expect(run([[99 * minute, { type }]], health).effect).toBeNull()
    expect(health.grant).not.toBeNull()
  })

  describe('FM-06 a refusal that does not say of what', () => {
    const hour = 60 * minute
    /** Refusals at these minutes, each of a refresh of its own. */
    const refusedAt = (minutes: [number, string?][], health: Health = run([signedIn]).health) =>
      minutes.reduce(
        (health, [after, detail = 'invalid_request']) =>
          run([[after * minute, { type: 'due' }], failed('unclear', after * minute, { detail })], health).health,
        health
      )
    const tries = (health: Health, from: number, count: number, fault: Fault = 'unclear') => {
      const at: number[] = []
      let now = from
      while (at.length < count) {
        now = plannedAt(health)! - start
        at.push(now)
        health = run([[now, { type: 'due' }], failed(fault, now, { detail: 'invalid_request' })], health).health
      }
      return { at, health }
    }

    test('waits like a busy server, then for the end of the access token', () => {
      const once = refusedAt([[50]])
      expect(once.state).toMatchObject({ kind: 'waiting', attempt: 1 })
      expect(plannedAt(once)).toBe(start + 50 * minute + 10_000)
      expect(wordsOf(once, start)).toBe('Retrying · attempt 1 · the server rejected the refresh')
      expect(lightOf(once, start)).toBe('amber')
      const often = refusedAt([[51], [52], [53]], once)
      expect(often.state).toMatchObject({ kind: 'waiting', nextAt: start + hour })
    })

    test('three times, and past the end of the access token, is a sign-in', () => {
      const { health } = tries(refusedAt([[50]]), 0, 3)
      expect(health.state).toMatchObject({ kind: 'needsUser', action: 'signIn', since: start + hour })
      expect(lightOf(health, start + hour)).toBe('red')
      expect(wordsOf(health, start + hour)).toBe('Sign-in needed: the server rejected the refresh')
      expect(detailOf(health, start + hour, time)).toBe(
        'The server rejected the refresh at 13:00 (invalid_request) without saying whether the refresh token is still valid. ' +
          'Sign in again. Until then, Tokentray retries every hour for a day, and then once a day. The last token expired at 13:00.'
      )
      expect(health.grant).not.toBeNull()
    })

    test('twice is not three times, however late', () => {
      expect(refusedAt([[61], [62]]).state).toMatchObject({ kind: 'waiting' })
      expect(refusedAt([[61], [62], [63]]).state).toMatchObject({ kind: 'needsUser' })
    })

    test('of a server that answers now so, now so, the same three count, and nothing else', () => {
      const [a, b, c] = ['invalid_request', 'access_denied', 'HTTP 400']
      const kindAfter = (codes: string[]) => refusedAt(codes.map((code, n) => [61 + 6 * n, code])).state.kind
      expect(kindAfter([a, b, a, b])).toBe('waiting')
      expect(kindAfter([a, b, c])).toBe('waiting')
      expect(kindAfter([a, b, a, b, a])).toBe('needsUser')
      const busy: [number, HealthEvent][] = [[67 * minute, { type: 'due' }], failed('busy', 67 * minute)]
      const between = run(busy, refusedAt([[61, a]])).health
      expect(between.state).toMatchObject({ kind: 'waiting', report: { fault: 'busy' } })
      expect(
        refusedAt(
          [
            [73, a],
            [79, a]
          ],
          between
        ).state.kind
      ).toBe('needsUser')
      // Any number of other codes is forgotten again.
      const many = refusedAt([...Array(40).keys()].map((n) => [61 + 6 * n, `code_${n}`]))
      expect(many.refusals).toHaveLength(8)
    })

    test.each(['refreshed', 'signedIn'] as const)('a count ends with %s', (type) => {
      const grant = facts({ generation: 2, obtainedAt: start + hour, expiresAt: start + hour })
      const { health } = run([[63 * minute, { type, grant }]], refusedAt([[61], [62]]))
      expect(health).toMatchObject({ refusals: [], dead: null })
      expect(refusedAt([[64], [65]], health).state.kind).toBe('waiting')
    })

    test('a restart goes on counting, and forgets nothing but what was of another grant', () => {
      const started = (generation: number): [number, HealthEvent] => [
        62 * minute,
        { type: 'started', grant: facts({ generation }), leftover: null }
      ]
      const counting = refusedAt([[61], [61.5]])
      expect(refusedAt([[63]], run([started(1)], counting).health).state.kind).toBe('needsUser')
      expect(run([started(2)], counting).health.refusals).toEqual([])
      const dead = refusedAt([[62]], counting)
      expect(run([started(1)], dead).health.state).toEqual(dead.state)
      // Killed in the middle of a try, or before its end was stored.
      const trying = run([[122 * minute, { type: 'due' }]], dead)
      expect(trying.effect).toBe('refresh')
      const later: [number, HealthEvent] = [123 * minute, { type: 'started', grant: facts(), leftover: null }]
      expect(run([later], trying.health).health.state).toMatchObject({
        kind: 'needsUser',
        nextAt: start + 183 * minute
      })
      expect(run([started(2)], dead).health).toMatchObject({ dead: null, state: { kind: 'fresh' } })
    })

    test('then tried hourly for a day and daily after, and said to be since the first', () => {
      const dead = refusedAt([[61], [62], [63]])
      const { at, health } = tries(dead, 0, 30)
      const gaps = at.map((now, n) => (now - (at[n - 1] ?? 63 * minute)) / hour)
      expect(gaps.slice(0, 24)).toEqual(Array(24).fill(1))
      expect(gaps.slice(24)).toEqual(Array(6).fill(24))
      expect(health.state).toMatchObject({ since: start + 63 * minute, report: { at: start + 63 * minute } })
      // The light does not turn green for the moment of a try.
      const trying = run([[plannedAt(health)! - start, { type: 'due' }]], health).health
      expect(lightOf(trying, plannedAt(health)!)).toBe('amber')
    })

    test('a server that is busy meanwhile is asked no sooner', () => {
      for (const fault of ['busy', 'offline', 'garbled'] as const) {
        const { health } = tries(refusedAt([[61], [62], [63]]), 0, 3, fault)
        expect(health.state).toMatchObject({ kind: 'needsUser', action: 'signIn', since: start + 63 * minute })
        expect(historyOf(health, { fault, at: start, detail: 'HTTP 503' })).not.toContain('rejected')
      }
    })

    test('a new token or a sign-in ends it, a person may ask, and the clock may go back', () => {
      const dead = refusedAt([[61], [62], [63]])
      expect(run([[64 * minute, { type: 'asked' }]], dead).effect).toBe('refresh')
      expect(run([[64 * minute, { type: 'poked' }]], dead).effect).toBeNull()
      const fresh: [number, HealthEvent] = [64 * minute, { type: 'refreshed', grant: facts({ generation: 2 }) }]
      expect(run([fresh], dead).health).toMatchObject({ state: { kind: 'fresh' }, dead: null })
      expect(run([[64 * minute, { type: 'signedIn', grant: facts() }]], dead).health.dead).toBeNull()
      const [back, soon] = [-100 * minute, -99 * minute]
      const again = run([[back, { type: 'due' }], [soon, { type: 'due' }], failed('unclear', soon)], dead).health
      expect(again.state.kind).toBe('needsUser')
      expect(isDue(again, start - 98 * minute, defaultSchedule)).toBe(false)
    })

    test('words of a server’s own that name the refresh token are believed at once, and RFC 6749’s for good', () => {
      const own = run([
        signedIn,
        due,
        failed('refused', 50 * minute, { detail: 'token_revoked', inOwnWords: true })
      ]).health
      expect(own.state).toMatchObject({ kind: 'needsUser', action: 'signIn', nextAt: start + 110 * minute })
      expect(wordsOf(own, start)).toBe('Sign-in needed: the server rejected the refresh token')
      const final = run([[110 * minute, { type: 'due' }], failed('refused', 110 * minute)], own).health
      expect(final).toMatchObject({ dead: null, state: { kind: 'needsUser', nextAt: null } })
    })

    test('settings change the plan as for a refusal of settings', () => {
      const dead = refusedAt([[61], [62], [63]])
      const schedule = { ...defaultSchedule, fixRetry: 10 * minute }
      const plan = (health: Health, now: number) =>
        plannedAt(transition(health, { type: 'rescheduled' }, { ...at(start + now), schedule }).health)
      expect(plan(dead, 64 * minute)).toBe(start + 74 * minute)
      expect(plan(tries(dead, 0, 26).health, 30 * hour)).toBeGreaterThan(start + 49 * hour)
    })
  })

  test('misconfigured says what to fix and is tried hourly', () => {
    const { health } = run([signedIn, due, failed('misconfigured', 50 * minute, { detail: 'invalid_client' })])
    expect(health.state).toMatchObject({ kind: 'needsUser', action: 'fixSettings', code: 'invalid_client' })
    expect(plannedAt(health)).toBe(start + 110 * minute)
    expect(run([[110 * minute, { type: 'due' }]], health).effect).toBe('refresh')
  })

  test('a registered client that the server forgot is a sign-in away, and meanwhile tried hourly and when asked', () => {
    const { health } = run([signedIn, due, failed('misconfigured', 50 * minute, { detail: 'client_forgotten' })])
    expect(health.state).toMatchObject({ kind: 'needsUser', action: 'signIn' })
    expect(wordsOf(health, start)).toContain('no longer recognizes this client')
    expect(detailOf(health, start + 51 * minute, time)).toContain(
      'did not recognize its registered client at 12:50. Sign in again'
    )
    expect(historyOf(health)).not.toContain('12:50')
    expect(plannedAt(health)).toBe(start + 110 * minute)
    expect(run([[51 * minute, { type: 'asked' }]], health).effect).toBe('refresh')
  })

  test('FM-04 an unsaved token is saved again, never refreshed again', () => {
    const { health } = run([signedIn, due, failed('unsaved', 50 * minute)])
    const step = run([[50 * minute + 20_000, { type: 'due' }]], health)
    expect(step.effect).toBe('save')
    expect(run([[50 * minute + 20_000, { type: 'asked' }]], health).effect).toBe('save')
  })

  test('a vault found unwritable before anything was sent is simply tried again', () => {
    const { health } = run([signedIn, due, failed('unsaved', 50 * minute, { unspent: true })])
    expect(detailOf(health, start, time)).toContain('No refresh was sent')
    expect(run([[51 * minute, { type: 'due' }]], health).effect).toBe('refresh')
  })
})

describe('the floor', () => {
  test("FM-07 applies to a person's clicks too, and across a restart", () => {
    const { health } = run([signedIn, due, [50 * minute + 100, { type: 'refreshed', grant: facts({ generation: 2 }) }]])
    const click = run([[50 * minute + 200, { type: 'asked' }]], health)
    expect(click.effect).toBeNull()
    expect(plannedAt(click.health)).toBe(start + 50 * minute + 10_000)
    const again = run(
      [[50 * minute + 300, { type: 'started', grant: facts({ generation: 2 }), leftover: null }]],
      health
    )
    expect(run([[50 * minute + 400, { type: 'asked' }]], again.health).effect).toBeNull()
  })
})

describe('sleep and clocks', () => {
  test('an hour-long token is due after eight hours of sleep', () => {
    const { health } = run([signedIn])
    expect(isDue(health, start + 8 * 60 * minute, defaultSchedule)).toBe(true)
  })

  test('a clock set back eight hours makes fresh and waiting servers due, not silent', () => {
    const back = start - 8 * 60 * minute
    expect(isDue(run([signedIn]).health, back, defaultSchedule)).toBe(true)
    expect(isDue(run([signedIn, due, failed('busy', 50 * minute)]).health, back, defaultSchedule)).toBe(true)
    expect(transition(run([signedIn]).health, { type: 'due' }, at(back)).effect).toBe('refresh')
  })

  test('a wake cuts the wait short, but not below the floor', () => {
    const { health } = run([signedIn, due, failed('offline', 50 * minute, { retryAfter: 600_000 })])
    expect(run([[50 * minute + 5000, { type: 'poked' }]], health).effect).toBeNull()
    expect(run([[50 * minute + 12_000, { type: 'poked' }]], health).effect).toBe('refresh')
  })
})

describe('restart', () => {
  test('keeps attempts, next time and last fault', () => {
    const { health } = run([
      signedIn,
      due,
      failed('busy', 50 * minute),
      [51 * minute, { type: 'due' }],
      failed('busy', 51 * minute)
    ])
    const restarted = run([[52 * minute, { type: 'started', grant: facts(), leftover: null }]], health)
    expect(restarted.health.state).toEqual(health.state)
    expect(restarted.health.state).toMatchObject({ attempt: 2 })
  })

  test('FM-03 a refresh that was in flight when the process ended is a lost reply, with its immediate retry', () => {
    const { health } = run([signedIn, due])
    const restarted = run([[55 * minute, { type: 'started', grant: facts(), leftover: start + 50 * minute }]], health)
    expect(restarted.health.state).toMatchObject({ kind: 'waiting', report: { fault: 'lost' } })
    expect(run([[55 * minute, { type: 'due' }]], restarted.health).effect).toBe('refresh')
  })

  test('remembers that refreshing does not extend the refresh token, or each start near its end would spend it', () => {
    const ending = facts({ refreshExpiresAt: start + 120 * minute })
    const refreshed: [number, HealthEvent] = [50 * minute, { type: 'refreshed', grant: { ...ending, generation: 2 } }]
    const { health } = run([[0, { type: 'signedIn', grant: ending }], due, refreshed])
    expect(health.grant?.refreshExtends).toBe(false)
    const stored = { ...ending, generation: 2 }
    const again = run([[51 * minute, { type: 'started', grant: stored, leftover: null }]], health).health
    expect(again.grant?.refreshExtends).toBe(false)
    const newer = { ...ending, generation: 3 }
    const other = run([[51 * minute, { type: 'started', grant: newer, leftover: null }]], health).health
    expect(other.grant?.refreshExtends).toBe(true)
  })

  test.each([
    ['stays', 0, false],
    ['stays, told as the seconds left and rounded up', 900, false],
    ['stays, told as the seconds left and rounded down', -999, false],
    ['comes nearer', -10 * minute, false],
    ['moves along', 50 * minute, true],
    ['moves along, told in whole seconds', 50 * minute - 999, true],
    ['is stated no more', null, true]
  ])('the end of the refresh token %s', (_, movedMs, isExtended) => {
    const end = start + 120 * minute
    const grant = facts({
      generation: 2,
      obtainedAt: start + 50 * minute,
      refreshExpiresAt: movedMs === null ? null : end + movedMs
    })
    const { health } = run([
      [0, { type: 'signedIn', grant: facts({ refreshExpiresAt: end }) }],
      due,
      [50 * minute, { type: 'refreshed', grant }]
    ])
    expect(health.grant?.refreshExtends).toBe(isExtended)
  })

  test('a restored grant is not tried before a person said so', () => {
    const { health } = run([[0, { type: 'started', grant: facts({ restored: true }), leftover: start }]])
    expect(health.state).toMatchObject({ kind: 'needsUser', code: 'restored' })
    expect(plannedAt(health)).toBeNull()
  })
})

test('FM-16 the old grant keeps being refreshed during a sign-in', () => {
  const { health } = run([signedIn, [1, { type: 'signInStarted' }]])
  expect(wordsOf(health, start)).toBe('Signing in…')
  expect(run([due], health).effect).toBe('refresh')
  const ended = run([[2, { type: 'signInEnded' }]], health)
  expect(ended.health.state.kind).toBe('fresh')
})

test('FM-09 a token without a refresh token leads to a sign-in when it expires, and not before', () => {
  const { health } = run([[0, { type: 'signedIn', grant: facts({ renewable: false }) }]])
  expect(run([[59 * minute, { type: 'due' }]], health).health.state.kind).toBe('fresh')
  const asked = run([[1 * minute, { type: 'asked' }]], health)
  expect(asked.health).toEqual(health)
  expect(lightOf(asked.health, start + 2 * minute)).toBe('green')
  expect(wordsOf(asked.health, start + 2 * minute)).toBe('Token valid, no refresh token')
  const endless = run([[0, { type: 'signedIn', grant: facts({ renewable: false, expiresAt: null }) }]]).health
  expect(wordsOf(endless, start)).toBe('Healthy')
  const ended = run([[60 * minute, { type: 'due' }]], health)
  expect(ended.health.state).toMatchObject({ kind: 'needsUser', code: 'noRefreshToken' })
  expect(ended.effect).toBeNull()
})

test('FM-07 paused servers are never due', () => {
  const { health } = run([signedIn, [1, { type: 'paused' }]])
  expect(isDue(health, start + 1e9, defaultSchedule)).toBe(false)
  expect(lightOf(health, start)).toBe('grey')
})

const fault = fc.constantFrom<Fault>(...faults)
const anyEvent = (now: number): fc.Arbitrary<HealthEvent> =>
  fc.oneof(
    fc.constantFrom<HealthEvent>(
      { type: 'due' },
      { type: 'asked' },
      { type: 'poked' },
      { type: 'paused' },
      { type: 'resumed' },
      { type: 'signInStarted' },
      { type: 'signInEnded' },
      { type: 'accepted' },
      { type: 'scopeNeeded' },
      { type: 'scopesDeclined' }
    ),
    fault.map((fault): HealthEvent => ({ type: 'failed', report: { fault, at: now, detail: 'x' } })),
    fc.boolean().map(
      (renewable): HealthEvent => ({
        type: 'refreshed',
        grant: facts({ obtainedAt: now, expiresAt: now + 60 * minute, renewable })
      })
    ),
    fc.constant<HealthEvent>({ type: 'started', grant: facts(), leftover: null })
  )

test('property: no failure ever loses the grant, and refreshes never come closer than the floor but for one lost retry', () => {
  const history = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 * minute }), fc.nat(3)), { maxLength: 60 })
  fc.assert(
    fc.property(history, fc.infiniteStream(fc.nat()), fc.gen(), (steps, _, gen) => {
      let now = start
      let health = run([signedIn]).health
      let last: number | null = null
      let wasLost = false
      for (const [wait] of steps) {
        now += wait
        const event = gen(anyEvent, now)
        const step = transition(health, event, at(now))
        if (step.effect === 'refresh') {
          expect(event.type).not.toBe('failed')
          const prompt = health.state.kind === 'waiting' && health.state.report.fault === 'lost' && !wasLost
          if (last !== null && !prompt) expect(now - last).toBeGreaterThanOrEqual(defaultSchedule.floor)
          if (prompt) wasLost = true
          last = now
        }
        if (event.type === 'refreshed') wasLost = false
        expect(step.health.grant).not.toBeNull()
        health = step.health
      }
    })
  )
})

describe('words that age', () => {
  test('FM-17 a token that expired while nothing was running is not called healthy', () => {
    const { health } = run([signedIn])
    expect([lightOf(health, start), wordsOf(health, start)]).toEqual(['green', 'Healthy'])
    const late = start + 61 * minute
    expect([lightOf(health, late), wordsOf(health, late)]).toEqual(['amber', 'Token expired, refresh due'])
  })

  test('a pasted refresh token has had no token yet, and nothing is said of one', () => {
    const grant = facts({ obtainedAt: start, expiresAt: start, expirySource: 'guess' })
    const { health } = run([[0, { type: 'started', grant, leftover: null }]])
    expect(wordsOf(health, start)).toBe('Waiting for the first token')
    expect(warningsOf(health, start, defaultSchedule)).toEqual([])
    const refused = run([[1, { type: 'due' }], failed('refused', 2, { detail: 'invalid_grant' })], health)
    expect(detailOf(refused.health, start + minute, time)).toBe(
      'The server rejected the refresh token at 12:00 (invalid_grant).'
    )
  })

  test('history keeps sentences without times, which would be read in another zone', () => {
    for (const fault of faults) {
      const { health } = run([signedIn, due, failed(fault, 50 * minute)])
      expect(historyOf(health)).not.toBe('')
      expect(historyOf(health)).not.toMatch(/\d\d:\d\d/)
    }
  })
})

describe('one plan per token', () => {
  test('a restart neither rolls the dice again nor forgets since when', () => {
    const { health } = run([signedIn])
    const restarted = transition(
      health,
      { type: 'started', grant: facts(), leftover: null },
      { ...at(start + minute), roll: 0.99 }
    )
    expect(restarted.health.state).toEqual(health.state)
  })

  test('a changed schedule plans anew, with the same dice', () => {
    const { health } = run([signedIn])
    const schedule = { ...defaultSchedule, refreshFraction: 0.6, jitter: 0 }
    const { state } = transition(health, { type: 'rescheduled' }, { ...at(start + minute), schedule }).health
    expect(state).toMatchObject({ kind: 'fresh', since: start, roll: 0.5, dueAt: start + 36 * minute })
  })

  test('a changed schedule shortens a wait, never makes it longer, and hears Retry-After', () => {
    const waiting = (retryAfter?: number) => {
      const report = { fault: 'busy', at: start, detail: '503', ...(retryAfter && { retryAfter }) } as const
      const state = { kind: 'waiting', since: start, attempt: 6, nextAt: start + 5 * minute, report } as const
      return { ...run([signedIn]).health, state }
    }
    const plan = (health: Health, backoffMax: number) => {
      const schedule = { ...defaultSchedule, backoffMax }
      return plannedAt(transition(health, { type: 'rescheduled' }, { ...at(start), roll: 0.5, schedule }).health)
    }
    expect(plan(waiting(), 20_000)).toBe(start + 20_000)
    expect(plan(waiting(), 60 * minute)).toBe(start + 5 * minute)
    expect(plan(waiting(5 * minute), 20_000)).toBe(start + 5 * minute)
  })
})

describe('what the server itself says of the token', () => {
  const refused: [number, HealthEvent] = [minute, { type: 'tokenRefused' }]

  test('a refusal needs a person, and the token goes on being kept', () => {
    const { health } = run([signedIn, refused])
    expect(health.state).toMatchObject({ kind: 'needsUser', action: 'signIn', code: 'tokenRefused' })
    expect(lightOf(health, start + minute)).toBe('red')
    expect(wordsOf(health, start + minute)).toBe('Sign-in needed: the server rejects the token')
    expect(detailOf(health, start + minute, time)).toContain('rejected the current token at 12:01')
    expect(plannedAt(health)).toBe(plannedAt(run([signedIn]).health))
    expect(run([[50 * minute, { type: 'due' }]], health).effect).toBe('refresh')
    expect(run([[2 * minute, { type: 'asked' }]], health).effect).toBe('refresh')
  })

  test('an acceptance refutes it, and that scopes are missing, and says nothing about anything else', () => {
    const well = run([signedIn, refused, [2 * minute, { type: 'accepted' }]]).health
    expect(well).toMatchObject({ state: { kind: 'fresh' }, acceptedAt: start + 2 * minute })
    const scope = run([signedIn, [minute, { type: 'scopeNeeded' }], [2 * minute, { type: 'accepted' }]]).health
    expect(scope).toMatchObject({ state: { kind: 'fresh' }, scopeNeededAt: null })
    expect(plannedAt(scope)).toBe(plannedAt(run([signedIn]).health))
    const waiting = run([signedIn, due, failed('busy', 50 * minute), [51 * minute, { type: 'accepted' }]]).health
    expect(waiting.state.kind).toBe('waiting')
  })

  describe('want of scopes', () => {
    const needed: [number, HealthEvent] = [minute, { type: 'scopeNeeded' }]
    const renewed: [number, HealthEvent] = [50 * minute, { type: 'refreshed', grant: facts({ generation: 2 }) }]
    const lacking = { kind: 'needsUser', action: 'grantMore', since: start + minute }

    test('is shown until a sign-in, through refreshes and their failures, restarts and another owner', () => {
      const { health } = run([signedIn, needed, due, renewed])
      expect(health.state).toMatchObject(lacking)
      expect(plannedAt(health)).toBe(plannedAt(run([signedIn, due, renewed]).health))
      expect(run([signedIn, needed, due, failed('busy', 50 * minute), renewed]).health.state).toMatchObject(lacking)
      const started = (grant: GrantFacts): [number, HealthEvent] => [
        51 * minute,
        { type: 'started', grant, leftover: null }
      ]
      expect(run([started(health.grant!)], health).health.state).toMatchObject(lacking)
      expect(run([started(facts({ generation: 3 }))], health).health.state).toMatchObject(lacking)
      for (const end of ['signedIn', 'signedOut'] as const) {
        const over = run([[52 * minute, { type: end, grant: facts({ generation: 3 }) }], renewed], health).health
        expect(over.state).toMatchObject({ kind: 'fresh' })
      }
    })

    test.each([
      ['a refresh is in flight', []],
      ['a refresh is to be tried again', [failed('busy', 50 * minute)]]
    ])('is not forgotten where %s', (_, steps) => {
      const { health } = run([signedIn, due, ...steps])
      const noted = run([[50 * minute, { type: 'scopeNeeded' }]], health).health
      expect(noted.state).toBe(health.state)
      expect(run([renewed], noted).health.state).toMatchObject({ kind: 'needsUser', action: 'grantMore' })
    })

    test('does not hide that the token is refused altogether', () => {
      const { health } = run([signedIn, needed, [2 * minute, { type: 'tokenRefused' }]])
      expect(health.state).toMatchObject({ action: 'signIn', code: 'tokenRefused' })
      expect(plannedAt(health)).toBe(plannedAt(run([signedIn]).health))
      expect(run([[3 * minute, { type: 'accepted' }]], health).health.state).toMatchObject({ kind: 'fresh' })
    })
  })

  test('a no to the scopes ends their want alone', () => {
    const declined: [number, HealthEvent] = [3 * minute, { type: 'scopesDeclined' }]
    const { health } = run([signedIn, [minute, { type: 'scopeNeeded' }], declined])
    expect(health).toMatchObject({ state: { kind: 'fresh' }, scopeNeededAt: null, acceptedAt: null })
    expect(run([signedIn, refused, declined]).health.state).toMatchObject({ code: 'tokenRefused' })
    expect(run([declined], health).health.state).toEqual(health.state)
  })

  test('only a token that seemed well can be refused', () => {
    const waiting = run([signedIn, due, failed('busy', 50 * minute)]).health
    expect(run([refused], waiting).health).toBe(waiting)
  })
})
