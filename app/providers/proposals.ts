// Chooses the changes of settings to propose for one server, from what is known of its provider and what failed there.
// Nothing is applied here: a person accepts a proposal or not. The known facts are in providerQuirks.ts.
import type { Proposal } from '../contract/proposal.ts'
import { allowsPair, proposeQuirk, type QuirkName } from '../contract/quirks.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { providerQuirks } from './providerQuirks.ts'
import { providerAt } from './providers.ts'

/** The changes that this server's provider is known to need and that its settings lack. */
export function proposalsOf(provider: string, config: ServerConfig): Proposal[] {
  return (providerQuirks[provider] ?? []).flatMap(({ says, change, trust, source }) => {
    if (!change || isSet(config, change) || !concerns(config, change)) return []
    const [name] = Object.keys(change.quirks ?? {}) as QuirkName[]
    if (name) return [proposeQuirk(name, says, { trust, source })]
    return [{ change, reason: says, givesUp: 'None: it only changes what is requested.', trust, source }]
  })
}

/** False where a change concerns only the authorization request, which a client without a person does not send. */
function concerns({ grantKind }: ServerConfig, { quirks = {} }: Proposal['change']): boolean {
  const { allowMissingPkceMetadata, ...others } = quirks
  return grantKind === 'authorizationCode' || Object.keys(others).length > 0
}

function isSet(
  config: ServerConfig,
  { quirks = {}, redirectHost, url, params = {}, allowedSites = [] }: Proposal['change']
): boolean {
  return (
    Object.entries(quirks).every(([name, value]) => config.quirks[name as QuirkName] === value) &&
    (redirectHost === undefined || redirectHost === config.redirectHost) &&
    (url === undefined || url === config.url) &&
    Object.keys(params).every((name) => name in config.params) &&
    allowedSites.every((pair) => allowsPair(config, pair))
  )
}

/**
 * The proposals that a person can still accept: those of the last failure, and before the first sign-in those that the provider
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

/** The proposal to use the address that a server of the same origin redirects to each time. */
export function proposeMove(to: string): Proposal {
  return {
    change: { url: to },
    reason: `The server redirects each request to ${to}. Use this URL from now on?`,
    givesUp: 'None. It is at the same host, and the ID, the sign-in and the access of clients stay as they are.',
    trust: 'seen',
    source: null
  }
}

/** `first`, and those of `more` that propose another change. */
export function mergeProposals(first: readonly Proposal[], more: readonly Proposal[]): Proposal[] {
  const keyOf = ({ change }: Proposal) => JSON.stringify(change)
  const known = new Set(first.map(keyOf))
  return [...first, ...more.filter((one) => !known.has(keyOf(one)))]
}
