// When a token expires: as the server states it, else as its JWT says, else as long as the last one lived, else a guess.
// A lifetime of zero or less counts as not stated: some servers send 0 for "unknown".
import type { ExpirySource } from '../contract/health.ts'

/** `at`: when the request was sent, in ms since the epoch, so that a slow reply prolongs nothing. Lifetimes in ms. */
export type ExpiryKnowledge = { at: number; lastLifetime: number | null; guessedLifetime: number }

const maxLifetimeMs = 10 * 365 * 86_400_000

/** RFC 6749 section 5.1 `expires_in`, RFC 7519 section 4.1.4 `exp`. */
export function expiryOf(
  expiresIn: unknown,
  accessToken: string,
  known: ExpiryKnowledge
): { expiresAt: number; expirySource: ExpirySource } {
  const stated = lifetimeOf(expiresIn)
  if (stated !== null) return { expiresAt: known.at + stated, expirySource: 'stated' }
  const read = readExpiry(accessToken, known.at)
  if (read !== null) return { expiresAt: read, expirySource: 'jwt' }
  if (known.lastLifetime !== null) return { expiresAt: known.at + known.lastLifetime, expirySource: 'lastKnown' }
  return { expiresAt: known.at + known.guessedLifetime, expirySource: 'guess' }
}

/** Seconds as a number or text → ms; null where the value is no positive number. */
export function lifetimeOf(seconds: unknown): number | null {
  const text = typeof seconds === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(seconds)
  const value = text ? Number(seconds) : seconds
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return null
  return Math.max(1, Math.min(Math.floor(value * 1000), maxLifetimeMs))
}

/**
 * When a JWT expires (`exp`, RFC 7519 section 4.1.4), in ms since the epoch; null: it does not say, or is no JWT.
 * Where the issuer's clock disagrees with ours, only the lifetime from `iat` to `exp` counts.
 * Both may be fractions (section 2, NumericDate); the vault stores whole ms.
 */
export function readExpiry(token: string, at: number): number | null {
  const { exp, iat } = claimsOf(token)
  if (!isTime(exp)) return null
  const end = exp * 1000
  const lifetime = isTime(iat) && exp > iat ? (exp - iat) * 1000 : null
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
  if (parts.length !== 3) return {}
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null ? { ...claims } : {}
  } catch {
    return {}
  }
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value > 0
