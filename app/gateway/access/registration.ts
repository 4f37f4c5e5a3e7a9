// Dynamic client registration (RFC 7591) for public clients. Registering gives no access, only a name to ask under.
// A client chooses its name and redirect URIs; everything else is the same for all clients.
import type { LocalAccess, LocalClient } from '../../vault/localAccess.ts'
import type { RandomBytes } from './credentials.ts'
import { cleanName } from './names.ts'
import { refuseRedirect } from './redirects.ts'
import type { Refusals } from './refusals.ts'
import { OAuthError } from './replies.ts'

/** How many clients without consent are kept; beyond that the oldest are removed. */
const maxUnapproved = 100
const maxRedirectUris = 20

const strings = (value: unknown): string[] | null =>
  Array.isArray(value) && value.every((it) => typeof it === 'string') ? value : null

/**
 * Registers a client and returns the answer of RFC 7591 section 3.2.1. `waitingClients`: ids that are not removed to make
 * room for it. Throws `invalid_client_metadata`, `invalid_redirect_uri`.
 */
export async function register(
  metadata: Record<string, unknown>,
  o: {
    local: LocalAccess
    randomBytes: RandomBytes
    now: number
    waitingClients: readonly string[]
    refused: Refusals['note']
  }
) {
  const grantTypes = metadata.grant_types === undefined ? ['authorization_code'] : strings(metadata.grant_types)
  const responseTypes = metadata.response_types === undefined ? ['code'] : strings(metadata.response_types)
  if (!grantTypes?.includes('authorization_code') || !responseTypes?.includes('code'))
    throw new OAuthError('invalid_client_metadata', 'Only the authorization code grant is supported.')
  const redirectUris = strings(metadata.redirect_uris)
  if (!redirectUris || redirectUris.length === 0 || redirectUris.length > maxRedirectUris)
    throw new OAuthError('invalid_redirect_uri', `Give 1 to ${maxRedirectUris} redirect URIs.`)
  for (const [at, uri] of redirectUris.entries()) {
    const why = refuseRedirect(uri)
    if (why === null) continue
    o.refused('redirectUri', cleanName(metadata.client_name))
    throw new OAuthError('invalid_redirect_uri', `Redirect URI ${at + 1} ${why}.`)
  }
  const client: LocalClient = {
    id: o.randomBytes(16).toString('base64url'),
    name: cleanName(metadata.client_name),
    redirectUris: [...new Set(redirectUris)],
    registeredAt: o.now,
    approvedAt: null
  }
  await o.local.addClient(client, maxUnapproved, o.waitingClients)
  return {
    client_id: client.id,
    client_id_issued_at: Math.floor(o.now / 1000),
    client_name: client.name,
    redirect_uris: client.redirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none'
  }
}
