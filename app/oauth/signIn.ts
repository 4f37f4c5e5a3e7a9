// Signing in with the authorization code grant and PKCE (RFC 6749 section 4.1, RFC 7636) through the person's browser.
// No browser is opened here, and nothing that works today is touched: the grant comes out at the end, unsaved.
import * as oauth from 'oauth4webapi'
import { TokentrayError } from '../contract/errors.ts'
import { proposeQuirk } from '../contract/quirks.ts'
import type { ServerConfig } from '../contract/server.ts'
import type { NewGrant, Tokens } from '../vault/vault.ts'
import type { Page } from './callback.ts'
import { type Client, extraParameters } from './client.ts'
import type { Discovery } from './discovery.ts'
import type { Prover } from './dpop.ts'
import { explainFault } from './explain.ts'
import { exchangeCode, parametersOf } from './grants.ts'
import { thumbprintOf } from './keys.ts'
import { shown } from './metadata.ts'
import type { SignIn } from './port.ts'
import { withKnown } from './quirks.ts'
import type { Registered } from './registration.ts'
import { rejectsResource } from './rejections.ts'

export type CodeSignIn = {
  config: ServerConfig
  discovery: Discovery
  client: Registered
  scope: string | null
  prover: Prover | null
  isProfile: boolean
  /** Called when the exchange is about to be sent. */
  onExchange: () => void
  /** The token request's surroundings, as of the moment it is sent. */
  request: () => Omit<Parameters<typeof exchangeCode>[0], 'server' | 'client' | 'parameters' | 'reach' | 'prover'>
  /** Ends the sign-in from outside: time limit, cancelled. Called with what to do; returns what stops the watch. */
  watch: (end: (error: TokentrayError) => void) => () => void
  onClientRefused: () => Promise<void>
}

/** PKCE is refused to be gone without: RFC 9700 section 2.1.1, MCP authorization. Throws `pkceUnsupported`. */
export function checkPkce(config: ServerConfig, { server, documented }: Discovery): void {
  const methods = server.code_challenge_methods_supported
  if (!documented || methods?.includes('S256')) return
  if (!methods && config.quirks.allowMissingPkceMetadata) return
  const issuer = shown(server.issuer)
  const remedy = methods
    ? 'tell its operator'
    : 'if you know that it does, set the quirk allowMissingPkceMetadata of this server'
  throw new TokentrayError(
    'pkceUnsupported',
    `${issuer} does not say that it supports PKCE with S256; ${remedy}.`,
    methods
      ? {}
      : { proposals: [proposeQuirk('allowMissingPkceMetadata', `The metadata of ${issuer} says nothing of PKCE.`)] }
  )
}

/**
 * The settings' scope, else what the server asks for; with what was missing since, and `offline_access` where it is
 * listed (FM-09). null: send none.
 */
export function chooseScope(config: ServerConfig, { server, scope }: Discovery): string | null {
  const chosen = `${config.scope ?? scope ?? ''} ${config.addedScope ?? ''}`.split(/\s+/).filter(Boolean)
  const listed = server.scopes_supported?.includes('offline_access')
  const scopes = new Set(listed ? [...chosen, 'offline_access'] : chosen)
  return scopes.size > 0 ? [...scopes].join(' ') : null
}

/** Builds the authorization request and waits for its response; resolves when a browser can be sent off. */
export async function startCodeSignIn(given: CodeSignIn): Promise<SignIn> {
  const { config, client } = given
  const { callback } = client
  const state = oauth.generateRandomState()
  const verifier = oauth.generateRandomCodeVerifier()
  const url = authorizationUrl(given, state, await oauth.calculatePKCECodeChallenge(verifier))
  const { promise: grant, resolve, reject } = Promise.withResolvers<NewGrant>()
  grant.catch(() => {})
  const end = (error: unknown) => {
    reject(error)
    callback.close()
    unwatch()
  }
  const unwatch = given.watch(end)

  const receive = async (parameters: URLSearchParams): Promise<Page> => {
    try {
      const response = readResponse(parameters, state, given)
      given.onExchange()
      resolve(grantOf(await exchange(response, verifier, given), given))
      return { ok: true, title: 'Signed in', text: `Tokentray received the sign-in for ${config.name}.` }
    } catch (caught) {
      const error = withKnown(caught, config, given.discovery.server.issuer)
      reject(error)
      const known = error instanceof TokentrayError ? error.message : 'Something unexpected went wrong.'
      return { ok: false, title: 'The sign-in failed', text: known }
    } finally {
      callback.close()
      unwatch()
    }
  }
  // A code is good for one exchange, whether it comes by browser, by hand or by both.
  let received: Promise<Page> | null = null
  const answer = (parameters: URLSearchParams): Promise<Page> => {
    received ??= receive(parameters)
    return received
  }
  callback.expect(state, answer)
  return {
    url: url.href,
    redirectUri: callback.redirectUri,
    device: null,
    grant,
    async paste(text) {
      const parameters = pastedParameters(text, callback.redirectUri)
      if (!parameters || parameters.get('state') !== state)
        throw new TokentrayError(
          'responseInvalid',
          `That is not the address this sign-in ends at; it starts with ${callback.redirectUri} and has a code and a state.`
        )
      await answer(parameters)
    },
    cancel: () => end(new TokentrayError('signInCancelled', 'The sign-in was cancelled.'))
  }
}

function authorizationUrl(
  { config, discovery, client, scope, prover, isProfile }: CodeSignIn,
  state: string,
  challenge: string
): URL {
  const url = new URL(discovery.server.authorization_endpoint ?? '')
  const resource = config.quirks.omitResource ? null : discovery.resource
  // OpenID Connect Core: section 11, offline access is granted where the person consents to it; section 3.1.2.1, a browser
  // that is signed in to one account must not answer for another one.
  const prompt = [
    ...(scope?.split(' ').includes('offline_access') ? ['consent'] : []),
    ...(isProfile && config.account === undefined ? ['select_account'] : [])
  ]
  const asked = {
    ...(prompt.length > 0 && { prompt: prompt.join(' ') }),
    ...(config.account !== undefined && { login_hint: config.account })
  }
  const parameters = {
    ...asked,
    ...extraParameters(config.params, resource),
    ...(scope !== null && { scope }),
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.callback.redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    // RFC 9449 section 10: the code, too, is good for this key alone.
    ...(prover && { dpop_jkt: thumbprintOf(prover.key) }),
    state
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url
}

/** The whole redirected URL, or its query alone; null where it is neither. */
function pastedParameters(text: string, redirectUri: string): URLSearchParams | null {
  const url = URL.parse(text.trim(), redirectUri)
  return url && `${url.origin}${url.pathname}` === redirectUri ? url.searchParams : null
}

/** RFC 9207 first: what another issuer sent is neither acted on nor shown. Then RFC 6749 section 4.1.2. */
function readResponse(
  parameters: URLSearchParams,
  state: string,
  { discovery, client, config }: CodeSignIn
): URLSearchParams {
  const { server } = discovery
  const issuer = shown(server.issuer)
  if (parameters.getAll('iss').some((iss) => iss !== server.issuer))
    throw new TokentrayError(
      'issuerMismatch',
      `The answer to the sign-in did not come from ${issuer}; it was not used. Sign in again.`
    )
  try {
    const response = oauth.validateAuthResponse(server, { client_id: client.clientId }, parameters, state)
    if (response.get('code')) return response
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) throw refusal(parameters, issuer, config)
  }
  throw new TokentrayError(
    'responseInvalid',
    `The answer to the sign-in is not one that ${issuer} may send; it was not used. Sign in again.`
  )
}

function refusal(parameters: URLSearchParams, issuer: string, { name, quirks }: ServerConfig): TokentrayError {
  const error = shown(parameters.get('error') ?? '')
  if (error === 'access_denied')
    return new TokentrayError('authorizationDenied', `The sign-in to ${name} was declined; start again to allow it.`)
  const said = parameters.get('error_description')
  return new TokentrayError(
    'signInFailed',
    `${issuer} ended the sign-in: ${error}${said ? ` (${shown(said)})` : ''}; start again, or tell its operator.`,
    !quirks.omitResource && rejectsResource(error, said ?? '')
      ? { proposals: [proposeQuirk('omitResource', `${issuer} refused a request with the resource parameter.`)] }
      : {}
  )
}

async function exchange(response: URLSearchParams, verifier: string, given: CodeSignIn): Promise<Tokens> {
  const { config, discovery, client } = given
  const outcome = await exchangeCode(
    {
      ...given.request(),
      server: discovery.server,
      client,
      parameters: parametersOf(config, discovery.resource),
      reach: discovery.reach,
      prover: given.prover
    },
    { response, redirectUri: client.callback.redirectUri, verifier }
  )
  if (outcome.ok) return outcome.tokens
  const host = shown(discovery.server.issuer)
  if (outcome.detail !== 'invalid_client' || client.registration !== 'dynamic') throw explainFault(outcome, host)
  await given.onClientRefused()
  throw new TokentrayError(
    'clientRefused',
    `${host} no longer knows our client, which was forgotten; sign in again to register anew.`
  )
}

function grantOf(tokens: Tokens, { config, discovery, client, scope, prover }: CodeSignIn): NewGrant {
  const { redirectUri } = client.callback
  return newGrant(tokens, config, discovery, client, client.registration, scope, redirectUri, prover)
}

/** A grant with the shape of its requests; a reply without a scope granted the one asked for (RFC 6749 section 5.1). */
export function newGrant(
  tokens: Tokens,
  config: ServerConfig,
  { server, resource }: Pick<Discovery, 'server' | 'resource'>,
  { clientId, clientAuth, clientSecret }: Client,
  registration: NewGrant['shape']['registration'],
  scope: string | null,
  redirectUri: string | null,
  prover: Prover | null
): NewGrant {
  return {
    ...tokens,
    scope: tokens.scope ?? scope,
    shape: {
      issuer: server.issuer,
      tokenEndpoint: server.token_endpoint ?? null,
      revocationEndpoint: server.revocation_endpoint ?? null,
      resource: config.quirks.omitResource ? null : resource,
      clientId,
      clientAuth,
      clientSecret,
      registration,
      redirectUri,
      ...(prover && { dpopKey: prover.key })
    }
  }
}
