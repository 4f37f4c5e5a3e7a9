// A real OAuth client, oauth4webapi, with the steps of a sign-in apart, so that a test can come between them.
// It checks what a careful client checks: issuer, `iss`, PKCE support.
import * as oauth from 'oauth4webapi'
import { type Answer, allow, browse, decide, type Gateway } from './access.fixture.ts'

const insecure = { [oauth.allowInsecureRequests]: true }

export const redirectUri = 'http://127.0.0.1:3999/callback'

export async function discover(origin: string): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(origin)
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  return oauth.processDiscoveryResponse(issuer, response)
}

export async function registerClient(
  origin: string,
  metadata: Partial<oauth.OmitSymbolProperties<oauth.Client>> & Record<string, unknown> = {}
): Promise<oauth.Client> {
  const response = await oauth.dynamicClientRegistrationRequest(
    await discover(origin),
    { client_name: 'Test client', redirect_uris: [redirectUri], ...metadata } as never,
    insecure
  )
  return oauth.processDynamicClientRegistrationResponse(response)
}

export type Tokens = { access: string; refresh: string; expiresIn: number }

export class TestClient {
  readonly gateway: Gateway
  readonly client: oauth.Client
  readonly server: oauth.AuthorizationServer
  verifier = ''

  constructor(gateway: Gateway, client: oauth.Client, server: oauth.AuthorizationServer) {
    this.gateway = gateway
    this.client = client
    this.server = server
  }

  static async register(gateway: Gateway, metadata = {}): Promise<TestClient> {
    const { origin } = gateway
    return new TestClient(gateway, await registerClient(origin, metadata), await discover(origin))
  }

  /** The address for the browser; `change` sets parameters, or removes those that are undefined. */
  async authorizationUrl(change: Record<string, string | undefined> = {}): Promise<string> {
    this.verifier = oauth.generateRandomCodeVerifier()
    const url = new URL(this.server.authorization_endpoint!)
    const parameters: Record<string, string | undefined> = {
      client_id: this.client.client_id,
      redirect_uri: redirectUri,
      response_type: 'code',
      code_challenge: await oauth.calculatePKCECodeChallenge(this.verifier),
      code_challenge_method: 'S256',
      state: 'state-1',
      resource: `${this.gateway.origin}/notes`,
      ...change
    }
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value)
    return url.href
  }

  /** Validates the answer as RFC 6749 and RFC 9207 want; throws what the server refused with. */
  read(answer: URL, state = 'state-1'): URLSearchParams {
    return oauth.validateAuthResponse(this.server, this.client, answer, state)
  }

  async exchange(parameters: URLSearchParams, redirect = redirectUri, verifier = this.verifier): Promise<Tokens> {
    const response = await oauth.authorizationCodeGrantRequest(
      this.server,
      this.client,
      oauth.None(),
      parameters,
      redirect,
      verifier,
      insecure
    )
    return read(await oauth.processAuthorizationCodeResponse(this.server, this.client, response))
  }

  async signIn(answer: Answer = allow(), change: Record<string, string | undefined> = {}): Promise<Tokens> {
    return this.exchange(this.read(await decide(this.gateway, await this.authorizationUrl(change), answer)))
  }

  /** A sign-in nobody is asked about. */
  async signInSilently(change: Record<string, string | undefined> = {}): Promise<Tokens> {
    const { location } = await browse(await this.authorizationUrl(change))
    return this.exchange(this.read(new URL(location!)))
  }

  async refresh(token: string): Promise<Tokens> {
    const response = await oauth.refreshTokenGrantRequest(this.server, this.client, oauth.None(), token, insecure)
    return read(await oauth.processRefreshTokenResponse(this.server, this.client, response))
  }

  async revoke(token: string): Promise<void> {
    const response = await oauth.revocationRequest(this.server, this.client, oauth.None(), token, insecure)
    await oauth.processRevocationResponse(response)
  }
}

function read(reply: oauth.TokenEndpointResponse): Tokens {
  return { access: reply.access_token, refresh: reply.refresh_token!, expiresIn: reply.expires_in! }
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** The OAuth error code a promise rejects with. */
export async function oauthError(attempt: Promise<unknown>): Promise<string> {
  const error: unknown = await attempt.then(
    () => 'it resolved',
    (it: unknown) => it
  )
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError) return error.error
  throw new Error(`expected an OAuth error, got ${String(error)}`, { cause: error })
}
