// So many of something per minute, and no more: what strangers may cause before anybody knows them.
// Counted in fixed minutes of the wall clock; a clock set back begins a new one.
import type { Clock } from '../../base/clock.ts'

const minute = 60_000

/** Calls return true for the first `most` of each minute, then false. */
export function perMinute(clock: Clock, most: number): () => boolean {
  let begun = Number.NEGATIVE_INFINITY
  let count = 0
  return () => {
    const now = clock.now()
    if (now - begun >= minute || now < begun) {
      begun = now
      count = 0
    }
    return ++count <= most
  }
}
