// Finds the authorization server of an MCP server from its URL alone (MCP authorization specification).
// Servers of the 2025-03-26 revision have no resource metadata; their endpoints are at fixed paths.
import type { AuthorizationServer } from 'oauth4webapi'
import { TokentrayError } from '../contract/errors.ts'
import type { Quirks } from '../contract/proposal.ts'
import { proposeQuirk } from '../contract/quirks.ts'
import { isLoopbackHost, placeOf, type Reach } from '../net/privateAddresses.ts'
import { shownAddress } from '../net/redirects.ts'
import { NetworkFault, type SendRequest } from '../net/request.ts'
import { askForChallenge, type Probe } from './anonymousProbe.ts'
import { firstOf, isPassing } from './attempts.ts'
import { chooseIssuers, namesIssuer, readServer, readServerOfOrigin, type WantedIssuers } from './issuers.ts'
import {
  fetchDocument,
  type ProtectedResource,
  readProtectedResource,
  resourceMetadataUrls,
  shown
} from './metadata.ts'

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
  /** Which addresses may be contacted that the metadata names. */
  reach: Exclude<Reach, 'private'>
}

export type DiscoveryContext = {
  sendRequest: SendRequest
  now: () => number
  signal: AbortSignal
  /** Exceptions that a person allowed for this server. */
  quirks?: Quirks
}

/** What an MCP server says of itself, before any of its authorization servers is asked. */
export type Located = {
  url: URL
  /** False where neither the URL answered as an MCP server does nor has metadata of its own (RFC 9728). */
  answers: boolean
  probe: Probe
  resource: ProtectedResource | null
  /** Why its pointers lead to no metadata; null where they do, or there are none. */
  fault: unknown
  reach: Exclude<Reach, 'private'>
}

/**
 * What the metadata of a server may name, by where that server is. One on this machine may be anybody's code that listens on a
 * port, so its word does not lead into the network; one inside the network is there already.
 */
const reaches = { loopback: 'local', private: 'any', public: 'public' } as const

/**
 * Asks the MCP server for its challenge and its metadata. `onAnswer` is called once it answered as an MCP server does, even if it
 * is not found in the end. Rejects with TokentrayError (`urlInvalid`, `metadataInvalid`, `resourceMismatch`) or NetworkFault.
 */
export async function locate(
  serverUrl: string,
  { onAnswer, ...context }: DiscoveryContext & { onAnswer?: () => void }
): Promise<Located> {
  const url = checkServerUrl(serverUrl)
  const place = await placeOf(url.hostname)
  const reach = context.quirks?.allowPrivateAddresses ? 'any' : reaches[place]
  // A private address is trusted. Check it again at connect time: DNS may answer differently by then (rebinding).
  const probe = await askForChallenge({ ...context, url, reach: place === 'public' ? 'any' : 'private' })
  if (probe.kind !== 'foreign') onAnswer?.()
  let fault: unknown = null
  const resource = await findResource(url, probe.named, reach, context).catch((error: unknown) => {
    if (!leadsNowhere(error)) throw error
    fault = error
    return null
  })
  if (resource) onAnswer?.()
  return { url, answers: probe.kind !== 'foreign' || resource !== null, probe, resource, fault, reach }
}

/**
 * The result of `use` for the first authorization server that has sound metadata and that `use` takes; the choice is the client's
 * (RFC 9728 section 7.6). `use` rejects where it cannot do with this one, and the next is tried; `hasOthers`: there is another,
 * tried already or not. Rejects with TokentrayError (`notMcpServer`, `metadataInvalid`, `issuerMismatch`, …) or NetworkFault.
 */
export async function chooseServer<T>(
  located: Located,
  context: DiscoveryContext & WantedIssuers,
  use: (found: Discovery, hasOthers: boolean) => Promise<T>
): Promise<T> {
  const { url, probe, resource, reach } = located
  const { grantIssuer, signal } = context
  const rest = {
    resource: resource?.resource ?? null,
    scope: probe.challenge?.params.scope || resource?.scopes?.join(' ') || null,
    wantsDpop: resource?.wantsDpop || probe.challenge?.scheme === 'dpop',
    reach
  }
  if (!resource && (!context.issuer || probe.kind === 'foreign'))
    return use({ ...(await findLegacyServer(located, context)), ...rest }, false)
  const issuers = chooseIssuers(resource?.authorizationServers ?? [], url.origin, context)
  const until = context.now() + maxSearchMs
  const found = await firstOf(
    issuers,
    async (issuer) => {
      if (context.now() > until) throw new NetworkFault('lost', 'timeout', shown(URL.parse(issuer)?.host ?? issuer))
      const server = await readServer(issuer, { reach, signal }, context)
      return server && use({ server, documented: true, ...rest }, issuers.length > 1)
    },
    (error, issuer) => isPassing(error) && grantIssuer != null && namesIssuer(issuer, grantIssuer)
  )
  if (found !== null) return found
  throw new TokentrayError(
    'metadataInvalid',
    `${url.host} names ${shown(issuers[0] ?? '')} as its authorization server, but no metadata was found there. Contact its operator.`
  )
}

/** After this no further authorization server is tried: a list of those that never answer would keep a person waiting. */
const maxSearchMs = 60_000

/** The likeliest mistake in a URL that leads to a website but to no MCP server. */
export const askForPath = ({ pathname }: URL): string =>
  `Is the path right?${/\/mcp\/?$/.test(pathname) ? '' : ' Often it is /mcp.'}`

/** For chooseServer(): takes the first authorization server that has sound metadata. */
export const takeFirst = async (found: Discovery): Promise<Discovery> => found

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

async function findResource(
  url: URL,
  named: string[],
  reach: Located['reach'],
  { sendRequest, now, signal }: DiscoveryContext
): Promise<ProtectedResource | null> {
  const pointers = named.slice(0, maxPointers)
  return firstOf(new Set([...pointers, ...resourceMetadataUrls(url)]), async (place) => {
    const isNamed = pointers.includes(place)
    const document = await fetchDocument(sendRequest, place, { reach, signal, isNamed }, now())
    // A site may answer any URL with a page or some JSON. Only a document that a challenge named must be metadata.
    if (!document || !(isNamed || 'resource' in document || 'authorization_servers' in document)) return null
    return readProtectedResource(document, url)
  })
}

/** How many of the places that the challenges name are asked. */
const maxPointers = 4

/**
 * True where a pointer leads to no document: the server may be of a revision without one. A document about another resource, or a
 * fault that will pass, does not say so (FM-05).
 */
function leadsNowhere(error: unknown): boolean {
  return error instanceof NetworkFault && /^(offline|garbled|misconfigured)$/.test(error.fault)
}

/** The authorization server at the MCP server's own origin, documented or with the default endpoints. */
async function findLegacyServer(
  { url, probe, fault, reach }: Located,
  context: DiscoveryContext
): Promise<Pick<Discovery, 'server' | 'documented'>> {
  const { origin } = url
  const isOpen = probe.kind === 'open' && !context.quirks?.signInAnyway
  const atOrigin = () =>
    readServerOfOrigin(origin, { reach, signal: context.signal }, context).catch((error: unknown) => {
      // Where nothing answers at this path, or everything does, what else the site has is not what is wrong.
      const isMendable = error instanceof TokentrayError && error.proposals.length > 0
      if ((isOpen || (probe.kind === 'foreign' && error instanceof TokentrayError)) && !isMendable) return null
      throw error
    })
  const server = await firstOf(fault ? [() => Promise.reject(fault), atOrigin] : [atOrigin], (attempt) => attempt())
  if (server) return { server, documented: true }
  if (probe.busy) throw probe.busy
  if (isOpen) throw openError(url)
  if (probe.kind === 'foreign')
    throw (
      movedError(url, probe) ??
      new TokentrayError(
        'notMcpServer',
        `${shown(url.href)} does not respond like an MCP server (HTTP ${probe.status}). ${askForPath(url)}`
      )
    )
  const endpoints = {
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`
  }
  return { server: { issuer: origin, ...endpoints }, documented: false }
}

/** Where a server's URL leads that no request is sent on to; null: it does not redirect. */
export function movedError(url: URL, { redirect }: Probe): TokentrayError | null {
  if (!redirect?.to) return null
  const said = `${shown(url.href)} redirects to ${shownAddress(redirect.to)}`
  return new TokentrayError(
    'notMcpServer',
    redirect.meant === null
      ? `${said}, which was not followed. If the MCP server is there, use that URL. ${askForPath(url)}`
      : `${said}, without https, so nothing was sent there. Use the same URL with https: ${shownAddress(new URL(redirect.meant))}`
  )
}

function openError({ href }: URL): TokentrayError {
  return new TokentrayError(
    'signInFailed',
    `${shown(href)} does not require sign-in, so there is no token to store. Use it directly, or turn on pass-through to use it through Tokentray. If its tools need a token, choose to sign in anyway.`,
    {
      proposals: [proposeQuirk('signInAnyway', 'Some servers ask for a token only when one of their tools is called.')]
    }
  )
}
