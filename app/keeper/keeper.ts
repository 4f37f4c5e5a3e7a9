// The keeper: hands events to the health machine, runs its effects, keeps one alarm and one flight per server.
// It decides nothing about health; app/health does. It holds no token but one that could not be saved yet.
import pLimit from 'p-limit'
import type { Clock, Random } from '../base/clock.ts'
import { createQueue } from '../base/queue.ts'
import type { Secret } from '../base/secret.ts'
import type { Health, Schedule } from '../contract/health.ts'
import type { Proposal } from '../contract/proposal.ts'
import type { ServerConfig } from '../contract/server.ts'
import type { EventKind, HistoryEvent } from '../contract/views.ts'
import { type Effect, type HealthEvent, transition } from '../health/machine.ts'
import { isDue, newHealth, plannedAt } from '../health/questions.ts'
import { historyOf } from '../health/words.ts'
import type { Tokens } from '../oauth/grant.ts'
import type { Changed } from '../vault/vault.ts'
import { factsOf } from './grantFacts.ts'
import { Records } from './records.ts'
import { Effects, type EffectsOptions, sayValidity } from './refresh.ts'
import { type Entry, Roster } from './roster.ts'
import type { Viewed } from './serverView.ts'
import { Sleep } from './suspension.ts'
import { Answers } from './waiters.ts'

export type KeeperOptions = EffectsOptions & {
  clock: Clock
  random: Random
  schedule: Schedule
  concurrency: number
  /** 'asked': only servers somebody asked about are touched (a command-hosted core). */
  scope: 'all' | 'asked'
  /** The view of server `id` may have changed; called for one that was just removed too. */
  onChange: (id: string) => void
}

export class Keeper {
  readonly #o: KeeperOptions
  readonly roster: Roster
  readonly #asked = new Set<string>()
  readonly #limit: ReturnType<typeof pLimit>
  readonly #answers: Answers
  readonly #effects: Effects
  readonly #records: Records
  readonly #sleep: Sleep
  readonly #inTurn = createQueue()
  #cancelAlarm = () => {}
  #stopped = false

  constructor(options: KeeperOptions) {
    this.#o = options
    this.roster = new Roster(options.clock, options.schedule)
    this.#answers = new Answers(this.roster, options.clock)
    this.#limit = pLimit(options.concurrency)
    this.#records = new Records(options)
    this.#sleep = new Sleep(options.clock, () => this.tick())
    this.#effects = new Effects(options, {
      isStopped: () => this.#stopped,
      dispatch: (id, event) => this.dispatch(id, event),
      record: (id, kind, detail, more) => this.record(id, kind, detail, more),
      describe: (id, grant) => this.roster.describe(id, grant),
      detail: (id) => (this.roster.has(id) ? historyOf(this.roster.health(id)) : '')
    })
  }

  /** Loads every server and refreshes what is overdue, the most urgent first. */
  async start(): Promise<void> {
    for (const { config, health, proposals } of await this.#o.vault.servers())
      await this.load(config, health ?? newHealth, proposals)
    this.tick()
  }

  /** Takes a stored server in. */
  async load(config: ServerConfig, health: Health = newHealth, proposals: readonly Proposal[] = []): Promise<void> {
    const grant = await this.#o.vault.readGrant(config.id)
    const [lastEvent] = await this.#o.vault.events(config.id, 1)
    this.roster.add({ config, health, lastEvent: lastEvent ?? null, proposals })
    this.roster.describe(config.id, grant)
    this.#changed(config.id)
    const leftover = grant?.startedAt ?? null
    this.dispatch(config.id, { type: 'started', grant: grant && factsOf(config, grant), leftover })
    // Told once: a later start finds it noted already.
    if (leftover !== null && health.lostAt !== leftover && this.roster.health(config.id).lostAt === leftover)
      this.record(config.id, 'refreshFailed', historyOf(this.roster.health(config.id)), { fault: 'lost' })
  }

  /** The token to use now: one that could not be saved yet, else the stored one. */
  async currentTokens(id: string): Promise<(Tokens & { generation: number; dpopKey: Secret | null }) | null> {
    const { unsaved } = this.roster.get(id)
    const grant = await this.#o.vault.readGrant(id)
    // A refresh leaves the key as it is, so that of the stored grant is the unsaved token's too.
    const dpopKey = grant?.shape.dpopKey ?? null
    if (unsaved) return { ...unsaved.tokens, generation: unsaved.generation, dpopKey }
    return grant && { ...grant, dpopKey }
  }

  /**
   * Stores what `change` makes of a server's settings, and uses it; changes of one server wait for each other, so that each is
   * made of what the one before left. Rejects what `change` throws, `serverUnknown`, and where the vault cannot be written.
   */
  changeConfig(id: string, change: (old: ServerConfig) => Changed | Promise<Changed>): Promise<void> {
    return this.#inTurn(id, async () => {
      const changed = await change(this.roster.config(id))
      await this.#o.vault.updateServer(changed.config, changed)
      this.roster.get(id).config = changed.config
      this.dispatch(id, { type: 'rescheduled' })
      this.#changed(id)
    })
  }

  /** For every server that sets nothing of its own: what is planned is planned anew. */
  setSchedule(schedule: Schedule, concurrency: number): void {
    this.roster.setSchedule(schedule)
    this.#limit.concurrency = concurrency
    for (const [id] of this.roster.all()) {
      this.dispatch(id, { type: 'rescheduled' })
      // Warnings are told by the schedule, whether or not the plan is another.
      this.#changed(id)
    }
  }

  setSignIn(id: string, signIn: Viewed['signIn']): void {
    const entry = this.roster.find(id)
    if (entry) entry.signIn = signIn
    this.#changed(id)
  }

  /** What would cure the sign-in that just failed; empty: nothing is proposed any more. */
  propose(id: string, proposals: readonly Proposal[]): void {
    const entry = this.roster.find(id)
    if (!entry || (entry.proposals.length === 0 && proposals.length === 0)) return
    entry.proposals = proposals
    this.#records.saveProposals(id, entry)
    this.#changed(id)
  }

  forget(id: string): void {
    this.roster.remove(id)
    this.#asked.delete(id)
    this.#changed(id)
  }

  /** Marks a server as asked about, so that a command-hosted core looks after it. */
  ask(id: string): void {
    this.#asked.add(id)
    this.tick()
  }

  /**
   * Resolves when what was just asked of this server is answered, well or badly; at once when nothing was.
   * Rejects `ownerStopping` where a drain ended first: the next owner is to be asked.
   */
  settled(id: string): Promise<void> {
    return this.#answers.settled(id)
  }

  /** Gives `event` to the machine and runs what comes of it. Unknown servers are ignored: they were just removed. */
  dispatch(id: string, event: HealthEvent): void {
    const entry = this.roster.find(id)
    if (!entry) return
    this.roster.countGap(entry)
    const context = { now: this.#o.clock.now(), roll: this.#o.random(), schedule: this.roster.schedule(id) }
    const { health, effect, ignored } = transition(entry.health, event, context)
    if (ignored) this.#o.metrics.countIgnored(id, event.type)
    if (health !== entry.health) {
      entry.health = health
      this.#records.saveHealth(id, entry)
      this.#changed(id)
    }
    if (effect) this.#run(id, entry, effect)
    this.#arm()
  }

  /** Looks at every clock: starts whatever is due. */
  tick(): void {
    if (this.#stopped || this.#sleep.isOn) return
    const now = this.#o.clock.now()
    const due = this.roster
      .all()
      .filter(([id, { health }]) => this.#inScope(id) && isDue(health, now, this.roster.schedule(id)))
      .sort(([, a], [, b]) => (a.health.grant?.expiresAt ?? 0) - (b.health.grant?.expiresAt ?? 0))
    for (const [id] of due) this.dispatch(id, { type: 'due' })
    this.#arm()
  }

  /** The machine woke or the network is back: what is overdue comes first, then waits are cut short. */
  poke(): void {
    this.#sleep.end()
    this.tick()
    for (const [id] of this.roster.all()) if (this.#inScope(id)) this.dispatch(id, { type: 'poked' })
  }

  /** The machine is about to sleep: nothing new is sent until a poke; what is in flight is heard out. */
  suspend(): void {
    if (this.#stopped || this.#sleep.isOn) return
    this.#sleep.begin()
    this.#cancelAlarm()
  }

  /** Records a line of history; a failure to do so is logged and harms nothing. */
  record(id: string, kind: EventKind, detail: string, more: Partial<HistoryEvent> = {}): void {
    const entry = this.roster.find(id)
    if (!entry) return
    this.#records.append(id, entry, kind, detail, more)
    this.#changed(id)
  }

  /** Takes in a grant that was just stored by a sign-in. */
  async signedIn(id: string): Promise<void> {
    const grant = await this.#o.vault.readGrant(id)
    const entry = this.roster.find(id)
    if (!grant || !entry) return
    entry.unsaved = null
    this.roster.describe(id, grant)
    this.dispatch(id, { type: 'signedIn', grant: factsOf(entry.config, grant) })
    this.record(id, 'signedIn', `Signed in${sayValidity(grant)}`, { expiresAt: grant.expiresAt })
  }

  /** The person said that a grant from a backup may be tried, although its refresh token may be spent. */
  async approveRestored(id: string): Promise<void> {
    await this.#o.vault.clearRestored(id)
    const grant = await this.#o.vault.readGrant(id)
    if (grant) this.dispatch(id, { type: 'refreshed', grant: factsOf(this.roster.config(id), grant) })
  }

  signedOut(id: string): void {
    this.roster.describe(id, null)
    const entry = this.roster.find(id)
    if (entry) entry.unsaved = null
    this.dispatch(id, { type: 'signedOut' })
  }

  /** Starts nothing new and resolves when everything in flight is answered and stored. */
  async drain(): Promise<void> {
    this.#stopped = true
    this.#cancelAlarm()
    this.#sleep.end()
    const entries = this.roster.all()
    await Promise.all(entries.map(([, entry]) => entry.flight))
    for (const [id, entry] of entries) if (entry.unsaved) await this.#effects.store(id, entry)
    await Promise.all(entries.map(([, entry]) => entry.saving))
    this.#answers.drained()
  }

  #inScope(id: string): boolean {
    return this.#o.scope === 'all' || this.#asked.has(id)
  }

  #changed(id: string): void {
    this.#answers.look()
    this.#o.onChange(id)
  }

  /** One alarm for all: the earliest plan; it rings within a nap anyway, so that a changed clock is noticed. */
  #arm(): void {
    this.#cancelAlarm()
    if (this.#stopped || this.#sleep.isOn) return
    let next = Number.POSITIVE_INFINITY
    for (const [id, { health, flight }] of this.roster.all()) {
      const at = this.#inScope(id) && !flight ? plannedAt(health) : null
      if (at !== null) next = Math.min(next, at)
    }
    this.#cancelAlarm = this.#o.clock.alarm(next, () => this.tick())
  }

  #run(id: string, entry: Entry, effect: Exclude<Effect, null>): void {
    const before = entry.flight ?? Promise.resolve()
    const work = async () => {
      if (effect === 'save') return void (await this.#effects.store(id, entry))
      // Asked for, or waiting for its turn, as the machine was about to sleep: not sent yet, so not lost.
      while (this.#sleep.isOn) await this.#sleep.over()
      await this.#effects.refresh(id, entry)
    }
    const flight: Promise<void> = before
      .then(() => this.#limit(work))
      .catch((error) => {
        this.#o.log.error('a refresh ended unexpectedly', error, { server: id })
        this.#effects.failed(id, { fault: 'busy', at: this.#o.clock.now(), detail: 'with an internal error' })
      })
      .finally(() => {
        if (entry.flight === flight) entry.flight = null
        this.#arm()
      })
    entry.flight = flight
  }
}
