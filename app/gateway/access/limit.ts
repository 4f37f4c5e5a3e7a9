// Limits how often per minute something may be done for callers that nobody knows yet.
// Minutes are fixed windows of the wall clock; if the clock is set back, a new window begins.
import type { Clock } from '../../base/clock.ts'

const minuteMs = 60_000

/** For each key: calls return true for the first `max` of each minute, then false. */
export function perMinute(clock: Clock, max: number): (key: string) => boolean {
  let startedAt = Number.NEGATIVE_INFINITY
  const counts = new Map<string, number>()
  return (key) => {
    const now = clock.now()
    if (now - startedAt >= minuteMs || now < startedAt) {
      startedAt = now
      counts.clear()
    }
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return count <= max
  }
}
