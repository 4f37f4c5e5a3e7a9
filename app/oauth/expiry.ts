// When a token expires: as the server states it, else as its JWT says, else as long as the last one lived, else a guess.
// A lifetime of zero or less counts as not stated, since some servers send 0 for "unknown"; an end that is over is not believed.
import { fieldsOf, parseJson } from '../base/json.ts'
import type { ExpirySource } from '../contract/health.ts'

/** `at`: when the request was sent, in ms since the epoch, so that a slow reply prolongs nothing. Lifetimes in ms. */
export type ExpiryKnowledge = { at: number; lastLifetime: number | null; guessedLifetime: number }

const maxLifetimeMs = 10 * 365 * 86_400_000

/** RFC 7519 section 4.1.4 `exp`. `stated`: what statedLifetime() made of the reply. */
export function expiryOf(
  stated: number | null,
  accessToken: string,
  known: ExpiryKnowledge
): { expiresAt: number; expirySource: ExpirySource } {
  if (stated) return { expiresAt: known.at + stated, expirySource: 'stated' }
  const read = readExpiry(accessToken, known.at)
  if (read !== null) return { expiresAt: read, expirySource: 'jwt' }
  // A server that repeats one moment leaves less time with each reply: the next token would be refreshed at once, again and again.
  const isOver = stated === 0 || isTime(claimsOf(accessToken).exp)
  if (known.lastLifetime !== null && !isOver)
    return { expiresAt: known.at + known.lastLifetime, expirySource: 'lastKnown' }
  return { expiresAt: known.at + known.guessedLifetime, expirySource: 'guess' }
}

/** No token lives for 30 years, so from here on a number is a moment, as seconds and as ms since the epoch (2001). */
const firstMomentSeconds = 1e9
const firstMomentMs = 1e12

/**
 * The lifetime in ms that the first of `values` states: as a length, or as a moment, which counts from `serverNow`, the server's
 * own time (ms since the epoch). 0: they state only moments that are over; null: they state nothing.
 */
export function statedLifetime(values: readonly unknown[], serverNow: number): number | null {
  const lifetimes = values.map((value) => {
    const moment = momentOf(value)
    if (moment === null) return lifetimeOf(value)
    return Math.min(Math.max(0, Math.ceil(moment - serverNow)), maxLifetimeMs)
  })
  return lifetimes.find(Boolean) ?? lifetimes.find((lifetime) => lifetime !== null) ?? null
}

/** A moment in seconds or ms → ms. */
const msOf = (moment: number) => (moment > firstMomentMs ? moment : moment * 1000)

/** RFC 9110 section 5.6.7, and with an offset as mail has it (RFC 5322). */
const httpDate = /^\s*(?:[a-z]{3,9}, ?)?\d{1,2}[ -][a-z]{3}[ -]\d{4} \d\d?:\d\d(?::\d\d)? (?:gmt|utc|[+-]\d{4})\s*$/i

/** A point in time in ms since the epoch, written as a number, as ISO text (RFC 3339; without a zone it is UTC) or as an HTTP date; else null. */
function momentOf(value: unknown): number | null {
  const number = numberOf(value)
  if (number !== null) return number > firstMomentSeconds ? msOf(number) : null
  if (typeof value !== 'string') return null
  if (httpDate.test(value)) return Date.parse(value) || null
  if (!/^\d{4}-\d\d-\d\d[T ]\d/.test(value)) return null
  const at = Date.parse(/(?:z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`)
  return Number.isNaN(at) ? null : at
}

/** Seconds as a number or text → ms; null where the value is no positive number. */
export function lifetimeOf(seconds: unknown): number | null {
  const value = numberOf(seconds)
  return value === null ? null : Math.max(1, Math.min(Math.floor(value * 1000), maxLifetimeMs))
}

/** A positive number, or one written as text; else null. */
function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value
  return isTime(number) ? number : null
}

/**
 * When a JWT expires (`exp`, RFC 7519 section 4.1.4), in ms since the epoch; null: it does not say, or is no JWT.
 * Where the issuer's clock disagrees with ours, only the lifetime from `iat` to `exp` counts.
 * Both may be fractions (section 2, NumericDate); the vault stores whole ms.
 */
export function readExpiry(token: string, at: number): number | null {
  const { exp, iat } = claimsOf(token)
  if (!isTime(exp)) return null
  const end = msOf(exp)
  const lifetime = isTime(iat) && exp > iat ? end - msOf(iat) : null
  const agrees = end > at && (lifetime === null || end <= at + lifetime + 60_000)
  if (agrees) return Math.ceil(Math.min(end, at + maxLifetimeMs))
  return lifetime === null ? null : Math.ceil(Math.min(at + lifetime, at + maxLifetimeMs))
}

/** `at` as a time that can be stored and shown, at most ten years from now; null: it is no time. All in ms. */
export function boundedEnd(at: unknown, now: number): number | null {
  return isTime(at) ? Math.min(Math.ceil(at), now + maxLifetimeMs) : null
}

/** The claims of a JWT, unverified; {} for any other token. */
export function claimsOf(token: string): Record<string, unknown> {
  const parts = token.split('.')
  return parts.length === 3 ? fieldsOf(parseJson(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'))) : {}
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value > 0
