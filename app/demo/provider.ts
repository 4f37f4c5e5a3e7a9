// oidc-provider as the demo needs it: everything an MCP client uses is on, sign-in and consent answer by themselves.
// Every default that would print a notice is set here; the package is loaded only when a demo or test asks.
import { generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ClientMetadata, Configuration, errors, KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Clock } from '../clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { AuthorityEvent, Lifetimes } from './authority.ts'
import type { Store } from './store.ts'

/** What a client that asks for no scope gets (RFC 6749 section 3.3), and the scope of every resource. */
export const demoScope = 'mcp'
const fortnight = 14 * 24 * 60 * 60

export type ProviderOptions = {
  issuer: string
  store: Store
  clock: Clock
  lifetimes: (resource: string | undefined) => Lifetimes
  confidentialClient: { clientId: string; clientSecret: string }
  clients: readonly ClientMetadata[]
  accessTokenFormat: 'opaque' | 'jwt'
  refuseResources: boolean
  deviceOnly: boolean
  asksPerson: boolean
  dpop: boolean
  record: (event: Omit<AuthorityEvent, 'at'>) => void
}

export type DemoProvider = {
  handle(request: IncomingMessage, reply: ServerResponse): void
  validate(accessToken: string, resource?: string): Promise<boolean>
}

export async function createProvider(options: ProviderOptions): Promise<DemoProvider> {
  const { Provider, errors } = await loadPackage()
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const provider = new Provider(options.issuer, configure(options, keys.privateKey, errors.InvalidTarget))
  // Koa prints errors otherwise; `serverError` events tell of them.
  provider.silent = true
  recordEvents(provider, options.record)
  const callback = provider.callback()

  return {
    handle(request, reply) {
      const url = new URL(request.url ?? '/', options.issuer)
      if (url.pathname.startsWith('/interaction/')) {
        answerInteraction(provider, request, reply, options.asksPerson).catch(() =>
          reply.writeHead(400).end('this sign-in has ended\n')
        )
        return
      }
      if (url.pathname === '/auth' && !url.searchParams.get('scope')) {
        url.searchParams.set('scope', demoScope)
        request.url = url.pathname + url.search
      }
      if (options.deviceOnly && url.pathname.startsWith('/.well-known/')) return answerDeviceOnly(options.issuer, reply)
      callback(request, reply)
    },
    async validate(accessToken, resource) {
      if (accessToken.split('.').length === 3) return validJwt(accessToken, resource, keys.publicKey, options.clock)
      // The store knows to the millisecond what has run out; the provider itself would round down to seconds.
      const found =
        (await provider.AccessToken.find(accessToken, { ignoreExpiration: true })) ??
        (await provider.ClientCredentials.find(accessToken, { ignoreExpiration: true }))
      if (!found) return false
      return resource === undefined || options.refuseResources || [found.aud].flat().includes(resource)
    }
  }
}

/** Metadata of a server that knows no browser. */
function answerDeviceOnly(issuer: string, reply: ServerResponse): void {
  const metadata = {
    issuer,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/reg`,
    device_authorization_endpoint: `${issuer}/device/auth`,
    revocation_endpoint: `${issuer}/token/revocation`,
    grant_types_supported: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['none'],
    scopes_supported: ['openid', 'offline_access', demoScope]
  }
  reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata))
}

async function loadPackage(): Promise<typeof import('oidc-provider')> {
  try {
    return await import('oidc-provider')
  } catch (cause) {
    throw new TokentrayError('unexpected', 'The demo needs the package oidc-provider: npm install oidc-provider@9', {
      cause
    })
  }
}

function configure(
  options: ProviderOptions,
  signingKey: KeyObject,
  InvalidTarget: typeof errors.InvalidTarget
): Configuration {
  const { store, clock, lifetimes } = options
  /** When a grant's refresh tokens end for good, in ms. */
  const familyEnds = new Map<string, number>()
  const jwk = { ...signingKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' }

  return {
    adapter: (kind) => store.adapter(kind),
    jwks: { keys: [jwk] } as Configuration['jwks'] & object,
    cookies: { keys: [randomBytes(32)] },
    scopes: ['openid', 'offline_access', demoScope],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clients: [
      {
        client_id: options.confidentialClient.clientId,
        client_secret: options.confidentialClient.clientSecret,
        application_type: 'native',
        grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
        redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback']
      },
      ...options.clients
    ],
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      registrationManagement: { enabled: true },
      clientCredentials: { enabled: true },
      dPoP: { enabled: options.dpop, nonceSecret: randomBytes(32), requireNonce: () => options.dpop },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: showForm,
        userCodeConfirmSource: showForm,
        async successSource(ctx) {
          ctx.body = 'signed in\n'
        }
      },
      revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_, __, oneOf) => oneOf,
        useGrantedResource: () => true,
        getResourceServerInfo(_, resource) {
          if (options.refuseResources || !isLoopback(resource)) throw new InvalidTarget()
          return {
            scope: demoScope,
            audience: resource,
            accessTokenTTL: lifetimes(resource).accessTokenTtl,
            accessTokenFormat: options.accessTokenFormat,
            jwt: { sign: { alg: 'ES256' } }
          }
        }
      }
    },
    rotateRefreshToken: true,
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    // A grant of its own for each sign-in, so that one family's end touches no other.
    async loadExistingGrant({ oidc }) {
      const grantId = oidc.result?.consent?.grantId
      return grantId === undefined ? undefined : oidc.provider.Grant.find(grantId)
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    clientBasedCORS: () => false,
    renderError(ctx, out) {
      ctx.type = 'text/plain'
      ctx.body = `${out.error}: ${out.error_description ?? ''}\n`
    },
    ttl: {
      AccessToken: (_, token) => lifetimes(token.resourceServer?.identifier()).accessTokenTtl,
      ClientCredentials: (_, token) => lifetimes(token.resourceServer?.identifier()).accessTokenTtl,
      RefreshToken(_, token) {
        const resource = [token.resource].flat()[0]
        const { refreshTokenTtl } = lifetimes(resource)
        if (refreshTokenTtl === undefined) return fortnight
        const grantId = token.grantId ?? ''
        const end = familyEnds.get(grantId) ?? clock.now() + refreshTokenTtl * 1000
        familyEnds.set(grantId, end)
        return Math.max(1, Math.round((end - clock.now()) / 1000))
      },
      AuthorizationCode: 60,
      DeviceCode: 600,
      IdToken: 3600,
      Interaction: 3600,
      Session: fortnight,
      Grant: fortnight
    }
  }
}

/** A page is its form: the one person here reads no text. */
async function showForm(ctx: KoaContextWithOIDC, form: string): Promise<void> {
  ctx.body = form
}

function recordEvents(provider: Provider, record: ProviderOptions['record']): void {
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

const question = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Demo sign-in</title>
<style>body{font:16px/1.5 system-ui;max-width:26rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}
a{display:inline-block;margin:.5rem .5rem 0 0;padding:.45rem 1rem;border:1px solid;border-radius:6px;color:inherit;text-decoration:none}
a:first-of-type{background:#2d5fe8;border-color:#2d5fe8;color:#fff}</style>
<h1>Demo sign-in</h1><p>Tokentray asks to be let in to a demo server on this machine. Nothing here is real.</p>
<p><a href="?answer=yes">Allow</a><a href="?answer=no">Deny</a></p></html>
`

/** Signs in the one person there is and grants what is asked; `?answer=no` refuses instead. `asks`: by a page. */
async function answerInteraction(
  provider: Provider,
  request: IncomingMessage,
  reply: ServerResponse,
  asks: boolean
): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, reply)
  const finish = (result: Parameters<Provider['interactionFinished']>[2]) =>
    provider.interactionFinished(request, reply, result)
  const answer = new URL(request.url ?? '/', provider.issuer).searchParams.get('answer')
  if (asks && answer === null && prompt.name !== 'login') {
    reply.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    })
    reply.end(question)
    return
  }
  if (answer === 'no') {
    return finish({ error: 'access_denied', error_description: 'The person said no.' })
  }
  if (prompt.name === 'login') return finish({ login: { accountId: 'demo' } })

  const grant = new provider.Grant({ accountId: session?.accountId ?? 'demo', clientId: String(params.client_id) })
  grant.addOIDCScope(String(params.scope ?? ''))
  for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(String(resource), demoScope)
  return finish({ consent: { grantId: await grant.save() } })
}

function isLoopback(resource: string): boolean {
  const hostname = URL.parse(resource)?.hostname ?? ''
  return ['127.0.0.1', '[::1]', 'localhost'].includes(hostname) || hostname.endsWith('.localhost')
}

function validJwt(token: string, resource: string | undefined, key: KeyObject, clock: Clock): boolean {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const signed = Buffer.from(`${header}.${payload}`)
  const publicKey = { key, dsaEncoding: 'ieee-p1363' } as const
  if (!verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))) return false
  const { exp, aud } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number; aud?: string }
  return exp * 1000 > clock.now() && (resource === undefined || aud === resource)
}
