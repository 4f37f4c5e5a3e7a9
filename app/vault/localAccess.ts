// What the vault remembers of local clients, as an interface for the gateway's authorization server and admission.
// Credentials come and go as SHA-256 hashes; times are in ms since the epoch (UTC). Every write is durable when it resolves.

/** A public client of RFC 7591. `approvedAt`: when a person last let in what came for its tokens; null: nothing did. */
export type LocalClient = {
  id: string
  name: string
  redirectUris: string[]
  registeredAt: number
  approvedAt: number | null
}

export type LocalKey = {
  id: string
  name: string
  madeAt: number
  expiresAt: number | null
  /** Each use moves the end to this long (ms) after it; null: the end stays. */
  idleMs: number | null
  /** It works at the public URL too. */
  isPublic: boolean
  servers: string[]
}

/** How long an unused key stays valid where its end moves with its use. */
export const idleKeyMs = 90 * 24 * 3_600_000

/** What a token or key stands for. `signIn`: the family it belongs to, null for a key. */
export type Holder = {
  client: string
  name: string
  kind: 'oauth' | 'key'
  signIn: string | null
  expiresAt: number | null
  /** False: let in from this computer only. */
  isPublic: boolean
  servers: string[]
}

/** One sign-in a person allowed. `endsAt`: no token of it outlives this; null: it goes on while it is used. */
export type SignInGrant = {
  id: string
  client: string
  servers: string[]
  begunAt: number
  endsAt: number | null
}

export type NewCode = { hash: string; redirectUri: string; challenge: string; expiresAt: number }
export type UsedCode = NewCode & { signIn: SignInGrant; usedAt: number | null }

export type RefreshToken = {
  signIn: SignInGrant
  expiresAt: number
  /** When it was replaced, and the salt its successors were made with; null: it is the newest. */
  replacedAt: number | null
  seed: string | null
}
export type NewToken = { hash: string; expiresAt: number }
export type NewPair = { access: NewToken; refresh: NewToken }

/** Consent given before anybody asked, to the next client of this name. `redirectHost`: 'loopback', or a host or scheme. */
export type EarlyConsent = {
  id: string
  name: string
  redirectHost: string
  /** Only a client that registered at this time or later is meant. */
  givenAt: number
  expiresAt: number
  servers: string[]
}

/** A stretch of use without long pauses. */
export type Use = {
  client: string
  name: string
  kind: 'oauth' | 'key'
  server: string
  firstAt: number
  lastAt: number
  requests: number
}

/** A client as shown: what it may do now, and when it last did anything. */
export type ClientSummary = LocalClient & {
  /** Servers its living sign-ins reach. */
  servers: string[]
  /** Of them those it reaches by a sign-in without an end. */
  always: string[]
  lastUse: { at: number; server: string } | null
}
export type KeySummary = LocalKey & { lastUse: ClientSummary['lastUse'] }

export interface LocalAccess {
  /**
   * Adds a registration; of those that never got tokens only the newest `maxUnapproved` are kept, those in `asking` and those
   * that may come for theirs.
   */
  addClient(client: LocalClient, maxUnapproved: number, asking: readonly string[]): Promise<void>
  client(id: string): Promise<LocalClient | null>
  /** Those that were let in: one that got no token is among them while its code is good. */
  clients(now: number): Promise<ClientSummary[]>

  /** Stores one consent's outcome: the sign-in and its code. Rejects `serverUnknown` where a server went meanwhile. */
  approve(signIn: SignInGrant, code: NewCode): Promise<void>

  /** Marks the code as used and says what it was before; null: there is none. */
  spendCode(hash: string, now: number): Promise<UsedCode | null>
  /** Stores the first pair of a sign-in; false where the sign-in was revoked meanwhile. */
  savePair(signIn: string, pair: NewPair): Promise<boolean>
  refreshToken(hash: string): Promise<RefreshToken | null>
  /** Replaces the newest refresh token; false where another request was quicker. The old access tokens live on to their end. */
  rotate(hash: string, seed: string, now: number, pair: NewPair): Promise<boolean>
  /** The sign-in an access or refresh token belongs to. */
  signInOf(hash: string): Promise<{ id: string; client: string } | null>
  /** Ends a sign-in with all its codes and tokens. */
  endSignIn(id: string): Promise<void>

  /** Who presents this access token or key; null: unknown, ended or revoked. Per request: one indexed read. */
  holder(hash: string, now: number): Promise<Holder | null>

  addKey(key: LocalKey, hash: string): Promise<void>
  keys(): Promise<KeySummary[]>
  /** The key ends at `at`, or earlier if it would; its end no longer moves. False where there is no such key. */
  endKey(id: string, at: number): Promise<boolean>
  /** Removes a client or key with everything it holds; false where there is none. */
  remove(id: string): Promise<boolean>

  addEarlyConsent(consent: EarlyConsent): Promise<void>
  earlyConsents(now: number): Promise<EarlyConsent[]>
  /** Uses it up; false where it was used meanwhile. */
  takeEarlyConsent(id: string): Promise<boolean>

  /**
   * Appends, or prolongs the newest stretch of the same client and server, bounded per client and in all; and moves the ends
   * of keys.
   */
  noteUses(uses: readonly Use[]): Promise<void>
  /** Newest first. */
  uses(limit: number, client?: string): Promise<Use[]>

  lockedSince(): Promise<number | null>
  setLock(since: number | null): Promise<void>

  /**
   * Deletes what has ended: codes, tokens, sign-ins, keys, and registrations nobody needs any more, but for those in `asking`.
   * A key of a version that knew no ends gets one, `idleKeyMs` from now. Resolves with what ended.
   */
  sweep(now: number, asking: readonly string[]): Promise<{ signIns: string[]; keys: string[] }>
}
