// The state machine of one server's health: (health, event, now) → next health and effect. Pure: no I/O, clock, randomness.
// A pair of state and event that is not listed changes nothing; the keeper counts it.
import type { Action, FaultReport, GrantFacts, Health, Schedule, SignInStep, State } from '../contract/health.ts'
import {
  attemptsOf,
  insufficientScope,
  isBarred,
  isDue,
  isForgotten,
  isPromptRetry,
  isRepeated,
  isTokenRefused,
  isUnsaved,
  isWell,
  maxRefusals,
  plannedAt,
  refreshRefused,
  restored,
  tokenRefused
} from './questions.ts'
import { deadRetryAt, dueAt, floorAt, retryAt } from './schedule.ts'

export type HealthEvent =
  /** The alarm rang: the state's own time has come. */
  | { type: 'due' }
  /** A person or a reader of the token wants a refresh now; the floor still holds. */
  | { type: 'asked' }
  /** A refresh was stored, or another writer's grant was found. */
  | { type: 'refreshed'; grant: GrantFacts }
  | { type: 'failed'; report: FaultReport }
  /** Wake or network back: waits for transient faults are cut short. */
  | { type: 'poked' }
  | { type: 'signInStarted' }
  | { type: 'signInStep'; step: SignInStep }
  /** Cancelled or failed: the old grant was never touched. */
  | { type: 'signInEnded' }
  | { type: 'signedIn'; grant: GrantFacts }
  | { type: 'signedOut' }
  | { type: 'paused' }
  | { type: 'resumed' }
  /** The process started: what is stored, and the journal's entry if a refresh was left in flight. */
  | { type: 'started'; grant: GrantFacts | null; leftover: number | null }
  /** The server let the token in. */
  | { type: 'accepted' }
  /** The server refused a token that has not ended, and a new one would not help; it goes on being kept. */
  | { type: 'tokenRefused' }
  /** The server refused a request for want of scopes (RFC 6750 section 3.1); the token goes on being kept. */
  | { type: 'scopeNeeded' }
  /** A person said no to the scopes that a server asked for. */
  | { type: 'scopesDeclined' }
  /** Settings changed: what is planned is planned anew. */
  | { type: 'rescheduled' }

/** `refresh` spends the refresh token; `save` stores again what is held in memory. */
export type Effect = 'refresh' | 'save' | null

export type Context = {
  /** In ms since the epoch. */
  now: number
  /** In [0, 1). */
  roll: number
  schedule: Schedule
}

export type Step = { health: Health; effect: Effect; ignored: boolean }

type Past = Pick<Health, 'lastAttemptAt' | 'scopeNeededAt'>

/** The state of a grant in order. A refresh brings no scope that was not granted (RFC 6749 section 6). */
function freshState(
  grant: GrantFacts,
  { lastAttemptAt, scopeNeededAt }: Past,
  { now, roll, schedule }: Context
): State {
  if (grant.restored) return needsUser('tryRestored', restored, null, null, now)
  const due = dueAt(grant, lastAttemptAt, roll, now, schedule)
  if (scopeNeededAt === null) return { kind: 'fresh', since: now, roll, dueAt: due }
  return needsUser('grantMore', insufficientScope, null, due, Math.min(scopeNeededAt, now))
}

function needsUser(
  action: Action,
  code: string,
  report: FaultReport | null,
  nextAt: number | null,
  now: number
): State {
  return { kind: 'needsUser', since: now, action, nextAt, report, code }
}

/** Of a grant whose refresh token counts as dead since `dead`: a person is to sign in, and it is tried now and then until then. */
function deadState(dead: FaultReport, earliest: number, { now, schedule }: Context): State {
  return needsUser(
    'signIn',
    refreshRefused,
    dead,
    Math.max(earliest, deadRetryAt(dead.at, now, schedule)),
    Math.min(dead.at, now)
  )
}

/** What is known of a grant's refusals before there are any. */
const unrefused = { refusals: [], dead: null } as const

/** The same state with its next attempt at `until`: what was asked for is done as soon as the floor lets it. */
function postpone(state: State, until: number): State {
  if (state.kind === 'fresh') return { ...state, dueAt: until }
  return state.kind === 'waiting' || state.kind === 'needsUser' ? { ...state, nextAt: until } : state
}

/** Starts an attempt, or waits for the floor; `exempt` for the one prompt retry of a lost reply. */
function startAttempt(health: Health, context: Context, exempt = false): Step {
  const { now, schedule } = context
  const { grant } = health
  if (!grant?.renewable) {
    // It cannot be renewed but is still valid: nothing to do.
    if (grant && (grant.expiresAt === null || grant.expiresAt > now)) return ignore(health)
    const state = needsUser('signIn', grant ? 'noRefreshToken' : 'noGrant', null, null, now)
    return { health: { ...health, state }, effect: null, ignored: false }
  }
  const floor = floorAt(health.lastAttemptAt, now, schedule)
  if (!exempt && floor > now) {
    // An attempt in the future (the clock went back) is noted as of now, or its floor would move along with the time.
    const lastAttemptAt = health.lastAttemptAt === null ? null : Math.min(health.lastAttemptAt, now)
    return { health: { ...health, lastAttemptAt, state: postpone(health.state, floor) }, effect: null, ignored: false }
  }
  const state: State = { kind: 'refreshing', since: now, attempt: attemptsOf(health.state) }
  return { health: { ...health, state, lastAttemptAt: now }, effect: 'refresh', ignored: false }
}

function onFailed(health: Health, report: FaultReport, context: Context): Step {
  const { now, roll, schedule } = context
  const attempts = attemptsOf(health.state) + 1
  const lostAt = report.fault === 'lost' ? (health.lostAt ?? report.at) : health.lostAt
  const isUnclear = report.fault === 'unclear'
  const refusals = isUnclear ? [...health.refusals, report.detail].slice(-maxRefusals) : health.refusals
  const isBelieved = isUnclear && isRepeated(refusals)
  const end = health.grant?.expiresAt ?? now
  const isFinal = report.fault === 'refused' && !report.inOwnWords
  const isFatal = report.inOwnWords || (isBelieved && end <= now)
  const dead = isFinal ? null : (health.dead ?? (isFatal ? report : null))
  const done = (state: State): Step => ({
    health: { ...health, state, lostAt, refusals, dead },
    effect: null,
    ignored: false
  })
  const later = retryAt(attempts, report.retryAfter ?? null, health.lastAttemptAt, roll, now, schedule)
  if (isFinal) return done(needsUser('signIn', refreshRefused, report, null, now))
  if (report.fault === 'misconfigured') {
    const action = isForgotten(report.detail) ? 'signIn' : 'fixSettings'
    return done(needsUser(action, report.detail, report, now + schedule.fixRetry, now))
  }
  // Here the server may have given a new token: a dead one has come to life again.
  const isAlive = report.fault === 'lost' || report.fault === 'unsaved'
  if (dead && !isAlive) return done(deadState(dead, later, context))
  // What more refusals would show is shown at the end of the access token.
  if (isBelieved) {
    const nextAt = Math.max(later, Math.min(end, now + schedule.fixRetry))
    return done({ kind: 'waiting', since: now, attempt: attempts, nextAt, report })
  }
  // The same token once more, at once; only when that is lost too does the ordinary backoff begin.
  const nextAt = report.fault === 'lost' && health.lostAt === null ? now : later
  return done({ kind: 'waiting', since: now, attempt: attempts, nextAt, report })
}

function onDue(health: Health, context: Context): Step {
  const { state } = health
  if (health.paused) return ignore(health)
  if (isUnsaved(state)) return { health, effect: 'save', ignored: false }
  return startAttempt(health, context, isPromptRetry(health))
}

function ignore(health: Health): Step {
  return { health, effect: null, ignored: true }
}

function onAsked(health: Health, context: Context): Step {
  const { state } = health
  if (isBarred(health) || state.kind === 'refreshing') return ignore(health)
  if (isUnsaved(state)) return { health, effect: 'save', ignored: false }
  // Of what is never tried again, a refused refresh token above all: only a sign-in could answer.
  const isFinal = state.kind === 'needsUser' && state.action === 'signIn' && state.nextAt === null
  if (isFinal && !isTokenRefused(state)) return ignore(health)
  return startAttempt(health, context)
}

function onStarted(health: Health, grant: GrantFacts | null, leftover: number | null, context: Context): Step {
  const { now } = context
  const sameGrant = grant !== null && health.grant?.generation === grant.generation
  // Learnt by refreshing and not told by the grant itself.
  const refreshExtends = sameGrant ? (health.grant?.refreshExtends ?? true) : true
  const known = sameGrant ? {} : unrefused
  const base: Health = { ...health, ...known, grant: grant && { ...grant, refreshExtends }, signIn: null }
  const done = (state: State, extra: Partial<Health> = {}): Step => ({
    health: { ...base, state, ...extra },
    effect: null,
    ignored: false
  })
  if (!grant) return done({ kind: 'signedOut' })
  if (grant.restored) return done(needsUser('tryRestored', restored, null, null, now))
  // A refresh that was in flight when the process died is a lost reply; its one prompt retry has not been used.
  if (leftover !== null && (!sameGrant || health.lostAt === null)) {
    const report: FaultReport = { fault: 'lost', at: leftover, detail: 'Tokentray stopped before the reply arrived' }
    return done({ kind: 'waiting', since: now, attempt: 1, nextAt: now, report }, { lostAt: leftover })
  }
  const { state } = health
  const kept = sameGrant && (state.kind === 'waiting' || state.kind === 'needsUser')
  if (kept && !isUnsaved(state)) return done(state)
  if (base.dead && state.kind === 'refreshing') return done(deadState(base.dead, now, context))
  if (sameGrant && state.kind === 'fresh') return done(reschedule({ ...health, grant: base.grant }, state, context))
  return done(freshState({ ...grant, refreshExtends }, health, context))
}

/** The same freshness under the schedule of now; the dice are not rolled again, so that a plan stays one plan. */
function reschedule(health: Health, state: State & { kind: 'fresh' }, context: Context): State {
  const { grant } = health
  return grant
    ? ({ ...freshState(grant, health, { ...context, roll: state.roll }), since: state.since } as State)
    : state
}

/** A wait can only become shorter by new settings: who asked for a longer one (`Retry-After`) is still heard. */
function onRescheduled(health: Health, context: Context): Step {
  const { state, lastAttemptAt } = health
  const { now, roll, schedule } = context
  const done = (state: State): Step => ({ health: { ...health, state }, effect: null, ignored: false })
  if (state.kind === 'fresh') return done(reschedule(health, state, context))
  if (state.kind === 'waiting') {
    const wait = retryAt(state.attempt, state.report.retryAfter ?? null, lastAttemptAt, roll, now, schedule)
    return wait < state.nextAt ? done({ ...state, nextAt: wait }) : ignore(health)
  }
  const { dead } = health
  const isTried = state.kind === 'needsUser' && (state.action === 'fixSettings' || isForgotten(state.code) || dead)
  if (!isTried || state.nextAt === null) return ignore(health)
  const wait = dead ? deadRetryAt(dead.at, now, schedule) : now + schedule.fixRetry
  return wait < state.nextAt ? done({ ...state, nextAt: wait }) : ignore(health)
}

/**
 * Whether a refresh moved the refresh token's end, as far as anybody said. A fixed end that is stated as the seconds left comes
 * out some moments off each time, so it has to move along with the refresh.
 */
function isExtended(before: GrantFacts | null, after: GrantFacts): boolean {
  if (before === null || before.refreshExpiresAt === null || after.refreshExpiresAt === null) return true
  return after.refreshExpiresAt - before.refreshExpiresAt > (after.obtainedAt - before.obtainedAt) / 2
}

/** The next health after `event`. Total: every pair is answered, unlisted ones with `ignored`. */
export function transition(health: Health, event: HealthEvent, context: Context): Step {
  const { now } = context
  const { state } = health
  const done = (change: Partial<Health>): Step => ({ health: { ...health, ...change }, effect: null, ignored: false })
  switch (event.type) {
    case 'due':
      return isDue(health, now, context.schedule) ? onDue(health, context) : ignore(health)
    case 'asked':
      return onAsked(health, context)
    case 'refreshed': {
      const grant = { ...event.grant, refreshExtends: isExtended(health.grant, event.grant) }
      return done({ ...unrefused, grant, lostAt: null, state: freshState(grant, health, context) })
    }
    case 'failed': {
      if (state.kind === 'refreshing') return onFailed(health, event.report, context)
      return isUnsaved(state) && event.report.fault === 'unsaved'
        ? onFailed(health, event.report, context)
        : ignore(health)
    }
    case 'poked':
      if (health.paused || state.kind !== 'waiting') return ignore(health)
      return onDue({ ...health, state: { ...state, nextAt: now } }, context)
    case 'signInStarted':
      return done({ signIn: { since: now, step: 'resource' } })
    case 'signInStep':
      return health.signIn ? done({ signIn: { ...health.signIn, step: event.step } }) : ignore(health)
    case 'signInEnded':
      return health.signIn ? done({ signIn: null }) : ignore(health)
    case 'signedIn':
      return done({
        grant: event.grant,
        signIn: null,
        lostAt: null,
        ...unrefused,
        scopeNeededAt: null,
        acceptedAt: null,
        state: freshState(event.grant, { ...health, scopeNeededAt: null }, context)
      })
    case 'signedOut':
      return done({
        ...unrefused,
        grant: null,
        lostAt: null,
        scopeNeededAt: null,
        acceptedAt: null,
        state: { kind: 'signedOut' }
      })
    case 'paused':
      return health.paused ? ignore(health) : done({ paused: true })
    case 'resumed':
      return health.paused ? done({ paused: false }) : ignore(health)
    case 'started':
      return onStarted(health, event.grant, event.leftover, context)
    case 'scopeNeeded':
      // Shown once the refresh that is under way has succeeded.
      if (state.kind === 'refreshing' || state.kind === 'waiting') return done({ scopeNeededAt: now })
      if (state.kind !== 'fresh') return ignore(health)
      return done({
        scopeNeededAt: now,
        state: needsUser('grantMore', insufficientScope, null, state.dueAt, now)
      })
    case 'tokenRefused':
      if (!isWell(state)) return ignore(health)
      return done({ state: needsUser('signIn', tokenRefused, null, plannedAt({ ...health, paused: false }), now) })
    case 'accepted':
    case 'scopesDeclined': {
      // An answer ends the want of scopes too: a server must not keep itself red while it serves other requests.
      const change = { scopeNeededAt: null, ...(event.type === 'accepted' && { acceptedAt: now }) }
      const isEnded =
        state.kind === 'needsUser' && (isWell(state) || (event.type === 'accepted' && isTokenRefused(state)))
      if (!isEnded || !health.grant) return done(change)
      return done({ ...change, state: freshState(health.grant, { ...health, scopeNeededAt: null }, context) })
    }
    case 'rescheduled':
      return onRescheduled(health, context)
  }
}
