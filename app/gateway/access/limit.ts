// Limits how often per minute something may be done for callers that nobody knows yet.
// Minutes are fixed windows of the wall clock; if the clock is set back, a new window begins.
import type { Clock } from '../../base/clock.ts'

const minuteMs = 60_000

/** Calls return true for the first `most` of each minute, then false. */
export function perMinute(clock: Clock, max: number): () => boolean {
  let startedAt = Number.NEGATIVE_INFINITY
  let count = 0
  return () => {
    const now = clock.now()
    if (now - startedAt >= minuteMs || now < startedAt) {
      startedAt = now
      count = 0
    }
    return ++count <= max
  }
}
