// What is known of each server and how it is shown: settings, health, the public part of the grant, the last event.
// It holds no rule about health or time: the keeper changes it, doors see views of it.
import type { Clock } from '../base/clock.ts'
import type { ServerGauges } from '../base/metrics.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { Health, Schedule } from '../contract/health.ts'
import type { ServerConfig } from '../contract/server.ts'
import type { ServerView } from '../contract/views.ts'
import { gapBetween } from '../health/gap.ts'
import type { Grant } from '../oauth/grant.ts'
import { mergeSchedule } from '../settings/settings.ts'
import type { Kept } from './refresh.ts'
import { type Viewed, viewOf } from './serverView.ts'

export type Entry = Kept &
  Pick<Viewed, 'shape' | 'scope' | 'isBound' | 'signIn' | 'lastEvent' | 'proposals'> & {
    /** The refresh or save under way; a second one waits behind it. */
    flight: Promise<void> | null
    /** The end of this server's queue of health and history writes. */
    saving: Promise<void>
    /** Time without a valid token, counted up to `gapUntil`. */
    gapMs: number
    gapUntil: number
  }

export class Roster {
  readonly #entries = new Map<string, Entry>()
  readonly #clock: Clock
  #schedule: Schedule

  /** `schedule`: for servers that set nothing of their own. */
  constructor(clock: Clock, schedule: Schedule) {
    this.#clock = clock
    this.#schedule = schedule
  }

  setSchedule(schedule: Schedule): void {
    this.#schedule = schedule
  }

  add({ config, health, lastEvent, proposals }: Pick<Entry, 'config' | 'health' | 'lastEvent' | 'proposals'>): void {
    this.#entries.set(config.id, {
      config,
      health,
      shape: null,
      scope: null,
      isBound: false,
      signIn: null,
      lastEvent,
      proposals,
      flight: null,
      unsaved: null,
      saving: Promise.resolve(),
      gapMs: 0,
      gapUntil: this.#clock.now()
    })
  }

  remove(id: string): void {
    this.#entries.delete(id)
  }

  /** undefined for a server that was removed a moment ago. */
  find(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  /** @throws serverUnknown */
  get(id: string): Entry {
    const entry = this.#entries.get(id)
    if (!entry) throw new TokentrayError('serverUnknown', `There is no server called "${id}".`)
    return entry
  }

  all(): [string, Entry][] {
    return [...this.#entries]
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  config(id: string): ServerConfig {
    return this.get(id).config
  }

  health(id: string): Health {
    return this.get(id).health
  }

  schedule(id: string): Schedule {
    return mergeSchedule(this.#schedule, this.get(id).config.schedule)
  }

  view(id: string): ServerView {
    return viewOf({ ...this.get(id), schedule: this.schedule(id) }, this.#clock.now())
  }

  /** All views: servers that need a person first, then by name. */
  views(): ServerView[] {
    const rank = { red: 0, amber: 1, green: 2, grey: 3 }
    return [...this.#entries.keys()]
      .map((id) => this.view(id))
      .sort((a, b) => rank[a.light] - rank[b.light] || a.name.localeCompare(b.name))
  }

  gauges(): ServerGauges[] {
    return this.all().map(([id, entry]) => {
      this.countGap(entry)
      const { state, grant } = entry.health
      const attempts = state.kind === 'waiting' || state.kind === 'refreshing' ? state.attempt : 0
      return { id, expiresAt: grant?.expiresAt ?? null, attempts, gapMs: entry.gapMs }
    })
  }

  /** Counts the time without a token up to now; to be called before each change of health. */
  countGap(entry: Entry): void {
    const now = this.#clock.now()
    entry.gapMs += gapBetween(entry.health, entry.gapUntil, now)
    entry.gapUntil = now
  }

  /** Takes in the public part of a grant; null: there is none any more. */
  describe(id: string, grant: Grant | null): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    entry.scope = grant?.scope ?? null
    entry.isBound = Boolean(grant?.shape.dpopKey)
    if (!grant) entry.shape = null
    else {
      const { clientSecret: _, dpopKey: __, ...shape } = grant.shape
      entry.shape = shape
    }
  }
}
