// Chooses among the authorization servers that an MCP server names, and reads the metadata of one (RFC 8414).
// Metadata that claims another issuer is never used: a hostile document could pass for another server (RFC 8414 section 3.3).
import type { AuthorizationServer } from 'oauth4webapi'
import { TokentrayError } from '../contract/errors.ts'
import type { Quirks } from '../contract/proposal.ts'
import { NetworkFault, type RequestOptions, type SendRequest } from '../net/request.ts'
import { firstOf } from './attempts.ts'
import {
  fetchDocument,
  issuerOfMetadataUrl,
  isUsableUrl,
  isVisible,
  readAuthorizationServer,
  serverMetadataUrls,
  shown
} from './metadata.ts'
import { bothSpellings, issuerProposals } from './quirks.ts'

/** Which of several issuers are wanted. */
export type WantedIssuers = {
  /** Named by a person: of several, no other one is used; where the server names none, this one is. */
  issuer?: string | undefined
  /** Holds this server's own client: of several, no other one is used. */
  clientIssuer?: string | undefined
  /** Of the present grant: while the server still names it, it comes first, and a passing fault leads to no other one. */
  grantIssuer?: string | null | undefined
}

type ReadingContext = { sendRequest: SendRequest; now: () => number; quirks?: Quirks }

/** How many of the issuers that a resource names are tried: each costs several requests. */
const maxIssuers = 8

/** The issuers to try, in this order; never none. `origin`: of the MCP server, for one that lists none. */
export function chooseIssuers(
  listed: string[],
  origin: string,
  { issuer, clientIssuer, grantIssuer }: WantedIssuers
): string[] {
  if (listed.length === 0) return [issuer ?? origin]
  const all = [...new Set(listed)]
  const bound = issuer ?? clientIssuer
  const only = bound === undefined ? [] : all.filter((one) => namesIssuer(one, bound))
  if (only.length > 0) return only.slice(0, maxIssuers)
  const usable = all.filter((one) => isVisible(one) && isUsableUrl(one))
  const isKept = (one: string) => grantIssuer != null && namesIssuer(one, grantIssuer)
  const [kept, others] = [usable.filter(isKept), usable.filter((one) => !isKept(one))]
  const chosen = [...kept, ...others].slice(0, maxIssuers)
  return chosen.length > 0 ? chosen : all.slice(0, 1)
}

/** Whether an entry of `authorization_servers` stands for this issuer. */
export const namesIssuer = (listed: string, issuer: string): boolean =>
  readListed(listed)?.issuers.some((one) => bothSpellings(one).includes(issuer)) === true

/** An issuer and the places of its metadata. */
type Listed = { issuers: string[]; places: string[] }

/**
 * An entry of `authorization_servers`: the issuer whose metadata it leads to, and the places of that; null: no URL. Some servers name
 * the metadata's own URL instead of the issuer, and then either spelling of the issuer leads to that URL.
 */
function readListed(listed: string): Listed | null {
  const base = isVisible(listed) ? URL.parse(listed) : null
  if (!base || base.username) return null
  const issuer = issuerOfMetadataUrl(base)
  if (issuer === null) return { issuers: [listed], places: serverMetadataUrls(base) }
  return { issuers: bothSpellings(issuer), places: [base.href, ...serverMetadataUrls(new URL(issuer))] }
}

/** The metadata of an entry of `authorization_servers`; null: there is none. @throws metadataInvalid, issuerMismatch, NetworkFault */
export async function readServer(
  named: string,
  options: RequestOptions,
  context: ReadingContext
): Promise<AuthorizationServer | null> {
  const listed = readListed(named)
  if (listed) return readServerAt(listed, named, options, context)
  throw new TokentrayError(
    'metadataInvalid',
    `The authorization server "${shown(named)}" is not a valid URL. Contact the operator of the MCP server.`
  )
}

/** As readServer(), for an MCP server that names none. With or without the slash, an origin leads to the same well-known URL. */
export const readServerOfOrigin = (origin: string, options: RequestOptions, context: ReadingContext) =>
  readServerAt(
    { issuers: bothSpellings(origin), places: serverMetadataUrls(new URL(origin)) },
    origin,
    options,
    context
  )

async function readServerAt(
  { issuers, places }: Listed,
  named: string,
  options: RequestOptions,
  { sendRequest, now, quirks = {} }: ReadingContext
): Promise<AuthorizationServer | null> {
  const accepted = quirks.acceptIssuerSlash ? issuers.flatMap(bothSpellings) : issuers
  const read = async (place: string) => {
    const document = await fetchDocument(sendRequest, place, options, now())
    if (!document || !('issuer' in document)) return null
    const claimed = String(document.issuer)
    if (accepted.includes(claimed)) return readAuthorizationServer(document, claimed, options.reach)
    // It stays the issuer that was named: clients and grants of the claimed one are not its own.
    if (quirks.acceptIssuer === claimed) return readAuthorizationServer(document, issuers[0] ?? named, options.reach)
    throw new TokentrayError(
      'issuerMismatch',
      `The metadata of ${shown(named)} names another issuer, ${shown(claimed)}, so it was not used. Contact the operator.`,
      { proposals: issuerProposals(named, claimed) }
    )
  }
  // All places are at one host: where one cannot be reached, the others cannot either.
  return firstOf(new Set(places), read, (error) => error instanceof NetworkFault && error.fault === 'offline')
}
