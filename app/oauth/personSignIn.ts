// A sign-in that takes a person: in a browser with a code, or by device code where that is offered and wanted.
// It begins here; signIn.ts and deviceSignIn.ts carry it out.
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/server.ts'
import { checkPkce, startCodeSignIn } from './codeSignIn.ts'
import type { Given, Means } from './context.ts'
import { offersDeviceCode } from './deviceRequest.ts'
import { startDeviceSignIn } from './deviceSignIn.ts'
import type { Discovery } from './discovery.ts'
import { explainError } from './explain.ts'
import type { SignIn } from './port.ts'
import { withKnown } from './quirks.ts'
import { obtainClient, obtainDeviceClient, registerAnew } from './registration.ts'
import { chooseScope } from './scope.ts'
import { nameAccount } from './userinfo.ts'

export async function beginWithPerson(means: Means, config: ServerConfig, given: Given): Promise<SignIn> {
  const { onStep, signal, device } = given
  const discovery = await means.discovered(config, signal, onStep)
  const { server } = discovery
  const offered = offersDeviceCode(discovery)
  const propose = (error: unknown) => Promise.reject(withKnown(explainError(error), config, server.issuer))
  if (device === 'always' && !offered)
    throw new TokentrayError(
      'signInFailed',
      `${server.issuer} offers no sign-in by device code; sign in with a browser instead.`
    )
  if (offered && (device || !server.authorization_endpoint))
    return named(means, await beginDevice(means, config, discovery, given).catch(propose), config, discovery, signal)
  if (!server.authorization_endpoint)
    throw new TokentrayError(
      'metadataInvalid',
      `${server.issuer} has no authorization endpoint, so no one can sign in there; tell its operator.`
    )
  // One page at a time: behind the first, the others mostly need no more than a redirect, in the session that it began.
  await given.turn?.(server.issuer)
  const begun = await beginCode(means, config, discovery, given).catch(propose)
  return named(means, begun, config, discovery, signal)
}

function named(means: Means, signIn: SignIn, config: ServerConfig, discovery: Discovery, signal: AbortSignal): SignIn {
  const { clock, nonces } = means
  const surroundings = { network: means.networkOf(config), clock, nonces, signal }
  const grant = signIn.grant.then((found) => nameAccount(found, discovery, surroundings))
  grant.catch(() => {})
  return { ...signIn, grant }
}

function beginDevice(means: Means, config: ServerConfig, discovery: Discovery, given: Given): Promise<SignIn> {
  const { clock, now, registrations, clientMetadataUrl } = means
  const network = means.networkOf(config)
  const scope = chooseScope(config, discovery)
  given.onStep('registration')
  return startDeviceSignIn({
    config,
    discovery,
    scope,
    prover: means.newProver(config, discovery),
    clock,
    signal: given.signal,
    obtainClient: (isFresh, signal) => {
      const context = { network, now, registrations, clientMetadataUrl, signal }
      return means.oneAtATime(discovery.server.issuer, () =>
        obtainDeviceClient(
          config,
          given.clientSecret,
          discovery,
          scope,
          context,
          isFresh || given.isClientDead === true
        )
      )
    },
    request: () => ({ network, context: means.replyContext(config, null) }),
    onCode: () => given.onStep('browser'),
    forgetClient: ({ clientId }) => registrations.forgetRegistration(discovery.server.issuer, clientId)
  })
}

async function beginCode(
  means: Means,
  config: ServerConfig,
  discovery: Discovery,
  { clientSecret, onStep, onReplaced = () => {}, signal, isProfile = false, isClientDead = false }: Given
): Promise<SignIn> {
  const { now, registrations, openCallback, clientMetadataUrl } = means
  const { issuer } = discovery.server
  checkPkce(config, discovery)
  onStep('registration')
  const scope = chooseScope(config, discovery)
  const context = { network: means.networkOf(config), now, registrations, openCallback, clientMetadataUrl, signal }
  const client = await means.oneAtATime(issuer, () =>
    obtainClient(config, clientSecret, discovery, scope, context, isClientDead)
  )
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
    prover: means.newProver(config, discovery),
    isProfile,
    onExchange: () => onStep('exchange'),
    request: () => ({ network: means.networkOf(config), signal, context: means.replyContext(config, null) }),
    watch: (end) => watch(means, signal, end),
    async registerAnew(old) {
      onStep('registration')
      const registering = means.oneAtATime(issuer, () => registerAnew(old, discovery, scope, context))
      const made = await registering.catch((error: unknown) => Promise.reject(explainError(error)))
      onStep('browser')
      return made
    },
    onReplaced,
    forgetClient: ({ clientId }) => registrations.forgetRegistration(issuer, clientId)
  })
}

function watch({ clock, signInLimit }: Means, signal: AbortSignal, end: (error: TokentrayError) => void): () => void {
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

const cancelled = () => new TokentrayError('signInCancelled', 'The sign-in was cancelled.')
