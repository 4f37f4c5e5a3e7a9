// Scopes: the arithmetic of space-separated lists (RFC 6749 section 3.3), and which of them each request asks for.
// The settings come first, then what the server lists, then what was found missing since the last sign-in.
import type { AuthorizationServer } from 'oauth4webapi'
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { shown } from './metadata.ts'

/** In characters. A server can ask for any number of scopes, and all of them must fit into the authorization URL. */
export const maxScopeLength = 6000

export function scopesIn(list: string | null | undefined): string[] {
  return (list ?? '').split(/\s+/).filter(Boolean)
}

/** "read," of "read, write" → "read". */
const trimCommas = (word: string) => word.replace(/^,+|,+$/g, '')

/** The same without what is no scope token (RFC 6749 section 3.3): a server's challenge may hold any text, such as "read, write". */
export function validScopesIn(text: string | null | undefined): string[] {
  return scopesIn(text)
    .map(trimCommas)
    .filter((scope) => /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(scope))
}

export function hasScope(list: string | null | undefined, scope: string): boolean {
  return scopesIn(list).includes(scope)
}

/**
 * What a reply grants, with spaces where a server separates by commas, as Slack, GitHub and Strava do. RFC 6749 section 3.3 allows
 * commas within a scope, so they separate only at the edge of a word ("read, write"), or where no list is separated by spaces alone
 * and either a part was asked for or the text looks like a list of scopes.
 */
export function separateCommas(granted: string | null, asked: string | null): string | null {
  if (granted === null || !granted.includes(',')) return granted
  const isAsked = (scope: string) => hasScope(asked, scope)
  const words = scopesIn(granted).map(trimCommas)
  const separates = words.length === 1 || /,\s|\s,/.test(granted)
  const scopes = words.map((word) => {
    const parts = word.split(',').filter(Boolean)
    return separates && !isAsked(word) && (parts.some(isAsked) || looksLikeList(parts)) ? parts.join(' ') : word
  })
  return scopes.filter(Boolean).join(' ') || null
}

/**
 * Not JSON, and not Docker's `repository:a/b:pull,push`: a scope with two colons ends in a list of actions, which have none
 * (an address in a scope has `://`, which does not count).
 */
function looksLikeList(parts: readonly string[]): boolean {
  const hasActions = parts
    .slice(1)
    .some((part, before) => !part.includes(':') && /:(?!\/\/).*:/.test(parts[before] ?? ''))
  return !hasActions && parts.every((part) => /^[\w.:/*-]+$/.test(part))
}

/** The scopes in `wanted` that are not in `granted`. */
export function missingScopes(wanted: string | null | undefined, granted: string | null | undefined): string[] {
  const has = new Set(scopesIn(granted))
  return scopesIn(wanted).filter((scope) => !has.has(scope))
}

/** All the scopes in these lists, each once; null: there are none. */
export function unionOf(...lists: (string | null | undefined)[]): string | null {
  const scopes = new Set(lists.flatMap(scopesIn))
  return scopes.size > 0 ? [...scopes].join(' ') : null
}

/**
 * The scope of an authorization request: the settings' own, else what the resource asks for; with what was missing since,
 * and `offline_access` where the server lists it (FM-09). null: the request has none.
 * @throws metadataInvalid where a server asks for more than fits into an address
 */
export function chooseScope(
  config: ServerConfig,
  { server, scope }: { server: AuthorizationServer; scope: string | null }
): string | null {
  if (config.scope === undefined && (scope?.length ?? 0) > maxScopeLength)
    throw new TokentrayError(
      'metadataInvalid',
      `The list of scopes to request from ${shown(server.issuer)} is too long for a URL. Choose the scopes of ${config.name} in its settings.`
    )
  const listed = server.scopes_supported?.includes('offline_access')
  return unionOf(config.scope ?? scope, config.addedScope, listed ? 'offline_access' : null)
}

/**
 * What to ask for as a client that the server registered for the scopes in `allowed` (RFC 7591 section 3.2.1): of those in `wanted` the
 * ones that it did not leave out of `asked`, and where none is left, all that it allows. `allowed` null: it left out none.
 */
export function narrowedScope(wanted: string | null, asked: string | null, allowed: string | null): string | null {
  if (wanted === null || allowed === null) return wanted
  const leftOut = missingScopes(asked, allowed)
  return unionOf(...scopesIn(wanted).filter((scope) => !leftOut.includes(scope))) ?? unionOf(allowed)
}

/**
 * The scope with which a client that needs no person renews. Of the scopes that step-up added only the granted ones are sent:
 * a server may refuse a request for any other.
 */
export function renewedScope({ scope, addedScope }: ServerConfig, granted: string | null): string | null {
  const added = scopesIn(addedScope).filter((one) => hasScope(granted, one))
  return unionOf(scope ?? granted, added.join(' '))
}
