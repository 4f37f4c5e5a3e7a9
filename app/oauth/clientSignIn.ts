// A sign-in without a person: the client asks for its first token itself, as it will for each further one.
// Done within a moment, it is told like any other sign-in.
import type { AuthorizationServer } from 'oauth4webapi'
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/server.ts'
import type { Given, Means } from './context.ts'
import { explainFault } from './explain.ts'
import { newGrant } from './newGrant.ts'
import type { SignIn } from './port.ts'
import { preRegistered } from './registration.ts'
import { unionOf } from './scope.ts'
import { parametersOf, type TokenRequest } from './tokenRequest.ts'

export async function beginAlone(means: Means, config: ServerConfig, given: Given): Promise<SignIn> {
  if (!config.clientId)
    throw new TokentrayError(
      'signInFailed',
      `${config.name} signs in as a client of its own: give it that client's id.`
    )
  const abort = new AbortController()
  const signal = AbortSignal.any([given.signal, abort.signal])
  const network = means.networkOf(config)
  const { tokenEndpoint } = config
  const discovery = tokenEndpoint
    ? ({ server: pinned(tokenEndpoint), resource: null, scope: null, wantsDpop: false, reach: 'any' } as const)
    : await means.discovered(config, signal, given.onStep)
  const client = preRegistered(config, given.clientSecret, discovery.server)
  const scope = unionOf(config.scope ?? discovery.scope, config.addedScope)
  given.onStep('exchange')
  const prover = means.newProver(config, discovery)
  const request: TokenRequest = {
    network,
    server: discovery.server,
    client,
    parameters: parametersOf(config, discovery.resource),
    reach: discovery.reach,
    signal,
    context: means.replyContext(config, null),
    prover
  }
  const grant = means.askAlone(config, request, scope).then((outcome) => {
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

const noPaste = () =>
  Promise.reject(new TokentrayError('responseInvalid', 'This sign-in needs no address to be pasted.'))

const pinned = (endpoint: string): AuthorizationServer => ({ issuer: endpoint, token_endpoint: endpoint })
