// Decides what a reply of the token endpoint means: tolerant of its form, since servers differ, and strict about its meaning.
// What may say that a grant is over: a well-formed OAuth error, and on a refresh alone the same in a server's own words.
import { isObject, parseJson } from '../base/json.ts'
import { Secret } from '../base/secret.ts'
import { isBusyStatus } from '../net/request.ts'
import { isFromFirewall, saysBadCredentials, saysBusy, saysTokenIsDead } from './deadToken.ts'
import { claimsOf, type ExpiryKnowledge, expiryOf, statedLifetime } from './expiry.ts'
import type { TokenOutcome } from './port.ts'

/**
 * `sent`: the secrets of the request. A server may repeat them in its reply, and they must not get into an error. `refreshBy`: the
 * reply is to a refresh, by a client of a person's making, whose settings may be wrong, or by one that has no settings.
 */
export type ReplyContext = ExpiryKnowledge & { sent: readonly string[]; refreshBy?: 'ownClient' | 'registeredClient' }

type Failure = Extract<TokenOutcome, { ok: false }>

/** Ends the `detail` of a refusal that the quirk `omitResource` would cure. */
export const tryOmitResource = '; try leaving out the resource parameter'

/** True where the server does not accept the resource parameter: RFC 8707 section 2; Entra v2 says so in `error_description`. */
export function rejectsResource(code: string, description: string): boolean {
  return code === 'invalid_target' || /AADSTS(901002|9010010)\b/.test(description)
}

/**
 * What is said of the client and its request, and never of a refresh token: of RFC 6749 section 5.2, of RFC 9449 section 5 (a proof
 * is refused where clocks disagree), and of attestations of clients.
 */
const ofClient = new Set([
  'invalid_client',
  'invalid_scope',
  'unsupported_grant_type',
  'invalid_dpop_proof',
  'invalid_client_attestation',
  'use_attestation_challenge',
  'use_fresh_attestation',
  'invalid_client_metadata'
])
/** Besides invalid_grant: codes of GitHub and Slack for the same, and those of OpenID Connect for "a person must sign in". */
const refusals = new Set([
  'invalid_grant',
  'bad_refresh_token',
  'bad_verification_code',
  'invalid_refresh_token',
  'interaction_required',
  'login_required',
  'consent_required'
])
/** `use_dpop_nonce`: the same reply brings the nonce, so the next request will have it (RFC 9449 section 8). */
const transient = new Set([
  'temporarily_unavailable',
  'server_error',
  'slow_down',
  'rate_limit_exceeded',
  'use_dpop_nonce'
])

/** RFC 6749 sections 5.1 and 5.2. `headers`: those of the reply; `bodyText` may be anything at all. Never throws. */
export function judgeTokenReply(
  status: number,
  headers: Headers,
  bodyText: string,
  context: ReplyContext
): TokenOutcome {
  if (isBusyStatus(status)) return failure('busy', `HTTP ${status}`, retryAfterOf(headers, context.at))
  const reply = replyOf(headers, bodyText)
  const garbled = failure('garbled', `HTTP ${status}`)
  if (status < 200 || (status >= 300 && status < 400)) return garbled
  if (reply === null) {
    if (isBareRefusal(status, bodyText)) return judgeSilence(status, context)
    const sentence = sentenceOf(headers, bodyText)
    if (sentence === null || status < 400) return garbled
    return judgeOwnWords(sentence, status, context) ?? (isJson(headers) ? judgeSilence(status, context) : garbled)
  }
  const body = Array.isArray(reply) ? {} : userReplyOf(reply)
  const said = errorOf(body)
  const token = visible(body.access_token)
  if (said !== null) return token === null ? judgeError(said, body, status, headers, context) : garbled
  if (token === null)
    return judgeOwnWords(reply, status, context) ?? (isJson(headers) ? judgeSilence(status, context) : garbled)
  if (status >= 300) return garbled
  return { ok: true, tokens: tokensOf(token, body, headers, context) }
}

function tokensOf(token: string, body: Record<string, unknown>, headers: Headers, context: ReplyContext) {
  // Any text, spaces included (RFC 6749 appendix A.17): it never gets into a header, and a token that was refused would be lost.
  const refreshToken = typeof body.refresh_token === 'string' && body.refresh_token ? body.refresh_token : null
  const sentAt = Date.parse(headers.get('date') ?? '')
  const lifetimeIn = (...names: string[]) =>
    statedLifetime(
      names.map((name) => body[name]),
      Number.isNaN(sentAt) ? context.at : sentAt
    )
  const refreshLifetime = lifetimeIn(
    'refresh_expires_in',
    'refresh_token_expires_in',
    'refresh_expires_at',
    'refresh_token_expires_at'
  )
  const tokenType = visible(body.token_type)
  return {
    accessToken: new Secret(token),
    tokenType: tokenTypeOf(tokenType),
    obtainedAt: context.at,
    ...expiryOf(lifetimeIn('expires_in', 'expires_at', 'expires_on', 'expiry', '.expires'), token, context),
    refreshToken: refreshToken === null ? null : new Secret(refreshToken),
    refreshExpiresAt: refreshLifetime ? context.at + refreshLifetime : null,
    scope: scopeOf(body.scope),
    ...accountIn(typeof body.id_token === 'string' ? claimsOf(body.id_token) : {})
  }
}

/** Slack's reply where only the person's own token was asked for: it has all that belongs to this token in an object of its own. */
function userReplyOf(body: Record<string, unknown>): Record<string, unknown> {
  const { authed_user, error, id_token } = body
  const user: Record<string, unknown> = typeof authed_user === 'object' ? { ...authed_user } : {}
  const isNested = visible(body.access_token) === null && visible(user.access_token) !== null
  return isNested ? { ...user, error, id_token } : body
}

/** A name for the account, from claims of OpenID Connect Core section 5.1. Unverified: it is only shown. */
export function accountIn(claims: Record<string, unknown>): { account?: string } {
  for (const name of ['email', 'preferred_username', 'name'] as const) {
    const value = claims[name]
    if (typeof value === 'string' && /^[^\p{C}]{1,200}$/u.test(value)) return { account: value }
  }
  return {}
}

/**
 * RFC 6749 section 7.1: case does not matter. A missing type counts as Bearer, and so does a type of the server's own (`bot`,
 * `JWT`), since MCP servers accept nothing else.
 */
const tokenTypeOf = (said: string | null): string => (/^dpop$/i.test(said ?? '') ? 'DPoP' : 'Bearer')

/**
 * True for an error code that may be shown. Registered codes are lower-case words; anything else may be a secret of the
 * request that the server repeats.
 */
export function isQuotable(code: string, sent: readonly string[]): boolean {
  return /^[a-z][a-z_]{0,59}$/.test(code) && !sent.includes(code)
}

function judgeError(
  code: string,
  body: Record<string, unknown>,
  status: number,
  headers: Headers,
  context: ReplyContext
): Failure {
  const quotable = isQuotable(code, context.sent) && body.refresh_token !== code
  const detail = quotable ? code : `HTTP ${status}`
  if (refusals.has(code)) return failure('refused', detail)
  if (transient.has(code)) return failure('busy', detail, retryAfterOf(headers, context.at))
  if (rejectsResource(code, String(body.error_description ?? '')))
    return failure('misconfigured', detail + tryOmitResource)
  if (context.refreshBy && !ofClient.has(code) && saysTokenIsDead(body, true, context.sent)) return dead(detail)
  // A client that registered itself has nothing that a person could correct.
  return failure(context.refreshBy === 'registeredClient' ? 'unclear' : 'misconfigured', detail)
}

/** What a reply to a refresh without a token and an error code says all the same; null: it need not come from an OAuth server. */
function judgeOwnWords(reply: unknown, status: number, { refreshBy, sent }: ReplyContext): Failure | null {
  if (!refreshBy) return null
  const detail = `HTTP ${status}`
  if (saysTokenIsDead(reply, false, sent)) return dead(detail)
  if (isFromFirewall(reply)) return failure('garbled', detail)
  if (saysBusy(reply)) return failure('busy', detail)
  if (!saysBadCredentials(reply)) return null
  return refreshBy === 'ownClient' ? failure('misconfigured', detail) : dead(detail)
}

/** The reply as one short line, plain text or a JSON string as of ASP.NET's `BadRequest("…")`; null: it is anything else, as a page is. */
function sentenceOf(headers: Headers, text: string): string | null {
  const isPlain = /^text\/plain\b/i.test(headers.get('content-type')?.trim() ?? '')
  // A network's login page may say in plain text that a session is over.
  const line = parseJson(text) ?? (isPlain && /token|grant/i.test(text) ? text : null)
  return typeof line === 'string' && /^\s*[^<>\n]{1,300}\s*$/.test(line) ? line : null
}

/**
 * A refusal that says nothing of the token. Of a client without settings it counts, since it may be all that the server ever says
 * of a dead token; of a client made by hand a person is told no more than that the reply was odd.
 */
function judgeSilence(status: number, { refreshBy }: ReplyContext): Failure {
  const isRefusal = status === 400 || status === 401 || status === 403
  return failure(isRefusal && refreshBy === 'registeredClient' ? 'unclear' : 'garbled', `HTTP ${status}`)
}

/** 401 without a body. What stands between us and the server answers with a page, 407 or 403, and never with an empty 401. */
const isBareRefusal = (status: number, text: string) => status === 401 && text.trim() === ''

const isJson = (headers: Headers) =>
  /^application\/(?:[\w.+-]+\+)?json\b/i.test(headers.get('content-type')?.trim() ?? '')

/** JSON whatever the content type says; form-encoded only where it says so, as GitHub does. null: it is neither. */
function replyOf(headers: Headers, text: string): Record<string, unknown> | unknown[] | null {
  if (/^application\/x-www-form-urlencoded\b/i.test(headers.get('content-type') ?? '') && !/^\s*\{/.test(text))
    return Object.fromEntries(new URLSearchParams(text))
  const body = parseJson(text)
  return Array.isArray(body) || isObject(body) ? body : null
}

/** The reply's error code; null: there is none. A code outside the alphabet of RFC 6749 section 5.2 counts as none. */
function errorOf(body: Record<string, unknown>): string | null {
  const { error } = body
  return typeof error === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(error) ? error : null
}

/** Text that may stand in a header (VSCHAR of RFC 6749 appendix A); null: any other value. */
function visible(value: unknown): string | null {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : null
}

function scopeOf(value: unknown): string | null {
  const text = Array.isArray(value) ? value.filter((part) => typeof part === 'string').join(' ') : value
  const scopes = typeof text === 'string' ? text.split(/\s+/).filter((scope) => /^\P{C}+$/u.test(scope)) : []
  return scopes.join(' ').slice(0, 10_000) || null
}

/** The header Retry-After (RFC 9110 section 10.2.3), seconds or an HTTP date, as ms from `now`; null where there is none. */
export function retryAfterOf(headers: Headers, now: number): number | null {
  const text = headers.get('retry-after')?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}

function dead(detail: string): Failure {
  return { ...failure('refused', detail), inOwnWords: true }
}

function failure(fault: Failure['fault'], detail: string, retryAfter: number | null = null): Failure {
  return { ok: false, fault, detail, retryAfter }
}
