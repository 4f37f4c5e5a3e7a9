// Which scopes are asked for (RFC 6749 section 3.3): at a sign-in, at a renewal, and when a server wants more.
// The person's own settings come first, then what the server lists, then what was found missing since.
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/server.ts'
import type { Discovery } from './discovery.ts'
import { shown } from './metadata.ts'

/** In characters: what an authorization request can hold of a server's own choice. */
export const mostScope = 6000

/**
 * The settings' scope, else what the server asks for; with what was missing since, and `offline_access` where it is
 * listed (FM-09). null: send none.
 * Throws `metadataInvalid` where a server wants too many.
 */
export function chooseScope(config: ServerConfig, { server, scope }: Discovery): string | null {
  if (config.scope === undefined && (scope?.length ?? 0) > mostScope)
    throw new TokentrayError(
      'metadataInvalid',
      `${shown(server.issuer)} is to be asked for more scopes than fit into an address; choose the scopes of ${config.name} in its settings.`
    )
  const listed = server.scopes_supported?.includes('offline_access')
  return unionOf(config.scope ?? scope, config.addedScope, listed ? 'offline_access' : null)
}

/** All the scopes in these lists, each once; null: there are none. */
export function unionOf(...lists: (string | null | undefined)[]): string | null {
  const scopes = new Set(lists.flatMap((list) => (list ?? '').split(/\s+/)).filter(Boolean))
  return scopes.size > 0 ? [...scopes].join(' ') : null
}

/**
 * What a client that asks by itself renews with: of what step-up added no more than was granted, since a server may refuse
 * a request for anything else.
 */
export function renewedScope(config: ServerConfig, granted: string | null): string | null {
  const has = new Set(granted?.split(/\s+/))
  const added = config.addedScope?.split(/\s+/).filter((scope) => has.has(scope))
  return unionOf(config.scope ?? granted, added?.join(' '))
}
