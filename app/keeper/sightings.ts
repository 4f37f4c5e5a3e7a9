// Keeps what was last seen of each server itself: a second fact beside its token, for views, history and metrics.
// It is kept in memory; only an outage that ended history within the hour is taken up again, or two commands would contradict each other.
import type { Clock } from '../base/clock.ts'
import { formatDuration } from '../contract/duration.ts'
import type { EventKind } from '../contract/views.ts'
import { isOwnNetwork, type Seen, type Sighting, see, unseen } from '../health/outage.ts'
import { explainOutage, readOutage } from '../health/words.ts'
import { isLoopbackHost } from '../net/privateAddresses.ts'
import type { Entry, Roster } from './roster.ts'

/** A server that comes and goes is told as down so many times in this time, or it would fill its history. */
const toldWithinMs = 5 * 60_000
const maxTold = 2
/** An outage that history told longer ago says nothing of now. */
const restoredWithinMs = 60 * 60_000
/** An answer from beyond this computer shows for so long that its network works. */
const networkKnownMs = 60_000

type Options = {
  roster: Roster
  clock: Clock
  /** True where this computer has no network at all. */
  isOffline: () => boolean
  record(id: string, kind: EventKind, detail: string): void
  onChange(id: string): void
}

export class Sightings {
  readonly #o: Options
  /** By server: how often history said since `from` that it is down; `isDown`: it has not said since that it is up. */
  readonly #told = new Map<string, { from: number; times: number; isDown: boolean }>()
  /** The last answer from beyond this computer. */
  #answeredAt = Number.NEGATIVE_INFINITY
  /** The first server that could not be reached since then; 'all': another host could not either, so it is the network here. */
  #unreachable: { id: string; host: string } | 'all' | null = null

  constructor(options: Options) {
    this.#o = options
  }

  /**
   * Notes what one exchange with server `id`, begun at `startedAt` (ms since the epoch), showed of it. Cheap: the gateway calls
   * it for each request. `isOwn`: Tokentray asked, and no client.
   */
  note(id: string, sighting: Sighting, startedAt: number, isOwn = false): void {
    const entry = this.#o.roster.find(id)
    if (!entry || !this.#isAboutServer(entry, sighting)) return
    this.#set(entry, see(entry.seen ?? unseen, sighting, startedAt, this.#o.clock.now(), isOwn))
  }

  /** A person gave or got another token: that the one before was rejected says nothing of it. */
  newSignIn(id: string): void {
    const entry = this.#o.roster.find(id)
    if (entry?.seen?.outage?.kind !== 'rejecting') return
    this.#set(entry, { ...entry.seen, outage: null }, 'There is a token from a new sign-in')
  }

  /** Takes up the outage of a server just loaded where it is the newest of its history, and recent. Nothing is told anew. */
  restore(entry: Entry): void {
    const { lastEvent, config } = entry
    if (lastEvent?.kind !== 'serverDown') return
    const ageMs = this.#o.clock.now() - lastEvent.at
    const outage = ageMs >= 0 && ageMs < restoredWithinMs ? readOutage(lastEvent.detail, lastEvent.at) : null
    if (!outage) return
    entry.seen = { ...unseen, outage }
    this.#told.set(config.id, { from: lastEvent.at, times: 1, isDown: true })
  }

  /** It was removed, or has another URL: what was seen was another server. */
  forget(id: string): void {
    const entry = this.#o.roster.find(id)
    if (entry) entry.seen = null
    this.#told.delete(id)
    if (this.#unreachable !== 'all' && this.#unreachable?.id === id) this.#unreachable = null
  }

  /** `upDetail`: what is said where this ends an outage; absent: that the server works again. */
  #set(entry: Entry, seen: Seen, upDetail?: string): void {
    const before = entry.seen?.outage ?? null
    entry.seen = seen
    this.#tell(entry, before, upDetail)
    if (seen.outage !== before) this.#o.onChange(entry.config.id)
  }

  #tell({ config: { id }, seen }: Entry, before: Seen['outage'], upDetail?: string): void {
    const outage = seen?.outage ?? null
    const told = this.#told.get(id)
    const now = this.#o.clock.now()
    if (outage) {
      const isRecent = told && Math.abs(now - told.from) < toldWithinMs
      if (told?.isDown || (isRecent && told.times === maxTold)) return
      this.#told.set(
        id,
        isRecent ? { ...told, times: told.times + 1, isDown: true } : { from: now, times: 1, isDown: true }
      )
      this.#o.record(id, 'serverDown', explainOutage(outage, null))
    } else if (told?.isDown) {
      this.#told.set(id, { ...told, isDown: false })
      const lengthMs = before ? now - before.since : 0
      const length = lengthMs >= 1000 ? ` after ${formatDuration(lengthMs)}` : ''
      this.#o.record(id, 'serverUp', upDetail ?? `The server works again${length}`)
    }
  }

  /** False where no connection says more of this computer's own network than of the server, which is then not blamed. */
  #isAboutServer({ config }: Entry, sighting: Sighting): boolean {
    const url = URL.parse(config.url)
    if (!url || isLoopbackHost(url.hostname)) return true
    const now = this.#o.clock.now()
    if (sighting.kind !== 'unreachable') {
      if (sighting.kind === 'silent') return true
      this.#answeredAt = now
      this.#unreachable = null
      return true
    }
    if (isOwnNetwork(sighting) || this.#o.isOffline()) return false
    if (Math.abs(now - this.#answeredAt) < networkKnownMs) return true
    if (this.#unreachable === 'all') return false
    if (this.#unreachable === null || this.#unreachable.host === url.host) {
      this.#unreachable ??= { id: config.id, host: url.host }
      return true
    }
    // Two hosts at once, and none that answers: the one that was blamed first is no longer.
    const first = this.#o.roster.find(this.#unreachable.id)
    this.#unreachable = 'all'
    if (first?.seen?.outage) this.#set(first, { ...first.seen, outage: null }, 'This computer seems to be offline')
    return false
  }
}
