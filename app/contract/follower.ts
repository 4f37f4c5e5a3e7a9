// The reader's end of a stream of changes (stream.ts): applies each message to the snapshot, and so keeps it up to date.
// Free of zod and Node's modules, because the pages and `tokentray token` load it.
import { needsYou } from './attention.ts'
import type { StreamMessage } from './stream.ts'
import { checkStreamVersion } from './streamVersion.ts'
import type { ServerView, Snapshot } from './views.ts'

const ranks = { red: 0, amber: 1, green: 2, grey: 3 }
const rankOf = (view: ServerView) => (needsYou(view) ? ranks.red : ranks[view.light])

/** The order of every list of servers: those that need a person first, then by name. */
export function compareServers(a: ServerView, b: ServerView): number {
  return rankOf(a) - rankOf(b) || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** Where `view` is in the sorted `servers`, or where it belongs. */
function placeOf(servers: readonly ServerView[], view: ServerView): number {
  let [low, high] = [0, servers.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareServers(servers[middle]!, view) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Called for each server that came (`before` undefined), changed, or went (`after` undefined). */
export type OnView = (before: ServerView | undefined, after: ServerView | undefined) => void

export type Follower = {
  /**
   * Takes in the next message and returns the snapshot as it is then; null where messages were missed, so that a whole
   * snapshot is needed. What is older than what is known changes nothing. Views that stay are the same objects.
   * @throws versionUnsupported
   */
  take(message: StreamMessage): Snapshot | null
  /** The view of one server. */
  server(id: string): ServerView | undefined
}

/** Follows one stream; the work after one change does not grow with the number of servers. */
export function createFollower(onView: OnView = () => {}): Follower {
  const views = new Map<string, ServerView>()
  let servers: ServerView[] = []
  let known: Snapshot | null = null

  function takeOut(id: string): ServerView | undefined {
    const old = views.get(id)
    if (old) servers.splice(placeOf(servers, old), 1)
    views.delete(id)
    return old
  }

  function putIn(view: ServerView): void {
    const old = takeOut(view.id)
    servers.splice(placeOf(servers, view), 0, view)
    views.set(view.id, view)
    onView(old, view)
  }

  function takeAll(snapshot: Snapshot): Snapshot {
    // Revisions begin anew with each owner.
    const isSameOwner = known?.owner.startedAt === snapshot.owner.startedAt
    if (known && isSameOwner && snapshot.revision < known.revision) return known
    const before = new Map(views)
    views.clear()
    for (const view of snapshot.servers) {
      const old = before.get(view.id)
      // A view that says the same stays the same object: what is drawn from it need not be drawn anew.
      views.set(view.id, old && JSON.stringify(old) === JSON.stringify(view) ? old : view)
    }
    servers = [...views.values()].sort(compareServers)
    for (const [id, old] of before) if (!views.has(id)) onView(old, undefined)
    for (const [id, view] of views) if (view !== before.get(id)) onView(before.get(id), view)
    return { ...snapshot, servers: [...servers] }
  }

  return {
    take(message) {
      if (message.kind === 'snapshot') {
        checkStreamVersion(message.version)
        known = takeAll(message.snapshot)
        return known
      }
      if (!known || message.from > known.revision) return null
      if (message.revision <= known.revision) return known
      const { kind: _, from: __, changed, removed, ...rest } = message
      // It came as JSON, so a part that is there is never undefined.
      const parts = rest as Partial<Snapshot>
      for (const id of removed) {
        const old = takeOut(id)
        if (old) onView(old, undefined)
      }
      for (const view of changed) putIn(view)
      known = { ...known, ...parts, servers: changed.length + removed.length > 0 ? [...servers] : known.servers }
      return known
    },
    server: (id) => views.get(id)
  }
}
