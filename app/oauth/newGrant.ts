// Makes a grant of a token reply: the tokens, and the shape that later requests about them must have.
// Used at the end of every kind of sign-in.
import { renewsAlone, type ServerConfig } from '../contract/server.ts'
import type { Client } from './client.ts'
import type { Discovery } from './discovery.ts'
import type { Prover } from './dpop.ts'
import type { NewGrant, Tokens } from './grant.ts'

/** A grant with the shape of its requests; a reply without a scope granted the one asked for (RFC 6749 section 5.1). */
export function newGrant(
  tokens: Tokens,
  config: ServerConfig,
  { server, resource }: Pick<Discovery, 'server' | 'resource'>,
  { clientId, clientAuth, clientSecret }: Client,
  registration: NewGrant['shape']['registration'],
  scope: string | null,
  redirectUri: string | null,
  prover: Prover | null
): NewGrant {
  // Nothing to renew it with, and no end told: such tokens last until they are revoked, and a guess would call a good one dead.
  const isEndless = tokens.expirySource === 'guess' && tokens.refreshToken === null && !renewsAlone(config)
  return {
    ...tokens,
    ...(isEndless && { expiresAt: null, expirySource: 'none' as const }),
    scope: tokens.scope ?? scope,
    shape: {
      issuer: server.issuer,
      tokenEndpoint: server.token_endpoint ?? null,
      revocationEndpoint: server.revocation_endpoint ?? null,
      resource: config.quirks.omitResource ? null : resource,
      clientId,
      clientAuth,
      clientSecret,
      registration,
      redirectUri,
      ...(prover && { dpopKey: prover.key })
    }
  }
}
