// Keeps what was last seen of each server itself: a second fact beside its token, for views, history and metrics.
// It is kept in memory. What it means, and what of it is told, is decided in app/health.
import type { Clock } from '../base/clock.ts'
import { formatDuration } from '../contract/duration.ts'
import type { EventKind } from '../contract/views.ts'
import { type Seen, type Sighting, see, unseen } from '../health/outage.ts'
import { restoreOutage, type Told, tellOutage } from '../health/outageHistory.ts'
import { explainOutage } from '../health/outageWords.ts'
import { forgetServer, judgeNetwork, unknownNetwork } from '../health/ownNetwork.ts'
import { isLoopbackHost } from '../net/privateAddresses.ts'
import type { Entry, Roster } from './roster.ts'

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
  /** By server, what its history was told. */
  readonly #told = new Map<string, Told>()
  #network = unknownNetwork

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

  /** Takes up the outage that the history of a server just loaded ends with. */
  restore(entry: Entry): void {
    const restored = restoreOutage(entry.lastEvent, this.#o.clock.now())
    if (!restored) return
    entry.seen = { ...unseen, outage: restored.outage }
    this.#told.set(entry.config.id, restored.told)
  }

  /** It was removed, or has another URL: what was seen was another server. */
  forget(id: string): void {
    const entry = this.#o.roster.find(id)
    if (entry) entry.seen = null
    this.#told.delete(id)
    this.#network = forgetServer(this.#network, id)
  }

  /** `upDetail`: what is said where this ends an outage; absent: that the server works again. */
  #set(entry: Entry, seen: Seen, upDetail?: string): void {
    const before = entry.seen?.outage ?? null
    entry.seen = seen
    this.#tell(entry.config.id, before, seen.outage, upDetail)
    if (seen.outage !== before) this.#o.onChange(entry.config.id)
  }

  #tell(id: string, before: Seen['outage'], outage: Seen['outage'], upDetail?: string): void {
    const now = this.#o.clock.now()
    const news = tellOutage(this.#told.get(id), outage, now)
    if (!news) return
    this.#told.set(id, news.told)
    const lengthMs = before ? now - before.since : 0
    const length = lengthMs >= 1000 ? ` after ${formatDuration(lengthMs)}` : ''
    const detail = outage ? explainOutage(outage, null) : (upDetail ?? `The server works again${length}`)
    this.#o.record(id, news.kind, detail)
  }

  /** False where no connection says more of this computer's own network than of the server, which is then not blamed. */
  #isAboutServer({ config: { id, url } }: Entry, sighting: Sighting): boolean {
    const { roster, clock } = this.#o
    const { hostname, host } = URL.parse(url) ?? {}
    if (!hostname || !host || isLoopbackHost(hostname)) return true
    const isOffline = sighting.kind === 'unreachable' && this.#o.isOffline()
    const judged = judgeNetwork(this.#network, { id, host }, sighting, isOffline, clock.now())
    this.#network = judged.network
    const cleared = judged.cleared === null ? undefined : roster.find(judged.cleared)
    if (cleared?.seen?.outage)
      this.#set(cleared, { ...cleared.seen, outage: null }, 'This computer seems to be offline')
    return judged.isAboutServer
  }
}
