// Finds the client to sign in with: from the settings, published as metadata, kept from an earlier sign-in, or registered now.
// One registration (RFC 7591) is kept per issuer, site and redirect host, with its port: many servers compare ports exactly.
import type { AuthorizationServer } from 'oauth4webapi'
import type { Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { ClientAuthMethod, ServerConfig } from '../contract/serverConfig.ts'
import type { SendRequest } from '../net/request.ts'
import type { Callback, OpenCallback } from './callback.ts'
import { type Client, secretMethod } from './client.ts'
import type { Discovery } from './discovery.ts'
import type { ClientManagement, ClientRegistration } from './grant.ts'
import { shown } from './metadata.ts'
import type { Registrations } from './port.ts'
import type { Registered } from './registrationRequest.ts'
import { registerByTries, type Wanted } from './registrationTries.ts'
import { maxScopeLength, missingScopes, narrowedScope, unionOf } from './scope.ts'

export type RegistrationContext = {
  sendRequest: SendRequest
  now: () => number
  registrations: Registrations
  /** Of the MCP server (net/site.ts): its registrations are used by no server of another one. */
  site: string
  openCallback: OpenCallback
  /** Our client id at servers that support client ID metadata documents; null: no document is published. */
  clientMetadataUrl: string | null
  signal: AbortSignal
}

/** Under what a registration is kept: its redirect host, or `device` for device codes, which need no redirect URI. */
export type Slot = ServerConfig['redirectHost'] | 'device'

export type RegisteredClient = Client & {
  /** Other ways to authenticate with the same secret, to try where the server refuses the first. */
  otherMethods: ClientAuthMethod[]
  /** The `scope` and `allowedScope` of its registration; null: it has none. */
  scopes: { scope: string | null; allowedScope: string | null } | null
  /** How it can be deleted at its server; absent: it was registered before, or its server does not offer that. */
  management?: ClientManagement | null | undefined
  /** Registered just now without scopes, since the server refused those that were asked for. */
  isScopeless?: boolean | undefined
  registration: 'dynamic' | 'metadataDocument' | 'preRegistered'
  /** Registered for an earlier sign-in, so the server may have forgotten it since. */
  isKept: boolean
  /** Where the browser is sent back to; null for a device code. */
  callback: Callback | null
}
export type CodeClient = RegisteredClient & { callback: Callback }

export type ClientRequest = {
  config: ServerConfig
  clientSecret: Secret | null
  discovery: Discovery
  scope: string | null
  /** The server does not know the kept registration, so it is replaced by a new one. */
  isKeptDead: boolean
}

/**
 * The client to sign in with, and its open callback unless it is for the device code.
 * Rejects with TokentrayError or NetworkFault; no callback stays open then.
 */
export function obtainClient(
  request: ClientRequest & { slot: 'device' },
  context: RegistrationContext
): Promise<RegisteredClient>
export function obtainClient(
  request: ClientRequest & { slot: ServerConfig['redirectHost'] },
  context: RegistrationContext
): Promise<CodeClient>
export async function obtainClient(
  { slot, config, clientSecret, discovery, scope, isKeptDead }: ClientRequest & { slot: Slot },
  context: RegistrationContext
): Promise<RegisteredClient> {
  const { registrations, clientMetadataUrl } = context
  const { server } = discovery
  const isDevice = slot === 'device'
  const redirectPort = isDevice ? undefined : config.redirectPort
  const isChosen = redirectPort !== undefined
  const openAt = async (port: number) => (isDevice ? null : await context.openCallback(slot, port, isChosen))
  const newCallback = () => openAt(redirectPort ?? 0)

  if (config.clientId !== undefined)
    return { ...preRegistered(config, clientSecret, server), callback: await newCallback() }
  if (clientMetadataUrl !== null && server.client_id_metadata_document_supported) {
    const client = { clientId: clientMetadataUrl, clientSecret: null, clientAuth: 'none', scopes: null } as const
    const callback = await newCallback()
    return { ...client, otherMethods: [], registration: 'metadataDocument', isKept: false, callback }
  }

  const kept = await registrations.registration(server.issuer, isDevice ? '' : slot, context.site)
  if (kept && !isKeptDead && isCurrent(kept, context.now(), redirectPort)) {
    try {
      return { ...clientOf(kept), isKept: true, callback: await openAt(portOf(kept)) }
    } catch (error) {
      // Many servers compare the port exactly, so another port needs another registration.
      const isTaken = error instanceof TokentrayError && error.code === 'portInUse'
      if (!isTaken || redirectPort !== undefined) throw error
    }
  }
  const callback = await newCallback()
  let other: Callback | null = null
  try {
    const openOther = async () => {
      other = await context.openCallback(slot === 'localhost' ? '127.0.0.1' : 'localhost', redirectPort ?? 0, isChosen)
      return other.redirectUri
    }
    const redirect = {
      redirectUri: callback?.redirectUri ?? null,
      openOther: isDevice ? null : openOther,
      needsSecret: false
    }
    const made = await registerFor(scope, kept, discovery, redirect, context)
    if (kept) await registrations.forgetRegistration(server.issuer, kept.clientId)
    await registrations.saveRegistration(rowOf(made))
    const [used, unused] = made.redirectUri === redirect.redirectUri ? [callback, other] : [other, callback]
    unused?.close()
    return { ...newClient(made), callback: used }
  } catch (error) {
    for (const open of [callback, other]) open?.close()
    throw error
  }
}

/** Replaces a client that the server refuses, at the same redirect address. `needsSecret`: because it has no secret. */
export async function registerAnew(
  old: CodeClient,
  discovery: Discovery,
  scope: string | null,
  needsSecret: boolean,
  context: RegistrationContext
): Promise<CodeClient> {
  const { registrations } = context
  const { issuer } = discovery.server
  const { redirectUri } = old.callback
  const kept = await registrations.registration(issuer, new URL(redirectUri).hostname, context.site)
  await registrations.forgetRegistration(issuer, old.clientId)
  const made = await registerFor(scope, kept, discovery, { redirectUri, openOther: null, needsSecret }, context)
  await registrations.saveRegistration(rowOf(made))
  return { ...newClient(made), callback: old.callback }
}

/** What to ask for as this client, of the scopes that are wanted. */
export function scopeFor({ scopes }: Pick<RegisteredClient, 'scopes'>, wanted: string | null): string | null {
  return scopes ? narrowedScope(wanted, scopes.scope, scopes.allowedScope) : wanted
}

/** Keeps what a sign-in learned about a client that was registered for it: another method, or scopes. */
export async function rememberClient(
  { clientId, clientAuth, scopes, callback, registration }: RegisteredClient,
  issuer: string,
  { registrations, site }: Pick<RegistrationContext, 'registrations' | 'site'>
): Promise<void> {
  if (registration !== 'dynamic') return
  const host = callback ? new URL(callback.redirectUri).hostname : ''
  const kept = await registrations.registration(issuer, host, site)
  if (kept?.clientId !== clientId) return
  await registrations.saveRegistration({ ...kept, clientAuth, ...scopes })
}

/** A registration made just now, with what only its first sign-in needs. */
type NewRegistration = Registered & Pick<RegisteredClient, 'isScopeless'>

/**
 * Registers a client for `scope` and for the scopes of the `kept` registration that it replaces. MCP servers of one site
 * behind one authorization server share a client; were it registered for one of them alone, a server that holds clients to their scopes
 * (RFC 7591 section 2) would make each sign-in replace the other's client.
 */
async function registerFor(
  scope: string | null,
  kept: ClientRegistration | null,
  discovery: Discovery,
  redirect: Omit<Wanted, 'scopes'>,
  context: RegistrationContext
): Promise<NewRegistration> {
  const union = unionOf(scope, kept?.scope)
  const all = (union?.length ?? 0) > maxScopeLength ? scope : union
  // The server may refuse the union. This sign-in needs only its own scopes, and may do with those that the server chooses.
  const scopes = [...new Set([all, scope, null])]
  const made = await registerByTries(discovery, { ...redirect, scopes }, context)
  const asked = made.scope ?? scope
  const hasLess = made.allowedScope !== null && missingScopes(asked, made.allowedScope).length > 0
  return {
    ...made,
    scope: asked,
    allowedScope: hasLess ? made.allowedScope : null,
    isScopeless: asked !== null && made.scope === null && !hasLess
  }
}

/**
 * The client of the settings. An MCP server may name another authorization server one day, which must not get the secret of
 * a client that was registered elsewhere (RFC 6749 section 2.2).
 * @throws issuerMismatch
 */
export function preRegistered(
  config: ServerConfig,
  secret: Secret | null,
  server: AuthorizationServer
): RegisteredClient & { callback: null } {
  const { clientIssuer, tokenEndpoint, name } = config
  if (clientIssuer !== undefined && tokenEndpoint === undefined && clientIssuer !== server.issuer)
    throw new TokentrayError(
      'issuerMismatch',
      `${name} now names ${shown(server.issuer)} as its authorization server, but its client belongs to ${shown(clientIssuer)}, so the client's credentials were not sent. If the server really moved, set a client of the new authorization server.`
    )
  const clientAuth = secret ? (config.clientAuth ?? secretMethod(server)) : 'none'
  const client = { clientId: config.clientId ?? '', clientSecret: secret, clientAuth, scopes: null }
  // A person may have mistyped the secret, so a method that the server does not list is not tried.
  const listed = server.token_endpoint_auth_methods_supported
  const others = config.clientAuth ? [] : otherSecretMethods(clientAuth)
  const otherMethods = others.filter((method) => !listed || listed.includes(method))
  return { ...client, otherMethods, registration: 'preRegistered', isKept: false, callback: null }
}

function clientOf({ clientId, clientSecret, clientAuth, scope = null, allowedScope = null }: ClientRegistration) {
  const client = { clientId, clientSecret, clientAuth, scopes: { scope, allowedScope } }
  return { ...client, otherMethods: [], registration: 'dynamic' as const, isKept: false }
}

const rowOf = ({ wantsNone: _, isScopeless: __, ...row }: NewRegistration): ClientRegistration => row

function newClient(made: NewRegistration) {
  const { isScopeless, wantsNone, clientAuth, management } = made
  const otherMethods: ClientAuthMethod[] = [
    ...otherSecretMethods(clientAuth),
    ...(wantsNone ? (['none'] as const) : [])
  ]
  return { ...clientOf(made), otherMethods, isScopeless, management }
}

/** Servers differ in what they decode of a secret in Basic (RFC 6749 section 2.3.1), and in which of the two they take at all. */
function otherSecretMethods(method: ClientAuthMethod): ClientAuthMethod[] {
  if (method === 'client_secret_basic') return ['client_secret_post']
  return method === 'client_secret_post' ? ['client_secret_basic'] : []
}

function isCurrent(kept: ClientRegistration, now: number, redirectPort: number | undefined): boolean {
  const alive = kept.clientSecretExpiresAt === null || kept.clientSecretExpiresAt > now
  return alive && (redirectPort === undefined || portOf(kept) === redirectPort)
}

const portOf = (kept: ClientRegistration): number => Number(URL.parse(kept.redirectUri)?.port || 80)
