// Tells the window, browsers and watching commands what changed: keeps the revision, these readers, and which views are outdated.
// It holds no view and no snapshot, so the work after one change does not grow with the number of servers.
import TinyQueue from 'tinyqueue'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Light } from '../contract/health.ts'
import {
  type ChangesMessage,
  changesMessage,
  type SnapshotMessage,
  type StreamMessage,
  snapshotMessage
} from '../contract/stream.ts'
import { streamVersion } from '../contract/streamVersion.ts'
import type { ServerView, Snapshot } from '../contract/views.ts'
import { worstLight } from '../health/words.ts'

/** Changes within this many ms go out together. */
export const publishEvery = 200

/** What a snapshot says beside its servers, their light and the revision; small, however many servers there are. */
export type Rest = Omit<Snapshot, 'revision' | 'at' | 'light' | 'servers'>

export type PublisherOptions = {
  clock: Clock
  log: Log
  rest(): Rest
  /** The light where it is not that of the worst server; null: it is. */
  light(): Light | null
  /** Every server's view, in the order of a list. */
  views(): ServerView[]
  /** One server's view; null: there is no such server. */
  view(id: string): ServerView | null
  /** When this server's view next changes after `since` by the passing of time alone; both in ms since the epoch. */
  changesAt(id: string, since: number): number | null
}

export type Publisher = {
  /** The view of the server `id` may have changed, or without one a part of the snapshot that is no server. */
  changed(id?: string): void
  /** Anything may have changed: listeners get a whole snapshot. */
  changedAll(): void
  snapshot(): Snapshot
  /** The whole snapshot as a message, for a reader who missed one; null where it does not fit its schema, which is logged. */
  whole(): SnapshotMessage | null
  /** Calls `listener` with the whole snapshot at once, then with what changes; returns what stops it. */
  subscribe(listener: Listener): () => void
  /** Whether who has taken in everything up to `revision` can go on with the messages to come. */
  continuesFrom(revision: number): boolean
  /** Tells at once what was not told yet; nothing comes after. */
  close(): void
}

export type Listener = (message: StreamMessage) => void
/** What a door follows the core by. */
export type Stream = Pick<Publisher, 'subscribe' | 'whole' | 'continuesFrom'>

/** What is known of one server while somebody listens. */
type Kept = { light: Light; changesAt: number | null }
type Moment = { id: string; at: number }

export function createPublisher(o: PublisherOptions): Publisher {
  const listeners = new Set<Listener>()
  const changedIds = new Set<string>()
  const kept = new Map<string, Kept>()
  const counts: Record<Light, number> = { green: 0, amber: 0, red: 0, grey: 0 }
  /** The moments of `changesAt`; an entry whose server has another moment by now is skipped. */
  let moments = newMoments()
  let isAllChanged = false
  let revision = 0
  /** What listeners know. */
  let told = 0
  let toldParts: Record<string, string> = {}
  let lookedAt = 0
  let cancelPublish: (() => void) | null = null
  let cancelAlarm = () => {}

  function newMoments(moments: Moment[] = []) {
    return new TinyQueue(moments, (a, b) => a.at - b.at)
  }

  function announce(): void {
    revision++
    if (listeners.size > 0) cancelPublish ??= o.clock.after(publishEvery, publish)
  }

  function partsNow() {
    const own = o.light()
    const light = own ?? worstLight((['red', 'amber', 'green'] as const).filter((each) => counts[each] > 0))
    return { light, ...o.rest() }
  }

  /** `since`: a time before `view` was made, so that a moment that came meanwhile is not missed. */
  function keep(id: string, view: ServerView | null, since: number): void {
    const old = kept.get(id)
    if (old) counts[old.light]--
    if (!view) return void kept.delete(id)
    const changesAt = o.changesAt(id, since)
    counts[view.light]++
    kept.set(id, { light: view.light, changesAt })
    if (changesAt !== null && changesAt !== old?.changesAt) moments.push({ id, at: changesAt })
  }

  /** Counts and moments begin with a snapshot, and end with the last listener. */
  function keepAll(views: readonly ServerView[], since: number): void {
    kept.clear()
    moments = newMoments()
    for (const light of Object.keys(counts) as Light[]) counts[light] = 0
    for (const view of views) keep(view.id, view, since)
    toldParts = textsOf(partsNow())
    told = revision
    lookedAt = o.clock.now()
    isAllChanged = false
    changedIds.clear()
    arm()
  }

  /** Readers know what is, besides what listeners were told: where it is otherwise again, that must be told, too. */
  function noteAhead({ servers, at, ...parts }: Snapshot): void {
    for (const view of servers) if (changedIds.has(view.id)) keep(view.id, view, at)
    const texts = textsOf(parts)
    for (const name of Object.keys(toldParts)) if (toldParts[name] !== texts[name]) delete toldParts[name]
  }

  function stop(): void {
    // Time alone changes views, which nobody follows from now on: what is known now is no ground to go on from later.
    revision++
    cancelAlarm()
    cancelPublish?.()
    cancelPublish = null
    kept.clear()
    changedIds.clear()
    moments = newMoments()
  }

  function isOutdated({ id, at }: Moment): boolean {
    return kept.get(id)?.changesAt !== at
  }

  function arm(): void {
    cancelAlarm()
    // Outdated ones further down must not pile up.
    if (moments.length > 2 * kept.size + 16) moments = newMoments(moments.data.filter((it) => !isOutdated(it)))
    let next = moments.peek()
    while (next && isOutdated(next)) {
      moments.pop()
      next = moments.peek()
    }
    cancelAlarm = o.clock.alarm(next?.at ?? Number.POSITIVE_INFINITY, look)
  }

  /** Whether the clock was set back since the last look: what had ended may live again. */
  function isSetBack(now: number): boolean {
    const before = lookedAt
    lookedAt = now
    return now < before
  }

  /** Its time has come, or 30 s have passed: the clock may have been set. */
  function look(): void {
    const now = o.clock.now()
    if (isSetBack(now)) changedAll()
    for (let next = moments.peek(); next && next.at <= now; next = moments.peek()) {
      moments.pop()
      if (!isOutdated(next)) changed(next.id)
    }
    arm()
  }

  function changed(id?: string): void {
    if (id !== undefined && listeners.size > 0) changedIds.add(id)
    announce()
  }

  function changedAll(): void {
    isAllChanged = true
    announce()
  }

  /** The whole state, as it is at `at` or later. `light` is that of the views, which may be later than the counts. */
  function snapshot(): Snapshot {
    const at = o.clock.now()
    const servers = o.views()
    const light = o.light() ?? worstLight(servers.map((view) => view.light))
    return { revision, at, light, ...o.rest(), servers }
  }

  /** `make`, but null where what it makes does not fit its schema: it could hold what the schema keeps out. */
  function fitting<T>(make: () => T): T | null {
    try {
      return make()
    } catch (error) {
      o.log.error('a snapshot did not fit its schema and was not sent', error)
      return null
    }
  }

  function whole(): SnapshotMessage | null {
    const message = fitting(() =>
      snapshotMessage.parse({
        version: streamVersion,
        kind: 'snapshot',
        snapshot: snapshot()
      } satisfies SnapshotMessage)
    )
    if (message && listeners.size > 0) noteAhead(message.snapshot)
    return message
  }

  /** What changed since listeners were last told. */
  function changes(): ChangesMessage | null {
    const from = told
    const since = o.clock.now()
    const changed: ServerView[] = []
    const removed: string[] = []
    for (const id of changedIds) {
      const view = o.view(id)
      if (view) changed.push(view)
      else if (kept.has(id)) removed.push(id)
      keep(id, view, since)
    }
    changedIds.clear()
    const parts = partsNow()
    const texts = textsOf(parts)
    const differing = Object.fromEntries(Object.entries(parts).filter(([name]) => texts[name] !== toldParts[name]))
    toldParts = texts
    told = revision
    arm()
    const message = { kind: 'changes', from, revision, at: o.clock.now(), changed, removed, ...differing } as const
    // Listeners that are not told now notice by the next message that they missed one.
    return fitting(() => changesMessage.parse(message))
  }

  function publish(): void {
    cancelPublish?.()
    cancelPublish = null
    if (told === revision || listeners.size === 0) return
    const message = isSetBack(o.clock.now()) || isAllChanged ? whole() : changes()
    if (message?.kind === 'snapshot') keepAll(message.snapshot.servers, message.snapshot.at)
    if (message) for (const listener of [...listeners]) tell(listener, message)
  }

  function tell(listener: Listener, message: StreamMessage): void {
    try {
      listener(message)
    } catch (error) {
      // One door's trouble is not the others'.
      o.log.error('a snapshot could not be delivered', error)
    }
  }

  return {
    changed,
    changedAll,
    snapshot,
    whole,
    subscribe(listener) {
      const since = o.clock.now()
      const first = whole()
      if (listeners.size === 0) keepAll(first?.snapshot.servers ?? o.views(), since)
      listeners.add(listener)
      if (first) listener(first)
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) stop()
      }
    },
    continuesFrom: (seen) => listeners.size > 0 && seen >= told && seen <= revision,
    close() {
      publish()
      listeners.clear()
      stop()
    }
  }
}

function textsOf(parts: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, JSON.stringify(part)]))
}
