// Hands out a token that is valid for long enough, after a refresh where that helps.
// The floor between attempts and the backoff hold here too: a script that asks in a loop must not flood a server.
import type { Clock } from '../base/clock.ts'
import { expose } from '../base/secret.ts'
import type { Output } from '../contract/commands.ts'
import { formatDuration } from '../contract/duration.ts'
import { type ErrorCode, TokentrayError } from '../contract/errors.ts'
import type { Fault } from '../contract/health.ts'
import type { GrantKind } from '../contract/serverConfig.ts'
import { isWell } from '../health/questions.ts'
import { isHeld, sayHeld } from '../health/words.ts'
import type { Keeper } from './keeper.ts'
import { writeTime } from './serverView.ts'

const faultCodes: Record<Fault, ErrorCode> = {
  offline: 'serverUnreachable',
  busy: 'serverBusy',
  lost: 'replyLost',
  garbled: 'responseInvalid',
  refused: 'signInNeeded',
  unclear: 'tokenUnavailable',
  misconfigured: 'clientRefused',
  unsaved: 'vaultUnwritable'
}

/**
 * A person asks for a refresh: ends a hold, and resolves when this is answered; waits for the floor between attempts, not for
 * a backoff.
 * @throws signInNeeded, tokenUnavailable or the code of the fault
 */
export async function refreshNow(keeper: Keeper, id: string): Promise<void> {
  const before = keeper.roster.health(id).grant?.generation
  keeper.endHold()
  keeper.ask(id)
  keeper.dispatch(id, { type: 'asked' })
  await keeper.settled(id)
  const health = keeper.roster.health(id)
  if (health.grant && health.grant.generation !== before) return
  throw whyNot(keeper, id)
}

const login = (id: string) => `Open Tokentray or run "tokentray login ${id}" to sign in.`
/** What a person can do for a server that needs a token. */
export const remedies: Record<GrantKind, (id: string) => string> = {
  authorizationCode: login,
  clientCredentials: login,
  jwtBearer: login,
  staticToken: (id) => `Replace its token in Tokentray or with "tokentray set ${id} --token-file FILE".`,
  refreshToken: (id) =>
    `Replace its refresh token in Tokentray or with "tokentray set ${id} --refresh-token-file FILE".`
}

/** What is said where a token of a server is asked for that keeps none. */
export const passedThrough = (id: string) =>
  `${id} uses pass-through: each client signs in itself, and no token is stored. To sign in here, turn off pass-through in its settings.`

/** Why there is no usable token, as an error with what to do. */
export function whyNot(keeper: Keeper, id: string): TokentrayError {
  const view = keeper.roster.view(id)
  const { state } = keeper.roster.health(id)
  if (view.paused)
    return new TokentrayError(
      'tokenUnavailable',
      `${id} is paused. Resume it in Tokentray or with "tokentray resume ${id}".`
    )
  if (state.kind === 'signedOut' && view.mode === 'passThrough')
    return new TokentrayError('tokenUnavailable', passedThrough(id))
  if (state.kind === 'signedOut' || (state.kind === 'needsUser' && state.action === 'signIn'))
    return new TokentrayError('signInNeeded', `${view.detail || `${view.words}.`} ${remedies[view.grantKind](id)}`)
  if (state.kind === 'needsUser' && state.action === 'tryRestored')
    return new TokentrayError(
      'signInNeeded',
      `${view.words}. ${view.detail} Decide in Tokentray, or try it with "tokentray refresh ${id}", or sign in again with "tokentray login ${id}".`
    )
  if (!view.renewable)
    return new TokentrayError('signInNeeded', `${id} has no refresh token. ${remedies[view.grantKind](id)}`)
  if (keeper.heldUntil !== null && isHeld(keeper.roster.health(id), keeper.heldUntil))
    return new TokentrayError(
      'tokenUnavailable',
      `${sayHeld(keeper.heldUntil, writeTime)} To refresh now, run "tokentray refresh ${id}".`
    )
  // What is wrong with the settings is said with when it is tried again.
  const next = view.nextAt === null || view.fault === 'misconfigured' ? '' : ' Tokentray retries automatically.'
  return new TokentrayError(
    view.fault ? faultCodes[view.fault] : 'tokenUnavailable',
    `${view.detail || view.words}${next}`
  )
}

/**
 * A token valid for at least `minValidMs`, refreshed first where needed.
 * A token whose whole lifetime is shorter comes with a warning, as does a still valid one that could not be refreshed.
 * `prove`: makes what goes with a token that is bound to a key (RFC 9449).
 * @throws signInNeeded (exit code 3), tokenUnavailable or the code of the fault
 */
export async function readToken(
  keeper: Keeper,
  clock: Clock,
  id: string,
  minValidMs: number,
  prove?: (token: CurrentTokens) => string | null
): Promise<Output<'readToken'>> {
  const tokens = await usableTokens(keeper, clock, id, minValidMs)
  const valid = tokens.expiresAt === null ? Number.POSITIVE_INFINITY : tokens.expiresAt - clock.now()
  const lifetime = lifetimeOf(keeper, id)
  return {
    token: expose(tokens.accessToken),
    tokenType: tokens.tokenType,
    expiresAt: tokens.expiresAt,
    ...(prove && { proof: prove(tokens) }),
    warning:
      valid >= minValidMs
        ? null
        : lifetime < minValidMs
          ? `This token is valid for only ${formatDuration(lifetime)} in total, with ${formatDuration(valid)} left.`
          : `This token expires in ${formatDuration(valid)}: ${keeper.roster.view(id).words}.`
  }
}

function lifetimeOf(keeper: Keeper, id: string): number {
  const { grant } = keeper.roster.health(id)
  return grant?.expiresAt == null ? Number.POSITIVE_INFINITY : grant.expiresAt - grant.obtainedAt
}

type CurrentTokens = NonNullable<Awaited<ReturnType<Keeper['currentTokens']>>>

/** The tokens to use now, refreshed first where less than `minValidMs` are left; see readToken. @throws as readToken does */
export async function usableTokens(
  keeper: Keeper,
  clock: Clock,
  id: string,
  minValidMs: number
): Promise<CurrentTokens> {
  const left = () => {
    const { health, unsaved } = keeper.roster.get(id)
    // One that could not be saved yet is the one handed out; its saving is not waited for.
    const expiresAt = unsaved ? unsaved.tokens.expiresAt : health.grant?.expiresAt
    return expiresAt == null ? Number.POSITIVE_INFINITY : expiresAt - clock.now()
  }
  keeper.ask(id)
  const { grant, state, paused } = keeper.roster.health(id)
  // A token that never lives long enough is refreshed only when it has really run low.
  const lifetime = lifetimeOf(keeper, id)
  const wanted = lifetime >= minValidMs ? minValidMs : lifetime / 2
  // Paused is paused for readers too: somebody else may hold this refresh token just now.
  if (grant && left() < wanted && !paused) {
    if (isWell(state)) keeper.dispatch(id, { type: 'asked' })
    await keeper.settled(id)
  }
  const tokens = await keeper.currentTokens(id)
  const valid = tokens?.expiresAt == null ? left() : tokens.expiresAt - clock.now()
  if (!tokens || valid <= 0) throw whyNot(keeper, id)
  return tokens
}
