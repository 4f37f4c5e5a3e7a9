// Asks an authorization server whether a token is still active (RFC 7662), when the MCP server's answer did not tell.
// Many servers let only resource servers ask, so a refusal says nothing about the token.
import * as oauth from 'oauth4webapi'
import { objectIn } from '../base/json.ts'
import { expose, type Secret } from '../base/secret.ts'
import type { SendRequest } from '../net/request.ts'
import { authenticationOf, requestOptions } from './client.ts'
import type { Discovery } from './discovery.ts'
import type { RequestShape } from './grant.ts'

/** null: unknown. `at`: now, in ms since the epoch. Never throws. */
export async function introspect(
  token: Secret,
  { clientId, clientAuth, clientSecret, issuer }: RequestShape,
  { server, reach }: Pick<Discovery, 'server' | 'reach'>,
  { sendRequest, at, signal }: { sendRequest: SendRequest; at: number; signal: AbortSignal }
): Promise<boolean | null> {
  // The MCP server may name another authorization server by now, which must not be sent this token.
  if (!server.introspection_endpoint || !clientId || server.issuer !== issuer) return null
  try {
    const reply = await oauth.introspectionRequest(
      server,
      { client_id: clientId },
      authenticationOf({ clientId, clientAuth, clientSecret }, at),
      expose(token),
      { ...requestOptions(sendRequest, { reach, signal }), additionalParameters: { token_type_hint: 'access_token' } }
    )
    const active = reply.ok ? objectIn(await reply.text())?.active : null
    return typeof active === 'boolean' ? active : null
  } catch {
    return null
  }
}
