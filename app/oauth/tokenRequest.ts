// Sends requests for tokens: refresh (RFC 6749 section 6), client credentials (section 4.4), code and device code.
// They never throw: a fault of server or network is an outcome like any other. What a reply means is decided in tokenReply.ts.
import * as oauth from 'oauth4webapi'
import { objectIn } from '../base/json.ts'
import { expose } from '../base/secret.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { Reach } from '../net/privateAddresses.ts'
import { NetworkFault, type SendRequest } from '../net/request.ts'
import { authenticationOf, type Client, extraParameters, requestOptions } from './client.ts'
import type { Prover } from './dpop.ts'
import type { Grant, RequestShape } from './grant.ts'
import type { TokenOutcome } from './port.ts'
import { judgeTokenReply, type ReplyContext } from './tokenReply.ts'

export type TokenRequest = {
  sendRequest: SendRequest
  server: oauth.AuthorizationServer
  client: Client
  /** Sent besides the protocol's own: those of the settings, and `resource` (RFC 8707). */
  parameters: Record<string, string>
  reach: Exclude<Reach, 'private'>
  signal: AbortSignal
  context: Omit<ReplyContext, 'sent'>
  /** For the DPoP key that the tokens are, or will be, bound to; null: to none. */
  prover: Prover | null
}

/** RFC 6749 section 6. No scope is sent, so the new token has the scope of the old one. */
export function refresh(request: TokenRequest, grant: Grant): Promise<TokenOutcome> {
  if (!grant.refreshToken) return Promise.resolve(misconfigured('refresh_token_missing'))
  const token = expose(grant.refreshToken)
  const refreshBy = hasOwnClient(grant.shape) ? 'ownClient' : 'registeredClient'
  return ask({ ...request, context: { ...request.context, refreshBy } }, [token], (options) =>
    oauth.refreshTokenGrantRequest(
      request.server,
      clientFor(request),
      authenticationOf(request.client, request.context.at),
      token,
      {
        ...options,
        additionalParameters: request.parameters
      }
    )
  )
}

/** RFC 6749 section 4.4. */
export function askWithClientCredentials(request: TokenRequest, scope: string | null): Promise<TokenOutcome> {
  const parameters = { ...request.parameters, ...(scope !== null && { scope }) }
  return ask(request, [], (options) =>
    oauth.clientCredentialsGrantRequest(
      request.server,
      clientFor(request),
      authenticationOf(request.client, request.context.at),
      parameters,
      options
    )
  )
}

/** RFC 8628 section 3.4. */
export function askWithDeviceCode(request: TokenRequest, deviceCode: string): Promise<TokenOutcome> {
  return ask(request, [deviceCode], (options) =>
    oauth.deviceCodeGrantRequest(
      request.server,
      clientFor(request),
      authenticationOf(request.client, request.context.at),
      deviceCode,
      {
        ...options,
        additionalParameters: request.parameters
      }
    )
  )
}

/** RFC 6749 section 4.1.3. `response` is one that validateAuthResponse() passed. */
export function exchangeCode(
  request: TokenRequest,
  given: { response: URLSearchParams; redirectUri: string; verifier: string }
): Promise<TokenOutcome> {
  const sent = [given.verifier, given.response.get('code') ?? '']
  return ask(request, sent, (options) =>
    oauth.authorizationCodeGrantRequest(
      request.server,
      clientFor(request),
      authenticationOf(request.client, request.context.at),
      given.response,
      given.redirectUri,
      given.verifier,
      { ...options, additionalParameters: request.parameters }
    )
  )
}

/** The additional parameters of a token request, by today's settings: omitResource may have been set since the sign-in. */
export function parametersOf(config: ServerConfig, resource: string | null): Record<string, string> {
  return extraParameters(config.params, config.quirks.omitResource ? null : resource)
}

/** The lifetime of the last token in ms; null where it was only a guess. */
export function lastLifetimeOf({ expiresAt, obtainedAt, expirySource }: Grant): number | null {
  const known = expirySource === 'stated' || expirySource === 'jwt' || expirySource === 'lastKnown'
  return known && expiresAt !== null && expiresAt > obtainedAt ? expiresAt - obtainedAt : null
}

/** A person made this client, and can correct its settings; one that registered itself, or is known by its URL, has none. */
function hasOwnClient({ registration }: RequestShape): boolean {
  return registration === 'preRegistered' || registration === 'none'
}

/** The authorization server of a grant in the form that oauth4webapi takes. */
export function serverOf(shape: Pick<RequestShape, 'issuer' | 'revocationEndpoint'>, endpoint: string) {
  const server: oauth.AuthorizationServer = { issuer: shape.issuer ?? endpoint, token_endpoint: endpoint }
  return shape.revocationEndpoint ? { ...server, revocation_endpoint: shape.revocationEndpoint } : server
}

export function misconfigured(detail: string): TokenOutcome {
  return { ok: false, fault: 'misconfigured', detail, retryAfter: null }
}

/**
 * The outcome where a request before the token request failed. A lost reply then counts as a busy server: the token request was
 * never sent, so no refresh token can have been used up.
 */
export function unsent({ fault, detail, retryAfter }: NetworkFault): Extract<TokenOutcome, { ok: false }> {
  return { ok: false, fault: fault === 'lost' ? 'busy' : fault, detail, retryAfter }
}

const clientFor = ({ client }: TokenRequest): oauth.Client => ({ client_id: client.clientId })

/** Sends one token request by `send`, and decides what its reply means. `sent`: its secrets, kept out of every error. */
export async function ask(
  { sendRequest, server, reach, signal, client, context, prover }: TokenRequest,
  sent: string[],
  send: (options: ReturnType<typeof requestOptions>) => Promise<Response>
): Promise<TokenOutcome> {
  try {
    const options = requestOptions(sendRequest, { reach, signal }, prover)
    let reply = await send(options)
    if (prover && (await wantsNonce(reply, server.token_endpoint ?? '', prover))) reply = await send(options)
    const secrets = client.clientSecret ? [...sent, expose(client.clientSecret)] : sent
    return judgeTokenReply(reply.status, reply.headers, await reply.text(), { ...context, sent: secrets })
  } catch (error) {
    if (error instanceof NetworkFault)
      return { ok: false, fault: error.fault, detail: error.detail, retryAfter: error.retryAfter }
    // oauth4webapi refuses what it cannot send, such as an empty client id; its messages may quote what they refuse.
    return misconfigured('request_impossible')
  }
}

/**
 * True where the request was refused only because it lacked the server's nonce (RFC 9449 section 8): no token was used up, so
 * it can be sent again. The nonce need not be new to us: another request may have learnt it meanwhile.
 */
async function wantsNonce(reply: Response, endpoint: string, { nonces }: Prover): Promise<boolean> {
  const nonce = reply.headers.get('dpop-nonce')
  nonces.note(endpoint, nonce)
  const isKnown = nonce !== null && nonces.get(endpoint) === nonce
  if (!isKnown || (reply.status !== 400 && reply.status !== 401)) return false
  return objectIn(await reply.clone().text())?.error === 'use_dpop_nonce'
}
