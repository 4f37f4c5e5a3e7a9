// Turns the events of the demo's OAuth provider into those that the demo and the tests look at.
// A refresh token that is used twice has two kinds: the provider accepted it again, or ended the grant for it.
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

export type Tell = (event: Omit<AuthorityEvent, 'at'>) => void

export function tellEvents(provider: Provider, record: Tell): void {
  const facts = (ctx: KoaContextWithOIDC) => {
    const { client, entities, params } = ctx.oidc
    const token = entities.AccessToken ?? entities.ClientCredentials
    const asked = token?.resourceServer?.identifier() ?? params?.resource
    return { clientId: client?.clientId ?? null, resource: typeof asked === 'string' ? asked : null }
  }
  provider.on('registration_create.success', (_, client) =>
    record({
      kind: 'registered',
      clientId: client.clientId,
      resource: null,
      detail: client.redirectUris?.join(' ') ?? ''
    })
  )
  provider.on('registration_delete.success', (_, client) =>
    record({ kind: 'deleted', clientId: client.clientId, resource: null, detail: '' })
  )
  provider.on('grant.success', (ctx) => {
    const grantType = String(ctx.oidc.params?.grant_type)
    record({ kind: grantType === 'refresh_token' ? 'refreshed' : 'issued', ...facts(ctx), detail: grantType })
  })
  provider.on('grant.error', (ctx, error) => {
    const reused = error.error_detail === 'refresh token already used'
    const detail = [error.error, error.error_detail ?? error.error_description].filter(Boolean).join(': ')
    record({ kind: reused ? 'reuseDetected' : 'refused', ...facts(ctx), detail })
  })
  const spent = new Set<string>()
  provider.on('refresh_token.consumed', (token) => {
    const resource = [token.resource].flat()[0] ?? null
    const again = { kind: 'reuseForgiven', clientId: token.clientId ?? null, resource, detail: 'used again' } as const
    if (spent.has(token.jti)) record(again)
    spent.add(token.jti)
  })
  provider.on('grant.revoked', (ctx) => record({ kind: 'grantRevoked', ...facts(ctx), detail: String(ctx.oidc.route) }))
  provider.on('server_error', (ctx, error) => record({ kind: 'serverError', ...facts(ctx), detail: String(error) }))
}

/** `at` in ms since the epoch. `detail`: a grant type, an OAuth error with its reason, a fault; never a token. */
export type AuthorityEvent = {
  at: number
  kind:
    | 'registered'
    | 'deleted'
    | 'issued'
    | 'refreshed'
    | 'reuseDetected'
    /** A used refresh token was taken again: within the grace, or in a race too close for the provider to notice. */
    | 'reuseForgiven'
    | 'grantRevoked'
    | 'refused'
    | 'faultMade'
    | 'serverError'
  clientId: string | null
  resource: string | null
  detail: string
}
