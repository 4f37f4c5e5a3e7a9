// Metadata documents: where they lie, and what may be believed in them.
// RFC 9728 (protected resource), RFC 8414 (authorization server), OpenID Connect Discovery 1.0.
import type { AuthorizationServer } from 'oauth4webapi'
import { TokentrayError } from '../contract/errors.ts'
import { isLoopbackHost, isPrivateHost } from '../net/privateAddresses.ts'
import { isBusyStatus, NetworkFault, type RequestOptions, type SendRequest } from '../net/request.ts'
import { retryAfterOf } from './tokenReply.ts'

export type Json = Record<string, unknown>
export type ProtectedResource = {
  resource: string
  authorizationServers: string[]
  scopes: string[] | null
  /** RFC 9728 section 2: it takes only tokens that are bound to a key. */
  wantsDpop: boolean
}

/**
 * The document at `url`, null where there is none. `isNamed`: a server said that it is there. Rejects with NetworkFault;
 * a 5xx is a fault and not "none".
 */
export async function fetchDocument(
  sendRequest: SendRequest,
  url: string,
  options: RequestOptions & { isNamed?: boolean },
  now: number
): Promise<Json | null> {
  const reply = await sendRequest(url, { ...options, headers: { accept: 'application/json' }, redirects: 3 })
  if (isBusyStatus(reply.status))
    throw new NetworkFault('busy', `HTTP ${reply.status}`, new URL(url).host, retryAfterOf(reply.headers, now))
  if (!reply.ok) return null
  const document = objectOf(await reply.text())
  // A captive portal, or a document cut short: what is said to be there must not be taken for "there is none".
  if (!document && options.isNamed) throw new NetworkFault('garbled', 'not_json', new URL(url).host)
  return document
}

/** The JSON object in `text`, else null. */
export function objectOf(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

/** RFC 9728 section 3.1: the path goes behind the well-known name; then the root. */
export function resourceMetadataUrls(server: URL): string[] {
  const root = `${server.origin}/.well-known/oauth-protected-resource`
  const path = server.pathname.replace(/\/$/, '')
  return path === '' ? [root] : [`${root}${path}${server.search}`, root]
}

/** RFC 8414 section 3.1, then OpenID Connect's two places. */
export function serverMetadataUrls(issuer: URL): string[] {
  const { origin } = issuer
  const path = issuer.pathname.replace(/\/$/, '')
  const oauth = `${origin}/.well-known/oauth-authorization-server${path}`
  const openid = `${origin}/.well-known/openid-configuration${path}`
  return path === '' ? [oauth, openid] : [oauth, openid, `${origin}${path}/.well-known/openid-configuration`]
}

/** Rejects a document that is not about the server at `server`: it must have its origin and a prefix of its path. */
export function readProtectedResource(document: Json, server: URL): ProtectedResource {
  const { resource } = document
  const isFit = typeof resource === 'string' && resource.length <= maxUrlLength && isVisible(resource)
  const covered = isFit ? URL.parse(resource) : null
  if (typeof resource !== 'string' || !covered)
    throw new TokentrayError(
      'metadataInvalid',
      `The metadata of ${server.host} names no resource that can be used; tell its operator.`
    )
  const prefix = covered.pathname.replace(/\/$/, '')
  const covers = server.pathname === prefix || server.pathname.startsWith(`${prefix}/`)
  if (covered.origin !== server.origin || !covers)
    throw new TokentrayError(
      'resourceMismatch',
      `The metadata at ${server.host} is about ${shown(resource)}, not about ${shown(server.href)}; check the server's URL.`
    )
  return {
    resource,
    authorizationServers: strings(document.authorization_servers) ?? [],
    scopes: strings(document.scopes_supported),
    wantsDpop: document.dpop_bound_access_tokens_required === true
  }
}

const endpoints = ['authorization_endpoint', 'token_endpoint', 'registration_endpoint']
/** A sign-in can do without: one that cannot be used is none. */
const spareEndpoints = [
  'revocation_endpoint',
  'device_authorization_endpoint',
  'introspection_endpoint',
  'userinfo_endpoint'
]

/**
 * The parts of the document we use, each of its right type. Throws `metadataInvalid` where a needed one is not, and
 * NetworkFault where it is private and `reach` is public: a person's browser is sent to no such address either.
 */
export function readAuthorizationServer(
  document: Json,
  issuer: string,
  reach: RequestOptions['reach']
): AuthorizationServer {
  const read: Json = { issuer }
  const isPrivate = (url: string) => reach === 'public' && isPrivateHost(new URL(url).hostname)
  for (const name of endpoints) {
    const value = document[name]
    if (value === undefined || value === null) continue
    if (typeof value !== 'string' || !isUsableUrl(value))
      throw new TokentrayError(
        'metadataInvalid',
        `The ${name} in the metadata of ${shown(issuer)} is not an https URL that can be used; tell its operator.`
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
      `The metadata of ${shown(issuer)} has no token_endpoint; tell its operator.`
    )
  for (const name of [
    'scopes_supported',
    'code_challenge_methods_supported',
    'token_endpoint_auth_methods_supported',
    'token_endpoint_auth_signing_alg_values_supported',
    'revocation_endpoint_auth_methods_supported',
    'dpop_signing_alg_values_supported'
  ]) {
    const list = strings(document[name])
    if (list) read[name] = list
  }
  read.authorization_response_iss_parameter_supported = document.authorization_response_iss_parameter_supported === true
  read.client_id_metadata_document_supported = document.client_id_metadata_document_supported === true
  return read as AuthorizationServer
}

/** Text of a server, made fit to stand in one of our sentences. */
export function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
}

/** True for text without spaces, line breaks and what else nobody sees. */
export const isVisible = (text: string): boolean => /^[^\p{C}\s]+$/u.test(text)

/** In characters; a browser must take it on its command line, with all that is added to it. */
const maxUrlLength = 4000

/** True for https, and for http on this machine; without a user's name, which would stand where a host is looked for. */
export function isUsableUrl(text: string): boolean {
  const url = text.length <= maxUrlLength ? URL.parse(text) : null
  if (!url || url.username || url.password) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))
}

/** null where it is no list; what is no text in it is left out. */
export function strings(value: unknown): string[] | null {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : null
}
