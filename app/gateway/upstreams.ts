// The forwarder's view of the core: which servers there are, the token to use now, and what upstreams said about it.
// Decides nothing about health; it asks the keeper, waits with the others, and says why where there is no token.
import type { Clock } from '../base/clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import { isTokenRefused, isWell } from '../health/questions.ts'
import { remedies, whyNot } from '../keeper/readToken.ts'
import type { Upstreams, UpstreamToken } from '../keeper/upstreams.ts'
import { needScope, type StepUp } from '../servers/stepUp.ts'

/** A token with less than this, in ms, or a tenth of its life left is renewed before it goes up. */
const scarce = 10_000
/** "Accepted at …" is kept no more often than this, in ms: each time is a write to the vault. */
const acceptedEvery = 60_000
/** s; where nothing is planned, so that a person has to act. */
const personPatience = 30

export function createUpstreams({ stepUp, clock }: { stepUp: StepUp; clock: Clock }): Upstreams {
  const { keeper, oauth } = stepUp
  const { roster } = keeper
  /** The generation that came of an upstream's refusal: refused again, another refresh would not help. */
  const madeAnew = new Map<string, number>()

  async function current(id: string): Promise<UpstreamToken> {
    const tokens = await keeper.currentTokens(id)
    if (!tokens || (tokens.expiresAt !== null && tokens.expiresAt <= clock.now())) throw explained(id)
    return {
      generation: tokens.generation,
      headers: (method, url) => oauth.credentials(tokens, method, url),
      noteNonce: oauth.noteNonce
    }
  }

  /** The reason as for `tokentray token`, beginning with what to do, since clients cut long errors short. */
  function explained(id: string): TokentrayError {
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

  /** Asks for a refresh where one makes sense now, and waits for what is in flight. The backoff holds here too. */
  async function refreshed(id: string, signal: AbortSignal): Promise<void> {
    const { state, paused } = roster.health(id)
    if (paused) return
    keeper.ask(id)
    if (isWell(state)) keeper.dispatch(id, { type: 'asked' })
    await unlessAborted(keeper.settled(id), signal)
  }

  function isScarce(id: string): boolean {
    const { unsaved, health } = roster.get(id)
    const held = unsaved?.tokens ?? health.grant
    if (!held || held.expiresAt === null) return false
    const left = held.expiresAt - clock.now()
    return left < Math.min(scarce, (held.expiresAt - held.obtainedAt) / 10)
  }

  return {
    find(server) {
      const config = roster.find(server)?.config
      if (!config) return null
      const { id, name, url, clientCertificate = null } = config
      return { id, name, url, mode: config.mode, certificate: clientCertificate }
    },
    async token(server, signal) {
      if (!roster.has(server)) throw new TokentrayError('serverUnknown', `There is no server called "${server}".`)
      if (isScarce(server)) await refreshed(server, signal)
      return current(server)
    },
    async renewed(server, generation, signal) {
      if (!roster.has(server)) throw new TokentrayError('serverUnknown', `There is no server called "${server}".`)
      const { grant, paused } = roster.health(server)
      if (grant?.generation !== generation) return current(server)
      // Not refreshed behind the person's back.
      if (paused) throw explained(server)
      if (grant.renewable && madeAnew.get(server) !== generation) {
        await refreshed(server, signal)
        const made = roster.find(server)?.health.grant?.generation
        if (made !== undefined && made !== generation) {
          madeAnew.set(server, made)
          return current(server)
        }
        const state = roster.find(server)?.health.state
        if (!state || !isWell(state)) throw explained(server)
      }
      keeper.dispatch(server, { type: 'tokenRefused' })
      const remedy = remedies[roster.config(server).grantKind](server)
      throw new TokentrayError(
        'signInNeeded',
        `${roster.config(server).name} refuses the token although it has not ended. ${remedy}`
      )
    },
    retryAfter(server) {
      if (!roster.has(server)) return personPatience
      const { nextAt, state } = roster.view(server)
      if (state === 'refreshing') return 1
      if (nextAt === null) return personPatience
      return Math.min(Math.max(Math.ceil((nextAt - clock.now()) / 1000), 1), 300)
    },
    accepted(server) {
      const health = roster.find(server)?.health
      if (!health) return
      const isNews = health.acceptedAt === null || clock.now() - health.acceptedAt >= acceptedEvery
      if (isNews || isTokenRefused(health.state)) keeper.dispatch(server, { type: 'accepted' })
    },
    needsScope(server, scopes) {
      const state = roster.find(server)?.health.state
      // Noted and shown already: the next sign-in asks for it.
      if (state?.kind === 'needsUser' && state.action === 'grantMore') return
      if (state) void needScope(stepUp, server, scopes)
    }
  }
}

/** `work`, but rejecting as soon as `signal` aborts; the work itself goes on for the others. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
