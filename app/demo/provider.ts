// Configures oidc-provider for the demo: all that an MCP client uses is on, and sign-in needs no password.
// Every default that would print a notice is set; the package is loaded only when a demo or a test starts.
import { generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ClientMetadata, Configuration, errors } from 'oidc-provider'
import type { Clock } from '../base/clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import { type Tell, tellEvents } from './events.ts'
import { answerInteraction, demoScope, showForm } from './interaction.ts'
import type { Store } from './store.ts'

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
  record: Tell
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
  tellEvents(provider, options.record)
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

/** Times in seconds, as OAuth has them; `reuseGrace` in ms. */
export type Lifetimes = {
  accessTokenTtl: number
  /** Counted from the sign-in, rotation does not prolong it. Absent: 14 days from each rotation. */
  refreshTokenTtl?: number
  /** How long a used refresh token is still taken. 0: its reuse ends the whole family at once. */
  reuseGrace?: number
}
