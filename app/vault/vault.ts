// The vault's interface: what the rest of the core may ask of storage. In promises, so that a shared vault can stand behind it.
// Every write is durable when its promise resolves; a failed one rejects with `vaultUnwritable` and changed nothing.

import type { Secret } from '../base/secret.ts'
import type { ExpirySource, Health } from '../contract/health.ts'
import type { Proposal } from '../contract/proposal.ts'
import type { ClientAuthMethod, ServerConfig } from '../contract/server.ts'
import type { HistoryEvent } from '../contract/views.ts'
import type { LocalAccess } from './localAccess.ts'

/** What a token reply leads to (RFC 6749 section 5.1), times absolute in ms since the epoch. */
export type Tokens = {
  accessToken: Secret
  tokenType: string
  obtainedAt: number
  expiresAt: number | null
  expirySource: ExpirySource
  /** null: the reply had none, so the old one stays. */
  refreshToken: Secret | null
  refreshExpiresAt: number | null
  /** null: the reply said nothing, so the old scope stays. */
  scope: string | null
  /** Whose account it is, as an ID token said unverified: for showing, and for the next sign-in's hint. Not stored here. */
  account?: string | undefined
}

/** How requests about a grant are made: kept per grant so that a refresh is shaped as the sign-in was. */
export type RequestShape = {
  /** null for a pasted refresh token with its endpoint, and for static tokens. */
  issuer: string | null
  tokenEndpoint: string | null
  revocationEndpoint: string | null
  /** Verbatim from the metadata; null: do not send `resource` (RFC 8707). */
  resource: string | null
  clientId: string | null
  clientAuth: ClientAuthMethod
  /** With `private_key_jwt`, the private JWK. */
  clientSecret: Secret | null
  registration: 'dynamic' | 'metadataDocument' | 'preRegistered' | 'none'
  redirectUri: string | null
  /** The private JWK that the tokens are bound to (RFC 9449); absent: to none. */
  dpopKey?: Secret | undefined
}

export type Grant = Tokens & {
  shape: RequestShape
  /** Rises by one at each write of tokens; compared at every write. */
  generation: number
  /** Journal: a refresh with this generation was sent at this time and its outcome is not stored. */
  startedAt: number | null
  restored: boolean
}

/** A client registration, kept per issuer and redirect URI (RFC 7591); a device client has its grant type's URN there. */
export type ClientRegistration = {
  issuer: string
  redirectUri: string
  clientId: string
  clientSecret: Secret | null
  clientSecretExpiresAt: number | null
  clientAuth: ClientAuthMethod
  registeredAt: number
  /** What it was registered for; absent: nothing, or not known. */
  scope?: string | null
  /** Kept beside it and read by clientUse() alone. */
  management?: ClientManagement | null
}

/** Where a client can be deleted at its server, and the token that allows it (RFC 7592). */
export type ClientManagement = { uri: string; accessToken: Secret }

export type StoredServer = { config: ServerConfig; health: Health | null; proposals: Proposal[] }

export type KeySource = 'keychain' | 'passphrase' | 'throwaway'

export interface Vault {
  /** ':memory:' for one that lives only in this process. */
  readonly path: string
  readonly keySource: KeySource
  /** Who may use the gateway. */
  readonly local: LocalAccess

  servers(): Promise<StoredServer[]>
  /** Adds a server, and in the same transaction its client secret and first grant where given. Rejects `serverExists`. */
  addServer(
    config: ServerConfig,
    secrets: {
      clientSecret?: Secret | undefined
      identityProviderSecret?: Secret | undefined
      grant?: NewGrant | undefined
    }
  ): Promise<void>
  /**
   * Of the secrets null takes one away; absent: it stays. `isForGrant`: the grant of this client goes on with it, as
   * `grantClient` where that is given.
   */
  updateServer(
    config: ServerConfig,
    secrets?: {
      clientSecret?: Secret | null
      isForGrant?: boolean
      grantClient?: string
      identityProviderSecret?: Secret | null
    }
  ): Promise<void>
  removeServer(id: string): Promise<void>
  /** The secret of a pre-registered client. */
  clientSecret(id: string): Promise<Secret | null>
  /** The secret of its client at the identity provider. */
  identityProviderSecret(id: string): Promise<Secret | null>
  saveHealth(id: string, health: Health): Promise<void>
  /** What would cure the sign-in that failed last. */
  saveProposals(id: string, proposals: readonly Proposal[]): Promise<void>

  readGrant(id: string): Promise<Grant | null>
  /**
   * Proves the vault is writable and journals `startedAt`, both before the refresh token is spent.
   * Resolves with the grant to spend, null where there is none.
   */
  beginRefresh(id: string, startedAt: number): Promise<Grant | null>
  /** Takes the journal entry back after an attempt whose request certainly did not rotate anything. */
  endRefresh(id: string, generation: number): Promise<void>
  /** Stores what a refresh brought, if the generation is still the same; a null refreshToken or scope keeps the old one. */
  commitRefresh(id: string, generation: number, tokens: Tokens): Promise<'committed' | 'superseded'>
  /** Stores a new grant, whatever was there, and resolves with its generation. */
  commitSignIn(id: string, grant: NewGrant): Promise<number>
  /** Forgets the grant if its generation is still the same. */
  deleteGrant(id: string, generation: number): Promise<'committed' | 'superseded'>
  /** The person said a restored grant may be tried. */
  clearRestored(id: string): Promise<void>

  /** Any registration at this issuer whose redirect URI has this host (a port of ours is kept with it). */
  registration(issuer: string, redirectHost: string): Promise<ClientRegistration | null>
  saveRegistration(registration: ClientRegistration): Promise<void>
  forgetRegistration(issuer: string, clientId: string): Promise<void>
  /** Whose grants use a client, whether the next sign-in would, and how it can be deleted at its server. */
  clientUse(
    issuer: string,
    clientId: string
  ): Promise<{ servers: string[]; isKept: boolean; management: ClientManagement | null }>
  forgetManagement(issuer: string, clientId: string): Promise<void>

  /** Bounded: the newest 1,000 per server are kept. */
  appendEvent(id: string, event: HistoryEvent): Promise<void>
  /** Newest first. */
  events(id: string, limit: number): Promise<HistoryEvent[]>

  /** Sentences about what is wrong; empty when every page and row is sound. */
  check(): Promise<string[]>
  /** An encrypted copy beside the vault, with the same key; resolves with its path. `at` in ms. Rejects `vaultUnwritable`. */
  backup(at: number): Promise<string>
  close(): Promise<void>
}

/** A grant before it has a generation. */
export type NewGrant = Tokens & { shape: RequestShape }
