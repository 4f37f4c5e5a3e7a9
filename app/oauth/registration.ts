// Which client we are at an authorization server: pre-registered, published, kept from last time, or registered now.
// One registration (RFC 7591) is kept per issuer and redirect host, with the callback port it was registered under.
import * as oauth from 'oauth4webapi'
import { TokentrayError } from '../contract/errors.ts'
import type { ClientAuthMethod, ServerConfig } from '../contract/server.ts'
import { Secret } from '../secret.ts'
import type { ClientRegistration, Vault } from '../vault/vault.ts'
import type { Callback, OpenCallback } from './callback.ts'
import { type Client, requestOptions, secretMethod } from './client.ts'
import { type DeviceClient, deviceGrantType } from './device.ts'
import type { Discovery } from './discovery.ts'
import { managementIn } from './management.ts'
import { type Json, objectOf, shown } from './metadata.ts'
import { isBusyStatus, type Network, NetworkFault } from './network.ts'
import { proposeHost } from './quirks.ts'
import { retryAfterOf } from './tokenReply.ts'

export type Registrations = Pick<Vault, 'registration' | 'saveRegistration' | 'forgetRegistration'>

export type RegistrationContext = {
  network: Network
  now: () => number
  registrations: Registrations
  openCallback: OpenCallback
  /** Our client id where the server reads client ID metadata documents; null: none is published. */
  clientMetadataUrl: string | null
  signal: AbortSignal
}

export type Registered = Client & {
  registration: 'dynamic' | 'metadataDocument' | 'preRegistered'
  callback: Callback
  /** Registered for an earlier sign-in, so the server may have forgotten it since. */
  isKept: boolean
}

/** A client and its open callback. Rejects with TokentrayError or NetworkFault, and then nothing stays open. */
export async function obtainClient(
  config: ServerConfig,
  clientSecret: Secret | null,
  discovery: Discovery,
  scope: string | null,
  context: RegistrationContext
): Promise<Registered> {
  const { openCallback, registrations } = context
  const { redirectHost, redirectPort } = config
  if (config.clientId !== undefined)
    return {
      ...preRegistered(config, clientSecret, discovery.server),
      registration: 'preRegistered',
      callback: await openCallback(redirectHost, redirectPort ?? 0),
      isKept: false
    }
  const { clientMetadataUrl } = context
  if (clientMetadataUrl !== null && discovery.server.client_id_metadata_document_supported)
    return {
      clientId: clientMetadataUrl,
      clientSecret: null,
      clientAuth: 'none',
      registration: 'metadataDocument',
      callback: await openCallback(redirectHost, redirectPort ?? 0),
      isKept: false
    }
  const { issuer } = discovery.server
  const kept = await registrations.registration(issuer, redirectHost)
  const reopened =
    kept && isCurrent(kept, context.now(), redirectPort) && (await reopen(kept, redirectPort, context, config))
  if (kept && reopened) return { ...clientOf(kept), registration: 'dynamic', callback: reopened, isKept: true }

  const callback = await openCallback(redirectHost, redirectPort ?? 0)
  try {
    const made = await register(discovery, callback.redirectUri, scope, context)
    if (kept) await registrations.forgetRegistration(issuer, kept.clientId)
    await registrations.saveRegistration(made)
    return { ...clientOf(made), registration: 'dynamic', callback, isKept: false }
  } catch (error) {
    callback.close()
    throw error
  }
}

/** A client in place of one that the server no longer knows, at the same redirect address. */
export async function registerAnew(
  old: Registered,
  discovery: Discovery,
  scope: string | null,
  context: RegistrationContext
): Promise<Registered> {
  const { registrations } = context
  await registrations.forgetRegistration(discovery.server.issuer, old.clientId)
  const made = await register(discovery, old.callback.redirectUri, scope, context)
  await registrations.saveRegistration(made)
  return { ...clientOf(made), registration: 'dynamic', callback: old.callback, isKept: false }
}

/**
 * A client for the device code, which needs no redirect URI: its registration is kept by the grant's own name.
 * `isFresh`: what is kept has turned out to be dead, and is forgotten.
 */
export async function obtainDeviceClient(
  config: ServerConfig,
  clientSecret: Secret | null,
  discovery: Discovery,
  scope: string | null,
  context: Omit<RegistrationContext, 'openCallback'>,
  isFresh: boolean
): Promise<DeviceClient> {
  const { clientMetadataUrl, registrations, now } = context
  if (config.clientId !== undefined)
    return { ...preRegistered(config, clientSecret, discovery.server), registration: 'preRegistered' }
  if (clientMetadataUrl !== null && discovery.server.client_id_metadata_document_supported)
    return { clientId: clientMetadataUrl, clientSecret: null, clientAuth: 'none', registration: 'metadataDocument' }
  const { issuer } = discovery.server
  // A URN has no host: nothing else is kept under the empty one.
  const kept = await registrations.registration(issuer, '')
  if (kept && !isFresh && isCurrent(kept, now(), undefined)) return { ...clientOf(kept), registration: 'dynamic' }
  const made = await register(discovery, null, scope, context)
  if (kept) await registrations.forgetRegistration(issuer, kept.clientId)
  await registrations.saveRegistration(made)
  return { ...clientOf(made), registration: 'dynamic' }
}

/** The client of the settings; `clientAuth` is what was chosen, else what the server takes. */
export function preRegistered(config: ServerConfig, secret: Secret | null, server: oauth.AuthorizationServer): Client {
  const clientAuth = secret ? (config.clientAuth ?? secretMethod(server)) : 'none'
  return { clientId: config.clientId ?? '', clientSecret: secret, clientAuth }
}

const clientOf = ({ clientId, clientSecret, clientAuth }: ClientRegistration): Client => ({
  clientId,
  clientSecret,
  clientAuth
})

function isCurrent(kept: ClientRegistration, now: number, redirectPort: number | undefined): boolean {
  const alive = kept.clientSecretExpiresAt === null || kept.clientSecretExpiresAt > now
  return alive && (redirectPort === undefined || portOf(kept) === redirectPort)
}

const portOf = (kept: ClientRegistration): number => Number(URL.parse(kept.redirectUri)?.port || 80)

/** null where the kept port is taken: many servers compare it exactly, so another port needs another registration. */
async function reopen(
  kept: ClientRegistration,
  redirectPort: number | undefined,
  { openCallback }: RegistrationContext,
  { redirectHost }: ServerConfig
): Promise<Callback | null> {
  try {
    return await openCallback(redirectHost, portOf(kept))
  } catch (error) {
    const taken = error instanceof TokentrayError && error.code === 'portInUse'
    if (taken && redirectPort === undefined) return null
    throw error
  }
}

async function register(
  { server, reach, documented }: Discovery,
  redirectUri: string | null,
  scope: string | null,
  { network, now, signal }: Pick<RegistrationContext, 'network' | 'now' | 'signal'>
): Promise<ClientRegistration> {
  const host = shown(server.issuer)
  const byHand =
    redirectUri === null
      ? 'Create a client for device codes there, then give its --client-id.'
      : `Create a client there with the redirect URI ${redirectUri}, then give its --client-id and --redirect-port ${new URL(redirectUri).port}.`
  const unsupported = new TokentrayError(
    'registrationUnsupported',
    `${host} does not register clients by itself. ${byHand}`
  )
  if (!server.registration_endpoint) throw unsupported
  const methods = server.token_endpoint_auth_methods_supported
  const method = !methods || methods.includes('none') ? 'none' : secretMethod(server)
  const metadata = {
    client_name: 'Tokentray',
    redirect_uris: redirectUri === null ? [] : [redirectUri],
    grant_types: [redirectUri === null ? deviceGrantType : 'authorization_code', 'refresh_token'],
    response_types: redirectUri === null ? [] : ['code'],
    application_type: 'native',
    token_endpoint_auth_method: method,
    ...(scope !== null && { scope })
  }
  const reply = await oauth.dynamicClientRegistrationRequest(
    server,
    metadata,
    requestOptions(network, { reach, signal })
  )
  const { status, headers } = reply
  if (isBusyStatus(status)) throw new NetworkFault('busy', `HTTP ${status}`, host, retryAfterOf(headers, now()))
  const body = objectOf(await reply.text())
  if (!documented && [404, 405].includes(status)) throw unsupported
  if (body && reply.ok && typeof body.client_id === 'string' && body.client_id !== '')
    return readRegistration(body, body.client_id, {
      issuer: server.issuer,
      redirectUri: redirectUri ?? deviceGrantType,
      now: now(),
      method,
      server
    })
  if (reply.ok)
    throw new TokentrayError(
      'responseInvalid',
      `${host} answered the client registration with no client id; tell its operator.`
    )
  const reason = [body?.error, body?.error_description].filter((part) => typeof part === 'string' && part !== '')
  throw new TokentrayError(
    'registrationRefused',
    `${host} refused to register a client: ${shown(reason.join(', ') || `HTTP ${status}`)}. ${byHand}`,
    body?.error === 'invalid_redirect_uri' && redirectUri !== null
      ? {
          proposals: [
            proposeHost({ redirectHost: new URL(redirectUri).hostname === 'localhost' ? 'localhost' : '127.0.0.1' })
          ]
        }
      : {}
  )
}

/** RFC 7591 section 3.2.1. The server may have changed the method; a secret's end of 0, or none at all, means never. */
function readRegistration(
  body: Json,
  clientId: string,
  asked: {
    issuer: string
    redirectUri: string
    now: number
    method: ClientAuthMethod
    server: oauth.AuthorizationServer
  }
): ClientRegistration {
  const secret = typeof body.client_secret === 'string' && body.client_secret !== '' ? body.client_secret : null
  const told = body.token_endpoint_auth_method ?? (secret === null ? 'none' : undefined)
  const method = told === undefined ? secretMethod(asked.server) : told
  if (method !== 'none' && method !== 'client_secret_basic' && method !== 'client_secret_post')
    throw new TokentrayError(
      'registrationUnsupported',
      `${shown(asked.issuer)} demands the client authentication "${shown(String(method))}", which is not supported here; use a client of your own.`
    )
  const end = Number(body.client_secret_expires_at ?? 0)
  return {
    issuer: asked.issuer,
    redirectUri: asked.redirectUri,
    clientId,
    clientSecret: secret === null ? null : new Secret(secret),
    clientSecretExpiresAt:
      secret !== null && Number.isFinite(end) && end > 0
        ? Math.min(Math.floor(end * 1000), Number.MAX_SAFE_INTEGER)
        : null,
    clientAuth: secret === null ? 'none' : method,
    registeredAt: asked.now,
    management: managementIn(body, asked.server.registration_endpoint ?? '')
  }
}
