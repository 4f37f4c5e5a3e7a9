// Requests tokens with an assertion (RFC 7523 section 2.1): a workload's own, or an ID-JAG that an identity provider issues
// for a person's ID token (RFC 8693; MCP's enterprise-managed authorization). It can be repeated: nothing is used up.
import * as oauth from 'oauth4webapi'
import { expose, type Secret } from '../base/secret.ts'
import type { ClientAuthMethod, ServerConfig } from '../contract/serverConfig.ts'
import { NetworkFault } from '../net/request.ts'
import { AssertionFault, type ReadAssertion } from './assertion.ts'
import { authenticationOf, type Client, secretMethod } from './client.ts'
import { claimsOf } from './expiry.ts'
import { fetchDocument, isUsableUrl, serverMetadataUrls, strings } from './metadata.ts'
import type { TokenOutcome } from './port.ts'
import { ask, misconfigured, type TokenRequest, unsent } from './tokenRequest.ts'

const types = {
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  idJag: 'urn:ietf:params:oauth:token-type:id-jag',
  idToken: 'urn:ietf:params:oauth:token-type:id_token'
}

/** Never throws. A refused assertion counts as misconfigured, not as the end of the grant: the next one may be accepted. */
export async function askWithAssertion(
  request: TokenRequest,
  config: ServerConfig,
  scope: string | null,
  { read, secretOf }: { read: ReadAssertion; secretOf: (server: string) => Promise<Secret | null> }
): Promise<TokenOutcome> {
  try {
    if (!config.assertion) throw new AssertionFault('assertion_missing')
    let assertion = await read(config.assertion)
    if (config.identityProvider) {
      const secret = await secretOf(config.id)
      const { tokenEndpoint, clientId } = config.identityProvider
      const clientAuth = secret ? await methodAt(tokenEndpoint, assertion, request) : 'none'
      const client: Client = { clientId, clientAuth, clientSecret: secret }
      const exchanged = await exchangeForIdJag(request, tokenEndpoint, client, scope, assertion)
      if (!exchanged.ok) return settled(exchanged)
      assertion = exchanged.tokens.accessToken
    }
    return settled(await bear(request, scope, assertion))
  } catch (error) {
    if (error instanceof NetworkFault) return unsent(error)
    return misconfigured(error instanceof AssertionFault ? error.code : 'assertion_unreadable')
  }
}

function bear(request: TokenRequest, scope: string | null, assertion: Secret): Promise<TokenOutcome> {
  const text = expose(assertion)
  const { server, client, context, parameters } = request
  return ask(request, [text], (options) =>
    oauth.genericTokenEndpointRequest(
      server,
      { client_id: client.clientId },
      authenticationOf(client, context.at),
      types.jwtBearer,
      { ...parameters, assertion: text, ...(scope !== null && { scope }) },
      options
    )
  )
}

/** Exchanges the ID token at the identity provider for an assertion to this authorization server (RFC 8693 section 2.1). */
function exchangeForIdJag(
  request: TokenRequest,
  tokenEndpoint: string,
  client: Client,
  scope: string | null,
  idToken: Secret
): Promise<TokenOutcome> {
  const provider = { issuer: tokenEndpoint, token_endpoint: tokenEndpoint }
  const text = expose(idToken)
  const { resource } = request.parameters
  const parameters = {
    requested_token_type: types.idJag,
    subject_token: text,
    subject_token_type: types.idToken,
    audience: request.server.issuer,
    ...(resource !== undefined && { resource }),
    ...(scope !== null && { scope })
  }
  // The endpoint comes from the settings, so it may be a private address; and the assertion is bound to no DPoP key.
  const asked: TokenRequest = { ...request, server: provider, client, reach: 'any', prover: null }
  return ask(asked, [text], (options) =>
    oauth.genericTokenEndpointRequest(
      provider,
      { client_id: client.clientId },
      authenticationOf(client, request.context.at),
      types.exchange,
      parameters,
      options
    )
  )
}

/**
 * How the client authenticates at the identity provider, of which the settings name only the token endpoint: as listed by the
 * metadata of the ID token's issuer, if that names the same endpoint; else the default. Rejects with NetworkFault.
 */
async function methodAt(
  endpoint: string,
  idToken: Secret,
  { sendRequest, signal, context }: TokenRequest
): Promise<ClientAuthMethod> {
  const { iss } = claimsOf(expose(idToken))
  const byDefault = secretMethod({ issuer: endpoint })
  if (typeof iss !== 'string' || !isUsableUrl(iss)) return byDefault
  for (const url of serverMetadataUrls(new URL(iss))) {
    const document = await fetchDocument(sendRequest, url, { reach: 'any', signal }, context.at).catch(
      (error: unknown) => {
        // Offline: the exchange that follows fails in the same way and says so.
        if (error instanceof NetworkFault && error.fault === 'offline') return null
        throw error
      }
    )
    if (!document || document.issuer !== iss || document.token_endpoint !== endpoint) continue
    const listed = strings(document.token_endpoint_auth_methods_supported)
    return secretMethod({ issuer: iss, ...(listed && { token_endpoint_auth_methods_supported: listed }) })
  }
  return byDefault
}

function settled(outcome: TokenOutcome): TokenOutcome {
  return !outcome.ok && outcome.fault === 'refused' ? misconfigured(outcome.detail) : outcome
}
