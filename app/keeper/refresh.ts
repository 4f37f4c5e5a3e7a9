// One refresh of one server's token (RFC 6749 section 6), from the journal entry to the durable save.
// The order loses no token: journal, send, save, and only then the news. A save that fails is repeated, a request never.
import type { Clock, Random } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import { formatDuration } from '../contract/duration.ts'
import { asTokentrayError } from '../contract/errors.ts'
import type { FaultReport, GrantFacts, Health } from '../contract/health.ts'
import type { HistoryEvent } from '../contract/views.ts'
import { transition } from '../health/machine.ts'
import type { Grant, Tokens } from '../oauth/grant.ts'
import type { OAuth } from '../oauth/port.ts'
import { separateCommas } from '../oauth/scope.ts'
import type { Vault } from '../vault/vault.ts'
import { factsOf } from './grantFacts.ts'
import { writeInTurn } from './records.ts'
import type { Entry } from './roster.ts'

export type RefreshParts = { vault: Vault; oauth: OAuth; clock: Clock; random: Random; log: Log; metrics: Metrics }

/** A server as a refresh sees it; of its fields only `unsaved` and `saving` are changed here. */
export type RefreshedServer = Pick<Entry, 'config' | 'health' | 'schedule' | 'unsaved' | 'saving'>

/** What happened, for the keeper to make known. */
export type RefreshNews =
  /** Stored, together with `health`, which is what `facts` make of `before`, and with `event`. */
  | { kind: 'refreshed'; facts: GrantFacts; scope: string | null; before: Health; health: Health; event: HistoryEvent }
  /** Somebody else stored a grant meanwhile, a sign-in most likely: theirs stands. null: they deleted it. */
  | { kind: 'superseded'; grant: Grant | null }
  /** With the fault `unsaved` the token is held in memory, unless nothing was sent at all (`unspent`). */
  | { kind: 'failed'; report: FaultReport }
  /** There is no grant to refresh. */
  | { kind: 'gone' }
  /** Nothing is held in memory: an earlier save has stored it. */
  | { kind: 'saved' }

/** A refresh that was sent is always waited for, or its token would be lost; the network's own limits bound it. */
const neverAborted = new AbortController().signal

/** ", valid for 1 h", for the history. */
export function sayValidity({ expiresAt, obtainedAt }: Pick<Grant, 'expiresAt' | 'obtainedAt'>): string {
  if (expiresAt === null) return ', no known expiry'
  const length = formatDuration(expiresAt - obtainedAt)
  return `, valid for ${length.replaceAll(/[dhms]/g, (unit) => spokenUnits[unit] ?? unit)}`
}

/** As the pages write them. */
const spokenUnits: Record<string, string> = { d: ' d', h: ' h', m: ' min', s: ' s' }

/** Spends the refresh token once and stores what came of it. Never rejects for a fault of server or disk: that is news. */
export async function refresh(parts: RefreshParts, server: RefreshedServer): Promise<RefreshNews> {
  const { vault, oauth, clock, log, metrics } = parts
  const { id } = server.config
  const startedAt = clock.now()
  const count = (result: string) => metrics.countRefresh(id, result, clock.now() - startedAt)
  let grant: Grant | null
  try {
    grant = await vault.beginRefresh(id, startedAt)
  } catch (error) {
    log.error('the vault could not be written before a refresh', error, { server: id })
    count('unsaved')
    const detail = asTokentrayError(error).message
    return { kind: 'failed', report: { fault: 'unsaved', at: clock.now(), detail, unspent: true } }
  }
  if (!grant) return { kind: 'gone' }
  const outcome = await oauth.renew(server.config, grant, neverAborted)
  if (outcome.ok) {
    server.unsaved = {
      generation: grant.generation,
      tokens: tokensAfter(grant, outcome.tokens),
      isRotated: outcome.tokens.refreshToken !== null
    }
    const news = await saveRefreshed(parts, server)
    count(news.kind === 'failed' ? news.report.fault : news.kind === 'refreshed' ? 'refreshed' : 'superseded')
    return news
  }
  count(outcome.fault)
  const { fault, detail, retryAfter, inOwnWords } = outcome
  // Only a reply that never came may have rotated the token behind our back; the journal keeps that in mind.
  if (fault !== 'lost')
    await vault
      .endRefresh(id, grant.generation)
      .catch((error) => log.error('a journal entry could not be removed', error))
  const current = await vault.readGrant(id)
  if (current?.generation !== grant.generation) return { kind: 'superseded', grant: current }
  const report = { fault, at: clock.now(), detail, ...(retryAfter !== null && { retryAfter }) }
  return { kind: 'failed', report: { ...report, ...(inOwnWords && { inOwnWords }) } }
}

/**
 * Stores the token held in memory, and with it, in one transaction, the health and the line of history that come of it.
 * Never spends a refresh token. The health is computed beforehand from what the commit will make true.
 */
export function saveRefreshed(parts: RefreshParts, server: RefreshedServer): Promise<RefreshNews> {
  const { vault, clock, log } = parts
  const { id } = server.config
  return writeInTurn(server, async (): Promise<RefreshNews> => {
    if (!server.unsaved) return { kind: 'saved' }
    const { generation, tokens, isRotated } = server.unsaved
    const hasRefreshToken = tokens.refreshToken !== null
    const facts = factsOf(server.config, { ...tokens, generation: generation + 1, hasRefreshToken, restored: false })
    const now = clock.now()
    const context = { now, roll: parts.random(), schedule: server.schedule }
    const before = server.health
    const { health } = transition(before, { type: 'refreshed', grant: facts }, context)
    const detail = `Refreshed${sayValidity(tokens)}${isRotated ? ', refresh token rotated' : ''}`
    const event: HistoryEvent = { at: now, kind: 'refreshed', fault: null, detail, expiresAt: tokens.expiresAt }
    try {
      const result = await vault.commitRefresh(id, generation, tokens, { health, event })
      const current = result === 'superseded' ? await vault.readGrant(id) : null
      server.unsaved = null
      if (result === 'superseded') return { kind: 'superseded', grant: current }
    } catch (error) {
      log.error('a new token could not be saved; it is held in memory', error, { server: id })
      return { kind: 'failed', report: { fault: 'unsaved', at: clock.now(), detail: asTokentrayError(error).message } }
    }
    return { kind: 'refreshed', facts, scope: tokens.scope, before, health, event }
  })
}

/** The tokens there are after a reply: what it did not repeat stays as it was (RFC 6749 sections 5.1 and 6). */
export function tokensAfter(old: Tokens, reply: Tokens): Tokens {
  const isRotated = reply.refreshToken !== null
  return {
    ...reply,
    scope: separateCommas(reply.scope, old.scope) ?? old.scope,
    refreshToken: reply.refreshToken ?? old.refreshToken,
    refreshExpiresAt: isRotated ? reply.refreshExpiresAt : (reply.refreshExpiresAt ?? old.refreshExpiresAt)
  }
}
