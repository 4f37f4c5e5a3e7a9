// When to try a refresh: due time, backoff and the least time between attempts, as pure functions of times in ms.
// They take the wall clock's time as given: if the clock jumps, an attempt may come too early, but is never put off for ever.
import type { GrantFacts, Schedule } from '../contract/health.ts'

export const defaultSchedule: Schedule = {
  refreshFraction: 0.8,
  refreshMargin: 5 * 60_000,
  jitter: 0.05,
  earliestFraction: 0.5,
  floor: 10_000,
  backoffFirst: 10_000,
  backoffMax: 300_000,
  fixRetry: 3_600_000,
  retryAfterMax: 3_600_000,
  guessedLifetime: 3_600_000,
  refreshTokenMargin: 24 * 3_600_000
}

const dayMs = 24 * 3_600_000
/** The end of a refresh token that refreshing cannot prolong is announced this long before. */
export const endNoticeMs = 7 * dayMs

const minuteMs = 60_000
/** From the third start in a row without a clean end on: how long the next one refreshes nothing. The last is for all further ones. */
const holdsMs = [minuteMs, 5 * minuteMs, 15 * minuteMs] as const
const startsBeforeHold = 3
/** After an end that was not clean the first refresh goes alone, but holds up the others no longer than this. */
export const maxAloneMs = 5000
/** A process that has been refreshing for this long is in no crash loop. */
export const steadyAfterMs = 15 * minuteMs

/** How long refreshing waits after `uncleanStarts` starts in a row that had no clean end, in ms; null: it does not. */
export function holdAfter(uncleanStarts: number): number | null {
  return uncleanStarts < startsBeforeHold ? null : (holdsMs[uncleanStarts - startsBeforeHold] ?? holdsMs[2])
}

/** The lifetime of the access token in ms; null: it has no known end. */
export function lifetimeOf(grant: GrantFacts): number | null {
  return grant.expiresAt === null ? null : Math.max(0, grant.expiresAt - grant.obtainedAt)
}

/** The first moment an attempt is allowed. A last attempt in the future (the clock went back) counts as now. */
export function floorAt(lastAttemptAt: number | null, now: number, schedule: Schedule): number {
  return lastAttemptAt === null ? now : Math.min(lastAttemptAt, now) + schedule.floor
}

/**
 * When a fresh token is to be refreshed; a token that cannot be renewed is due at its end; null: never.
 * @param roll in [0, 1): the jitter, drawn once per token.
 */
export function dueAt(
  grant: GrantFacts,
  lastAttemptAt: number | null,
  roll: number,
  now: number,
  schedule: Schedule
): number | null {
  const lifetime = lifetimeOf(grant)
  if (!grant.renewable) return grant.expirySource === 'guess' ? null : grant.expiresAt
  // Obtained in the future: the clock went back, so no stored end can be trusted.
  if (grant.obtainedAt > now + schedule.floor) return floorAt(lastAttemptAt, now, schedule)
  const ends: number[] = []
  if (grant.expiresAt !== null && lifetime !== null) {
    const wanted = Math.min(
      grant.obtainedAt + lifetime * schedule.refreshFraction,
      grant.expiresAt - schedule.refreshMargin
    )
    const jittered = wanted - roll * schedule.jitter * lifetime
    ends.push(Math.max(jittered, grant.obtainedAt + lifetime * schedule.earliestFraction))
  }
  if (grant.refreshExpiresAt !== null && grant.refreshExtends) {
    const refreshLifetime = Math.max(0, grant.refreshExpiresAt - grant.obtainedAt)
    // A short-lived refresh token must not be spent the moment it arrives.
    const margin = Math.min(schedule.refreshTokenMargin, refreshLifetime * (1 - schedule.refreshFraction))
    ends.push(grant.refreshExpiresAt - margin)
  }
  if (ends.length === 0) return null
  return Math.round(Math.max(Math.min(...ends), floorAt(lastAttemptAt, now, schedule)))
}

/** The wait after the `attempt`-th failure in a row, from 1, before jitter. The exponent is clamped first. */
export function backoff(attempt: number, schedule: Schedule): number {
  const exponent = Math.min(Math.max(attempt, 1) - 1, 30)
  return Math.min(schedule.backoffFirst * 2 ** exponent, schedule.backoffMax)
}

/** When to try again after the `attempt`-th failure in a row: backoff ±10 %, `Retry-After` and the floor respected. */
export function retryAt(
  attempt: number,
  retryAfter: number | null,
  lastAttemptAt: number | null,
  roll: number,
  now: number,
  schedule: Schedule
): number {
  const wait = backoff(attempt, schedule) * (0.9 + 0.2 * roll)
  const asked = Math.min(Math.max(retryAfter ?? 0, 0), schedule.retryAfterMax)
  return Math.round(Math.max(now + Math.max(wait, asked), floorAt(lastAttemptAt, now, schedule)))
}

/** When to try a refresh token again that counts as dead since `deadSince`: hourly for a day, then daily. */
export function deadRetryAt(deadSince: number, now: number, schedule: Schedule): number {
  return now + (now - deadSince < dayMs ? schedule.fixRetry : Math.max(schedule.fixRetry, dayMs))
}

/** True where the floor makes gaps unavoidable: the token ends before a refresh and one retry fit in. */
export function isTooShort(grant: GrantFacts, schedule: Schedule): boolean {
  const lifetime = lifetimeOf(grant)
  return grant.renewable && lifetime !== null && lifetime < 2 * schedule.floor
}
