// What the health machine's effects do: spend a refresh token, and store what came of it, in an order that loses nothing.
// Journal first, then the request, then the durable save, then the news; a failed save is retried, never the refresh.
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import { formatDuration } from '../contract/duration.ts'
import { asTokentrayError } from '../contract/errors.ts'
import type { FaultReport, Health } from '../contract/health.ts'
import type { ServerConfig } from '../contract/server.ts'
import type { EventKind, HistoryEvent } from '../contract/views.ts'
import type { HealthEvent } from '../health/machine.ts'
import type { Grant, Tokens } from '../oauth/grant.ts'
import type { OAuth } from '../oauth/port.ts'
import type { Vault } from '../vault/vault.ts'
import { factsOf } from './grantFacts.ts'

/** A token the server gave and the vault could not take yet. */
export type Unsaved = { generation: number; tokens: Tokens }

/** One server as the effects see it. */
export type Kept = { config: ServerConfig; health: Health; unsaved: Unsaved | null }

/** What the effects tell the keeper. */
export type KeeperSide = {
  isStopped(): boolean
  dispatch(id: string, event: HealthEvent): void
  record(id: string, kind: EventKind, detail: string, more?: Partial<HistoryEvent>): void
  /** Takes in the public part of a grant; null: there is none any more. */
  describe(id: string, grant: Grant | null): void
  /** What happened, in words, for the history. */
  detail(id: string): string
}

export type EffectsOptions = { vault: Vault; oauth: OAuth; clock: Clock; log: Log; metrics: Metrics }

/** "…, valid for 1 h", for the history. */
export function sayValidity(grant: Grant): string {
  if (grant.expiresAt === null) return ', no known end'
  const length = formatDuration(grant.expiresAt - grant.obtainedAt)
  return `, valid for ${length.replaceAll(/[dhms]/g, (unit) => spokenUnits[unit] ?? unit)}`
}

/** As the pages write them. */
const spokenUnits: Record<string, string> = { d: ' d', h: ' h', m: ' min', s: ' s' }

export class Effects {
  readonly #o: EffectsOptions
  readonly #keeper: KeeperSide
  /** Never aborted: a refresh that was sent is always heard out; the network's own limits bound it. */
  readonly #never = new AbortController().signal

  constructor(options: EffectsOptions, keeper: KeeperSide) {
    this.#o = options
    this.#keeper = keeper
  }

  /** Spends the refresh token once and stores what came of it. */
  async refresh(id: string, kept: Kept): Promise<void> {
    const { vault, oauth, clock, log, metrics } = this.#o
    // Nothing is spent yet: a drain, or a sign-in that came meanwhile, makes this attempt pointless.
    if (this.#keeper.isStopped() || kept.health.state.kind !== 'refreshing') return
    const began = clock.now()
    const count = (result: string) => metrics.countRefresh(id, result, clock.now() - began)
    let grant: Grant | null
    try {
      grant = await vault.beginRefresh(id, began)
    } catch (error) {
      log.error('the vault could not be written before a refresh', error, { server: id })
      count('unsaved')
      const detail = asTokentrayError(error).message
      this.failed(id, { fault: 'unsaved', at: clock.now(), detail, unspent: true })
      return
    }
    if (!grant) {
      this.#gone(id)
      return
    }
    const outcome = await oauth.renew(kept.config, grant, this.#never)
    if (outcome.ok) {
      kept.unsaved = { generation: grant.generation, tokens: outcome.tokens }
      count(await this.store(id, kept))
      return
    }
    count(outcome.fault)
    const { fault, detail, retryAfter } = outcome
    // Only a reply that never came may have rotated the token behind our back; the journal keeps that in mind.
    if (fault !== 'lost')
      await vault.endRefresh(id, grant.generation).catch((error) => log.error('a journal entry stays', error))
    const current = await vault.readGrant(id)
    if (current?.generation !== grant.generation) {
      this.#superseded(id, kept, current)
      return
    }
    this.failed(id, { fault, at: clock.now(), detail, ...(retryAfter === null ? {} : { retryAfter }) })
  }

  /** Stores the token held in memory; resolves with the result for metrics. Never spends a refresh token. */
  async store(id: string, kept: Kept): Promise<string> {
    const { vault, clock, log } = this.#o
    const held = kept.unsaved
    if (!held) return 'superseded'
    let result: 'committed' | 'superseded'
    let grant: Grant | null
    try {
      result = await vault.commitRefresh(id, held.generation, held.tokens)
      // Let go of only when it was read back: nothing but another save would look at it again.
      grant = await vault.readGrant(id)
    } catch (error) {
      log.error('a new token could not be saved; it is held in memory', error, { server: id })
      this.failed(id, { fault: 'unsaved', at: clock.now(), detail: asTokentrayError(error).message })
      return 'unsaved'
    }
    kept.unsaved = null
    if (result === 'superseded' || !grant) {
      this.#superseded(id, kept, grant)
      return 'superseded'
    }
    this.#keeper.describe(id, grant)
    this.#keeper.dispatch(id, { type: 'refreshed', grant: factsOf(kept.config, grant) })
    const rotated = held.tokens.refreshToken ? ', refresh token rotated' : ''
    this.#keeper.record(id, 'refreshed', `Refreshed${sayValidity(grant)}${rotated}`, { expiresAt: grant.expiresAt })
    return 'refreshed'
  }

  failed(id: string, report: FaultReport): void {
    this.#keeper.dispatch(id, { type: 'failed', report })
    this.#keeper.record(id, 'refreshFailed', this.#keeper.detail(id) || report.detail, { fault: report.fault })
  }

  /** Somebody else wrote this grant meanwhile (a sign-in, most likely): theirs stands. */
  #superseded(id: string, kept: Kept, grant: Grant | null): void {
    this.#keeper.record(id, 'superseded', 'A newer sign-in replaced this refresh')
    if (!grant) {
      this.#gone(id)
      return
    }
    this.#keeper.describe(id, grant)
    this.#keeper.dispatch(id, { type: 'refreshed', grant: factsOf(kept.config, grant) })
  }

  #gone(id: string): void {
    this.#keeper.describe(id, null)
    this.#keeper.dispatch(id, { type: 'signedOut' })
  }
}
