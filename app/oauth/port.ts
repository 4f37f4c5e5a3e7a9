// What OAuth offers to the rest of the program, and the one thing it needs from it: a place to keep client registrations.
// Interfaces only, so that health and scheduling are tested without a network; engine.ts has the real implementation.
import type { Secret } from '../base/secret.ts'
import type { Fault, SignInStep } from '../contract/health.ts'
import type { ServerConfig } from '../contract/server.ts'
import type { Bearable } from './dpop.ts'
import type { ClientManagement, ClientRegistration, Grant, NewGrant, RequestShape, Tokens } from './grant.ts'
import type { Verification } from './verifyToken.ts'

/** How a request for tokens ended. `detail`: an OAuth error code, a status or a network code; never a body, never a token. */
export type TokenOutcome =
  | { ok: true; tokens: Tokens }
  | { ok: false; fault: Exclude<Fault, 'unsaved'>; detail: string; retryAfter: number | null }

/** What a person needs to sign in on another machine (RFC 8628 section 3.2). `expiresAt` in ms since the epoch. */
export type DeviceCode = {
  userCode: string
  verificationUri: string
  /** The same with the code in it, for a link or a QR code. */
  verificationUriComplete: string | null
  expiresAt: number
}

/** A sign-in under way. `url` is for the person's browser; null where none is needed (client credentials). */
export type SignIn = {
  url: string | null
  redirectUri: string | null
  /** Set where a code is entered on another machine instead. */
  device: DeviceCode | null
  /** Resolves with the grant, unsaved; rejects with TokentrayError. Cleans up its listener either way. */
  grant: Promise<NewGrant>
  /** The redirected URL as pasted by a person; rejects and goes on waiting with `responseInvalid` if it is not one, with `clientReplaced` if there is a new address to open. */
  paste(url: string): Promise<void>
  /**
   * Registers a client anew and goes on at another address, with which it resolves: for a page that says it does not know
   * this client. null: the client is new, or not of our registering.
   */
  replaceClient: (() => Promise<string>) | null
  cancel(): void
}

export interface OAuth {
  /** A new access token for this grant: RFC 6749 section 6, or section 4.4 for client credentials. Never throws. */
  renew(config: ServerConfig, grant: Grant, signal: AbortSignal): Promise<TokenOutcome>
  /**
   * Discovery, registration and the authorization request; resolves when the browser can be sent off.
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
      /** This server is one of several accounts at one address: the server is to ask which. */
      isProfile?: boolean
      /** The server has forgotten the client of the grant, and perhaps all others: none that is kept is taken. */
      isClientDead?: boolean
      /** The server had forgotten our client: the sign-in goes on at this address, as one registered anew. */
      onReplaced?: (url: string) => void
      /** Waits until nobody else is in a browser for this issuer; rejects where the sign-in was cancelled meanwhile. */
      turn?: (issuer: string) => Promise<void>
    }
  ): Promise<SignIn>
  /**
   * Asks the MCP server whether it takes this token (verify.ts), and where that leaves it open the authorization server
   * whether it is alive (introspection.ts). Never throws.
   */
  verify(config: ServerConfig, token: Bearable, shape: RequestShape | null, signal: AbortSignal): Promise<Verification>
  /** RFC 7009, refresh token first. Resolves with a sentence on what came of it; never throws. */
  revoke(config: ServerConfig, grant: Grant, signal: AbortSignal): Promise<string>
  /** Removes the kept registration of this grant's client, so that the next sign-in registers anew. */
  forgetRegistration(grant: Grant): Promise<void>
  /** RFC 7592 section 2.3. Resolves with a sentence on what came of it; never throws. */
  deleteClient(config: ServerConfig, issuer: string, management: ClientManagement, signal: AbortSignal): Promise<string>
  /** The headers that prove the right to one request, fresh for each: `authorization`, and `dpop` for a bound token. */
  credentials(token: Bearable, method: string, url: string): [name: string, value: string][]
  /** Keeps the nonce a server gave (`DPoP-Nonce`); true where it is news, so that the same request may be sent again. */
  noteNonce(url: string, nonce: string | null | undefined): boolean
}

/** Where the clients that were registered are kept; the vault implements it. Each write is durable when its promise resolves. */
export interface Registrations {
  /**
   * The registration at this issuer whose redirect URI has this host, whatever its port; '' finds the one for device codes,
   * whose URN has no host.
   */
  registration(issuer: string, redirectHost: string): Promise<ClientRegistration | null>
  saveRegistration(registration: ClientRegistration): Promise<void>
  forgetRegistration(issuer: string, clientId: string): Promise<void>
}
