// Describes servers for a terminal: one line each, a card with every fact of one, or a line per event of its history.
// Times are shown in the time zone of the person (TZ), and beside them how long ago or how soon that is.

import { TokentrayError } from '../contract/errors.ts'
import type { ExpirySource, SignInStep } from '../contract/health.ts'
import { quirkFacts, quirkNames, shellQuoted } from '../contract/quirks.ts'
import { endingOf } from '../contract/renewal.ts'
import type { GrantKind } from '../contract/serverConfig.ts'
import type { EventKind, HistoryEvent, ServerView, Snapshot } from '../contract/views.ts'
import { faultWords } from '../health/words.ts'
import { setCommand } from './propose.ts'
import { formatDistance, formatTime } from './times.ts'

export const lockedNote = 'Locked: all clients are blocked. Run "tokentray unlock" to allow them again.'

export const notKeptNote =
  'Tokentray is not running, so tokens are refreshed only when you use them. Run tokentray serve to keep them fresh.'

/** Why nothing is refreshed for now, and how to end that. */
export const sayHold = ({ message }: { message: string }): string =>
  `${message} To refresh now, run "tokentray refresh SERVER".`

/** What a server can be found by on the command line. */
export function isNamed(view: ServerView, server: string): boolean {
  return view.id === server || (!view.nameWithHost && view.name.toLowerCase() === server.toLowerCase())
}

/** The server called so. Throws `serverUnknown`. */
export function findServer({ servers }: Snapshot, server: string): ServerView {
  const view = servers.find(({ id }) => id === server) ?? servers.find((each) => isNamed(each, server))
  if (view) return view
  throw new TokentrayError(
    'serverUnknown',
    `There is no server named "${server}". Run tokentray list to see your servers.`
  )
}

/** "steady: Healthy; the token expires in 14m 3s." */
export function describeLine(view: ServerView, now: number): string {
  const ending = endingOf(view)
  const end =
    ending?.at && ending.at > now
      ? `; ${ending.remedy.toLowerCase()} ${formatDistance(ending.at, now)}`
      : view.expiresAt === null
        ? ''
        : `; the token ${tense(view.expiresAt, now)} ${formatDistance(view.expiresAt, now)}`
  return `${view.id}: ${view.words}${end}`
}

const grants: Record<GrantKind, string> = {
  authorizationCode: 'authorization code',
  clientCredentials: 'client credentials',
  jwtBearer: 'assertion (jwt-bearer)',
  refreshToken: 'pasted refresh token',
  staticToken: 'static token'
}

const sources: Record<ExpirySource, string> = {
  stated: 'the server',
  jwt: 'the token itself (JWT)',
  lastKnown: 'the lifetime of an earlier token',
  guess: 'an estimate, because the server did not say',
  none: 'unknown'
}

const steps: Record<SignInStep, string> = {
  resource: 'finding the server',
  authorizationServer: 'finding the authorization server',
  registration: 'registering Tokentray',
  browser: 'waiting for you in the browser',
  exchange: 'getting the tokens',
  store: 'storing the tokens'
}

const events: Record<EventKind, string> = {
  added: 'added',
  signedIn: 'signed in',
  signInFailed: 'sign-in failed',
  refreshed: 'refreshed',
  refreshFailed: 'refresh failed',
  superseded: 'superseded',
  signedOut: 'signed out',
  paused: 'paused',
  resumed: 'resumed',
  verified: 'verified',
  serverDown: 'server down',
  serverUp: 'server up',
  settingsChanged: 'settings changed'
}

/** What is planned for the view's `nextAt`: a refresh in time, or another try after a failed one. */
export const nextVerb = ({ state }: ServerView): string => (state === 'waiting' ? 'next attempt' : 'next refresh')

const tense = (at: number, now: number) => (at >= now ? 'expires' : 'expired')

/** Everything a person may want to know of one server, one line per fact. */
export function describeCard(view: ServerView, now: number): string[] {
  const when = (at: number | null) => (at === null ? null : `${formatTime(at)}, ${formatDistance(at, now)}`)
  const ending = endingOf(view)
  const facts: [string, string | null][] = [
    ['name', view.name],
    ['URL', view.url],
    ['health', `${view.light}: ${view.words}`],
    ['detail', view.detail || null],
    ['to do', nextStep(view)],
    ['since', when(view.since)],
    ['token expires', when(view.expiresAt)],
    ['expiry known from', view.expirySource && sources[view.expirySource]],
    [ending?.remedy.toLowerCase() ?? nextVerb(view), when(ending?.at ?? view.nextAt)],
    ['attempts', view.attempt > 0 ? String(view.attempt) : null],
    [
      'last failure',
      view.fault && `${faultWords[view.fault]}${view.faultAt ? `, ${formatDistance(view.faultAt, now)}` : ''}`
    ],
    ['refresh token expires', when(view.refreshExpiresAt)],
    ['accepted by server', when(view.acceptedAt)],
    ['gateway', view.mode === 'passThrough' ? 'pass-through' : null],
    ['grant', view.byDeviceCode ? 'device code' : grants[view.grantKind]],
    ['issuer', view.issuer],
    ['scope', view.scope],
    [
      'scopes it asks for',
      view.missingScope
        ? `${view.missingScope} (request: ${requestScopes(view)}; decline: tokentray set ${view.id} --decline-scopes)`
        : null
    ],
    ['client ID', view.clientId],
    ['account', view.account ?? null],
    ...quirkNames
      .filter((name) => view.quirks[name])
      .map((name): [string, string] => [
        'compatibility',
        `${[quirkFacts[name].does, view.quirks[name]].filter((part) => part !== true).join(': ')} (${view.quirkReasons[name] ?? 'set manually'})`
      ]),
    ...view.proposals.map((one): [string, string] => ['suggestion', `${setCommand(view, one)} (${one.reason})`]),
    ['sign-in', view.signIn && describeSignIn(view.signIn)],
    ...view.warnings.map((warning): [string, string] => ['warning', warning])
  ]
  return [view.id, ...facts.filter(([, text]) => text).map(([name, text]) => `  ${`${name}:`.padEnd(24)}${text}`)]
}

/** For a client that a person gave and the authorization server refused. */
export const fixClient = (id: string) =>
  `tokentray set ${id} --client-id ID --client-secret-file FILE, then tokentray login ${id}`

/** The command that signs in with the scopes that the server asked for, besides those that were granted. */
function requestScopes({ id, missingScope }: ServerView): string {
  return missingScope ? `tokentray login ${id} --add-scope ${shellQuoted(missingScope)}` : `tokentray login ${id}`
}

/** The command that does what the server waits for; null where nothing is needed. */
export function nextStep(view: ServerView): string | null {
  if (view.action === 'signIn' && view.grantKind === 'staticToken') return `tokentray set ${view.id} --token-file FILE`
  if (view.action === 'signIn' && view.grantKind === 'refreshToken')
    return `tokentray set ${view.id} --refresh-token-file FILE`
  if (view.action === 'grantMore') return requestScopes(view)
  if (view.action === 'signIn') return `tokentray login ${view.id}`
  if (view.action === 'tryRestored') return `tokentray refresh ${view.id}, or tokentray login ${view.id}`
  if (view.action === 'fixSettings' && view.state === 'signedOut') return fixClient(view.id)
  if (view.action === 'fixSettings') return `tokentray status ${view.id}, then tokentray set ${view.id} …`
  return null
}

/** " The last sign-in failed: …", where a person is to sign in again after one; empty elsewhere. */
export function sayFailedSignIn({ action, lastEvent }: ServerView): string {
  if ((action !== 'signIn' && action !== 'fixSettings') || lastEvent?.kind !== 'signInFailed') return ''
  return ` The last sign-in failed: ${lastEvent.detail.replace(/\.?$/, '.')}`
}

/** "2026-01-31 12:00:00  refreshed  …" */
export function describeEvent(event: HistoryEvent): string {
  const end = event.expiresAt === null ? '' : ` (the token expires ${formatTime(event.expiresAt)})`
  return `${formatTime(event.at)}  ${events[event.kind].padEnd(18)}${event.detail}${end}`
}

function describeSignIn({ since, step, waitingFor }: NonNullable<ServerView['signIn']>): string {
  const where = waitingFor === undefined ? steps[step] : `waiting for the sign-in to ${waitingFor}`
  return `in progress since ${formatTime(since)}, ${where}`
}
