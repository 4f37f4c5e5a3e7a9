// Proposals to change a server's settings, for sign-ins that failed because the server departs from the standards.
// Nothing is changed here: each exception makes a check weaker, so a person decides.
import { TokentrayError } from '../contract/errors.ts'
import type { Proposal } from '../contract/proposal.ts'
import { proposeQuirk } from '../contract/quirks.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { mergeProposals, proposalsOf } from '../providers/proposals.ts'
import { providerAt } from '../providers/providers.ts'
import { shown } from './metadata.ts'
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

/** For a server that refuses the `prompt` of the settings: the parameter left out. */
export function proposeNoPrompt(): Proposal {
  return {
    change: { params: { prompt: '' } },
    reason: 'The server rejected the prompt parameter.',
    givesUp: 'None. The server decides what it asks you when you sign in.',
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
