// Begins a sign-in that needs a person: with a browser on this machine, or by device code where that is offered and wanted.
// codeSignIn.ts and deviceSignIn.ts carry it out.
import { onAbort } from '../base/abort.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { siteOf } from '../net/site.ts'
import { checkPkce, startCodeSignIn } from './codeSignIn.ts'
import type { OAuthContext, SignInRequest } from './context.ts'
import { offersDeviceCode } from './deviceRequest.ts'
import { startDeviceSignIn } from './deviceSignIn.ts'
import type { Discovery } from './discovery.ts'
import { explainError } from './explain.ts'
import type { SignIn } from './port.ts'
import { withKnown } from './quirks.ts'
import { obtainClient, type RegistrationContext, registerAnew } from './registration.ts'
import { chooseScope } from './scope.ts'
import { nameAccount } from './userinfo.ts'

export async function beginWithPerson(
  context: OAuthContext,
  config: ServerConfig,
  request: SignInRequest
): Promise<SignIn> {
  const { onStep, signal, device } = request
  const discovery = await context.discovered(config, signal, onStep)
  const { server } = discovery
  const offered = offersDeviceCode(discovery)
  const propose = (error: unknown) => Promise.reject(withKnown(explainError(error), config, server.issuer))
  if (device === 'always' && !offered)
    throw new TokentrayError(
      'signInFailed',
      `${server.issuer} does not offer device code sign-in. Sign in with a browser instead.`
    )
  const isDevice = offered && Boolean(device || !server.authorization_endpoint)
  const authorization = isDevice ? server.device_authorization_endpoint : server.authorization_endpoint
  if (!authorization)
    throw new TokentrayError(
      'metadataInvalid',
      `${server.issuer} has no authorization endpoint, so nobody can sign in. Contact its operator.`
    )
  request.checkEndpoints?.({ issuer: server.issuer, authorization, token: server.token_endpoint ?? '' })
  if (isDevice)
    return withAccount(
      context,
      await beginDevice(context, config, discovery, request).catch(propose),
      config,
      discovery,
      signal
    )
  // One page at a time: after the first sign-in the browser has a session there, and the next ones often need only a redirect.
  await request.turn?.(server.issuer)
  const begun = await beginCode(context, config, discovery, request).catch(propose)
  return withAccount(context, begun, config, discovery, signal)
}

function withAccount(
  context: OAuthContext,
  signIn: SignIn,
  config: ServerConfig,
  discovery: Discovery,
  signal: AbortSignal
): SignIn {
  const { clock, nonces } = context
  const surroundings = { sendRequest: context.sendRequestFor(config), clock, nonces, signal }
  const grant = signIn.grant.then((found) => nameAccount(found, discovery, surroundings))
  grant.catch(() => {})
  return { ...signIn, grant }
}

function beginDevice(
  context: OAuthContext,
  config: ServerConfig,
  discovery: Discovery,
  request: SignInRequest
): Promise<SignIn> {
  const { clock, registrations } = context
  const sendRequest = context.sendRequestFor(config)
  const scope = chooseScope(config, discovery)
  request.onStep('registration')
  return startDeviceSignIn({
    config,
    discovery,
    scope,
    prover: context.newProver(config, discovery),
    clock,
    signal: request.signal,
    obtainClient: (isKeptDead, signal) => {
      const wanted = {
        slot: 'device' as const,
        config,
        clientSecret: request.clientSecret,
        discovery,
        scope,
        isKeptDead: isKeptDead || request.isClientDead === true
      }
      const registering = registrationContext(context, config, signal)
      return context.oneAtATime(discovery.server.issuer, () => obtainClient(wanted, registering))
    },
    request: () => ({ sendRequest, context: context.replyContext(config, null) }),
    onCode: () => request.onStep('browser'),
    forgetClient: ({ clientId }) => registrations.forgetRegistration(discovery.server.issuer, clientId)
  })
}

async function beginCode(
  context: OAuthContext,
  config: ServerConfig,
  discovery: Discovery,
  { clientSecret, onStep, onReplaced = () => {}, signal, isProfile = false, isClientDead = false }: SignInRequest
): Promise<SignIn> {
  const { issuer } = discovery.server
  checkPkce(config, discovery)
  onStep('registration')
  const scope = chooseScope(config, discovery)
  const registering = registrationContext(context, config, signal)
  const wanted = { slot: config.redirectHost, config, clientSecret, discovery, scope, isKeptDead: isClientDead }
  const client = await context.oneAtATime(issuer, () => obtainClient(wanted, registering))
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
    prover: context.newProver(config, discovery),
    isProfile,
    onExchange: () => onStep('exchange'),
    request: () => ({
      sendRequest: context.sendRequestFor(config),
      signal,
      context: context.replyContext(config, null)
    }),
    watch: (end) => watch(context, signal, end),
    async registerAnew(old) {
      onStep('registration')
      const made = await context
        .oneAtATime(issuer, () => registerAnew(old, discovery, scope, registering))
        .catch((error: unknown) => Promise.reject(explainError(error)))
      onStep('browser')
      return made
    },
    onReplaced,
    forgetClient: ({ clientId }) => context.registrations.forgetRegistration(issuer, clientId)
  })
}

function registrationContext(context: OAuthContext, config: ServerConfig, signal: AbortSignal): RegistrationContext {
  const { now, registrations, openCallback, clientMetadataUrl } = context
  const site = siteOf(config.url)
  const sendRequest = context.sendRequestFor(config)
  return { sendRequest, now, registrations, site, openCallback, clientMetadataUrl, signal }
}

function watch(
  { clock, signInTimeoutMs }: OAuthContext,
  signal: AbortSignal,
  end: (error: TokentrayError) => void
): () => void {
  const late = () =>
    end(new TokentrayError('signInFailed', 'The sign-in was not completed in time. Start it again when you are ready.'))
  const cancelTimer = clock.after(signInTimeoutMs, late)
  const stopListening = onAbort(signal, () => end(cancelled()))
  return () => {
    cancelTimer()
    stopListening()
  }
}

const cancelled = () => new TokentrayError('signInCancelled', 'The sign-in was cancelled.')
