// The OAuth port, made of discovery, registration, sign-in, grants and revocation.
// State and verifier come from the system's secure random source (by oauth4webapi), never from the injected dice.
import type { AuthorizationServer } from 'oauth4webapi'
import type { Clock } from '../clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/server.ts'
import { renewsAlone } from '../facts.ts'
import type { Secret } from '../secret.ts'
import type { Grant, RequestShape } from '../vault/vault.ts'
import { assertionReader, type ReadAssertion } from './assertion.ts'
import { createCallbacks } from './callback.ts'
import { offersDeviceCode } from './device.ts'
import { startDeviceSignIn } from './deviceSignIn.ts'
import { type Discovery, discover } from './discovery.ts'
import { type Bearable, credentialsFor, Nonces, type Prover } from './dpop.ts'
import { explainError, explainFault } from './explain.ts'
import {
  askWithClientCredentials,
  lastLifetimeOf,
  misconfigured,
  parametersOf,
  refresh,
  serverOf,
  type TokenRequest
} from './grants.ts'
import { introspect } from './introspection.ts'
import { askWithAssertion } from './jwtBearer.ts'
import { makeKey } from './keys.ts'
import { deleteClient } from './management.ts'
import { type Network, NetworkFault } from './network.ts'
import type { OAuth, SignIn, TokenOutcome } from './port.ts'
import { createQueue } from './queue.ts'
import { withKnown } from './quirks.ts'
import { obtainClient, obtainDeviceClient, preRegistered, type Registrations, registerAnew } from './registration.ts'
import { revokeGrant } from './revocation.ts'
import { checkPkce, chooseScope, newGrant, renewedScope, startCodeSignIn, unionOf } from './signIn.ts'
import { nameAccount } from './userinfo.ts'
import { type Verification, verifyToken } from './verify.ts'

/** `guessedLifetime` and `signInLimit` in ms. */
export type OAuthOptions = {
  network: Network
  clock: Clock
  registrations: Registrations
  guessedLifetime?: number
  signInLimit?: number
  clientMetadataUrl?: string | null
  /** For jwtBearer; absent: with an empty environment for commands. */
  readAssertion?: ReadAssertion
}

type Given = Parameters<OAuth['beginSignIn']>[1]

export function createOAuth(options: OAuthOptions): OAuth {
  const { clock, registrations } = options
  const { signInLimit = 600_000, clientMetadataUrl = null, readAssertion = assertionReader({}) } = options
  const now = () => clock.now()
  /** With the server's client certificate; the bare network has no name here, so that nothing goes without. */
  const networkOf = ({ clientCertificate: certificate }: ServerConfig): Network =>
    certificate ? (url, request) => options.network(url, { ...request, certificate }) : options.network
  const discovered = (config: ServerConfig, signal: AbortSignal, onStep: Given['onStep'] = () => {}) =>
    discover(config.url, { network: networkOf(config), now, signal, quirks: config.quirks, onStep })
  const openCallback = createCallbacks()
  const nonces = new Nonces()
  const oneAtATime = createQueue()
  const replyContext = (config: ServerConfig, lastLifetime: number | null) => ({
    at: now(),
    lastLifetime,
    guessedLifetime: config.schedule.guessedLifetime ?? options.guessedLifetime ?? 3_600_000
  })

  const proverWith = (key: Secret): Prover => ({ key, nonces, clock })
  /** A key for a new grant, where the server asks for it or a person chose it. */
  function newProver(config: ServerConfig, { server, wantsDpop }: Pick<Discovery, 'server' | 'wantsDpop'>) {
    const isKnown = server.dpop_signing_alg_values_supported?.includes('ES256')
    return (config.dpop ?? (wantsDpop && isKnown)) ? proverWith(makeKey()) : null
  }

  async function renew(config: ServerConfig, grant: Grant, signal: AbortSignal): Promise<TokenOutcome> {
    if (config.grantKind === 'staticToken') return misconfigured('static_token')
    const found = await endpointOf(config, grant, signal)
    if ('ok' in found) return found
    const { shape } = grant
    const clientId = shape.clientId ?? config.clientId
    if (!clientId) return misconfigured('client_id_missing')
    const request: TokenRequest = {
      network: networkOf(config),
      server: found.server,
      client: { clientId, clientAuth: shape.clientAuth, clientSecret: shape.clientSecret },
      parameters: parametersOf(config, found.resource),
      reach: 'any',
      signal,
      context: replyContext(config, lastLifetimeOf(grant)),
      prover: shape.dpopKey ? proverWith(shape.dpopKey) : null
    }
    if (renewsAlone(config)) return askAlone(config, request, renewedScope(config, grant.scope))
    const outcome = await refresh(request, grant)
    // The grant keeps its own copy of the client; what goes is only what the next sign-in would start from (FM-13).
    if (!outcome.ok && outcome.detail === 'invalid_client' && shape.registration === 'dynamic')
      await forgetRegistration(shape).catch(() => {})
    return outcome
  }

  /** The token endpoint of the grant, of the settings, or discovered each time, since there is nowhere to keep it. */
  async function endpointOf(
    config: ServerConfig,
    { shape }: Grant,
    signal: AbortSignal
  ): Promise<Pick<Discovery, 'server' | 'resource'> | Extract<TokenOutcome, { ok: false }>> {
    const endpoint = shape.tokenEndpoint ?? config.tokenEndpoint
    if (endpoint) return { server: serverOf(shape, endpoint), resource: shape.resource }
    try {
      return await discovered(config, signal)
    } catch (error) {
      // The refresh token was not sent, so it cannot have been spent: a lost metadata reply is only a busy server.
      if (error instanceof NetworkFault) {
        const { fault, detail, retryAfter } = error
        return { ok: false, fault: fault === 'lost' ? 'busy' : fault, detail, retryAfter }
      }
      const detail = error instanceof TokentrayError ? error.code : 'discovery_failed'
      return { ok: false, fault: 'misconfigured', detail, retryAfter: null }
    }
  }

  async function beginSignIn(config: ServerConfig, given: Given): Promise<SignIn> {
    try {
      if (renewsAlone(config)) return await beginAlone(config, given)
      if (config.grantKind !== 'authorizationCode') throw pastedAgain(config)
      return await beginWithPerson(config, given)
    } catch (error) {
      throw explainError(error)
    }
  }

  async function beginWithPerson(config: ServerConfig, given: Given): Promise<SignIn> {
    const { onStep, signal, device } = given
    const discovery = await discovered(config, signal, onStep)
    const { server } = discovery
    const offered = offersDeviceCode(discovery)
    if (device === 'always' && !offered)
      throw new TokentrayError(
        'signInFailed',
        `${server.issuer} offers no sign-in by device code; sign in with a browser instead.`
      )
    if (offered && (device || !server.authorization_endpoint))
      return named(await beginDevice(config, discovery, given), config, discovery, signal)
    if (!server.authorization_endpoint)
      throw new TokentrayError(
        'metadataInvalid',
        `${server.issuer} has no authorization endpoint, so no one can sign in there; tell its operator.`
      )
    // One page at a time: behind the first, the others mostly need no more than a redirect, in the session that it began.
    await given.turn?.(server.issuer)
    const begun = await beginCode(config, discovery, given).catch((error: unknown) => {
      throw withKnown(explainError(error), config, server.issuer)
    })
    return named(begun, config, discovery, signal)
  }

  function named(signIn: SignIn, config: ServerConfig, discovery: Discovery, signal: AbortSignal): SignIn {
    const surroundings = { network: networkOf(config), clock, nonces, signal }
    const grant = signIn.grant.then((found) => nameAccount(found, discovery, surroundings))
    grant.catch(() => {})
    return { ...signIn, grant }
  }

  function beginDevice(config: ServerConfig, discovery: Discovery, given: Given): Promise<SignIn> {
    const network = networkOf(config)
    const scope = chooseScope(config, discovery)
    given.onStep('registration')
    return startDeviceSignIn({
      config,
      discovery,
      scope,
      prover: newProver(config, discovery),
      clock,
      signal: given.signal,
      obtainClient: (isFresh, signal) => {
        const context = { network, now, registrations, clientMetadataUrl, signal }
        return oneAtATime(discovery.server.issuer, () =>
          obtainDeviceClient(config, given.clientSecret, discovery, scope, context, isFresh)
        )
      },
      request: () => ({ network, context: replyContext(config, null) }),
      onCode: () => given.onStep('browser'),
      forgetClient: ({ clientId }) => registrations.forgetRegistration(discovery.server.issuer, clientId)
    })
  }

  async function beginCode(
    config: ServerConfig,
    discovery: Discovery,
    { clientSecret, onStep, onReplaced = () => {}, signal, isProfile = false }: Given
  ): Promise<SignIn> {
    const { issuer } = discovery.server
    checkPkce(config, discovery)
    onStep('registration')
    const scope = chooseScope(config, discovery)
    const context = { network: networkOf(config), now, registrations, openCallback, clientMetadataUrl, signal }
    const client = await oneAtATime(issuer, () => obtainClient(config, clientSecret, discovery, scope, context))
    if (signal.aborted) {
      client.callback.close()
      throw cancelled()
    }
    onStep('browser')
    return startCodeSignIn({
      config,
      discovery,
      client,
      scope,
      prover: newProver(config, discovery),
      isProfile,
      onExchange: () => onStep('exchange'),
      request: () => ({ network: networkOf(config), signal, context: replyContext(config, null) }),
      watch: (end) => watch(signal, end),
      async registerAnew(old) {
        onStep('registration')
        const registering = oneAtATime(issuer, () => registerAnew(old, discovery, scope, context))
        const made = await registering.catch((error: unknown) => Promise.reject(explainError(error)))
        onStep('browser')
        return made
      },
      onReplaced,
      forgetClient: ({ clientId }) => registrations.forgetRegistration(issuer, clientId)
    })
  }

  function watch(signal: AbortSignal, end: (error: TokentrayError) => void): () => void {
    const aborted = () => end(cancelled())
    const late = () =>
      end(new TokentrayError('signInFailed', 'No one finished the sign-in in time; start it again when you are ready.'))
    const stop = clock.after(signInLimit, late)
    signal.addEventListener('abort', aborted, { once: true })
    return () => {
      stop()
      signal.removeEventListener('abort', aborted)
    }
  }

  function askAlone(config: ServerConfig, request: TokenRequest, scope: string | null): Promise<TokenOutcome> {
    if (config.grantKind === 'jwtBearer') return askWithAssertion(request, config, scope, readAssertion)
    return askWithClientCredentials(request, scope)
  }

  async function beginAlone(config: ServerConfig, given: Given): Promise<SignIn> {
    if (!config.clientId)
      throw new TokentrayError(
        'signInFailed',
        `${config.name} signs in as a client of its own: give it that client's id.`
      )
    const abort = new AbortController()
    const signal = AbortSignal.any([given.signal, abort.signal])
    const network = networkOf(config)
    const { tokenEndpoint } = config
    const discovery = tokenEndpoint
      ? ({ server: pinned(tokenEndpoint), resource: null, scope: null, wantsDpop: false, reach: 'any' } as const)
      : await discovered(config, signal, given.onStep)
    const client = preRegistered(config, given.clientSecret, discovery.server)
    const scope = unionOf(config.scope ?? discovery.scope, config.addedScope)
    given.onStep('exchange')
    const prover = newProver(config, discovery)
    const request: TokenRequest = {
      network,
      server: discovery.server,
      client,
      parameters: parametersOf(config, discovery.resource),
      reach: discovery.reach,
      signal,
      context: replyContext(config, null),
      prover
    }
    const grant = askAlone(config, request, scope).then((outcome) => {
      if (outcome.ok) return newGrant(outcome.tokens, config, discovery, client, 'preRegistered', scope, null, prover)
      throw explainFault(outcome, URL.parse(discovery.server.token_endpoint ?? '')?.host ?? config.name, 'the client')
    })
    grant.catch(() => {})
    return {
      url: null,
      redirectUri: null,
      device: null,
      grant,
      paste: noPaste,
      replaceClient: null,
      cancel: () => abort.abort()
    }
  }

  async function verify(
    config: ServerConfig,
    token: Bearable,
    shape: RequestShape | null,
    signal: AbortSignal
  ): Promise<Verification> {
    const network = networkOf(config)
    const credentials = (method: string, at: string) => credentialsFor(token, { nonces, clock }, method, at)
    const noteNonce = (nonce: string | null) => nonces.note(config.url, nonce)
    const found = await verifyToken(network, config.url, credentials, { signal, noteNonce })
    if (found.verdict !== 'unknown' || !shape?.issuer) return found
    const discovery = await discovered(config, signal).catch(() => null)
    const active = discovery && (await introspect(token.accessToken, shape, discovery, { network, at: now(), signal }))
    const who = URL.parse(shape.issuer)?.host ?? 'Its authorization server'
    if (active === false) return { verdict: 'rejected', sentence: `${who} says that the token is no longer valid.` }
    return active ? { ...found, sentence: `${found.sentence} ${who} says that the token is valid.` } : found
  }

  async function forgetRegistration({ issuer, clientId }: RequestShape): Promise<void> {
    if (issuer !== null && clientId !== null) await registrations.forgetRegistration(issuer, clientId)
  }

  return {
    renew,
    beginSignIn,
    verify,
    revoke: (config, grant, signal) => revokeGrant(grant, networkOf(config), now(), signal),
    forgetRegistration: (grant) => forgetRegistration(grant.shape),
    deleteClient: (config, issuer, management, signal) => deleteClient(issuer, management, networkOf(config), signal),
    credentials: (token, method, url) => credentialsFor(token, { nonces, clock }, method, url),
    noteNonce: (url, nonce) => nonces.note(url, nonce)
  }
}

const noPaste = () =>
  Promise.reject(new TokentrayError('responseInvalid', 'This sign-in needs no address to be pasted.'))

const cancelled = () => new TokentrayError('signInCancelled', 'The sign-in was cancelled.')

const pinned = (endpoint: string): AuthorizationServer => ({ issuer: endpoint, token_endpoint: endpoint })

function pastedAgain({ name, grantKind }: ServerConfig): TokentrayError {
  const what = grantKind === 'staticToken' ? 'token' : 'refresh token'
  return new TokentrayError(
    'signInFailed',
    `${name} lives on a pasted ${what}, so there is no sign-in: give it a new one.`
  )
}
