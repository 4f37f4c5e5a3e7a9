// Health in plain words: the light, one short line, what happened and what it means, and the warnings.
// Times inside sentences are handed in already written, so that this stays pure and locale-free.

import type { Fault, FaultReport, Health, Light, Outage, Schedule, State } from '../contract/health.ts'
import { sayProblem } from './problems.ts'
import { isForgotten, isTokenRefused, plannedAt, refreshRefused, restored, tokenRefused } from './questions.ts'
import { endNoticeMs, isTooShort } from './schedule.ts'

/** Writes a time of day, such as "14:02". */
export type WriteTime = (at: number) => string

/** The last token is over and nothing has replaced it yet; `now` in ms. */
function isOver({ grant }: Health, now: number): boolean {
  return grant !== null && grant.expiresAt !== null && grant.expiresAt <= now
}

/** The token has a known end, and nothing to get another with. */
function isEnding({ grant }: Health): boolean {
  return grant !== null && !grant.renewable && grant.expiresAt !== null && grant.expirySource !== 'guess'
}

/** A refresh token was given by hand and no access token has ever come of it. */
function isUntried({ grant }: Health): boolean {
  return grant !== null && grant.expiresAt !== null && grant.expiresAt <= grant.obtainedAt
}

/**
 * The one light of both facts, the token and the server: a person who is needed comes first, then whatever is in trouble.
 * `heldUntil`: until when refreshes are held back, in ms since the epoch; null: they are not. `outage` null: the server was
 * working when it was last seen, or was not seen yet.
 */
export function lightOf(
  health: Health,
  now: number,
  heldUntil: number | null = null,
  outage: Outage | null = null
): Light {
  if (health.paused) return 'grey'
  const light = lightOfState(health, now)
  return light === 'green' && (isHeld(health, heldUntil) || outage !== null) ? 'amber' : light
}

function lightOfState(health: Health, now: number): Light {
  switch (health.state.kind) {
    // Nobody looked after it in time: the machine slept, or no owner runs.
    case 'fresh':
      return isOver(health, now) ? 'amber' : 'green'
    // A new try after failures is not health yet.
    case 'refreshing':
      return health.state.attempt === 0 && !health.dead ? 'green' : 'amber'
    case 'waiting':
      return 'amber'
    // A server that wants more permission serves other requests: one hostile 403 must not look like an outage.
    case 'needsUser':
      return health.state.action === 'grantMore' ? 'amber' : 'red'
    case 'signedOut':
      return 'grey'
  }
}

const order: Light[] = ['grey', 'green', 'amber', 'red']

/** The light that says the worst; grey where there is nothing to say. */
export function worstLight(lights: readonly Light[]): Light {
  return lights.reduce<Light>((worst, light) => (order.indexOf(light) > order.indexOf(worst) ? light : worst), 'grey')
}

/** Each fault in a few words, to stand inside a line. */
export const faultWords: Record<Fault, string> = {
  offline: 'the authorization server is unreachable',
  busy: 'the authorization server is busy',
  lost: 'a reply was lost',
  garbled: 'the reply did not come from an authorization server',
  refused: 'the server rejected the refresh token',
  unclear: 'the server rejected the refresh',
  misconfigured: 'the server rejected these settings',
  unsaved: 'the vault cannot be written'
}

const needsWords: Record<string, string> = {
  noRefreshToken: 'Sign-in needed: the token expired and there is no refresh token',
  noGrant: 'Not signed in',
  [tokenRefused]: 'Sign-in needed: the server rejects the token',
  client_forgotten: 'Sign-in needed: the server no longer recognizes this client',
  [restored]: 'Restored from a backup: decide whether to use it'
}

export const wellWords = 'Healthy'
/** Until its end; doors say beside it when that is. */
export const endingWords = 'Token valid, no refresh token'
/** The same of a sign-in whose server stated no end. */
export const unknownEndWords = 'No refresh token; the end of the token is unknown'
export const uncheckedWords = 'Not verified yet'
export const passedThroughWords = 'Each client signs in itself'

/** One short line without moving numbers. `heldUntil`: as in lightOf(). */
export function wordsOf(health: Health, now: number, heldUntil: number | null = null): string {
  if (health.signIn) return 'Signing in…'
  if (health.paused) return 'Paused'
  if (isHeld(health, heldUntil)) return heldWords
  const { state } = health
  switch (state.kind) {
    case 'signedOut':
      return 'Not signed in'
    case 'fresh':
      if (!isOver(health, now)) return isEnding(health) ? endingWords : wellWords
      if (!health.grant?.renewable) return 'Token expired'
      return isUntried(health) ? 'Waiting for the first token' : 'Token expired, refresh due'
    case 'refreshing':
      return 'Refreshing…'
    case 'waiting':
      return `Retrying · attempt ${state.attempt} · ${faultWords[state.report.fault]}`
    case 'needsUser':
      if (state.action === 'grantMore') return 'More permission needed'
      if (state.action === 'fixSettings') return `Settings need fixing: ${state.code}`
      return needsWords[state.code] ?? `Sign-in needed: ${faultWords[state.report?.fault ?? 'refused']}`
  }
}

/** Whether this server would be refreshed before `heldUntil`, were refreshes not held back; null: they are not. */
export function isHeld(health: Health, heldUntil: number | null): boolean {
  const at = plannedAt(health)
  return heldUntil !== null && at !== null && at <= heldUntil
}

/** A sign-in failed because the authorization server refused the client that a person gave. */
export const clientRefusedWords = 'Settings need fixing: the client was refused'

export const heldWords = 'Refreshing is on hold'

/** Why nothing is refreshed until `heldUntil` (ms since the epoch). */
export const sayHeld = (heldUntil: number, time: WriteTime): string =>
  `Tokentray stopped unexpectedly several times in a row, so it refreshes nothing until ${time(heldUntil)}. ` +
  'Tokens that are still valid can be used.'

/** What a fault was, with the times in the sentence, or without for a history that tells them apart. */
function happened(report: FaultReport, lostAt: number | null, time: WriteTime | null): string {
  const at = time ? ` at ${time(report.at)}` : ''
  switch (report.fault) {
    case 'offline':
      return `The authorization server could not be reached${at}: ${sayProblem(report.detail)}.`
    case 'busy':
      return `The authorization server was busy${at}: ${sayProblem(report.detail)}.`
    case 'lost':
      return `A refresh was sent${at}, but no complete reply arrived: ${sayProblem(report.detail)}. The server may already have replaced the refresh token, so Tokentray tries the same one again.`
    case 'garbled':
      return `The reply${at} did not come from an OAuth server: ${sayProblem(report.detail)}. It may be the login page of a network.`
    case 'refused':
      return lostAt === null
        ? `The server rejected the refresh token${at} (${report.detail}).`
        : `The reply to ${time ? `the refresh at ${time(lostAt)}` : 'an earlier refresh'} was lost, and the server rejected the refresh token${at} (${report.detail}), because the lost reply had replaced it.`
    case 'unclear':
      return `The server rejected the refresh${at} (${report.detail}) without saying whether the refresh token is still valid.`
    case 'misconfigured':
      if (isForgotten(report.detail))
        return `The server did not recognize its registered client${at}. Sign in again to register a new one. Until then, Tokentray retries every hour.`
      return `The server rejected the request${at}: ${sayProblem(report.detail)}. Check the client ID, client secret, scopes and extra parameters. Tokentray retries every hour.`
    case 'unsaved':
      if (report.unspent)
        return `No refresh was sent${at}, because the vault could not be written. Reason: ${sayProblem(report.detail).replace(/\.$/, '')}.`
      return `The server issued a new token${at}, but it could not be saved. Tokentray holds it in memory and retries only the save. Reason: ${sayProblem(report.detail).replace(/\.$/, '')}.`
  }
}

/** The sentence about the last fault as history keeps it: without times, which a later reader may read in another zone. */
export function historyOf({ state, lostAt }: Health, report = reportOf(state)): string {
  return report ? happened(report, lostAt, null) : ''
}

const reportOf = (state: State) => (state.kind === 'waiting' || state.kind === 'needsUser' ? state.report : null)

/** What happened and what it means, in a sentence or two; empty where all is well. */
export function detailOf(health: Health, now: number, time: WriteTime): string {
  const { state, grant } = health
  if (state.kind !== 'waiting' && state.kind !== 'needsUser') return ''
  const sentences = state.report ? [happened(state.report, health.lostAt, time)] : []
  if (health.dead && state.kind === 'needsUser' && state.code === refreshRefused)
    sentences.push('Sign in again. Until then, Tokentray retries every hour for a day, and then once a day.')
  if (state.report?.fault === 'garbled' && isOver(health, now)) sentences.push('If this continues, sign in again.')
  const isRefused = isTokenRefused(state)
  if (isRefused) {
    const at = time(state.since)
    sentences.push(`The server rejected the current token at ${at}, and a refresh cannot fix that.`)
  }
  if (state.kind === 'needsUser' && state.code === restored)
    sentences.push(
      'Its refresh token may have been used elsewhere since the backup. Trying it can end the sign-in there.'
    )
  if (grant?.expiresAt && !isRefused && state.report?.fault !== 'unsaved' && !isUntried(health)) {
    const end = time(grant.expiresAt)
    // A server that refuses the refresh token may well have ended the access token with it.
    const lives = state.report?.fault === 'refused' ? 'may still work' : 'works'
    sentences.push(
      isOver(health, now) ? `The last token expired at ${end}.` : `The current token ${lives} until ${end}.`
    )
  }
  return sentences.join(' ')
}

/** Standing facts a person should know before they hurt. */
export function warningsOf(health: Health, now: number, schedule: Schedule): string[] {
  const { grant } = health
  if (!grant) return []
  const warnings: string[] = []
  if (isTooShort(grant, schedule) && !isUntried(health)) {
    const seconds = Math.round(((grant.expiresAt ?? 0) - grant.obtainedAt) / 1000)
    warnings.push(`Tokens last only ${seconds} s, which is too short to always have a valid one.`)
  }
  if (!grant.renewable)
    warnings.push(
      grant.expiresAt === null
        ? 'This token cannot be refreshed. When it expires, you must replace it.'
        : 'There is no refresh token. Each time the token expires, you must sign in again or replace it.'
    )
  if (grant.expirySource === 'guess' && !isUntried(health))
    warnings.push('The server did not say how long the token lasts, so Tokentray uses an estimate.')
  const refreshLeft = grant.refreshExpiresAt === null ? null : grant.refreshExpiresAt - now
  if (refreshLeft !== null && !grant.refreshExtends && refreshLeft < endNoticeMs)
    warnings.push('The refresh token expires within days. Sign in again when convenient.')
  return warnings
}

/** The end of a sign-in that somebody cancelled. */
export const sayCancelled = (hadTokens: boolean): string =>
  `The sign-in was cancelled. ${hadTokens ? 'Your existing tokens are unchanged' : 'Nothing was stored'}.`
