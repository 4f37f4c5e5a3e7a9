// Health in plain words: the light, one short line, what happened and what it means, and the warnings.
// Times inside sentences are handed in already written, so that this stays pure and locale-free.
import type { Fault, FaultReport, Health, Light, Schedule } from '../contract/health.ts'
import { isForgotten, isTokenRefused, restored, tokenRefused } from './questions.ts'
import { endNoticeMs, isTooShort } from './schedule.ts'

/** Writes a time of day, such as "14:02". */
export type WriteTime = (at: number) => string

/** The last token is over and nothing has replaced it yet; `now` in ms. */
function isOver({ grant }: Health, now: number): boolean {
  return grant !== null && grant.expiresAt !== null && grant.expiresAt <= now
}

/** A refresh token was given by hand and no access token has ever come of it. */
function isUntried({ grant }: Health): boolean {
  return grant !== null && grant.expiresAt !== null && grant.expiresAt <= grant.obtainedAt
}

export function lightOf(health: Health, now: number): Light {
  if (health.paused) return 'grey'
  switch (health.state.kind) {
    // Nobody looked after it in time: the machine slept, or no owner runs.
    case 'fresh':
      return isOver(health, now) ? 'amber' : 'green'
    // A new try after failures is not health yet.
    case 'refreshing':
      return health.state.attempt === 0 ? 'green' : 'amber'
    case 'waiting':
      return 'amber'
    case 'needsUser':
      return 'red'
    case 'signedOut':
      return 'grey'
  }
}

const order: Light[] = ['grey', 'green', 'amber', 'red']

/** The light that says the worst; grey where there is nothing to say. */
export function worstLight(lights: readonly Light[]): Light {
  return lights.reduce<Light>((worst, light) => (order.indexOf(light) > order.indexOf(worst) ? light : worst), 'grey')
}

const faultWords: Record<Fault, string> = {
  offline: 'the authorization server cannot be reached',
  busy: 'the authorization server is busy',
  lost: 'a reply was lost',
  garbled: 'the answer was not from an authorization server',
  refused: 'the server refused the refresh token',
  misconfigured: 'the server refused these settings',
  unsaved: 'the vault cannot be written'
}

const needsWords: Record<string, string> = {
  noRefreshToken: 'Sign in needed: the token ended and the server gave no refresh token',
  noGrant: 'Not signed in',
  [tokenRefused]: 'Sign in needed: the server refuses the token',
  client_forgotten: 'Sign in needed: the server no longer knows this client',
  [restored]: 'Restored from a backup: say whether to use it'
}

/** One short line without moving numbers. */
export function wordsOf(health: Health, now: number): string {
  if (health.signIn) return 'Signing in…'
  if (health.paused) return 'Paused'
  const { state } = health
  switch (state.kind) {
    case 'signedOut':
      return 'Not signed in'
    case 'fresh':
      if (!isOver(health, now)) return 'Healthy'
      if (!health.grant?.renewable) return 'The token has ended'
      return isUntried(health) ? 'Waiting for the first token' : 'The token has ended; a refresh is due'
    case 'refreshing':
      return 'Refreshing…'
    case 'waiting':
      return `Retrying · attempt ${state.attempt} · ${faultWords[state.report.fault]}`
    case 'needsUser':
      if (state.action === 'grantMore') return 'More permission needed'
      if (state.action === 'fixSettings') return `Settings need a fix: ${state.code}`
      return needsWords[state.code] ?? `Sign in needed: ${faultWords[state.report?.fault ?? 'refused']}`
  }
}

/** What a fault was, with the times in the sentence, or without for a history that tells them apart. */
function happened(report: FaultReport, lostAt: number | null, time: WriteTime | null): string {
  const at = time ? ` at ${time(report.at)}` : ''
  switch (report.fault) {
    case 'offline':
      return `The authorization server could not be reached${at} (${report.detail}).`
    case 'busy':
      return `The authorization server answered ${report.detail}${at}.`
    case 'lost':
      return `A refresh was sent${at} and no complete answer came back (${report.detail}); the server may already have replaced the refresh token, so the same one is tried once more.`
    case 'garbled':
      return `What answered${at} did not speak OAuth (${report.detail}); a login page of the network, perhaps.`
    case 'refused':
      return lostAt === null
        ? `The server refused the refresh token${at} (${report.detail}).`
        : `The answer to ${time ? `the refresh of ${time(lostAt)}` : 'an earlier refresh'} was lost on the way, and${at} the server refused the refresh token (${report.detail}): it had replaced it in the answer that never came.`
    case 'misconfigured':
      if (isForgotten(report.detail))
        return `The server no longer knows the client that was registered there${time ? `, as it said${at}` : ''}: sign in again, which registers anew. Until then the refresh is tried every hour.`
      return `The server refused the request${at}: ${report.detail}. Check client id, client secret, scopes and extra parameters; it is tried again every hour.`
    case 'unsaved':
      if (report.unspent) return `The vault could not be written${at} (${report.detail}), so no refresh was sent.`
      return `The server gave a new token${at} but it could not be saved (${report.detail}). It is held in memory; only the saving is tried again.`
  }
}

/** The sentence about the last fault as history keeps it: without times, which a later reader may read in another zone. */
export function historyOf({ state, lostAt }: Health): string {
  const report = state.kind === 'waiting' || state.kind === 'needsUser' ? state.report : null
  return report ? happened(report, lostAt, null) : ''
}

/** What happened and what it means, in a sentence or two; empty where all is well. */
export function detailOf(health: Health, now: number, time: WriteTime): string {
  const { state, grant } = health
  if (state.kind !== 'waiting' && state.kind !== 'needsUser') return ''
  const sentences = state.report ? [happened(state.report, health.lostAt, time)] : []
  const isRefused = isTokenRefused(state)
  if (isRefused) {
    const at = time(state.since)
    sentences.push(`The server refused the current token at ${at}, and a new one would not help or did not.`)
  }
  if (state.kind === 'needsUser' && state.code === restored)
    sentences.push('Its refresh token may have been used elsewhere since; trying it can end the sign-in there.')
  if (grant?.expiresAt && !isRefused && state.report?.fault !== 'unsaved' && !isUntried(health)) {
    const end = time(grant.expiresAt)
    // A server that refuses the refresh token may well have ended the access token with it.
    const lives = state.report?.fault === 'refused' ? 'may still work' : 'works'
    sentences.push(isOver(health, now) ? `The last token ended at ${end}.` : `The current token ${lives} until ${end}.`)
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
    warnings.push(`Tokens last only ${seconds} s, which is too short to be kept without gaps.`)
  }
  if (!grant.renewable)
    warnings.push(
      grant.expiresAt === null
        ? 'This token cannot be refreshed; when it ends, a new one must be given.'
        : 'There is no refresh token: each time the token ends you are needed, to sign in or to give a new one.'
    )
  if (grant.expirySource === 'guess' && !isUntried(health))
    warnings.push('The server did not say how long the token lasts; a guess stands in for it.')
  const refreshLeft = grant.refreshExpiresAt === null ? null : grant.refreshExpiresAt - now
  if (refreshLeft !== null && !grant.refreshExtends && refreshLeft < endNoticeMs)
    warnings.push('The refresh token itself ends within days; sign in again when it suits you.')
  return warnings
}

/** The end of a sign-in that somebody cancelled. */
export const sayCancelled = (hadTokens: boolean): string =>
  `The sign-in was cancelled; ${hadTokens ? 'the tokens from before stay as they were' : 'nothing was stored'}.`
