// Begins a sign-in that needs a person: with a browser on this machine, or by device code where that is offered and wanted.
// codeSignIn.ts and deviceSignIn.ts carry it out.
import { onAbort } from '../base/abort.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { siteOf } from '../net/site.ts'
import { type CodeSignInOptions, checkPkce, startCodeSignIn } from './codeSignIn.ts'
import type { OAuthContext, SignInRequest } from './context.ts'
import { offersDeviceCode } from './deviceRequest.ts'
import { startDeviceSignIn } from './deviceSignIn.ts'
import type { Discovery } from './discovery.ts'
import { explainError } from './explain.ts'
import { deleteClient } from './management.ts'
import type { SignIn } from './port.ts'
import { withKnown } from './quirks.ts'
import {
  obtainClient,
  type RegisteredClient,
  type RegistrationContext,
  registerAnew,
  rememberClient
} from './registration.ts'
import { chooseScope } from './scope.ts'
import { nameAccount } from './userinfo.ts'

export async function beginWithPerson(
  context: OAuthContext,
  config: ServerConfig,
  request: SignInRequest
): Promise<SignIn> {
  const { onStep, signal, grantIssuer } = request
  // Which authorization server it is, is settled before a browser opens: a code of one must not be taken to another.
  const begin = await context.discovered(config, { signal, onStep, grantIssuer }, (discovery, hasOthers) =>
    prepare(context, config, discovery, { ...request, hasOthers })
  )
  return begin()
}

/** Resolves with what begins the sign-in at this authorization server, once everything is there that it needs. */
async function prepare(
  context: OAuthContext,
  config: ServerConfig,
  discovery: Discovery,
  request: SignInRequest & { hasOthers: boolean }
): Promise<() => Promise<SignIn>> {
  const { signal, device, hasOthers } = request
  const { server } = discovery
  const offered = offersDeviceCode(discovery)
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
  const propose = (error: unknown) => Promise.reject(withKnown(error, config, server.issuer))
  // First what shows without a request: nobody is asked about the site of a server that cannot be used.
  if (!isDevice) checkPkce(config, discovery)
  if (hasOthers && !(await mayHaveClient(context, config, discovery, isDevice)))
    throw new TokentrayError(
      'registrationUnsupported',
      `None of the authorization servers of ${config.name} offers automatic client registration. Use your own client.`
    )
  request.checkEndpoints?.({ issuer: server.issuer, authorization, token: server.token_endpoint ?? '' })
  const named = async (begun: Promise<SignIn>) =>
    withAccount(context, await begun.catch((error) => propose(explainError(error))), config, discovery, signal)
  if (isDevice) return () => named(beginDevice(context, config, discovery, request))
  // One page at a time: after the first sign-in the browser has a session there, and the next ones often need only a redirect.
  await request.turn?.(server.issuer)
  const begin = await prepareCode(context, config, discovery, request).catch(propose)
  return () => named(begin())
}

/** Whether there is a way to a client at this authorization server. */
async function mayHaveClient(
  { clientMetadataUrl, registrations }: OAuthContext,
  { clientId, redirectHost, url }: ServerConfig,
  { server }: Discovery,
  isDevice: boolean
): Promise<boolean> {
  const hasDocument = clientMetadataUrl !== null && server.client_id_metadata_document_supported === true
  if (clientId !== undefined || hasDocument || server.registration_endpoint) return true
  return (await registrations.registration(server.issuer, isDevice ? '' : redirectHost, siteOf(url))) !== null
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
  const { clock } = context
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
    rememberClient: (client) =>
      rememberClient(client, discovery.server.issuer, registrationContext(context, config, request.signal)),
    forgetClient: (client) => forgetClient(context, config, discovery, client)
  })
}

/** Resolves with what asks for a code, once there is a client. Rejects with TokentrayError or NetworkFault. */
async function prepareCode(
  context: OAuthContext,
  config: ServerConfig,
  discovery: Discovery,
  {
    clientSecret,
    onStep,
    onReplaced = () => {},
    onAskedAgain = () => {},
    onStray = () => {},
    signal,
    isProfile = false,
    isClientDead = false
  }: SignInRequest
): Promise<() => Promise<SignIn>> {
  const { issuer } = discovery.server
  onStep('registration')
  const scope = chooseScope(config, discovery)
  const registering = registrationContext(context, config, signal)
  const wanted = { slot: config.redirectHost, config, clientSecret, discovery, scope, isKeptDead: isClientDead }
  const client = await context.oneAtATime(issuer, () => obtainClient(wanted, registering))
  if (signal.aborted) {
    client.callback.close()
    throw cancelled()
  }
  const options: CodeSignInOptions = {
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
    async registerAnew(old, needsSecret) {
      onStep('registration')
      const made = await context
        .oneAtATime(issuer, () => registerAnew(old, discovery, scope, needsSecret, registering))
        .catch((error: unknown) => Promise.reject(explainError(error)))
      onStep('browser')
      return made
    },
    onReplaced,
    onStray,
    onAskedAgain(url) {
      onStep('browser')
      onAskedAgain(url)
    },
    rememberClient: (client) => rememberClient(client, issuer, registering),
    forgetClient: (client) => forgetClient(context, config, discovery, client)
  }
  return () => {
    onStep('browser')
    return startCodeSignIn(options)
  }
}

/** Forgets a client that its server refuses; one that was registered just now is deleted there, as no grant can use it. */
async function forgetClient(
  context: OAuthContext,
  config: ServerConfig,
  { server: { issuer } }: Discovery,
  { clientId, management }: RegisteredClient
): Promise<void> {
  await context.registrations.forgetRegistration(issuer, clientId)
  // Not the sign-in's own signal: a person who cancels now has no use for the client either.
  if (management) await deleteClient(issuer, management, context.sendRequestFor(config), new AbortController().signal)
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
