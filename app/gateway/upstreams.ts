// What forwarding asks of the keeper: which servers there are, the token to use now, and what the upstream said about it.
// Decides nothing about health: it asks the keeper, waits for a refresh under way, and explains why there is no token.
import { unlessAborted } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import { stillHolds } from '../health/outage.ts'
import { isRefutable, isWell } from '../health/questions.ts'
import { floorAt } from '../health/schedule.ts'
import { remedies, whyNot } from '../keeper/readToken.ts'
import type { Upstreams, UpstreamToken } from '../keeper/upstreams.ts'
import { askServer, lookAtServer } from '../servers/askServer.ts'
import { needScope, type StepUp } from '../servers/stepUp.ts'

/** A token with less than this, or less than a tenth of its lifetime, left is renewed before it is used. */
const renewBeforeEndMs = 10_000
/** `acceptedAt` is recorded at most this often: each time is a write to the vault. */
const acceptedEveryMs = 60_000
/** How long the server's own word on a token may take. */
const askTimeoutMs = 15_000
/** After so many answers in a row that came by redirect from one URL, it is proposed as the server's own. */
const timesMoved = 3
/** In characters: a proposal is shown whole. */
const maxProposedLength = 300
/** `Retry-After` where no attempt is planned because a person has to act. */
const personRetrySeconds = 30

export function createUpstreams({ stepUp, clock }: { stepUp: StepUp; clock: Clock }): Upstreams {
  const { keeper, oauth } = stepUp
  const { roster } = keeper
  /** By server, the generation obtained after a refusal: if that is refused too, another refresh would not help. */
  const renewedGeneration = new Map<string, number>()
  /** By server, the generation that was refreshed because of a doubt. */
  const doubtedGeneration = new Map<string, number>()

  /** By server, where the last good answers came from, by redirects, and how many of them. */
  const moves = new Map<string, { to: string; times: number }>()
  /** By server, when it was last asked whether it takes the token of `generation` at all, and what that speaks for. */
  const asked = new Map<string, { generation: number; at: number; excuse: Promise<TokentrayError | null> }>()

  /**
   * Why a 401 to the token of `generation` is not the token's end: the server takes it otherwise, or does not work. null: it is.
   * A tool that always answers 401 would else end the sign-in for every client.
   */
  function excuseFor(id: string, generation: number): Promise<TokentrayError | null> {
    const known = asked.get(id)
    const now = clock.now()
    if (known?.generation === generation && stillHolds(known.at, now)) return known.excuse
    const excuse = askItself(id, generation).catch(() => null)
    asked.set(id, { generation, at: now, excuse })
    return excuse
  }

  /** By server, the token that it was last looked at with because of what a client was answered, and when. */
  const suspicions = new Map<string, { generation: number; at: number }>()

  async function lookAtSuspect(id: string, generation: number): Promise<void> {
    const tokens = await keeper.currentTokens(id)
    if (tokens?.generation === generation)
      await lookAtServer({ ...stepUp, clock }, id, tokens, { timeoutMs: askTimeoutMs })
  }

  async function askItself(id: string, generation: number): Promise<TokentrayError | null> {
    const tokens = await keeper.currentTokens(id)
    if (tokens?.generation !== generation) return null
    const { verdict, seen, sentence } = await askServer({ ...stepUp, clock }, id, tokens, {
      timeoutMs: askTimeoutMs,
      asksIssuer: true,
      callsTool: true
    })
    const { name } = roster.config(id)
    if (verdict === 'accepted' || verdict === 'scopeNeeded') {
      keeper.dispatch(id, { type: 'accepted' })
      return new TokentrayError(
        'notAllowedHere',
        `${name} rejects this request (HTTP 401) but accepts the token. Your account may not be allowed to do this.`
      )
    }
    const isDown = seen?.kind === 'unreachable' || seen?.kind === 'silent' || seen?.kind === 'failing'
    return verdict === 'unknown' && isDown
      ? new TokentrayError('tokenUnavailable', `${name} rejects the token (HTTP 401). ${sentence}`)
      : null
  }

  async function currentToken(id: string): Promise<UpstreamToken> {
    const tokens = await keeper.currentTokens(id)
    if (!tokens || (tokens.expiresAt !== null && tokens.expiresAt <= clock.now())) throw explainMissing(id)
    return {
      generation: tokens.generation,
      signInNumber: roster.get(id).signInNumber,
      scope: roster.get(id).scope,
      headers: (method, url) => oauth.credentials(tokens, method, url),
      noteNonce: oauth.noteNonce
    }
  }

  /** Why there is no token. Begins with what to do, since clients cut long errors short. */
  function explainMissing(id: string): TokentrayError {
    const why = whyNot(keeper, id)
    const { grantKind, name, detail, words } = roster.view(id)
    const canSignIn = grantKind !== 'staticToken' && grantKind !== 'refreshToken'
    if (why.code !== 'signInNeeded' || !canSignIn) return why
    const reason = detail || `${words}.`
    return new TokentrayError(
      'signInNeeded',
      `Sign in to ${name}: open Tokentray or run "tokentray login ${id}". ${reason}`
    )
  }

  /** Asks for a refresh, which still keeps the backoff, and waits for the one in flight. */
  async function refreshNow(id: string, signal: AbortSignal): Promise<void> {
    const { state, paused } = roster.health(id)
    if (paused) return
    keeper.ask(id)
    if (isWell(state)) keeper.dispatch(id, { type: 'asked' })
    await unlessAborted(signal, () => keeper.settled(id))
  }

  /** The token that a refresh brings in place of a refused one; null: that one stays in use, and is as good as before. */
  async function refreshed(id: string, refused: number, signal: AbortSignal): Promise<UpstreamToken | null> {
    await refreshNow(id, signal)
    const { grant, state } = roster.health(id)
    if (grant && grant.generation !== refused) {
      renewedGeneration.set(id, grant.generation)
      return currentToken(id)
    }
    if (!isWell(state)) throw explainMissing(id)
    return null
  }

  function endsSoon(id: string): boolean {
    const { unsaved, health } = roster.get(id)
    const tokens = unsaved?.tokens ?? health.grant
    if (!tokens || tokens.expiresAt === null) return false
    const left = tokens.expiresAt - clock.now()
    return left < Math.min(renewBeforeEndMs, (tokens.expiresAt - tokens.obtainedAt) / 10)
  }

  /** Whether a token that the upstream seems to refuse may be refreshed for it: once, and not one that was obtained just now. */
  function mayRetry(id: string, generation: number): boolean {
    const { schedule, health } = roster.get(id)
    const { grant, state, paused, lastAttemptAt } = health
    const isTried = renewedGeneration.get(id) === generation || doubtedGeneration.get(id) === generation
    const now = clock.now()
    const isHeld = paused || keeper.heldUntil !== null || !isWell(state) || floorAt(lastAttemptAt, now, schedule) > now
    return grant?.renewable === true && !isTried && !isHeld
  }

  /** A server that moved is one that redirected to the same URL several times in a row, and answered nothing itself. */
  function noteMove(id: string, to: string | null): void {
    const before = moves.get(id)
    if (to === null && !before) return
    if (to === null || to.length > maxProposedLength) moves.delete(id)
    else moves.set(id, { to, times: before?.to === to ? before.times + 1 : 1 })
    const { times = 0 } = moves.get(id) ?? {}
    if (times <= timesMoved) keeper.noteMove(id, times === timesMoved ? to : null)
  }

  return {
    find(server) {
      const config = roster.find(server)?.config
      if (!config) return null
      const { id, name, url, clientCertificate = null } = config
      return { id, name, url, mode: config.mode, certificate: clientCertificate }
    },
    async token(server, signal) {
      if (endsSoon(server)) await refreshNow(server, signal)
      return currentToken(server)
    },
    async renewed(server, generation, signal, isCertain = false) {
      const { grant, paused } = roster.health(server)
      if (grant?.generation !== generation) return currentToken(server)
      // A paused server is not refreshed, and none is while refreshes are held back.
      if (paused || keeper.heldUntil !== null) throw explainMissing(server)
      if (grant.renewable && renewedGeneration.get(server) !== generation) {
        const newer = await refreshed(server, generation, signal)
        if (newer) return newer
      }
      const excuse = isCertain ? null : await unlessAborted(signal, () => excuseFor(server, generation))
      if (excuse) throw excuse
      keeper.dispatch(server, { type: 'tokenRefused' })
      const remedy = remedies[roster.config(server).grantKind](server)
      throw new TokentrayError(
        'signInNeeded',
        `${roster.config(server).name} rejects the token although it has not expired. ${remedy}`
      )
    },
    async retried(server, generation, signal) {
      const { grant, state } = roster.health(server)
      if (grant?.generation !== generation) return currentToken(server)
      const isUnderWay = state.kind === 'refreshing'
      if (!isUnderWay && !mayRetry(server, generation)) return null
      if (!isUnderWay) doubtedGeneration.set(server, generation)
      return refreshed(server, generation, signal)
    },
    suspected(server, generation) {
      const known = suspicions.get(server)
      const now = clock.now()
      const isRecent = known?.generation === generation && stillHolds(known.at, now)
      if (isRecent || !roster.has(server)) return
      suspicions.set(server, { generation, at: now })
      // Where the vault cannot be read now, the next suspicion is looked into.
      void lookAtSuspect(server, generation).catch(() => suspicions.delete(server))
    },
    remedy: (server) => remedies[roster.config(server).grantKind](server),
    retryAfter(server) {
      if (!roster.has(server)) return personRetrySeconds
      const { nextAt, state } = roster.view(server)
      if (state === 'refreshing') return 1
      if (nextAt === null) return personRetrySeconds
      return Math.min(Math.max(Math.ceil((nextAt - clock.now()) / 1000), 1), 300)
    },
    accepted(server, movedTo) {
      const health = roster.find(server)?.health
      if (!health) return
      noteMove(server, movedTo)
      const isNews = health.acceptedAt === null || clock.now() - health.acceptedAt >= acceptedEveryMs
      if (isNews || isRefutable(health)) keeper.dispatch(server, { type: 'accepted' })
    },
    saw: (server, sighting, startedAt) => keeper.sightings.note(server, sighting, startedAt),
    needsScope(server, scopes) {
      const health = roster.find(server)?.health
      // Noted and shown already: the next sign-in asks for it.
      if (health && health.scopeNeededAt === null) void needScope(stepUp, server, scopes)
    }
  }
}
