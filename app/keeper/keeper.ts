// Keeps every server's token valid: passes events to the health machine, carries out its effects, wakes at the next plan.
// It decides nothing about health; app/health does. It holds no token except one that could not be saved yet.

/*
 * The invariant everything here rests on: the *generation* of a grant.
 *
 * Whenever a sign-in or a refresh is stored, the vault gives the server's grant its next generation, a number never used
 * twice for this server, not even after it was removed and added again. A refresh keeps the generation of the grant whose
 * refresh token it spends, and the vault stores its tokens only while the stored grant still has that generation.
 *
 * Say a refresh of generation 4 is under way while a person signs in, which is stored as generation 5. Its reply, stored now,
 * would put a token of the old grant in the place of the new one: the next refresh would be refused, and at a server that
 * detects reuse (RFC 9700 section 4.14.2) it would end the new sign-in as well. So it is `superseded`, and nothing of it is
 * stored or told to health. Never write tokens without the generation they came of, nor by one that was read later.
 */
import { isDeepStrictEqual } from 'node:util'
import pLimit from 'p-limit'
import { createQueue } from '../base/queue.ts'
import type { Secret } from '../base/secret.ts'
import type { Health, Schedule } from '../contract/health.ts'
import type { Proposal } from '../contract/proposal.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { EventKind, HistoryEvent } from '../contract/views.ts'
import { type Effect, type HealthEvent, transition } from '../health/machine.ts'
import { isDue, newHealth, plannedAt } from '../health/questions.ts'
import { historyOf } from '../health/words.ts'
import type { Grant, Tokens } from '../oauth/grant.ts'
import type { ServerChange, ServerRecord } from '../vault/vault.ts'
import { factsOf, outlineOf } from './grantFacts.ts'
import { PlanQueue } from './planQueue.ts'
import { Records } from './records.ts'
import { type RefreshNews, type RefreshParts, refresh, saveRefreshed, sayValidity } from './refresh.ts'
import { RefreshHold } from './refreshHold.ts'
import { type Entry, Roster } from './roster.ts'
import type { Viewed } from './serverView.ts'
import { Sightings } from './sightings.ts'
import { Suspension } from './suspension.ts'
import { Waiters } from './waiters.ts'

export type KeeperOptions = RefreshParts & {
  schedule: Schedule
  /** How many requests to token endpoints are under way at once. */
  concurrency: number
  /** 'asked': only servers somebody asked about are touched (a command-hosted core). */
  scope: 'all' | 'asked'
  /** True where this computer has no network, so that no server can be reached. */
  isOffline: () => boolean
  /** The view of server `id` may have changed; called for one that was just removed too. */
  onChange: (id: string) => void
}

/** What may spend a refresh token. */
const spending: ReadonlySet<HealthEvent['type']> = new Set(['due', 'asked', 'poked'])

export class Keeper {
  readonly #o: KeeperOptions
  readonly roster: Roster
  readonly sightings: Sightings
  readonly #limit: ReturnType<typeof pLimit>
  readonly #waiters: Waiters
  readonly #records: Records
  readonly #suspension: Suspension
  readonly #hold: RefreshHold
  readonly #inTurn = createQueue()
  readonly #plans = new PlanQueue<Entry>()
  /** When the alarm rings at the latest, in ms since the epoch; Infinity: none is set. */
  #alarmAt = Number.POSITIVE_INFINITY
  #cancelAlarm = () => {}
  /** The last time that was read off the clock. */
  #lastNow = Number.NEGATIVE_INFINITY
  #signIns = 0
  /** The clock went back, or servers were just loaded: plans say nothing of what is due by a beginning in the future. */
  #mustLookAtAll = true
  #stopped = false

  constructor(options: KeeperOptions) {
    this.#o = options
    this.#hold = new RefreshHold(options.clock, () => this.#holdEnded())
    this.roster = new Roster(options.clock, options.schedule, () => this.#hold.until)
    this.sightings = new Sightings({
      roster: this.roster,
      clock: options.clock,
      isOffline: options.isOffline,
      record: (id, kind, detail) => this.record(id, kind, detail),
      onChange: (id) => this.#changed(id)
    })
    this.#waiters = new Waiters(this.roster, options.clock)
    this.#limit = pLimit(options.concurrency)
    this.#records = new Records(options)
    this.#suspension = new Suspension(options.clock, () => this.tick())
  }

  /** Loads every server and refreshes what is overdue, the most urgent first. */
  async start(): Promise<void> {
    // A command that hosts the core touches one server, and is over before any wait.
    const uncleanStarts = await this.#o.vault.uncleanStarts()
    this.#hold.begin(uncleanStarts, this.#o.scope === 'all')
    if (uncleanStarts > 0)
      this.#o.log.warn('the last start did not end cleanly', { uncleanStarts, heldUntil: this.#hold.until })
    for (const record of await this.#o.vault.serverRecords()) this.#add(record)
    this.tick()
  }

  /** Takes in a server that was just added to the vault. */
  async load(id: string): Promise<void> {
    const record = await this.#o.vault.serverRecord(id)
    if (record) this.#add(record)
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
  changeConfig(id: string, change: (old: ServerConfig) => ServerChange | Promise<ServerChange>): Promise<void> {
    return this.#inTurn(id, async () => {
      const { url } = this.roster.config(id)
      const changed = await change(this.roster.config(id))
      await this.#o.vault.updateServer(changed.config, changed)
      if (changed.config.url !== url) this.sightings.forget(id)
      this.roster.setConfig(this.roster.get(id), changed.config)
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

  /** Where the server redirects every request to; null: it does not, or no longer. A person decides whether it is used. */
  noteMove(id: string, to: string | null): void {
    const entry = this.roster.find(id)
    if (!entry || entry.movedTo === to) return
    entry.movedTo = to
    this.#changed(id)
  }

  forget(id: string): void {
    const entry = this.roster.find(id)
    if (entry) this.#plans.set(entry, null)
    this.roster.remove(id)
    this.sightings.forget(id)
    this.#changed(id)
  }

  /** Marks a server as asked about, so that a command-hosted core looks after it, and starts what is due there. */
  ask(id: string): void {
    const entry = this.roster.find(id)
    if (!entry) return
    entry.isAsked = true
    this.#planNext(entry)
    this.#planIfDue(entry)
    this.tick()
  }

  /**
   * Resolves when what was just asked of this server is answered, well or badly; at once when nothing was.
   * Rejects `ownerStopping` where a drain ended first: the next owner is to be asked.
   */
  settled(id: string): Promise<void> {
    // Nothing is under way then, and nothing is begun for whoever asks.
    if (this.#hold.isOn) return Promise.resolve()
    return this.#waiters.settled(id)
  }

  /** Gives `event` to the machine and runs what comes of it. Unknown servers are ignored: they were just removed. */
  dispatch(id: string, event: HealthEvent): void {
    const entry = this.roster.find(id)
    if (!entry) return
    if (this.#hold.isOn && spending.has(event.type)) return
    const { health, effect, ignored } = transition(entry.health, event, this.#contextOf(entry))
    if (ignored) this.#o.metrics.countIgnored(id, event.type)
    if (health !== entry.health) this.#changeHealth(id, entry, health)
    if (effect) this.#run(id, entry, effect)
    this.#planNext(entry)
    // What `due` itself leaves to be done has a time of its own: due at once again, it would never end.
    if (event.type !== 'due') this.#planIfDue(entry)
    this.#arm()
  }

  /** The machine is about to sleep, or asleep as far as is known. */
  get isSuspended(): boolean {
    return this.#suspension.isOn
  }

  /** Until when nothing is refreshed, in ms since the epoch, after starts in a row without a clean end; null: it is not held back. */
  get heldUntil(): number | null {
    return this.#hold.until
  }

  /** A person asked for a refresh: what is held back may go. */
  endHold(): void {
    this.#hold.end()
  }

  /** Starts whatever is due, in the order in which the tokens end. */
  tick(): void {
    if (this.#isHeldBack()) return
    const now = this.#now()
    if (this.#mustLookAtAll) {
      this.#mustLookAtAll = false
      for (const [, entry] of this.roster.all()) this.#planIfDue(entry)
    }
    const due = this.#plans.takeDue(now)
    due.sort((a, b) => (a.health.grant?.expiresAt ?? 0) - (b.health.grant?.expiresAt ?? 0))
    for (const { config } of due) this.dispatch(config.id, { type: 'due' })
    this.#arm()
  }

  /** The machine woke or the network is back: what is overdue comes first, then waits are cut short. */
  poke(): void {
    this.#suspension.end()
    this.#hold.check()
    this.tick()
    for (const [id, entry] of this.roster.all()) if (this.#inScope(entry)) this.dispatch(id, { type: 'poked' })
  }

  /** The machine is about to sleep: nothing new is sent until a poke; what is in flight is heard out. */
  suspend(): void {
    if (this.#stopped || this.#suspension.isOn) return
    this.#suspension.begin()
    this.#disarm()
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
    entry.signInNumber = ++this.#signIns
    this.sightings.newSignIn(id)
    this.#takeGrant(id, entry, grant, 'signedIn')
    this.record(id, 'signedIn', `Signed in${sayValidity(grant)}`, { expiresAt: grant.expiresAt })
  }

  /** The person said that a grant from a backup may be tried, although its refresh token may be spent. */
  async approveRestored(id: string): Promise<void> {
    await this.#o.vault.clearRestored(id)
    const grant = await this.#o.vault.readGrant(id)
    const entry = this.roster.find(id)
    if (grant && entry) this.#takeGrant(id, entry, grant, 'refreshed')
  }

  signedOut(id: string): void {
    const entry = this.roster.find(id)
    if (!entry) return
    entry.unsaved = null
    this.roster.describe(entry, null)
    this.dispatch(id, { type: 'signedOut' })
  }

  /** Starts nothing new and resolves when everything in flight is answered and stored. */
  async drain(): Promise<void> {
    this.#stopped = true
    this.#disarm()
    this.#suspension.end()
    this.#hold.stop()
    const entries = this.roster.all()
    await Promise.all(entries.map(([, entry]) => entry.flight))
    for (const [id, entry] of entries) if (entry.unsaved) this.#tell(id, entry, await saveRefreshed(this.#o, entry))
    await Promise.all(entries.map(([, entry]) => entry.saving))
    this.#waiters.drain()
  }

  #add({ config, health: known, proposals, grant, lastEvent }: ServerRecord): void {
    const { id } = config
    const stored = known ?? newHealth
    const entry = this.roster.add({ config, health: stored, proposals, lastEvent })
    this.roster.describe(entry, grant)
    this.sightings.restore(entry)
    const leftover = grant?.startedAt ?? null
    const event: HealthEvent = { type: 'started', grant: grant && factsOf(config, grant), leftover }
    const { health } = transition(stored, event, this.#contextOf(entry))
    // An ordinary start finds everything as it was, and writes nothing.
    this.#changeHealth(id, entry, health, isDeepStrictEqual(health, stored))
    this.#arm()
    // Told once: a later start finds it noted already.
    if (leftover !== null && stored.lostAt !== leftover && health.lostAt === leftover)
      this.record(id, 'refreshFailed', historyOf(health), { fault: 'lost' })
  }

  /** Makes known what came of a refresh or a save: to health, to the history and to the views. */
  #tell(id: string, entry: Entry, news: RefreshNews): void {
    // Removed meanwhile; another server may have its name by now.
    if (this.roster.find(id) !== entry) return
    switch (news.kind) {
      case 'refreshed':
        entry.scope = news.scope
        // Something else happened while it was being saved: that health goes on from there.
        if (entry.health !== news.before) this.dispatch(id, { type: 'refreshed', grant: news.facts })
        else this.#changeHealth(id, entry, news.health, true)
        this.#records.note(id, entry, news.event)
        this.#changed(id)
        break
      case 'superseded':
        this.record(id, 'superseded', 'A newer sign-in replaced this refresh')
        if (news.grant) this.#takeGrant(id, entry, news.grant, 'refreshed')
        else this.signedOut(id)
        break
      case 'failed':
        this.dispatch(id, { type: 'failed', report: news.report })
        this.record(id, 'refreshFailed', historyOf(entry.health, news.report), { fault: news.report.fault })
        break
      case 'gone':
        this.signedOut(id)
    }
  }

  #takeGrant(id: string, entry: Entry, grant: Grant, type: 'refreshed' | 'signedIn'): void {
    const outline = outlineOf(grant)
    this.roster.describe(entry, outline)
    this.dispatch(id, { type, grant: factsOf(entry.config, outline) })
  }

  #changeHealth(id: string, entry: Entry, health: Health, isStored = false): void {
    this.roster.countGap(entry)
    entry.health = health
    if (!isStored) this.#records.saveHealth(id, entry)
    this.#planNext(entry)
    this.#changed(id)
  }

  #changed(id: string): void {
    this.#waiters.check(id)
    this.#o.onChange(id)
  }

  #contextOf({ schedule }: Entry) {
    return { now: this.#now(), roll: this.#o.random(), schedule }
  }

  #now(): number {
    const now = this.#o.clock.now()
    if (now < this.#lastNow) this.#mustLookAtAll = true
    this.#lastNow = now
    return now
  }

  #inScope({ isAsked }: Entry): boolean {
    return isAsked || this.#o.scope === 'all'
  }

  /** What is under way is planned again when it has ended. */
  #planNext(entry: Entry): void {
    this.#plans.set(entry, this.#inScope(entry) && !entry.flight ? plannedAt(entry.health) : null)
  }

  /** Plans for now what is due for another reason than its plan: the clock went back behind the state's own beginning. */
  #planIfDue(entry: Entry): void {
    if (!entry.plan) return
    const now = this.#now()
    if (isDue(entry.health, now, entry.schedule)) this.#plans.set(entry, Math.min(entry.plan.at, now))
  }

  #holdEnded(): void {
    for (const [id] of this.roster.all()) this.#changed(id)
    this.tick()
  }

  #isHeldBack(): boolean {
    return this.#stopped || this.#suspension.isOn || this.#hold.isOn
  }

  /** One alarm for all, at the earliest plan; it rings within a nap anyway, so that a changed clock is noticed. */
  #arm(): void {
    if (this.#isHeldBack()) return
    const next = this.#plans.earliest()
    // One that rings too early only looks again.
    if (next === null || next >= this.#alarmAt) return
    this.#disarm()
    this.#alarmAt = next
    this.#cancelAlarm = this.#o.clock.alarm(next, () => {
      this.#alarmAt = Number.POSITIVE_INFINITY
      this.tick()
    })
  }

  #disarm(): void {
    this.#cancelAlarm()
    this.#alarmAt = Number.POSITIVE_INFINITY
  }

  #run(id: string, entry: Entry, effect: Exclude<Effect, null>): void {
    const before = entry.flight ?? Promise.resolve()
    const flight: Promise<void> = before
      .then(() => this.#limit(() => this.#attempt(id, entry, effect)))
      .catch((error) => {
        this.#o.log.error('a refresh ended unexpectedly', error, { server: id })
        const report = { fault: 'busy', at: this.#o.clock.now(), detail: 'with an internal error' } as const
        this.#tell(id, entry, { kind: 'failed', report })
      })
      .finally(() => {
        if (entry.flight === flight) entry.flight = null
        if (this.roster.find(id) !== entry) return
        this.#planNext(entry)
        this.#planIfDue(entry)
        this.#arm()
      })
    entry.flight = flight
  }

  async #attempt(id: string, entry: Entry, effect: Exclude<Effect, null>): Promise<void> {
    if (effect === 'save') return this.#tell(id, entry, await saveRefreshed(this.#o, entry))
    // Asked for, or waiting for its turn, as the machine was about to sleep: not sent yet, so not lost.
    while (this.#suspension.isOn) await this.#suspension.over()
    await this.#hold.inTurn(async () => {
      // Nothing is spent yet: a drain, or a sign-in that came meanwhile, makes this attempt pointless.
      if (this.#stopped || entry.health.state.kind !== 'refreshing') return
      this.#tell(id, entry, await refresh(this.#o, entry))
    })
  }
}
