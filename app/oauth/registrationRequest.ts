// Registers a client (RFC 7591): the request and the check of its reply; a refusal says what a person can do instead.
// A public client where the server accepts one, else one with a secret, else one with a key.
import * as oauth from 'oauth4webapi'
import { Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { ClientAuthMethod } from '../contract/serverConfig.ts'
import { isBusyStatus, NetworkFault, type SendRequest } from '../net/request.ts'
import { requestOptions, secretMethod } from './client.ts'
import { deviceGrantType } from './deviceRequest.ts'
import type { Discovery } from './discovery.ts'
import type { ClientRegistration } from './grant.ts'
import { algorithms, makeKey, publicKeyOf } from './keys.ts'
import { managementIn } from './management.ts'
import { type Json, objectOf, shown } from './metadata.ts'
import { proposeHost } from './quirks.ts'
import { retryAfterOf } from './tokenReply.ts'

/**
 * How the client will authenticate: preferably not at all, since a secret on this machine would add nothing but a risk.
 * @throws registrationUnsupported where that is a key, and the server cannot check what ours sign with
 */
function methodAt(server: oauth.AuthorizationServer): { method: ClientAuthMethod; key: Secret | null } {
  const listed = server.token_endpoint_auth_methods_supported
  if (!listed || listed.includes('none')) return { method: 'none', key: null }
  const takesSecrets = listed.includes('client_secret_basic') || listed.includes('client_secret_post')
  if (takesSecrets || !listed.includes('private_key_jwt')) return { method: secretMethod(server), key: null }
  const told = server.token_endpoint_auth_signing_alg_values_supported
  const checked = told?.length ? told : ['ES256']
  const algorithm = algorithms.find((ours) => checked.includes(ours))
  if (algorithm) return { method: 'private_key_jwt', key: makeKey(algorithm) }
  throw new TokentrayError(
    'registrationUnsupported',
    `${shown(server.issuer)} accepts only client keys that sign with ${shown(checked.join(', '))}, but Tokentray's keys sign with ${algorithms.join(', ')}. Use your own client with another authentication method.`
  )
}

/** Rejects with TokentrayError or NetworkFault. `redirectUri`: null for a client that has only device codes. */
export async function register(
  { server, reach, documented }: Discovery,
  redirectUri: string | null,
  scope: string | null,
  { sendRequest, now, signal, site }: { sendRequest: SendRequest; now: () => number; signal: AbortSignal; site: string }
): Promise<ClientRegistration> {
  const host = shown(server.issuer)
  const byHand =
    redirectUri === null
      ? 'Create a client for device codes there, and use it as your own client.'
      : `Create a client there with the redirect URI ${redirectUri}, and use it as your own client.`
  const unsupported = new TokentrayError(
    'registrationUnsupported',
    `${host} does not offer automatic client registration. ${byHand}`
  )
  if (!server.registration_endpoint) throw unsupported
  const { method, key } = methodAt(server)
  const metadata = {
    client_name: 'Tokentray',
    redirect_uris: redirectUri === null ? [] : [redirectUri],
    grant_types: [redirectUri === null ? deviceGrantType : 'authorization_code', 'refresh_token'],
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
  const body = objectOf(await reply.text())
  if (!documented && [404, 405].includes(status)) throw unsupported
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
  const reason = [body?.error, body?.error_description].filter((part) => typeof part === 'string' && part !== '')
  throw new TokentrayError(
    'registrationRefused',
    `${host} rejected the client registration: ${shown(reason.join(', ') || `HTTP ${status}`)}. ${byHand}`,
    body?.error === 'invalid_redirect_uri' && redirectUri !== null
      ? {
          proposals: [
            proposeHost({ redirectHost: new URL(redirectUri).hostname === 'localhost' ? 'localhost' : '127.0.0.1' })
          ]
        }
      : {}
  )
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
): ClientRegistration {
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
    management: managementIn(body, asked.server.registration_endpoint ?? '')
  }
  if (key && method === 'private_key_jwt')
    return { ...made, clientSecret: key, clientSecretExpiresAt: null, clientAuth: method }
  if (method !== 'none' && method !== 'client_secret_basic' && method !== 'client_secret_post')
    throw new TokentrayError(
      'registrationUnsupported',
      `${shown(asked.issuer)} requires the client authentication method "${shown(String(method))}", which Tokentray does not support. Use your own client.`
    )
  const end = Number(body.client_secret_expires_at ?? 0)
  return {
    ...made,
    clientSecret: secret === null ? null : new Secret(secret),
    clientSecretExpiresAt:
      secret !== null && Number.isFinite(end) && end > 0
        ? Math.min(Math.floor(end * 1000), Number.MAX_SAFE_INTEGER)
        : null,
    clientAuth: secret === null ? 'none' : method
  }
}
