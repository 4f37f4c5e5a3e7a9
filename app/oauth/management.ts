// Deletes a client at the authorization server that registered it (RFC 7592 section 2.3).
// The address and the token for that come with the reply to the registration (RFC 7591 section 3.2.1).
import type { Json } from '../base/json.ts'
import { expose, Secret } from '../base/secret.ts'
import { sayProblem } from '../health/problems.ts'
import { NetworkFault, type SendRequest } from '../net/request.ts'
import type { ClientManagement } from './grant.ts'
import { shown } from './metadata.ts'

/** In characters. */
const maxLength = 10_000

/** null: the reply offers none, or names an address at another origin, which must not get the token. */
export function managementIn(body: Json, endpoint: string): ClientManagement | null {
  const { registration_client_uri: uri, registration_access_token: token } = body
  if (typeof uri !== 'string' || typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) return null
  if (uri.length > maxLength || token.length > maxLength) return null
  const at = URL.parse(uri)
  if (!at || at.origin !== URL.parse(endpoint)?.origin) return null
  return { uri: at.href, accessToken: new Secret(token) }
}

/** Resolves with one sentence on the result, for the person; never throws. */
export async function deleteClient(
  issuer: string,
  { uri, accessToken }: ClientManagement,
  sendRequest: SendRequest,
  signal: AbortSignal
): Promise<string> {
  const host = shown(URL.parse(issuer)?.host ?? issuer)
  try {
    const { status } = await sendRequest(uri, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${expose(accessToken)}` },
      signal
    })
    if (status === 204 || status === 200) return `${host} has deleted the client.`
    // RFC 7592 section 2.3: how a server answers for a client that no longer exists.
    if (status === 401 || status === 404)
      return `${host} no longer knows the client, or no longer accepts the credential to delete it (HTTP ${status}).`
    return `${host} did not delete the client (HTTP ${status}), so it stays registered there but unused.`
  } catch (error) {
    const why = error instanceof NetworkFault ? error.detail : 'request_impossible'
    return `${host} did not confirm that it deleted the client: ${sayProblem(why)}. It may stay registered there but unused.`
  }
}
