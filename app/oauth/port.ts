// What OAuth offers to the rest of the program, and the one thing it needs from it: a place to keep client registrations.
// Interfaces only, so that health and scheduling are tested without a network; engine.ts has the real implementation.
import type { Secret } from '../base/secret.ts'
import type { Fault, SignInStep } from '../contract/health.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { Bearable } from './dpop.ts'
import type { ClientManagement, ClientRegistration, Grant, NewGrant, RequestShape, Tokens } from './grant.ts'
import type { Verification } from './verifyToken.ts'

/**
 * How a request for tokens ended. `detail`: an OAuth error code, an HTTP status or a network error code; never a body or a
 * token. `retryAfter`: how long the server wants us to wait, in ms; null: it did not say. `inOwnWords`: refused in words that no
 * standard has.
 */
export type TokenOutcome =
  | { ok: true; tokens: Tokens }
  | { ok: false; fault: Exclude<Fault, 'unsaved'>; detail: string; retryAfter: number | null; inOwnWords?: true }

/** What a person needs to sign in on another machine (RFC 8628 section 3.2). `expiresAt` in ms since the epoch. */
export type DeviceCode = {
  userCode: string
  verificationUri: string
  /** The same address with the code in it, for a link or a QR code. */
  verificationUriComplete: string | null
  expiresAt: number
}

/** The addresses of a sign-in, as the metadata names them. `authorization`: where the person goes, by browser or with a code. */
export type SignInEndpoints = { issuer: string; authorization: string; token: string }

/** A sign-in under way. `url` is for the person's browser; null where none is needed (client credentials). */
export type SignIn = {
  url: string | null
  redirectUri: string | null
  /** The code to enter on another machine; null for a sign-in by browser. */
  device: DeviceCode | null
  /** Resolves with the grant, which is not stored yet; rejects with TokentrayError. Either way the listener is closed. */
  grant: Promise<NewGrant>
  /**
   * Takes the redirected URL as a person pasted it. Rejects, and the sign-in goes on: `responseInvalid` where it is not that URL,
   * `clientReplaced` where there is a new address to open.
   */
  paste(url: string): Promise<void>
  /**
   * Registers a new client and resolves with the new address to open: for a server whose page does not know the old client.
   * null: the client was registered just now, or did not register itself.
   */
  replaceClient: (() => Promise<string>) | null
  cancel(): void
}

/** What a server is looked for by; it need not be in the list yet. */
export type Searched = Pick<ServerConfig, 'url' | 'clientCertificate'> & { quirks?: ServerConfig['quirks'] }

export interface OAuth {
  /**
   * Where the MCP server is that a person means by `url`: there, or at a path that is guessed where the URL has none
   * (serverSearch.ts). Rejects with TokentrayError, by one of `notFoundCodes` where no MCP server answers.
   */
  findServer(server: Searched, signal: AbortSignal): Promise<string>
  /** A new access token for this grant (RFC 6749 section 6; section 4.4 for client credentials). Never throws. */
  renew(config: ServerConfig, grant: Grant, signal: AbortSignal): Promise<TokenOutcome>
  /**
   * Discovery, registration and the authorization request; resolves when there is an address or a code for the person.
   * Rejects with TokentrayError. `clientSecret` is that of a pre-registered client.
   */
  beginSignIn(
    config: ServerConfig,
    given: {
      clientSecret: Secret | null
      onStep: (step: SignInStep) => void
      signal: AbortSignal
      /** By device code: always, or where the server offers it; absent: only where it offers nothing else. */
      device?: 'always' | 'offered' | undefined
      /** There is another account at the same address: the authorization server must ask which one to use. */
      isProfile?: boolean
      /** Of the present grant: the server's other authorization servers are not used while it still names this one. */
      grantIssuer?: string | null | undefined
      /** The server has forgotten the grant's client, and perhaps all others: no kept registration is used. */
      isClientDead?: boolean
      /** Called where the server had forgotten our client: the sign-in goes on at this address, with a new one. */
      onReplaced?: (url: string) => void
      /** Called where the server refused a request for a code and may accept another one: the sign-in goes on at this address. */
      onAskedAgain?: (url: string) => void
      /** Told in a sentence, at most every ten seconds, of a response without a state; the sign-in goes on waiting. */
      onStray?: (sentence: string) => void
      /** Told before anything is sent to the authorization server; throws where a person must be asked first. */
      checkEndpoints?: (endpoints: SignInEndpoints) => void
      /** Waits until no other sign-in at this issuer is in the browser; rejects where this one is cancelled meanwhile. */
      turn?: (issuer: string) => Promise<void>
    }
  ): Promise<SignIn>
  /**
   * Asks the MCP server whether it accepts this token (verifyToken.ts), and where its answer does not tell, the authorization
   * server whether the token is active (introspection.ts). `callsTool`: also by the call of a tool that no server has. Never throws.
   */
  verify(
    config: ServerConfig,
    token: Bearable,
    shape: RequestShape | null,
    signal: AbortSignal,
    callsTool?: boolean
  ): Promise<Verification>
  /** A server's icon as a data URL, from the first of these addresses that has one (serverIcon.ts). Never throws. */
  fetchIcon(
    server: Pick<ServerConfig, 'url' | 'quirks'>,
    sources: readonly string[],
    signal: AbortSignal
  ): Promise<string | null>
  /** RFC 7009, refresh token first. Resolves with a sentence on the result; never throws. */
  revoke(config: ServerConfig, grant: Grant, signal: AbortSignal): Promise<string>
  /** Removes the kept registration of this grant's client: the next sign-in registers a new one. */
  forgetRegistration(grant: Grant): Promise<void>
  /** RFC 7592 section 2.3. Resolves with a sentence on the result; never throws. */
  deleteClient(config: ServerConfig, issuer: string, management: ClientManagement, signal: AbortSignal): Promise<string>
  /** The headers that authorize one request: `authorization`, and for a bound token `dpop`. Each request needs new ones. */
  credentials(token: Bearable, method: string, url: string): [name: string, value: string][]
  /** Keeps a server's `DPoP-Nonce`. True where it is a new one: the refused request may be sent again with it. */
  noteNonce(url: string, nonce: string | null | undefined): boolean
}

/** Where registered clients are kept; the vault implements it. Each write is durable when its promise resolves. */
export interface Registrations {
  /**
   * The registration at this issuer for MCP servers of this site, whose redirect URI has this host, whatever its port; the host
   * '' finds the one for device codes, whose URN has no host.
   */
  registration(issuer: string, redirectHost: string, site: string): Promise<ClientRegistration | null>
  saveRegistration(registration: ClientRegistration): Promise<void>
  forgetRegistration(issuer: string, clientId: string): Promise<void>
}
