// The words of health: states, faults, lights and actions, as types shared by every folder.
// The rules about them live in app/health; nothing here decides anything.

/** DESIGN's fault table. Only `refused` and `misconfigured` need a person; no fault deletes anything. */
export type Fault = 'offline' | 'busy' | 'lost' | 'garbled' | 'refused' | 'misconfigured' | 'unsaved'

/** `tryRestored`: say whether a grant from a backup may be tried (`refresh` says so). */
export type Action = 'signIn' | 'fixSettings' | 'grantMore' | 'tryRestored'
export type Light = 'green' | 'amber' | 'red' | 'grey'
export type StateKind = 'signedOut' | 'signingIn' | 'fresh' | 'refreshing' | 'waiting' | 'needsUser'

/** How the end of an access token is known: told by the server, read from the JWT, carried over, or assumed. */
export type ExpirySource = 'stated' | 'jwt' | 'lastKnown' | 'guess' | 'none'

export type SignInStep = 'resource' | 'authorizationServer' | 'registration' | 'browser' | 'exchange' | 'store'

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
  /** Restored from a backup: its refresh token may be spent, so it is tried only after a person said so. */
  restored: boolean
}

/** Why the last attempt failed. `detail` is the server's error code or a status, never a body or a token. */
export type FaultReport = {
  fault: Fault
  at: number
  detail: string
  /** ms asked for by the server. */
  retryAfter?: number
  /** Nothing was sent, so nothing can have been spent: the vault was found unwritable before. */
  unspent?: boolean
}

/** `roll`, in [0, 1), is the dice of this token's jitter: drawn once, so that a plan stays one plan. */
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

/** One server's health, as kept across restarts. `signIn` is orthogonal: the old grant lives on beside it. */
export type Health = {
  state: State
  paused: boolean
  grant: GrantFacts | null
  signIn: { since: number; step: SignInStep } | null
  /** Start of the last attempt, for the floor between attempts. */
  lastAttemptAt: number | null
  /** A reply was lost at this time and no complete answer has come since: the one prompt retry is used up. */
  lostAt: number | null
  /** A request was refused for want of scopes at this time, and there was no sign-in since. */
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
  /** The least time between two attempts at one server, kept across restarts. */
  floor: number
  backoffFirst: number
  backoffMax: number
  /** How often a `misconfigured` server is tried again. */
  fixRetry: number
  /** The longest `Retry-After` that is believed. */
  retryAfterMax: number
  /** A lifetime taken where the server told none. */
  guessedLifetime: number
  /** Refresh this long before the refresh token's own end, where refreshing extends it. */
  refreshTokenMargin: number
}
