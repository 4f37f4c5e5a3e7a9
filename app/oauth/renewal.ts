// Renews a grant: finds its token endpoint, then refreshes it, or requests new tokens where the client needs no person.
// What the reply means is decided in tokenReply.ts.
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { renewsAlone } from '../contract/serverConfig.ts'
import { NetworkFault } from '../net/request.ts'
import type { OAuthContext } from './context.ts'
import { type Discovery, takeFirst } from './discovery.ts'
import type { Grant, RequestShape } from './grant.ts'
import type { TokenOutcome } from './port.ts'
import { renewedScope } from './scope.ts'
import {
  lastLifetimeOf,
  misconfigured,
  parametersOf,
  refresh,
  serverOf,
  type TokenRequest,
  unsent
} from './tokenRequest.ts'

export async function renew(
  context: OAuthContext,
  config: ServerConfig,
  grant: Grant,
  signal: AbortSignal
): Promise<TokenOutcome> {
  if (config.grantKind === 'staticToken') return misconfigured('static_token')
  const found = await endpointOf(context, config, grant, signal)
  if ('ok' in found) return found
  const { shape } = grant
  const clientId = shape.clientId ?? config.clientId
  if (!clientId) return misconfigured('client_id_missing')
  const request: TokenRequest = {
    sendRequest: context.sendRequestFor(config),
    server: found.server,
    client: { clientId, clientAuth: shape.clientAuth, clientSecret: shape.clientSecret },
    parameters: parametersOf(config, found.resource),
    reach: 'any',
    signal,
    context: context.replyContext(config, lastLifetimeOf(grant)),
    prover: shape.dpopKey ? context.proverWith(shape.dpopKey) : null
  }
  if (renewsAlone(config)) return context.askAlone(config, request, renewedScope(config, grant.scope))
  const outcome = await refresh(request, grant)
  // FM-13. The grant has its own copy of the client; this removes the registration that the next sign-in would use.
  if (!outcome.ok && outcome.detail === 'invalid_client' && shape.registration === 'dynamic')
    return forgotten(context, shape, outcome)
  return outcome
}

/** A client that registered itself has no settings to correct: the next sign-in, by a person, registers a new one. */
async function forgotten(
  context: OAuthContext,
  shape: RequestShape,
  outcome: Extract<TokenOutcome, { ok: false }>
): Promise<TokenOutcome> {
  await forgetRegistration(context, shape).catch(() => {})
  return { ...outcome, fault: 'misconfigured', detail: 'client_forgotten' }
}

/** The token endpoint of the grant or of the settings, else discovered for each renewal. */
async function endpointOf(
  context: OAuthContext,
  config: ServerConfig,
  { shape }: Grant,
  signal: AbortSignal
): Promise<Pick<Discovery, 'server' | 'resource'> | Extract<TokenOutcome, { ok: false }>> {
  const endpoint = shape.tokenEndpoint ?? config.tokenEndpoint
  if (endpoint) return { server: serverOf(shape, endpoint), resource: shape.resource }
  try {
    return await context.discovered(config, { signal, grantIssuer: shape.issuer }, takeFirst)
  } catch (error) {
    if (error instanceof NetworkFault) return unsent(error)
    const detail = error instanceof TokentrayError ? error.code : 'discovery_failed'
    return { ok: false, fault: 'misconfigured', detail, retryAfter: null }
  }
}

/** Removes the registration that this grant was made with, so that the next sign-in registers a new client. */
export async function forgetRegistration(
  { registrations }: OAuthContext,
  { issuer, clientId }: RequestShape
): Promise<void> {
  if (issuer !== null && clientId !== null) await registrations.forgetRegistration(issuer, clientId)
}
