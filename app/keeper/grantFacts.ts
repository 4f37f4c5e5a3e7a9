// What health may know of a grant, taken from the grant itself: times and abilities, no secret.
// Made anew from each stored grant, so that health and vault cannot drift apart.
import type { GrantFacts } from '../contract/health.ts'
import type { ServerConfig } from '../contract/server.ts'
import { renewsAlone } from '../contract/server.ts'
import type { Grant } from '../oauth/grant.ts'

/** A grant as health sees it. Client credentials are renewed with the client's own secret (RFC 6749 section 4.4). */
export function factsOf(config: ServerConfig, grant: Grant): GrantFacts {
  return {
    generation: grant.generation,
    obtainedAt: grant.obtainedAt,
    expiresAt: grant.expiresAt,
    expirySource: grant.expirySource,
    refreshExpiresAt: grant.refreshExpiresAt,
    refreshExtends: true,
    renewable: grant.refreshToken !== null || renewsAlone(config),
    restored: grant.restored
  }
}
