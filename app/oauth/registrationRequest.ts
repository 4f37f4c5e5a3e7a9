// Registers a client (RFC 7591): one request and the check of its reply; a refusal says what a person can do instead.
// A public client where the server accepts one, else one with a secret, else one with a key.
import * as oauth from 'oauth4webapi'
import { type Json, objectIn } from '../base/json.ts'
import { Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { ClientAuthMethod } from '../contract/serverConfig.ts'
import { isBusyStatus, NetworkFault, type SendRequest } from '../net/request.ts'
import { requestOptions, secretMethod } from './client.ts'
import { deviceGrantType } from './deviceRequest.ts'
import type { Discovery } from './discovery.ts'
import type { ClientManagement, ClientRegistration } from './grant.ts'
import { algorithms, makeKey, publicKeyOf } from './keys.ts'
import { managementIn } from './management.ts'
import { shown } from './metadata.ts'
import { wordsOf } from './refusalWords.ts'
import { unionOf, validScopesIn } from './scope.ts'
import { retryAfterOf } from './tokenReply.ts'

/** One form of the request. */
export type RegistrationShape = {
  method: ClientAuthMethod
  /** For `private_key_jwt`: the key whose public half is registered. */
  key: Secret | null
  /** null: a client for device codes, which has none. */
  redirectUri: string | null
  scope: string | null
  /** Whether the client asks for the grant type `refresh_token`. */
  hasRefresh: boolean
}

export type RegistrationContext = {
  sendRequest: SendRequest
  now: () => number
  signal: AbortSignal
  site: string
}

/** A client that was registered. `allowedScope`: the scopes that the reply names; null: it names none. */
export type Registered = ClientRegistration & {
  allowedScope: string | null
  /** The reply says that the client does not authenticate, although it has a secret. */
  wantsNone: boolean
}

/** The server answered, and there is no client that can be used. */
export class Refusal {
  readonly error: TokentrayError
  /** What it says, as it came; of an unusable client, what makes it so. */
  readonly words: string
  /** Whether the server judged the request itself, so that another form of it may be accepted. */
  readonly isClear: boolean
  /** A client was registered all the same; it authenticates as ours cannot. */
  readonly isUnusable: boolean
  /** How that client can be deleted. */
  readonly management: ClientManagement | null
  constructor(
    error: TokentrayError,
    words: string,
    given: Partial<Pick<Refusal, 'isClear' | 'isUnusable' | 'management'>>
  ) {
    this.error = error
    this.words = words
    this.isClear = given.isClear ?? false
    this.isUnusable = given.isUnusable ?? false
    this.management = given.management ?? null
  }
}

/**
 * How the client will authenticate: preferably not at all, since a secret on this machine would add nothing but a risk. `others`:
 * methods to try where that is refused, those that the metadata lists and those that it does not. `needsSecret`: the server took a
 * client without a secret and then refused it.
 * @throws registrationUnsupported where that is a key, and the server cannot check what ours sign with
 */
export function clientMethod(
  server: oauth.AuthorizationServer,
  needsSecret: boolean
): {
  method: ClientAuthMethod
  key: Secret | null
  others: { listed: ClientAuthMethod[]; unlisted: ClientAuthMethod[] }
} {
  const told = server.token_endpoint_auth_methods_supported
  const withSecret: ClientAuthMethod[] = ['client_secret_basic', 'client_secret_post']
  const ours: ClientAuthMethod[] = needsSecret ? withSecret : ['none', ...withSecret]
  if (!told || ours.some((method) => told.includes(method)) || !told.includes('private_key_jwt')) {
    const method = !needsSecret && (!told || told.includes('none')) ? 'none' : secretMethod(server)
    const rest = ours.filter((each) => each !== method)
    const listed = rest.filter((each) => !told || told.includes(each))
    return { method, key: null, others: { listed, unlisted: rest.filter((each) => !listed.includes(each)) } }
  }
  const signed = server.token_endpoint_auth_signing_alg_values_supported
  const checked = signed?.length ? signed : ['ES256']
  const algorithm = algorithms.find((our) => checked.includes(our))
  if (algorithm) return { method: 'private_key_jwt', key: makeKey(algorithm), others: { listed: [], unlisted: [] } }
  throw new TokentrayError(
    'registrationUnsupported',
    `${shown(server.issuer)} accepts only client keys that sign with ${shown(checked.join(', '))}, but Tokentray's keys sign with ${algorithms.join(', ')}. Use your own client with another authentication method.`
  )
}

/** Whether refresh tokens can be had: a server that lists its grant types may refuse a client that names another one. */
export function takesRefresh({ grant_types_supported: listed }: oauth.AuthorizationServer): boolean {
  return !listed?.length || listed.includes('refresh_token')
}

/** One request (RFC 7591 section 3.1). Rejects with TokentrayError or NetworkFault where another form of it cannot help. */
export async function register(
  { server, reach, documented }: Discovery,
  { method, key, redirectUri, scope, hasRefresh }: RegistrationShape,
  { sendRequest, now, signal, site }: RegistrationContext
): Promise<Registered | Refusal> {
  const host = shown(server.issuer)
  const byHand = waysOn(server, redirectUri)
  const unsupported = () =>
    new TokentrayError('registrationUnsupported', `${host} does not offer automatic client registration. ${byHand}`)
  if (!server.registration_endpoint) throw unsupported()
  const metadata = {
    client_name: 'Tokentray',
    redirect_uris: redirectUri === null ? [] : [redirectUri],
    grant_types: [
      redirectUri === null ? deviceGrantType : 'authorization_code',
      ...(hasRefresh ? ['refresh_token'] : [])
    ],
    response_types: redirectUri === null ? [] : ['code'],
    application_type: 'native',
    token_endpoint_auth_method: method,
    ...(key && { jwks: { keys: [publicKeyOf(key)] }, token_endpoint_auth_signing_alg: publicKeyOf(key).alg }),
    ...(scope !== null && { scope })
  }
  const reply = await oauth
    .dynamicClientRegistrationRequest(server, metadata, requestOptions(sendRequest, { reach, signal }))
    .catch((error: unknown) => {
      if (!(error instanceof NetworkFault && error.detail.startsWith('HTTP 3'))) throw error
      throw new TokentrayError(
        'registrationRefused',
        `${host} redirects the client registration (${error.detail}), which Tokentray does not follow. ${byHand}`
      )
    })
  const { status, headers } = reply
  if (isBusyStatus(status)) throw new NetworkFault('busy', `HTTP ${status}`, host, retryAfterOf(headers, now()))
  const text = await reply.text()
  const body = objectIn(text)
  if (!documented && [404, 405].includes(status)) throw unsupported()
  // RFC 6749 appendix A.1; and the client id must fit into a URL.
  if (body && reply.ok && typeof body.client_id === 'string' && /^[\x20-\x7e]{1,4000}$/.test(body.client_id))
    return readRegistration(body, body.client_id, {
      issuer: server.issuer,
      redirectUri: redirectUri ?? deviceGrantType,
      now: now(),
      scope,
      site,
      key,
      server
    })
  if (reply.ok)
    throw new TokentrayError(
      'responseInvalid',
      `${host} did not return a valid client ID for the registration. Contact its operator.`
    )
  const words = wordsOf(text)
  return new Refusal(
    new TokentrayError(
      'registrationRefused',
      `${host} rejected the client registration: ${shown(words || `HTTP ${status}`)}. ${byHand}`
    ),
    words,
    { isClear: clearStatuses.has(status) && text.trim() !== '' }
  )
}

/** With a body, a server says by these that it refuses this request as it is; 422 is the same in many frameworks. */
const clearStatuses: ReadonlySet<number> = new Set([400, 401, 403, 422])

/** What a person can do where no client can be registered. */
function waysOn(server: oauth.AuthorizationServer, redirectUri: string | null): string {
  const byHand =
    redirectUri === null
      ? 'Create a client for device codes there, and use it as your own client.'
      : `Create a client there with the redirect URI ${redirectUri}, and use it as your own client.`
  if (!server.client_id_metadata_document_supported) return byHand
  return `It accepts a client ID metadata document instead: publish one at an https URL of your own, and set that URL as clientMetadataUrl in settings.json. Or: ${byHand.charAt(0).toLowerCase()}${byHand.slice(1)}`
}

/** RFC 7591 section 3.2.1. The server may choose another method than we asked for; a secret with an end of 0 never expires. */
function readRegistration(
  body: Json,
  clientId: string,
  asked: {
    issuer: string
    redirectUri: string
    now: number
    scope: string | null
    site: string
    /** The key whose public half was registered. */
    key: Secret | null
    server: oauth.AuthorizationServer
  }
): Registered | Refusal {
  const { key } = asked
  const secret = typeof body.client_secret === 'string' && body.client_secret !== '' ? body.client_secret : null
  const untold = secret === null ? (key ? 'private_key_jwt' : 'none') : secretMethod(asked.server)
  const method = body.token_endpoint_auth_method ?? untold
  const made = {
    issuer: asked.issuer,
    redirectUri: asked.redirectUri,
    clientId,
    registeredAt: asked.now,
    scope: asked.scope,
    site: asked.site,
    management: managementIn(body, asked.server.registration_endpoint ?? ''),
    allowedScope: unionOf(
      ...validScopesIn(
        [body.scope]
          .flat()
          .filter((part) => typeof part === 'string')
          .join(' ')
      )
    ),
    wantsNone: secret !== null && method === 'none'
  }
  if (key && method === 'private_key_jwt')
    return { ...made, clientSecret: key, clientSecretExpiresAt: null, clientAuth: method }
  if (method !== 'none' && method !== 'client_secret_basic' && method !== 'client_secret_post')
    return new Refusal(
      new TokentrayError(
        'registrationUnsupported',
        `${shown(asked.issuer)} requires the client authentication method "${shown(String(method))}", which Tokentray does not support. Use your own client.`
      ),
      `token_endpoint_auth_method ${String(method)}`,
      { isClear: true, isUnusable: true, management: made.management }
    )
  const end = Number(body.client_secret_expires_at ?? 0)
  return {
    ...made,
    clientSecret: secret === null ? null : new Secret(secret),
    clientSecretExpiresAt:
      secret !== null && Number.isFinite(end) && end > 0
        ? Math.min(Math.floor(end * 1000), Number.MAX_SAFE_INTEGER)
        : null,
    // A secret beside "none": the server may demand what it gave out (RFC 7591 section 3.2.1), so it is used.
    clientAuth: secret === null ? 'none' : method === 'none' ? secretMethod(asked.server) : method
  }
}
