// What of all that is known of providers can be proposed for one server: what its settings lack, and what it was seen to need.
// Nothing is applied here; the table is providerQuirks.ts.
import type { Proposal } from '../contract/proposal.ts'
import { proposeQuirk, type QuirkName } from '../contract/quirks.ts'
import type { ServerConfig } from '../contract/server.ts'
import { providerQuirks } from './providerQuirks.ts'
import { providerAt } from './providers.ts'

/** What the settings of this server lack of what its provider is known to need. */
export function proposalsOf(provider: string, config: ServerConfig): Proposal[] {
  return (providerQuirks[provider] ?? []).flatMap(({ says, change, trust, source }) => {
    if (!change || isSet(config, change) || !concerns(config, change)) return []
    const [name] = Object.keys(change.quirks ?? {}) as QuirkName[]
    if (name) return [proposeQuirk(name, says, { trust, source })]
    return [{ change, reason: says, givesUp: 'Nothing: it only changes what is asked for.', trust, source }]
  })
}

/** A client that signs in by itself sends no authorization request, so that only what it asks at all can be changed for it. */
function concerns({ grantKind }: ServerConfig, { quirks = {} }: Proposal['change']): boolean {
  const { allowMissingPkceMetadata, ...others } = quirks
  return grantKind === 'authorizationCode' || Object.keys(others).length > 0
}

function isSet(config: ServerConfig, { quirks = {}, redirectHost, params = {} }: Proposal['change']): boolean {
  return (
    Object.entries(quirks).every(([name, value]) => config.quirks[name as QuirkName] === value) &&
    (redirectHost === undefined || redirectHost === config.redirectHost) &&
    Object.keys(params).every((name) => name in config.params)
  )
}

/**
 * What a person can still say yes to: what the last sign-in or refresh failed for, and before the first sign-in what the provider
 * at the server's address is known to need.
 */
export function openProposals(config: ServerConfig, isSignedIn: boolean, failed: readonly Proposal[]): Proposal[] {
  if (config.grantKind === 'staticToken' || config.grantKind === 'refreshToken' || config.mode !== 'token') return []
  const provider = isSignedIn ? null : providerAt(config.url)
  const known = provider ? proposalsOf(provider.id, config) : []
  return mergeProposals(
    failed.filter(({ change }) => !isSet(config, change)),
    known
  )
}

/** Those of `more` that change something `first` does not. */
export function mergeProposals(first: readonly Proposal[], more: readonly Proposal[]): Proposal[] {
  const keyOf = ({ change }: Proposal) => JSON.stringify(change)
  const known = new Set(first.map(keyOf))
  return [...first, ...more.filter((one) => !known.has(keyOf(one)))]
}
