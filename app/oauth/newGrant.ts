// Makes a grant at the end of every kind of sign-in: the tokens, and how later requests about them are made.
// Kept with the grant, so that a refresh uses the client and endpoint of the sign-in even if the settings change.
import { renewsAlone, type ServerConfig } from '../contract/serverConfig.ts'
import type { Discovery } from './discovery.ts'
import type { Prover } from './dpop.ts'
import type { NewGrant, Tokens } from './grant.ts'
import type { RegisteredClient } from './registration.ts'
import { separateCommas } from './scope.ts'

/** How a sign-in got its tokens. */
export type SignInResult = {
  tokens: Tokens
  config: ServerConfig
  discovery: Pick<Discovery, 'server' | 'resource'>
  client: RegisteredClient
  /** What was asked for. */
  scope: string | null
  prover: Prover | null
}

/** A reply without a scope granted what was asked for (RFC 6749 section 5.1). */
export function newGrant({ tokens, config, discovery, client, scope, prover }: SignInResult): NewGrant {
  const { server, resource } = discovery
  const { clientId, clientAuth, clientSecret, registration, callback } = client
  // Without a refresh token and a stated end, a token lasts until it is revoked: a guessed end would call a good one expired.
  const isEndless = tokens.expirySource === 'guess' && tokens.refreshToken === null && !renewsAlone(config)
  return {
    ...tokens,
    ...(isEndless && { expiresAt: null, expirySource: 'none' as const }),
    scope: separateCommas(tokens.scope, scope) ?? scope,
    shape: {
      issuer: server.issuer,
      tokenEndpoint: server.token_endpoint ?? null,
      revocationEndpoint: server.revocation_endpoint ?? null,
      resource: config.quirks.omitResource ? null : resource,
      clientId,
      clientAuth,
      clientSecret,
      registration,
      redirectUri: callback?.redirectUri ?? null,
      ...(prover && { dpopKey: prover.key })
    }
  }
}
