// Fetches and checks the metadata documents of protected resources (RFC 9728) and authorization servers (RFC 8414,
// OpenID Connect Discovery 1.0). Only values that were checked get out: a document may name any address.
import type { AuthorizationServer } from 'oauth4webapi'
import { type Json, objectIn } from '../base/json.ts'
import { TokentrayError } from '../contract/errors.ts'
import { isBeyond, isLoopbackHost } from '../net/privateAddresses.ts'
import { isBusyStatus, NetworkFault, type RequestOptions, type SendRequest } from '../net/request.ts'
import { retryAfterOf } from './tokenReply.ts'

export type ProtectedResource = {
  resource: string
  authorizationServers: string[]
  scopes: string[] | null
  /** RFC 9728 section 2: the resource accepts only tokens that are bound to a key (DPoP). */
  wantsDpop: boolean
}

/**
 * The JSON document at `url`; null where there is none. `isNamed`: a server named this URL, so there must be one. Rejects with
 * NetworkFault, also for a 5xx, which does not mean that there is no document.
 */
export async function fetchDocument(
  sendRequest: SendRequest,
  url: string,
  options: RequestOptions & { isNamed?: boolean },
  now: number
): Promise<Json | null> {
  const reply = await sendRequest(url, { ...options, headers: { accept: 'application/json' }, followsRedirects: true })
  if (isBusyStatus(reply.status))
    throw new NetworkFault('busy', `HTTP ${reply.status}`, new URL(url).host, retryAfterOf(reply.headers, now))
  if (!reply.ok) return null
  const document = objectIn(await reply.text())
  // A page, or a document cut short, is no word that there is none: a person is told of it where no other place has one.
  if (!document && options.isNamed) throw new NetworkFault('garbled', 'not_json', new URL(url).host)
  return document
}

/**
 * Where the metadata may be (RFC 9728 section 3.1): with the server's path after the well-known name, as it is and without a
 * slash at its end, then without the path.
 */
export function resourceMetadataUrls(server: URL): string[] {
  const root = `${server.origin}/.well-known/oauth-protected-resource`
  const paths = [server.pathname, server.pathname.replace(/\/$/, '')].filter((path) => !/^\/?$/.test(path))
  return [...new Set([...paths.map((path) => `${root}${path}${server.search}`), root])]
}

/** Where the metadata may be: RFC 8414 section 3.1, then the two places of OpenID Connect. */
export function serverMetadataUrls(issuer: URL): string[] {
  const { origin } = issuer
  const path = issuer.pathname.replace(/\/$/, '')
  const oauth = `${origin}/.well-known/oauth-authorization-server${path}`
  const openid = `${origin}/.well-known/openid-configuration${path}`
  return path === '' ? [oauth, openid] : [oauth, openid, `${origin}${path}/.well-known/openid-configuration`]
}

/** The issuer that `url` would be the metadata of, where it is one of the places above; else null. */
export function issuerOfMetadataUrl({ origin, pathname }: URL): string | null {
  const found = /^(.*)\/\.well-known\/(?:oauth-authorization-server|openid-configuration)(\/.*)?$/.exec(pathname)
  const [, before = '', after = ''] = found ?? []
  return found && !(before && after) ? `${origin}${before}${after}` : null
}

/**
 * @throws metadataInvalid; resourceMismatch where the document is about another server: another origin, or not a path above.
 * Its `cause` is the URL of that other server.
 */
export function readProtectedResource(document: Json, server: URL): ProtectedResource {
  const { resource } = document
  const isFit = typeof resource === 'string' && resource.length <= maxUrlLength && isVisible(resource)
  const covered = isFit ? URL.parse(resource) : null
  if (typeof resource !== 'string' || !covered)
    throw new TokentrayError(
      'metadataInvalid',
      `The metadata of ${server.host} does not name a valid resource. Contact its operator.`
    )
  const prefix = covered.pathname.replace(/\/$/, '')
  const covers = server.pathname === prefix || server.pathname.startsWith(`${prefix}/`)
  if (covered.origin !== server.origin || !covers)
    throw new TokentrayError(
      'resourceMismatch',
      `The metadata at ${server.host} describes ${shown(resource)}, not ${shown(server.href)}. ${
        covered.origin === server.origin ? 'Is the path right?' : "Check the server's URL."
      }`,
      { cause: covered }
    )
  return {
    resource,
    authorizationServers: listIn(document.authorization_servers) ?? [],
    scopes: listIn(document.scopes_supported),
    wantsDpop: document.dpop_bound_access_tokens_required === true
  }
}

const endpoints = ['authorization_endpoint', 'token_endpoint', 'registration_endpoint']
/** A sign-in works without them, so one that cannot be used is left out. */
const spareEndpoints = [
  'revocation_endpoint',
  'device_authorization_endpoint',
  'introspection_endpoint',
  'userinfo_endpoint'
]

/**
 * The parts of the document that we use, each checked for its type. Throws `metadataInvalid` where a required one is wrong,
 * and NetworkFault where it is a private address that `reach` leaves out: neither we nor the browser may be sent there.
 */
export function readAuthorizationServer(
  document: Json,
  issuer: string,
  reach: RequestOptions['reach']
): AuthorizationServer {
  const read: Json = { issuer }
  const isPrivate = (url: string) => isBeyond(new URL(url).hostname, reach)
  for (const name of endpoints) {
    const value = document[name]
    if (value === undefined || value === null) continue
    if (typeof value !== 'string' || !isUsableUrl(value))
      throw new TokentrayError(
        'metadataInvalid',
        `The ${name} in the metadata of ${shown(issuer)} is not a valid https URL. Contact its operator.`
      )
    if (isPrivate(value)) throw new NetworkFault('misconfigured', 'private_address', new URL(value).host)
    read[name] = value
  }
  for (const name of spareEndpoints) {
    const value = document[name]
    if (typeof value === 'string' && isUsableUrl(value) && !isPrivate(value)) read[name] = value
  }
  if (!read.token_endpoint)
    throw new TokentrayError(
      'metadataInvalid',
      `The metadata of ${shown(issuer)} has no token_endpoint. Contact its operator.`
    )
  for (const name of [
    'scopes_supported',
    'grant_types_supported',
    'code_challenge_methods_supported',
    'token_endpoint_auth_methods_supported',
    'token_endpoint_auth_signing_alg_values_supported',
    'revocation_endpoint_auth_methods_supported',
    'dpop_signing_alg_values_supported'
  ]) {
    const list = listIn(document[name])
    if (list) read[name] = list
  }
  read.authorization_response_iss_parameter_supported = document.authorization_response_iss_parameter_supported === true
  read.client_id_metadata_document_supported = document.client_id_metadata_document_supported === true
  return read as AuthorizationServer
}

/** Text from a server, safe to quote in a sentence: printable ASCII, at most 200 characters. */
export function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
}

/** True for text without white space and control characters. */
export const isVisible = (text: string): boolean => /^[^\p{C}\s]+$/u.test(text)

/** In characters: a browser must accept the URL on its command line, with all parameters added. */
const maxUrlLength = 4000

/** True for https, and for http on this machine. A user name is refused: in `https://a.com@b.com` it looks like the host. */
export function isUsableUrl(text: string): boolean {
  const url = text.length <= maxUrlLength ? URL.parse(text) : null
  if (!url || url.username || url.password) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))
}

/** The strings in a list of metadata; some servers write such a list as one text. */
const listIn = (value: unknown): string[] | null =>
  typeof value === 'string' ? value.split(/\s+/).filter(Boolean) : strings(value)

/** The strings in a list; null where `value` is no list. */
export function strings(value: unknown): string[] | null {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : null
}
