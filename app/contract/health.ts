// The words for a server's health: states, faults, lights and actions, as lists and as the types made from them.
// The rules about them are in app/health; nothing here decides anything. Free of zod, so that the pages and short commands do not load it.

/**
 * What can go wrong with a refresh. `refused` and `misconfigured` need a person, and so does `unclear` once it repeats: the
 * server said no, but not whether to the refresh token. No fault deletes anything.
 */
export const faults = ['offline', 'busy', 'lost', 'garbled', 'refused', 'unclear', 'misconfigured', 'unsaved'] as const
export type Fault = (typeof faults)[number]

/** What a person can do. `tryRestored`: allow a grant restored from a backup to be used; `server.refresh` allows it. */
export const actions = ['signIn', 'fixSettings', 'grantMore', 'tryRestored'] as const
export type Action = (typeof actions)[number]

export const lights = ['green', 'amber', 'red', 'grey'] as const
export type Light = (typeof lights)[number]

export const stateKinds = ['signedOut', 'signingIn', 'fresh', 'refreshing', 'waiting', 'needsUser'] as const

/** How the end of an access token is known: stated by the server, read from the JWT, carried over, or assumed. */
export const expirySources = ['stated', 'jwt', 'lastKnown', 'guess', 'none'] as const
export type ExpirySource = (typeof expirySources)[number]

export const signInSteps = ['resource', 'authorizationServer', 'registration', 'browser', 'exchange', 'store'] as const
export type SignInStep = (typeof signInSteps)[number]

/**
 * How a server itself fails: it cannot be reached; it takes requests and answers none; it answers with errors; it rejected the
 * token when Tokentray last asked, which a new token may mend.
 */
export const outageKinds = ['unreachable', 'silent', 'failing', 'rejecting', 'notMcp'] as const

/**
 * A server that was not working when it was last seen. `detail`: a network error code, a status ("HTTP 503") or the number of an
 * error ("JSON-RPC error -32603"), never content.
 */
export type Outage = { kind: (typeof outageKinds)[number]; since: number; detail: string }

/** What health knows of a grant: times in ms since the epoch (UTC), lifetimes in ms. Holds no secret. */
export type GrantFacts = {
  generation: number
  obtainedAt: number
  /** When the access token ends; null: it has no known end (a static token). */
  expiresAt: number | null
  expirySource: ExpirySource
  /** When the refresh token itself ends, where the server said so. */
  refreshExpiresAt: number | null
  /** False once a refresh left the refresh token's end where it was; then refreshing early gains nothing. */
  refreshExtends: boolean
  /** True where a new access token can be had without a person. */
  renewable: boolean
  /** Restored from a backup: its refresh token may have been used since, so it is tried only after a person agreed. */
  restored: boolean
}

/** Why the last attempt failed. `detail` is the server's error code or a status, never a body or a token. */
export type FaultReport = {
  fault: Fault
  at: number
  detail: string
  /** ms asked for by the server. */
  retryAfter?: number
  /** Nothing was sent, so the refresh token is still unused: the vault could not be written. */
  unspent?: boolean
  /** The refresh token was refused in words that no standard has, so it is tried again now and then. */
  inOwnWords?: boolean
}

/** `roll`, in [0, 1): the random part of this token's jitter, drawn once so that its refresh time does not move. */
export type State =
  | { kind: 'signedOut' }
  | { kind: 'fresh'; since: number; roll: number; dueAt: number | null }
  | { kind: 'refreshing'; since: number; attempt: number }
  | { kind: 'waiting'; since: number; attempt: number; nextAt: number; report: FaultReport }
  | {
      kind: 'needsUser'
      since: number
      action: Action
      nextAt: number | null
      report: FaultReport | null
      code: string
    }

/**
 * One server's health, as kept across restarts. `signIn` goes with any state: the old grant stays in use during a
 * sign-in.
 */
export type Health = {
  state: State
  paused: boolean
  grant: GrantFacts | null
  signIn: { since: number; step: SignInStep } | null
  /** Start of the last attempt, for the floor between attempts. */
  lastAttemptAt: number | null
  /** A reply was lost at this time and no complete answer has come since: the one prompt retry is used up. */
  lostAt: number | null
  /** The codes of this grant's `unclear` refusals, the newest last; a restart goes on counting them. */
  refusals: readonly string[]
  /** The refusal since which the refresh token counts as dead, although it is still tried now and then; null: it does not. */
  dead: FaultReport | null
  /** A request was refused for want of scopes at this time, and since then none was answered well, and there was no sign-in. */
  scopeNeededAt: number | null
  /** The last authenticated answer seen from the upstream server. */
  acceptedAt: number | null
}

/** Times in ms. Global settings; each may be overridden per server. */
export type Schedule = {
  /** Refresh when this part of the lifetime is over… */
  refreshFraction: number
  /** …or this long before the end, whichever is earlier. */
  refreshMargin: number
  /** Up to this part of the lifetime is taken off at random. */
  jitter: number
  /** Never before this part of the lifetime. */
  earliestFraction: number
  /** The minimum time between two attempts at one server, kept across restarts. */
  floor: number
  backoffFirst: number
  backoffMax: number
  /** How often a `misconfigured` server is tried again. */
  fixRetry: number
  /** The longest `Retry-After` that is believed. */
  retryAfterMax: number
  /** The lifetime assumed where the server states none. */
  guessedLifetime: number
  /** Refresh this long before the refresh token's own end, where refreshing extends it. */
  refreshTokenMargin: number
}
