// So many of something per minute, and no more: what strangers may cause before anybody knows them.
// Counted in fixed minutes of the wall clock; a clock set back begins a new one.
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
