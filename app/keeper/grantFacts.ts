// What health and views may know of a grant, taken from the grant itself: times, abilities and names, no secret.
// Made anew from each stored grant, so that health and vault cannot drift apart.
import type { GrantFacts } from '../contract/health.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { renewsAlone } from '../contract/serverConfig.ts'
import type { Grant, GrantOutline } from '../oauth/grant.ts'

/** A grant without its secrets. */
export function outlineOf(grant: Grant): GrantOutline {
  const { generation, startedAt, restored, obtainedAt, expiresAt, expirySource, refreshExpiresAt, scope, shape } = grant
  const { issuer, resource, clientId, registration, redirectUri } = shape
  return {
    ...{ generation, startedAt, restored, obtainedAt, expiresAt, expirySource, refreshExpiresAt, scope },
    hasRefreshToken: grant.refreshToken !== null,
    isBound: Boolean(shape.dpopKey),
    shape: { issuer, resource, clientId, registration, redirectUri }
  }
}

/** A grant as health sees it. Client credentials are renewed with the client's own secret (RFC 6749 section 4.4). */
export function factsOf(
  config: ServerConfig,
  grant: Omit<GrantOutline, 'startedAt' | 'scope' | 'isBound' | 'shape'>
): GrantFacts {
  return {
    generation: grant.generation,
    obtainedAt: grant.obtainedAt,
    expiresAt: grant.expiresAt,
    expirySource: grant.expirySource,
    refreshExpiresAt: grant.refreshExpiresAt,
    refreshExtends: true,
    renewable: grant.hasRefreshToken || renewsAlone(config),
    restored: grant.restored
  }
}
