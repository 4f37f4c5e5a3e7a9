// A sign-in without a person, by client credentials or an assertion: the client requests its first token like each later one.
// It needs no address and no code, and otherwise behaves like every other sign-in.
import type { AuthorizationServer } from 'oauth4webapi'
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { Client } from './client.ts'
import type { OAuthContext, SignInRequest } from './context.ts'
import type { Discovery } from './discovery.ts'
import { explainFault } from './explain.ts'
import type { NewGrant } from './grant.ts'
import { newGrant } from './newGrant.ts'
import type { SignIn } from './port.ts'
import { preRegistered } from './registration.ts'
import { unionOf } from './scope.ts'
import { parametersOf, type TokenRequest } from './tokenRequest.ts'

export async function beginAlone(
  context: OAuthContext,
  config: ServerConfig,
  signInRequest: SignInRequest
): Promise<SignIn> {
  if (!config.clientId)
    throw new TokentrayError('signInFailed', `${config.name} signs in as an OAuth client. Set its client ID.`)
  const { clientSecret, onStep, grantIssuer } = signInRequest
  const abort = new AbortController()
  const signal = AbortSignal.any([signInRequest.signal, abort.signal])
  const sendRequest = context.sendRequestFor(config)
  const { tokenEndpoint } = config
  const found = (discovery: ClientDiscovery) => ({
    discovery,
    client: preRegistered(config, clientSecret, discovery.server)
  })
  const { discovery, client } = tokenEndpoint
    ? found({ server: pinned(tokenEndpoint), resource: null, scope: null, wantsDpop: false, reach: 'any' })
    : await context.discovered(config, { signal, onStep, grantIssuer }, async (one) => found(one))
  const scope = unionOf(config.scope ?? discovery.scope, config.addedScope)
  onStep('exchange')
  const prover = context.newProver(config, discovery)
  const requestAs = (as: Client): TokenRequest => ({
    sendRequest,
    server: discovery.server,
    client: as,
    parameters: parametersOf(config, discovery.resource),
    reach: discovery.reach,
    signal,
    context: context.replyContext(config, null),
    prover
  })
  const ask = async () => {
    const outcome = await context.askAlone(config, requestAs(client), scope)
    const [clientAuth] = client.otherMethods
    const isOther = !outcome.ok && outcome.detail === 'invalid_client' && config.grantKind === 'clientCredentials'
    if (!isOther || clientAuth === undefined) return { outcome, client, learned: {} }
    // The server may read the secret only where the other method puts it. No code is spent by asking once more.
    const other = { ...client, clientAuth }
    return { outcome: await context.askAlone(config, requestAs(other), scope), client: other, learned: { clientAuth } }
  }
  const grant = ask().then(({ outcome, client, learned }): NewGrant => {
    if (outcome.ok)
      return { ...newGrant({ tokens: outcome.tokens, config, discovery, client, scope, prover }), learned }
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

type ClientDiscovery = Omit<Discovery, 'documented'>

const noPaste = () => Promise.reject(new TokentrayError('responseInvalid', 'This sign-in does not need a pasted URL.'))

const pinned = (endpoint: string): AuthorizationServer => ({ issuer: endpoint, token_endpoint: endpoint })
