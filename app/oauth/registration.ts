// Which client we are at an authorization server: pre-registered, published, kept from last time, or registered now.
// One registration (RFC 7591) is kept per issuer and redirect host, with the callback port it was registered under.
import type { AuthorizationServer } from 'oauth4webapi'
import type { Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/server.ts'
import type { Network } from '../net/request.ts'
import type { Callback, OpenCallback } from './callback.ts'
import { type Client, secretMethod } from './client.ts'
import type { DeviceClient } from './deviceRequest.ts'
import type { Discovery } from './discovery.ts'
import type { ClientRegistration } from './grant.ts'
import { shown } from './metadata.ts'
import type { Registrations } from './port.ts'
import { register } from './registrationRequest.ts'
import { mostScope, unionOf } from './scope.ts'

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

/** A client and its open callback. `isFresh`: one that is kept counts as dead, and is forgotten. Rejects with TokentrayError or NetworkFault, and then nothing stays open. */
export async function obtainClient(
  config: ServerConfig,
  clientSecret: Secret | null,
  discovery: Discovery,
  scope: string | null,
  context: RegistrationContext,
  isFresh: boolean
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
    kept &&
    !isFresh &&
    isCurrent(kept, context.now(), redirectPort) &&
    (await reopen(kept, redirectPort, context, config))
  if (kept && reopened) return { ...clientOf(kept), registration: 'dynamic', callback: reopened, isKept: true }

  const callback = await openCallback(redirectHost, redirectPort ?? 0)
  try {
    const made = await registerFor(scope, kept, discovery, callback.redirectUri, context)
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
  const { issuer } = discovery.server
  const { redirectUri } = old.callback
  const kept = await registrations.registration(issuer, new URL(redirectUri).hostname)
  await registrations.forgetRegistration(issuer, old.clientId)
  const made = await registerFor(scope, kept, discovery, redirectUri, context)
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
    return { ...preRegistered(config, clientSecret, discovery.server), registration: 'preRegistered', isKept: false }
  if (clientMetadataUrl !== null && discovery.server.client_id_metadata_document_supported)
    return {
      clientId: clientMetadataUrl,
      clientSecret: null,
      clientAuth: 'none',
      registration: 'metadataDocument',
      isKept: false
    }
  const { issuer } = discovery.server
  // A URN has no host: nothing else is kept under the empty one.
  const kept = await registrations.registration(issuer, '')
  if (kept && !isFresh && isCurrent(kept, now(), undefined))
    return { ...clientOf(kept), registration: 'dynamic', isKept: true }
  const made = await registerFor(scope, kept, discovery, null, context)
  if (kept) await registrations.forgetRegistration(issuer, kept.clientId)
  await registrations.saveRegistration(made)
  return { ...clientOf(made), registration: 'dynamic', isKept: false }
}

/**
 * Registers in place of what is kept, if anything is, and for its scopes besides: the servers behind one authorization server
 * share a client, and a server that holds it to its scopes (RFC 7591 section 2) would have it registered anew for each in turn.
 */
async function registerFor(
  scope: string | null,
  kept: ClientRegistration | null,
  discovery: Discovery,
  redirectUri: string | null,
  context: Omit<RegistrationContext, 'openCallback'>
): Promise<ClientRegistration> {
  const union = unionOf(scope, kept?.scope)
  const all = (union?.length ?? 0) > mostScope ? scope : union
  try {
    return await register(discovery, redirectUri, all, context)
  } catch (error) {
    // Not for all at once, or not for all any more: the sign-in at hand comes first.
    const isRefused = error instanceof TokentrayError && error.code === 'registrationRefused'
    if (!isRefused || all === scope) throw error
    return register(discovery, redirectUri, scope, context)
  }
}

/**
 * The client of the settings; `clientAuth` is what was chosen, else what the server takes. An MCP server may name another
 * authorization server one day, which must not get the secret of a client that is not its own (RFC 6749 section 2.2).
 * @throws issuerMismatch
 */
export function preRegistered(config: ServerConfig, secret: Secret | null, server: AuthorizationServer): Client {
  const { clientIssuer, tokenEndpoint, name } = config
  if (clientIssuer !== undefined && tokenEndpoint === undefined && clientIssuer !== server.issuer)
    throw new TokentrayError(
      'issuerMismatch',
      `${name} names ${shown(server.issuer)} for sign-in now, but its client is one of ${shown(clientIssuer)} and was not sent there. If the server really moved, give it a client of the new one.`
    )
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
