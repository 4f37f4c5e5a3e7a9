// The client as a server knows it: how it authenticates, and the requests of oauth4webapi made with it.
// RFC 6749 section 2.3; OpenID Connect's names of the methods.
import * as oauth from 'oauth4webapi'
import type { ClientAuthMethod } from '../contract/server.ts'
import { expose, type Secret } from '../secret.ts'
import type { Network, RequestOptions } from './network.ts'

export type Client = { clientId: string; clientAuth: ClientAuthMethod; clientSecret: Secret | null }

/** The method for a client with a secret: what the server lists, else its default (RFC 8414 section 2). */
export function secretMethod(server: oauth.AuthorizationServer): ClientAuthMethod {
  const listed = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return !listed.includes('client_secret_basic') && listed.includes('client_secret_post')
    ? 'client_secret_post'
    : 'client_secret_basic'
}

/** A client without a secret is public, whatever method it was given. */
export function authenticationOf(client: Client): oauth.ClientAuth {
  if (!client.clientSecret || client.clientAuth === 'none') return oauth.None()
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

/** What every request of oauth4webapi is made with. Which URLs may be plain HTTP is the network's decision. */
export function requestOptions(network: Network, options: Pick<RequestOptions, 'reach' | 'signal'>) {
  return {
    [oauth.customFetch]: (
      url: string,
      init: { method: string; headers: Record<string, string>; body?: URLSearchParams | string | null | undefined }
    ) => network(url, { method: init.method, headers: init.headers, body: init.body, ...options }),
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
  'refresh_token',
  'state',
  'scope'
])

/** A person's extra parameters, without those the protocol sets; `resource` wins where there is one (RFC 8707). */
export function extraParameters(params: Record<string, string>, resource: string | null): Record<string, string> {
  const extra = Object.fromEntries(Object.entries(params).filter(([name]) => !ownParameters.has(name)))
  return resource === null ? extra : { ...extra, resource }
}
