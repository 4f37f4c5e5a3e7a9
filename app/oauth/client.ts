// How a client authenticates to its authorization server (RFC 6749 section 2.3), and options for requests of oauth4webapi.
// Methods have the names of OpenID Connect (client_secret_basic, client_secret_post, private_key_jwt).
import { randomUUID } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import { expose, type Secret } from '../base/secret.ts'
import type { ClientAuthMethod } from '../contract/serverConfig.ts'
import { redirectTarget } from '../net/redirects.ts'
import { NetworkFault, type RequestOptions, type SendRequest } from '../net/request.ts'
import { type Prover, proofFor } from './dpop.ts'
import { signJwt } from './keys.ts'
import { isQuotable } from './tokenReply.ts'

export type Client = { clientId: string; clientAuth: ClientAuthMethod; clientSecret: Secret | null }

/** The server refused the client itself: it forgot the client, or does not allow it this. Another client may be accepted. */
export class ClientUnfit extends Error {}

/** True for the error codes that are about the client alone (RFC 6749 sections 4.1.2.1 and 5.2). */
export const refusesClient = (code: string): boolean => code === 'invalid_client' || code === 'unauthorized_client'

/** The method for a client with a secret: what the server lists, else its default (RFC 8414 section 2). */
export function secretMethod(server: oauth.AuthorizationServer): ClientAuthMethod {
  const listed = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return !listed.includes('client_secret_basic') && listed.includes('client_secret_post')
    ? 'client_secret_post'
    : 'client_secret_basic'
}

/** True for an error code that may be shown: a server can put anything there, even the client's secret. */
export const mayBeTold = (code: string, { clientSecret }: Client): boolean =>
  isQuotable(code, clientSecret ? [expose(clientSecret)] : [])

/** `at`: now, in ms since the epoch. A client without a secret is public, whatever its `clientAuth`. */
export function authenticationOf(client: Client, at: number): oauth.ClientAuth {
  if (!client.clientSecret || client.clientAuth === 'none') return oauth.None()
  if (client.clientAuth === 'private_key_jwt') return signedAssertion(client.clientSecret, at)
  const secret = expose(client.clientSecret)
  return client.clientAuth === 'client_secret_post' ? oauth.ClientSecretPost(secret) : plainBasic(secret)
}

/**
 * RFC 6749 section 2.3.1 with exactly the form encoding of its appendix B. oauth4webapi also encodes characters such as `-`,
 * which is allowed, but some servers do not decode them and refuse the client.
 */
function plainBasic(secret: string): oauth.ClientAuth {
  return (_server, client, _body, headers) => {
    const pair = [client.client_id, secret].map((text) => new URLSearchParams([['', text]]).toString().slice(1))
    headers.set('authorization', `Basic ${Buffer.from(pair.join(':')).toString('base64')}`)
  }
}

const assertionLifetimeSeconds = 60

/**
 * RFC 7523 sections 2.2 and 3. The audience is the issuer alone, so that no other server can use the assertion. It has no
 * `nbf`, which is optional: a server whose clock is a moment behind ours would refuse it as not valid yet.
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

/**
 * Options that make oauth4webapi send its requests with `sendRequest`, which itself decides what URLs may be plain HTTP. Of
 * redirects only 307 and 308 within the origin are followed (RFC 9110 section 15.4): the others drop the body or lead to somebody
 * else, who must not get a code or a secret. They reject with NetworkFault, whose `detail` says where to.
 */
export function requestOptions(
  sendRequest: SendRequest,
  options: Pick<RequestOptions, 'reach' | 'signal'>,
  prover: Prover | null = null
) {
  return {
    [oauth.customFetch]: async (
      url: string,
      init: { method: string; headers: Record<string, string>; body?: URLSearchParams | string | null | undefined }
    ) => {
      const { method, body } = init
      // RFC 9449 section 4.2: a proof is for one address.
      const headers = prover ? (at: string) => ({ ...init.headers, dpop: proofFor(prover, method, at) }) : init.headers
      const reply = await sendRequest(url, { method, headers, body, followsRedirects: true, ...options })
      const sent = body instanceof URLSearchParams ? [...body.values()] : []
      const target = redirectTarget(reply, url, sent)
      if (target !== null) throw new NetworkFault('garbled', `HTTP ${reply.status} to ${target}`, new URL(url).host)
      return reply
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
  // Of the authorization request alone (OpenID Connect Core section 3.1.2.1), which chooses it itself: see promptsFor().
  'prompt',
  'state',
  'scope'
])

/**
 * The parameters of a server's settings, without those the protocol sets itself; `resource` (RFC 8707) overrides theirs. An empty
 * one is left out, since it counts as omitted (RFC 6749 section 3.1).
 */
export function extraParameters(params: Record<string, string>, resource: string | null): Record<string, string> {
  const given = Object.entries(params).filter(([name, value]) => !ownParameters.has(name) && value !== '')
  const extra = Object.fromEntries(given)
  return resource === null ? extra : { ...extra, resource }
}
