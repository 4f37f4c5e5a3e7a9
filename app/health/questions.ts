// Questions about a stored health: when the next attempt is planned, whether it is due, whether a caller has its answer.
// Pure functions that change nothing: what happens next is decided in machine.ts.
import type { Health, Schedule, State } from '../contract/health.ts'

export const newHealth: Health = {
  state: { kind: 'signedOut' },
  paused: false,
  grant: null,
  signIn: null,
  lastAttemptAt: null,
  lostAt: null,
  refusals: [],
  dead: null,
  scopeNeededAt: null,
  acceptedAt: null
}

/** How many failures in a row this state already counts. */
export function attemptsOf(state: State): number {
  return state.kind === 'waiting' || state.kind === 'refreshing' ? state.attempt : 0
}

/** The moment planned for the next attempt, or null. Paused servers, and those in flight, wait for nothing. */
export function plannedAt(health: Health): number | null {
  if (health.paused) return null
  const { state } = health
  if (state.kind === 'fresh') return state.dueAt
  if (state.kind === 'waiting' || state.kind === 'needsUser') return state.nextAt
  return null
}

/** True where something is to happen now: its time has come, or the clock went back behind the state's own beginning. */
export function isDue(health: Health, now: number, schedule: Schedule): boolean {
  const at = plannedAt(health)
  if (at === null || health.state.kind === 'signedOut') return false
  return at <= now || health.state.since > now + schedule.floor
}

/** A new token waits in memory to be saved. */
export function isUnsaved(state: State): boolean {
  return state.kind === 'waiting' && state.report.fault === 'unsaved' && !state.report.unspent
}

/** The one prompt retry of a lost reply is next. */
export function isPromptRetry(health: Health): boolean {
  const { state } = health
  return state.kind === 'waiting' && state.report.fault === 'lost' && state.report.at === health.lostAt
}

/**
 * True once a request made when the last attempt was at `from` is answered: nothing is in flight, about to be retried
 * promptly, or held up only by the floor.
 */
export function isAnswered(health: Health, from: number | null | undefined, now: number, schedule: Schedule): boolean {
  if (health.state.kind === 'refreshing') return false
  const at = plannedAt(health)
  if (at === null) return true
  if (isPromptRetry(health)) return false
  return health.lastAttemptAt !== from || at > now + schedule.floor
}

/** The server no longer knows the client that was registered there: a sign-in registers anew, but servers err in this too. */
export const isForgotten = (code: string): boolean => code === 'client_forgotten'

/** Once may be a slip of the server. The three need not follow each other: servers behind one address may disagree. */
const enoughRefusals = 3
/** Of the refusals of a grant only the newest are kept. */
export const maxRefusals = 8

/** The newest of these refusals has been given often enough to be believed. */
export function isRepeated(refusals: readonly string[]): boolean {
  return refusals.filter((code) => code === refusals.at(-1)).length >= enoughRefusals
}

/** The server has said that it no longer knows the client of this grant. */
export function isClientForgotten({ state }: Health): boolean {
  return state.kind === 'needsUser' && isForgotten(state.code)
}

/** The token is in order; what may be wanting is scopes. */
export function isWell(state: State): boolean {
  return state.kind === 'fresh' || (state.kind === 'needsUser' && state.action === 'grantMore')
}

/** Codes of `needsUser` that no server sends. */
export const tokenRefused = 'tokenRefused'
export const restored = 'restored'
export const refreshRefused = 'refused'
/** RFC 6750 section 3.1. */
export const insufficientScope = 'insufficient_scope'
/** The server refuses the access token; the authorization server has said nothing against the grant. */
export function isTokenRefused(state: State): boolean {
  return state.kind === 'needsUser' && state.code === tokenRefused
}

/** Whether an answer of the server shows this to be wrong: that it refuses the token, or that the token lacks scopes. */
export function isRefutable({ state, scopeNeededAt }: Health): boolean {
  return isTokenRefused(state) || scopeNeededAt !== null
}

/** True where a person has to act before an attempt can make sense. */
export function isBarred(health: Health): boolean {
  return health.grant === null || health.state.kind === 'signedOut'
}
