// The client as a server knows it: how it authenticates, and the requests of oauth4webapi made with it.
// RFC 6749 section 2.3; OpenID Connect's names of the methods.
import { randomUUID } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import { expose, type Secret } from '../base/secret.ts'
import type { ClientAuthMethod } from '../contract/server.ts'
import type { RequestOptions, SendRequest } from '../net/request.ts'
import { type Prover, proofFor } from './dpop.ts'
import { signJwt } from './keys.ts'
import { isQuotable } from './tokenReply.ts'

export type Client = { clientId: string; clientAuth: ClientAuthMethod; clientSecret: Secret | null }

/** A refusal of the client itself: it is unknown by now, or may not do this. Another one might do. */
export class ClientUnfit extends Error {}

/** RFC 6749 sections 4.1.2.1 and 5.2: the codes that are about the client and nothing else. */
export const refusesClient = (code: string): boolean => code === 'invalid_client' || code === 'unauthorized_client'

/** The method for a client with a secret: what the server lists, else its default (RFC 8414 section 2). */
export function secretMethod(server: oauth.AuthorizationServer): ClientAuthMethod {
  const listed = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return !listed.includes('client_secret_basic') && listed.includes('client_secret_post')
    ? 'client_secret_post'
    : 'client_secret_basic'
}

/** True for an error code that a server answered this client with and that is no secret of it. */
export const mayBeTold = (code: string, { clientSecret }: Client): boolean =>
  isQuotable(code, clientSecret ? [expose(clientSecret)] : [])

/** A client without a secret is public, whatever method it was given. `at`: now, in ms since the epoch. */
export function authenticationOf(client: Client, at: number): oauth.ClientAuth {
  if (!client.clientSecret || client.clientAuth === 'none') return oauth.None()
  if (client.clientAuth === 'private_key_jwt') return signedAssertion(client.clientSecret, at)
  const secret = expose(client.clientSecret)
  return client.clientAuth === 'client_secret_post' ? oauth.ClientSecretPost(secret) : plainBasic(secret)
}

/**
 * RFC 6749 section 2.3.1 with exactly the form encoding of its appendix B. The library also encodes `-` and the like,
 * which is allowed and which some servers do not decode.
 */
function plainBasic(secret: string): oauth.ClientAuth {
  return (_server, client, _body, headers) => {
    const pair = [client.client_id, secret].map((text) => new URLSearchParams([['', text]]).toString().slice(1))
    headers.set('authorization', `Basic ${Buffer.from(pair.join(':')).toString('base64')}`)
  }
}

const assertionLifetimeSeconds = 60

/**
 * RFC 7523 sections 2.2 and 3; the audience is the issuer alone, so that no other server can use it. Without the optional
 * `nbf`: to a clock a moment behind ours it would not be valid yet.
 */
function signedAssertion(key: Secret, at: number): oauth.ClientAuth {
  return (server, { client_id }, body) => {
    const now = Math.floor(at / 1000)
    const claims = { iss: client_id, sub: client_id, aud: server.issuer, jti: randomUUID() }
    body.set('client_id', client_id)
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    body.set('client_assertion', signJwt(key, 'JWT', { ...claims, iat: now, exp: now + assertionLifetimeSeconds }))
  }
}

/** What every request of oauth4webapi is made with. Which URLs may be plain HTTP is decided in net/request.ts. */
export function requestOptions(
  sendRequest: SendRequest,
  options: Pick<RequestOptions, 'reach' | 'signal'>,
  prover: Prover | null = null
) {
  return {
    [oauth.customFetch]: (
      url: string,
      init: { method: string; headers: Record<string, string>; body?: URLSearchParams | string | null | undefined }
    ) => {
      const { method, body } = init
      const headers = prover ? { ...init.headers, dpop: proofFor(prover, method, url) } : init.headers
      return sendRequest(url, { method, headers, body, ...options })
    },
    [oauth.allowInsecureRequests]: true
  }
}

const ownParameters = new Set([
  'grant_type',
  'code',
  'code_verifier',
  'code_challenge',
  'code_challenge_method',
  'response_type',
  'redirect_uri',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'assertion',
  'dpop_jkt',
  'refresh_token',
  'state',
  'scope'
])

/** A person's extra parameters, without those the protocol sets; `resource` wins where there is one (RFC 8707). */
export function extraParameters(params: Record<string, string>, resource: string | null): Record<string, string> {
  const extra = Object.fromEntries(Object.entries(params).filter(([name]) => !ownParameters.has(name)))
  return resource === null ? extra : { ...extra, resource }
}
