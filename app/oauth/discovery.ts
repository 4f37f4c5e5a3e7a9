// Finds the authorization server of an MCP server from its URL alone (MCP authorization specification).
// Servers of the 2025-03-26 revision have no resource metadata; their endpoints are at fixed paths.
import type { AuthorizationServer } from 'oauth4webapi'
import { TokentrayError } from '../contract/errors.ts'
import type { Quirks } from '../contract/proposal.ts'
import { proposeQuirk } from '../contract/quirks.ts'
import { bearerChallenge, type Challenge } from '../net/challenge.ts'
import { isLoopbackHost, leadsToPrivate } from '../net/privateAddresses.ts'
import { isBusyStatus, NetworkFault, type RequestOptions, type SendRequest } from '../net/request.ts'
import {
  fetchDocument,
  isVisible,
  type Json,
  type ProtectedResource,
  readAuthorizationServer,
  readProtectedResource,
  resourceMetadataUrls,
  serverMetadataUrls,
  shown
} from './metadata.ts'
import { differBySlash } from './quirks.ts'
import { retryAfterOf } from './tokenReply.ts'

export type Discovery = {
  server: AuthorizationServer
  /** False where there is no metadata at all, and the endpoints are the default paths of the 2025-03-26 revision. */
  documented: boolean
  /** Verbatim from the metadata. null: there is none, and requests have no `resource`. */
  resource: string | null
  /** The scopes that the challenge asks for, else all that the resource metadata lists; null: neither names any. */
  scope: string | null
  /** The resource accepts only tokens that are bound to a key (DPoP, RFC 9449). */
  wantsDpop: boolean
  /** `public`: requests to URLs from the metadata must not reach private addresses. */
  reach: 'any' | 'public'
}

export type DiscoveryContext = {
  sendRequest: SendRequest
  now: () => number
  signal: AbortSignal
  onStep: (step: 'resource' | 'authorizationServer') => void
  /** Called once the URL itself answered as an MCP server's does, or has metadata of its own (RFC 9728). */
  onAnswer?: () => void
  /** Exceptions that a person allowed for this server. */
  quirks?: Quirks
}

/** Rejects with TokentrayError (`urlInvalid`, `notMcpServer`, `metadataInvalid`, …) or NetworkFault. */
export async function discover(serverUrl: string, context: DiscoveryContext): Promise<Discovery> {
  const url = checkServerUrl(serverUrl)
  context.onStep('resource')
  const isInside = await leadsToPrivate(url.hostname)
  const reach = context.quirks?.allowPrivateAddresses || isInside ? 'any' : 'public'
  const options: RequestOptions = { reach, signal: context.signal }
  // A private address is trusted. Check it again at connect time: DNS may answer differently by then (rebinding).
  const asked = await askForChallenge(url, isInside ? 'private' : 'any', context)
  if (asked.kind !== 'foreign') context.onAnswer?.()
  const resource = await findResource(url, asked.challenge, options, context)
  if (resource) context.onAnswer?.()
  context.onStep('authorizationServer')
  const found = resource
    ? await findServer(resource.authorizationServers, url, options, context)
    : await findLegacyServer(url, asked, options, context)
  const scopes = resource?.scopes?.length ? resource.scopes.join(' ') : null
  return {
    ...found,
    resource: resource?.resource ?? null,
    scope: asked.challenge?.params.scope || scopes,
    wantsDpop: resource?.wantsDpop || asked.challenge?.scheme === 'dpop',
    reach
  }
}

/** The likeliest mistake in a URL that leads to a website but to no MCP server. */
export const askForPath = ({ pathname }: URL): string =>
  `Is the path right?${/\/mcp\/?$/.test(pathname) ? '' : ' Often it is /mcp.'}`

/** @throws urlInvalid, saying what to write instead */
export function checkServerUrl(text: string): URL {
  const url = URL.parse(text.trim())
  if (!url || !/^https?:$/.test(url.protocol))
    throw new TokentrayError(
      'urlInvalid',
      `"${shown(text)}" is not a valid URL. Use one like https://mcp.example.com/mcp.`
    )
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname))
    throw new TokentrayError('urlInvalid', `Tokens are never sent unencrypted. Use https:// for ${url.host}.`)
  if (url.username || url.password)
    throw new TokentrayError('urlInvalid', `Remove the user name and password from the URL of ${url.host}.`)
  url.hash = ''
  return url
}

type Reach = 'any' | 'private'

type Probe = {
  status: number
  kind: 'guarded' | 'open' | 'foreign'
  /** An error in MCP's format counts too: servers without sessions do not know `initialize`. */
  speaksMcp: boolean
  challenge: Challenge | null
  busy: NetworkFault | null
}

/**
 * Sends the first requests of any MCP client without a token, to be refused with a challenge. Some servers allow `initialize`
 * without a token and refuse only what follows it, so `tools/list` is tried too.
 */
async function askForChallenge(url: URL, reach: Reach, context: DiscoveryContext): Promise<Probe> {
  const clientInfo = { name: 'tokentray', version: '1' }
  const first = await probe(url, 'initialize', { protocolVersion, capabilities: {}, clientInfo }, reach, context)
  if (first.kind === 'guarded' || !first.speaksMcp) return first
  const second = await probe(url, 'tools/list', {}, reach, context)
  return second.kind === 'guarded' ? second : first
}

const protocolVersion = '2025-11-25'

async function probe(
  url: URL,
  method: string,
  params: Json,
  reach: Reach,
  { sendRequest, now, signal }: DiscoveryContext
): Promise<Probe> {
  const reply = await sendRequest(url.href, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(method !== 'initialize' && { 'mcp-protocol-version': protocolVersion })
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal,
    reach,
    redirects: 3
  })
  const { status, headers } = reply
  const challenge = bearerChallenge(headers.get('www-authenticate'))
  const guarded = status === 401 || challenge !== null
  const speaksMcp =
    /^text\/event-stream/.test(headers.get('content-type') ?? '') || /"jsonrpc"/.test(await reply.text())
  return {
    status,
    kind: guarded ? 'guarded' : reply.ok && speaksMcp ? 'open' : 'foreign',
    speaksMcp,
    challenge,
    // 501 and 505 are lasting answers of a server that knows no such request, not of a busy one.
    busy:
      isBusyStatus(status) && status !== 501 && status !== 505
        ? new NetworkFault('busy', `HTTP ${status}`, url.host, retryAfterOf(headers, now()))
        : null
  }
}

async function findResource(
  url: URL,
  challenge: Challenge | null,
  options: RequestOptions,
  { sendRequest, now }: DiscoveryContext
): Promise<ProtectedResource | null> {
  const named = challenge?.params.resource_metadata
  for (const place of [...(named ? [named] : []), ...resourceMetadataUrls(url)]) {
    const document = await fetchDocument(sendRequest, place, { ...options, isNamed: place === named }, now())
    // A site may answer any URL with a page or some JSON. Only a document that the challenge named must be metadata.
    if (document && (place === named || 'resource' in document || 'authorization_servers' in document))
      return readProtectedResource(document, url)
  }
  return null
}

/** How many of the issuers that a resource names are tried: each costs several requests. */
const maxIssuers = 8

/** The first authorization server that has metadata; the choice is the client's (RFC 9728 section 7.6). */
async function findServer(issuers: string[], url: URL, options: RequestOptions, context: DiscoveryContext) {
  const candidates = issuers.length > 0 ? issuers.slice(0, maxIssuers) : [url.origin]
  for (const issuer of candidates) {
    const accepted = context.quirks?.acceptIssuerSlash ? [issuer, otherSpelling(issuer)] : [issuer]
    const server = await readServerAt(issuer, accepted, options, context)
    if (server) return { server, documented: true }
  }
  throw new TokentrayError(
    'metadataInvalid',
    `${url.host} names ${shown(candidates[0] ?? '')} as its authorization server, but no metadata was found there. Contact its operator.`
  )
}

async function findLegacyServer(url: URL, probe: Probe, options: RequestOptions, context: DiscoveryContext) {
  // With or without the slash, an origin leads to the same well-known URL, so either may be the issuer.
  const documented =
    probe.kind === 'open'
      ? null
      : await readServerAt(url.origin, [url.origin, `${url.origin}/`], options, context).catch((error: unknown) => {
          // Where nothing answers at this path, what else the site has is not what is wrong.
          if (probe.kind === 'foreign' && error instanceof TokentrayError && error.proposals.length === 0) return null
          throw error
        })
  if (documented) return { server: documented, documented: true }
  if (probe.busy) throw probe.busy
  if (probe.kind === 'open')
    throw new TokentrayError(
      'signInFailed',
      `${shown(url.href)} does not require sign-in, so there is no token to store. Use it directly.`
    )
  if (probe.kind === 'foreign')
    throw new TokentrayError(
      'notMcpServer',
      `${shown(url.href)} does not respond like an MCP server (HTTP ${probe.status}). ${askForPath(url)}`
    )
  const { origin } = url
  const server: AuthorizationServer = {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`
  }
  return { server, documented: false }
}

/** null: there is no metadata. A document that claims another issuer is never used (RFC 8414 section 3.3). */
async function readServerAt(
  issuer: string,
  accepted: string[],
  options: RequestOptions,
  { sendRequest, now }: DiscoveryContext
): Promise<AuthorizationServer | null> {
  const base = isVisible(issuer) ? URL.parse(issuer) : null
  if (!base || base.username)
    throw new TokentrayError(
      'metadataInvalid',
      `The authorization server "${shown(issuer)}" is not a valid URL. Contact the operator of the MCP server.`
    )
  let other: unknown
  for (const place of serverMetadataUrls(base)) {
    const document = await fetchDocument(sendRequest, place, options, now())
    if (!document || !('issuer' in document)) continue
    if (typeof document.issuer === 'string' && accepted.includes(document.issuer))
      return readAuthorizationServer(document, document.issuer, options.reach)
    other = document.issuer
  }
  if (other === undefined) return null
  const claimed = String(other)
  throw new TokentrayError(
    'issuerMismatch',
    `The metadata of ${shown(issuer)} names another issuer, ${shown(claimed)}, so it was not used. Contact the operator.`,
    differBySlash(issuer, claimed)
      ? {
          proposals: [
            proposeQuirk(
              'acceptIssuerSlash',
              `The issuer is ${shown(issuer)}, but its metadata says ${shown(claimed)}: they differ by one slash.`
            )
          ]
        }
      : {}
  )
}

const otherSpelling = (issuer: string): string => (issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`)
