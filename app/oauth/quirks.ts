// Proposals to change a server's settings, for sign-ins that failed because the server departs from the standards.
// Nothing is changed here: each exception makes a check weaker, so a person decides.
import { TokentrayError } from '../contract/errors.ts'
import type { Proposal } from '../contract/proposal.ts'
import { proposeForIssuer, proposeQuirk } from '../contract/quirks.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { mergeProposals, proposalsOf } from '../providers/proposals.ts'
import { isOneProvider, providerAt } from '../providers/providers.ts'
import { isVisible, shown } from './metadata.ts'
import { tryOmitResource } from './tokenReply.ts'

/** An issuer as it is, and with one slash more or less at its end. */
export function bothSpellings(issuer: string): string[] {
  return [issuer, issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`]
}

/** The proposals to accept metadata that was found at `listed` and claims another issuer, where that is a known breach. */
export function issuerProposals(listed: string, claimed: string): Proposal[] {
  const [at, says] = [shown(listed), shown(claimed)]
  if (bothSpellings(listed).includes(claimed))
    return [
      proposeQuirk('acceptIssuerSlash', `The issuer is ${at}, but its metadata says ${says}: they differ by one slash.`)
    ]
  if (!isVisible(claimed) || claimed.length > maxIssuerLength) return []
  const tenants = fitsTemplate(listed, claimed) ? 'all its tenants' : isTenantOf(listed, claimed) ? 'a tenant' : null
  if (!tenants) return []
  const who = providerAt(listed)?.name ?? 'This authorization server'
  return [
    proposeForIssuer('acceptIssuer', claimed, `${who} has metadata at ${at} for ${tenants}, and it names ${says}.`)
  ]
}

/** The proposal to do without `iss`, where this issuer promises it and does not send it (RFC 9207). */
export const proposeMissingIss = (issuer: string): Proposal =>
  proposeForIssuer('allowMissingIss', issuer, `${shown(issuer)} promises iss in its metadata and does not send it.`)

const maxIssuerLength = 1000

/** Whether `template` is this issuer with parts of its path left open, such as `{tenantid}` (Microsoft Entra). */
export function fitsTemplate(issuer: string, template: string): boolean {
  return differ(issuer, template, (_, part) => /^(\{.+\}|%7b.+%7d)$/i.test(part))
}

/** Whether `other` is this issuer with an id in its path, where this one has the tenant's name or a group of tenants. */
const isTenantOf = (issuer: string, other: string): boolean =>
  differ(issuer, other, (part, id) => uuid.test(id) && !uuid.test(part))

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Whether two issuers of one origin or provider are the same but for parts of the path that `mayDiffer`; at least one does. */
function differ(one: string, other: string, mayDiffer: (part: string, otherPart: string) => boolean): boolean {
  const [a, b] = [URL.parse(one), URL.parse(other)]
  if (!a || !b || a.search || b.search || b.protocol !== a.protocol) return false
  if (a.host !== b.host && !isOneProvider([a.hostname, b.hostname])) return false
  const [parts, others] = [a, b].map(({ pathname }) => pathname.replace(/\/$/, '').split('/')) as [string[], string[]]
  const isSame = (part: string, at: number) => part === others[at] || mayDiffer(part, others[at] ?? '')
  return parts.length === others.length && parts.every(isSame) && parts.join('/') !== others.join('/')
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
