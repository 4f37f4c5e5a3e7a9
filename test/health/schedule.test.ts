// The schedule's rules, each also as a property over generated grants.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GrantFacts } from '../../app/contract/health.ts'
import { backoff, defaultSchedule, dueAt, floorAt, isTooShort, retryAt } from '../../app/health/schedule.ts'

const minute = 60_000
const hour = 60 * minute
const now = Date.UTC(2026, 0, 2, 12)

const grant = (lifetime: number | null, change: Partial<GrantFacts> = {}): GrantFacts => ({
  generation: 1,
  obtainedAt: now,
  expiresAt: lifetime === null ? null : now + lifetime,
  expirySource: lifetime === null ? 'none' : 'stated',
  refreshExpiresAt: null,
  refreshExtends: true,
  renewable: true,
  restored: false,
  ...change
})

describe('due time', () => {
  test('is 80 % of the lifetime or 5 minutes before the end, whichever is earlier', () => {
    expect(dueAt(grant(hour), null, 0, now, defaultSchedule)).toBe(now + 48 * minute)
    expect(dueAt(grant(20 * minute), null, 0, now, defaultSchedule)).toBe(now + 15 * minute)
  })

  test('is never before half of the lifetime, however short', () => {
    expect(dueAt(grant(6 * minute), null, 0.99, now, defaultSchedule)).toBe(now + 3 * minute)
    expect(dueAt(grant(60_000), null, 0, now, defaultSchedule)).toBe(now + 30_000)
  })

  test('keeps the floor after the last attempt, last of all', () => {
    expect(dueAt(grant(5000), now, 0, now, defaultSchedule)).toBe(now + 10_000)
    expect(isTooShort(grant(19_000), defaultSchedule)).toBe(true)
    expect(isTooShort(grant(21_000), defaultSchedule)).toBe(false)
  })

  test('comes early for a refresh token about to end, unless refreshing does not extend it', () => {
    const ending = { refreshExpiresAt: now + 30 * minute }
    expect(dueAt(grant(8 * hour, ending), null, 0, now, defaultSchedule)).toBe(now + 24 * minute)
    const fixed = { ...ending, refreshExtends: false }
    expect(dueAt(grant(8 * hour, fixed), null, 0, now, defaultSchedule)).toBe(now + 6.4 * hour)
  })

  test('is the end of a token that cannot be renewed, and never for one without a known end', () => {
    expect(dueAt(grant(hour, { renewable: false }), null, 0, now, defaultSchedule)).toBe(now + hour)
    expect(dueAt(grant(hour, { renewable: false, expirySource: 'guess' }), null, 0, now, defaultSchedule)).toBeNull()
    expect(dueAt(grant(null, { renewable: false }), null, 0, now, defaultSchedule)).toBeNull()
  })

  test('is at once when the clock went back behind the moment the token was obtained', () => {
    const future = grant(hour, { obtainedAt: now + 8 * hour, expiresAt: now + 9 * hour })
    expect(dueAt(future, null, 0, now, defaultSchedule)).toBe(now)
  })

  test('property: after half of the lifetime, before its end wherever the floor lets it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 30 * 24 * hour }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (l, roll) => {
          const due = dueAt(grant(l), null, roll, now, defaultSchedule)
          expect(due).not.toBeNull()
          expect(due!).toBeGreaterThanOrEqual(Math.floor(now + l / 2))
          expect(due!).toBeLessThanOrEqual(now + l)
        }
      )
    )
  })
})

describe('backoff', () => {
  test('is 10, 20, 40, 80, 160, 300 s and stays there', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((n) => backoff(n, defaultSchedule) / 1000)).toEqual([
      10, 20, 40, 80, 160, 300, 300
    ])
  })

  test('FM-07 stays 300 s at attempt counts of 30, 63, 64 and 1e9, where exponents overflow', () => {
    for (const attempt of [30, 63, 64, 1e9, Number.MAX_SAFE_INTEGER])
      expect(backoff(attempt, defaultSchedule)).toBe(300_000)
  })

  test('FM-07 property: a retry is never sooner than the floor or later than an hour', () => {
    const any = fc.record({
      attempt: fc.integer({ min: -5, max: 1e9 }),
      roll: fc.double({ min: 0, max: 0.999, noNaN: true }),
      after: fc.option(fc.integer({ min: -1e12, max: 1e15 }), { nil: null }),
      last: fc.option(fc.integer({ min: -1e10, max: 1e10 }), { nil: null })
    })
    fc.assert(
      fc.property(any, ({ attempt, roll, after, last }) => {
        const lastAt = last === null ? null : now + last
        const at = retryAt(attempt, after, lastAt, roll, now, defaultSchedule)
        expect(at).toBeGreaterThanOrEqual(floorAt(lastAt, now, defaultSchedule))
        expect(at).toBeGreaterThan(now + 8999)
        expect(at).toBeLessThanOrEqual(now + hour)
      })
    )
  })

  test('believes Retry-After, up to an hour', () => {
    expect(retryAt(1, 120_000, null, 0.5, now, defaultSchedule)).toBe(now + 120_000)
    expect(retryAt(1, 1e12, null, 0.5, now, defaultSchedule)).toBe(now + hour)
  })
})
