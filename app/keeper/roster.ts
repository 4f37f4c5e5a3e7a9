// What is known of each server and how it is shown: settings, health, the public part of the grant, the last event.
// It holds no rule about health or time: the keeper changes it, and the doors see views of it.
import type { Clock } from '../base/clock.ts'
import type { ServerGauges } from '../base/metrics.ts'
import { TokentrayError } from '../contract/errors.ts'
import { compareServers } from '../contract/follower.ts'
import type { Health, Schedule } from '../contract/health.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { ServerView } from '../contract/views.ts'
import { gapBetween } from '../health/gap.ts'
import { outageOf } from '../health/outage.ts'
import { attemptsOf } from '../health/questions.ts'
import type { GrantOutline, Tokens } from '../oauth/grant.ts'
import { mergeSchedule } from '../settings/settings.ts'
import type { Plan } from './planQueue.ts'
import { type Viewed, viewOf } from './serverView.ts'

/** A token the server gave and the vault could not take yet. `generation`: of the grant whose refresh token it cost. */
export type Unsaved = { generation: number; tokens: Tokens; isRotated: boolean }

/** One server. Kept small: thousands of these stay in memory for days. */
export type Entry = Viewed & {
  unsaved: Unsaved | null
  /** Another number after each sign-in in this process, whosever account it is, and the same after a refresh. */
  signInNumber: number
  /** The refresh or save under way; a second one waits behind it. */
  flight: Promise<void> | null
  /** The end of this server's queue of writes; null: nothing is being written. */
  saving: Promise<void> | null
  /** When the keeper looks after it again; null: nothing is planned, or it is under way. */
  plan: Plan<Entry> | null
  /** Somebody asked about it, so that a command-hosted core looks after it. */
  isAsked: boolean
  /** Time in ms without a valid token, counted up to `gapUntil` (ms since the epoch). */
  gapMs: number
  gapUntil: number
}

export class Roster {
  readonly #entries = new Map<string, Entry>()
  readonly #clock: Clock
  #schedule: Schedule
  readonly #heldUntil: () => number | null

  /**
   * `schedule`: for servers that set nothing of their own. `heldUntil`: until when nothing is refreshed, in ms since the epoch;
   * null: refreshes are not held back.
   */
  constructor(clock: Clock, schedule: Schedule, heldUntil: () => number | null) {
    this.#clock = clock
    this.#schedule = schedule
    this.#heldUntil = heldUntil
  }

  setSchedule(schedule: Schedule): void {
    this.#schedule = schedule
    for (const entry of this.#entries.values()) entry.schedule = this.#scheduleOf(entry.config)
  }

  setConfig(entry: Entry, config: ServerConfig): void {
    entry.config = config
    entry.schedule = this.#scheduleOf(config)
  }

  add({ config, health, lastEvent, proposals }: Pick<Entry, 'config' | 'health' | 'lastEvent' | 'proposals'>): Entry {
    const entry: Entry = {
      config,
      health,
      seen: null,
      schedule: this.#scheduleOf(config),
      shape: null,
      scope: null,
      isBound: false,
      signIn: null,
      lastEvent,
      proposals,
      movedTo: null,
      unsaved: null,
      signInNumber: 0,
      flight: null,
      saving: null,
      plan: null,
      isAsked: false,
      gapMs: 0,
      gapUntil: this.#clock.now()
    }
    this.#entries.set(config.id, entry)
    return entry
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
    if (!entry) throw new TokentrayError('serverUnknown', `There is no server named "${id}".`)
    return entry
  }

  /** Every server: for what is rare, since work for one event must not grow with their number. */
  all(): [string, Entry][] {
    return [...this.#entries]
  }

  /** The settings of every server; far cheaper than their views. */
  configs(): ServerConfig[] {
    return [...this.#entries.values()].map(({ config }) => config)
  }

  get size(): number {
    return this.#entries.size
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

  /** @throws serverUnknown */
  view(id: string): ServerView {
    return viewOf(this.get(id), this.#clock.now(), this.#heldUntil())
  }

  /** All views: servers that need a person first, then by name. */
  views(): ServerView[] {
    return [...this.#entries.keys()].map((id) => this.view(id)).sort(compareServers)
  }

  gauges(): ServerGauges[] {
    return this.all().map(([id, entry]) => {
      this.countGap(entry)
      const { state, grant } = entry.health
      return {
        id,
        expiresAt: grant?.expiresAt ?? null,
        attempts: attemptsOf(state),
        gapMs: entry.gapMs,
        isUp: entry.seen && outageOf(entry.seen, state) === null
      }
    })
  }

  /** Counts the time without a token up to now; to be called before each change of health. */
  countGap(entry: Entry): void {
    const now = this.#clock.now()
    entry.gapMs += gapBetween(entry.health, entry.gapUntil, now)
    entry.gapUntil = now
  }

  /** Takes in the public part of a grant; null: there is none any more. */
  describe(entry: Entry, grant: GrantOutline | null): void {
    entry.scope = grant?.scope ?? null
    entry.isBound = grant?.isBound ?? false
    entry.shape = grant?.shape ?? null
  }

  /** Servers that set nothing of their own share one. */
  #scheduleOf({ schedule }: ServerConfig): Schedule {
    return Object.keys(schedule).length === 0 ? this.#schedule : mergeSchedule(this.#schedule, schedule)
  }
}
