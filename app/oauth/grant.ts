// What a sign-in yields and a refresh renews: tokens, how the requests about them are shaped, and the client they belong to.
// Types only. OAuth makes these values; the vault stores them.
import type { Secret } from '../base/secret.ts'
import type { ExpirySource } from '../contract/health.ts'
import type { ClientAuthMethod } from '../contract/serverConfig.ts'

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
  /** Journal: when a refresh of this generation was begun whose outcome is not stored yet; null: none. */
  startedAt: number | null
  restored: boolean
}

/** What is shown of how a grant came to be, and stays in memory. */
export type GrantOrigin = Pick<RequestShape, 'issuer' | 'resource' | 'clientId' | 'registration' | 'redirectUri'>

/** A grant without its secrets: what stays in memory while the grant itself stays in the vault. */
export type GrantOutline = Pick<
  Grant,
  'generation' | 'startedAt' | 'restored' | 'obtainedAt' | 'expiresAt' | 'expirySource' | 'refreshExpiresAt' | 'scope'
> & { hasRefreshToken: boolean; isBound: boolean; shape: GrantOrigin }

/** What a sign-in found its server to accept, so that the next one starts with it. */
export type Learned = {
  /** The parameter `prompt` of the authorization request; '': none. */
  prompt?: string | undefined
  /** How the client authenticates. */
  clientAuth?: ClientAuthMethod
  /** The client that registered itself may ask for no scopes. */
  hasNoScopes?: boolean
}

/** A grant before it has a generation. `learned` is for the settings, and not stored with it. */
export type NewGrant = Tokens & { shape: RequestShape; learned?: Learned | undefined }

/** A client registration, kept per issuer, site of the MCP server and redirect URI (RFC 7591); a device client has its grant type's URN there. */
export type ClientRegistration = {
  issuer: string
  redirectUri: string
  clientId: string
  /** The site (net/site.ts) whose MCP servers share it; '': of a version that did not know sites. */
  site: string
  clientSecret: Secret | null
  clientSecretExpiresAt: number | null
  clientAuth: ClientAuthMethod
  registeredAt: number
  /** What it was to be registered for; absent: nothing, or unknown. */
  scope?: string | null
  /** What the server registered it for, where it left out some of `scope`; '': it has no scopes of its own. Absent: all of them. */
  allowedScope?: string | null
  /** Written with the registration; read back only through the vault's clientUse(). */
  management?: ClientManagement | null
}

/** Where a client can be deleted at its server, and the token that allows it (RFC 7592). */
export type ClientManagement = { uri: string; accessToken: Secret }
