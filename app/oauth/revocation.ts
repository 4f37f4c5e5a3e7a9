// Revokes tokens at the server (RFC 7009), and says whether the server confirmed it.
// The refresh token goes first: it lives longest, and most servers end the access token with it.
import * as oauth from 'oauth4webapi'
import { expose } from '../base/secret.ts'
import { sayProblem } from '../health/problems.ts'
import { NetworkFault, type SendRequest } from '../net/request.ts'
import { authenticationOf, requestOptions } from './client.ts'
import type { Grant } from './grant.ts'
import { serverOf } from './tokenRequest.ts'

const stillValid = 'the tokens stay valid there until they expire'

/** Resolves with one sentence on the result, for the person; never throws. `at`: now, in ms since the epoch. */
export async function revokeGrant(
  grant: Grant,
  sendRequest: SendRequest,
  at: number,
  signal: AbortSignal
): Promise<string> {
  const { shape } = grant
  const { clientId, revocationEndpoint } = shape
  if (!revocationEndpoint || !clientId) return `The server does not support revocation, so ${stillValid}.`
  const tokens = [
    ...(grant.refreshToken ? [{ token: grant.refreshToken, hint: 'refresh_token' }] : []),
    { token: grant.accessToken, hint: 'access_token' }
  ]
  const client = { clientId, clientAuth: shape.clientAuth, clientSecret: shape.clientSecret }
  let revoked = 0
  for (const { token, hint } of tokens) {
    const problem = await oauth
      .revocationRequest(
        serverOf(shape, shape.tokenEndpoint ?? revocationEndpoint),
        { client_id: clientId },
        authenticationOf(client, at),
        expose(token),
        { ...requestOptions(sendRequest, { signal }), additionalParameters: { token_type_hint: hint } }
      )
      .then(
        (reply) => (reply.ok ? null : `HTTP ${reply.status}`),
        (error: unknown) => (error instanceof NetworkFault ? error.detail : 'request_impossible')
      )
    if (problem === null) revoked++
    else if (revoked === 0)
      return `The server did not confirm the revocation: ${sayProblem(problem)}. Perhaps ${stillValid}.`
    else
      return `The server revoked the refresh token, but did not confirm revoking the access token: ${sayProblem(problem)}. The access token may stay valid until it expires.`
  }
  return 'The server revoked the tokens.'
}
