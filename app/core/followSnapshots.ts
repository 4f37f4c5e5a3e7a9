// Whole snapshots for readers in the owner's own process, put together from the stream of changes.
// Kept apart from publisher.ts so that short commands do not load zod, which would slow each of them down.
import { createFollower, type Follower } from '../contract/follower.ts'
import type { Snapshot } from '../contract/views.ts'
import type { Stream } from './publisher.ts'

/** Calls `listener` with the snapshot at once and with each later one; returns what stops it. */
export function followSnapshots(
  stream: Stream,
  listener: (snapshot: Snapshot) => void,
  follower: Follower = createFollower()
): () => void {
  return stream.subscribe((message) => {
    let snapshot = follower.take(message)
    if (!snapshot) {
      const whole = stream.whole()
      snapshot = whole && follower.take(whole)
    }
    if (snapshot) listener(snapshot)
  })
}
