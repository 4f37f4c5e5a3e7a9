// Proposals to change a server's settings, for sign-ins that failed because the server departs from the standards.
// Nothing is changed here: each exception makes a check weaker, so a person decides.
import { TokentrayError } from '../contract/errors.ts'
import type { Proposal } from '../contract/proposal.ts'
import { proposeQuirk } from '../contract/quirks.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { mergeProposals, proposalsOf } from '../providers/proposals.ts'
import { providerAt } from '../providers/providers.ts'
import { shown } from './metadata.ts'
import { hasScope } from './scope.ts'
import { tryOmitResource } from './tokenReply.ts'

/** An issuer as it is, and with one slash more or less at its end. */
export function bothSpellings(issuer: string): string[] {
  return [issuer, issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`]
}

/** The proposals to accept metadata that was found at `listed` and claims another issuer, where that is a known breach. */
export function issuerProposals(listed: string, claimed: string): Proposal[] {
  if (!bothSpellings(listed).includes(claimed)) return []
  return [
    proposeQuirk(
      'acceptIssuerSlash',
      `The issuer is ${shown(listed)}, but its metadata says ${shown(claimed)}: they differ by one slash.`
    )
  ]
}

/** Proposals for a refusal whose `detail` names its cure (tokenReply.ts). `who`: the server that refused. */
export function proposalsIn(detail: string, who: string): Proposal[] {
  if (!detail.endsWith(tryOmitResource)) return []
  return [proposeQuirk('omitResource', `${who} rejected a request with the resource parameter.`)]
}

/** For a server without `prompt=select_account`: `prompt=login`, which every OpenID provider supports. */
export function proposeLogin(scope: string | null): Proposal {
  const isOffline = hasScope(scope, 'offline_access')
  return {
    change: { params: { prompt: isOffline ? 'login consent' : 'login' } },
    reason: 'The server does not let you choose an account (prompt=select_account).',
    givesUp: 'None. You sign in each time and can choose another account then.',
    trust: 'seen',
    source: null
  }
}

/** An error with proposals gets the others that the provider at `issuer` is known to need; any other error is unchanged. */
export function withKnown(error: unknown, config: ServerConfig, issuer: string): unknown {
  if (!(error instanceof TokentrayError) || error.proposals.length === 0) return error
  const provider = providerAt(issuer)
  const { code, message, cause, proposals } = error
  if (!provider) return error
  return new TokentrayError(code, message, {
    cause,
    proposals: mergeProposals(proposals, proposalsOf(provider.id, config))
  })
}
