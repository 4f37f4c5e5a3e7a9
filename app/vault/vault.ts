// The vault's interface: what the rest of the core may ask of storage. In promises, so that a shared vault can stand behind it.
// Every write is durable when its promise resolves; a failed one rejects with `vaultUnwritable` and changed nothing.
import type { Secret } from '../base/secret.ts'
import type { Health } from '../contract/health.ts'
import type { Proposal } from '../contract/proposal.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { HistoryEvent } from '../contract/views.ts'
import type { ClientManagement, Grant, GrantOutline, NewGrant, Tokens } from '../oauth/grant.ts'
import type { Registrations } from '../oauth/port.ts'
import type { LocalAccess } from './localAccess.ts'

export type StoredServer = { config: ServerConfig; health: Health | null; proposals: readonly Proposal[] }

/** A server with what stays in memory of its grant and its history. */
export type ServerRecord = StoredServer & { grant: GrantOutline | null; lastEvent: HistoryEvent | null }

/** What a refresh that succeeded makes of a server's health, and its line of history. */
export type RefreshRecord = { health: Health; event: HistoryEvent }

export type KeySource = 'keychain' | 'passphrase' | 'throwaway'

export interface Vault extends Registrations {
  /** ':memory:' for one that lives only in this process. */
  readonly path: string
  readonly keySource: KeySource
  /** Who may use the gateway. */
  readonly local: LocalAccess

  servers(): Promise<StoredServer[]>
  /**
   * What a start loads, in the order in which the servers were added: one statement, however many there are. A row of
   * settings that cannot be read is left out; a grant that cannot be read rejects with `vaultDamaged`.
   */
  serverRecords(): Promise<ServerRecord[]>
  /** What serverRecords() says of one server; null: there is none. */
  serverRecord(id: string): Promise<ServerRecord | null>
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
  /** Its own icon as a data URL. */
  icon(id: string): Promise<string | null>
  /** null: it has none any more. */
  saveIcon(id: string, icon: string | null): Promise<void>
  saveHealth(id: string, health: Health): Promise<void>
  /** What would cure the sign-in that failed last. */
  saveProposals(id: string, proposals: readonly Proposal[]): Promise<void>

  /**
   * How many starts in a row before this one refreshed a token and did not come to close(). A start counts from its first
   * beginRefresh(); one that was still refreshing a quarter of an hour later begins a new row.
   */
  uncleanStarts(): Promise<number>

  readGrant(id: string): Promise<Grant | null>
  /**
   * Proves the vault is writable and journals `startedAt`, both before the refresh token is spent.
   * Resolves with the grant to spend, null where there is none.
   */
  beginRefresh(id: string, startedAt: number): Promise<Grant | null>
  /** Takes the journal entry back after an attempt whose request certainly did not rotate anything. */
  endRefresh(id: string, generation: number): Promise<void>
  /**
   * Stores the tokens there are after a refresh, whole, under the generation `generation + 1`, and `news` in the same
   * transaction. 'superseded': the stored grant is of another generation or gone, and nothing is stored.
   */
  commitRefresh(
    id: string,
    generation: number,
    tokens: Tokens,
    news?: RefreshRecord
  ): Promise<'committed' | 'superseded'>
  /** Stores a new grant, whatever was there, and resolves with its generation. */
  commitSignIn(id: string, grant: NewGrant): Promise<number>
  /** Forgets the grant if its generation is still the same. */
  deleteGrant(id: string, generation: number): Promise<'committed' | 'superseded'>
  /** The person said a restored grant may be tried. */
  clearRestored(id: string): Promise<void>

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
  /** The clean end: what this start began is finished. */
  close(): Promise<void>
}

/**
 * Of the secrets null takes one away; absent: it stays as it is. `isForGrant`: the grant's own copy of the client changes too,
 * its id where `grantClient` says so.
 */
export type ServerChange = {
  config: ServerConfig
  clientSecret?: Secret | null
  isForGrant?: boolean
  grantClient?: string
  identityProviderSecret?: Secret | null
}
