// A sign-in by device code as one piece of work: a client, a code to show, the wait for the person, and the grant.
// Nothing that works today is touched: the grant comes out at the end, unsaved.
import type { Clock } from '../base/clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/server.ts'
import { ClientUnfit } from './client.ts'
import { type DeviceClient, pollForTokens, requestDeviceCode } from './deviceRequest.ts'
import type { Discovery } from './discovery.ts'
import type { Prover } from './dpop.ts'
import { shown } from './metadata.ts'
import { newGrant } from './newGrant.ts'
import type { SignIn } from './port.ts'
import { parametersOf, type TokenRequest } from './tokenRequest.ts'

export type DeviceSignIn = {
  config: ServerConfig
  discovery: Discovery
  scope: string | null
  prover: Prover | null
  clock: Clock
  signal: AbortSignal
  /** `isFresh`: the client that is kept has turned out not to do. */
  obtainClient: (isFresh: boolean, signal: AbortSignal) => Promise<DeviceClient>
  /** The requests' surroundings, as of the moment one is sent. */
  request: () => Pick<TokenRequest, 'network' | 'context'>
  /** Called when there is a code to show. */
  onCode: () => void
  forgetClient: (client: DeviceClient) => Promise<void>
}

/** Resolves when there is a code to show. Rejects with TokentrayError or NetworkFault. */
export async function startDeviceSignIn(given: DeviceSignIn): Promise<SignIn> {
  const { config, discovery, scope, prover } = given
  const abort = new AbortController()
  const signal = AbortSignal.any([given.signal, abort.signal])
  const begin = async (isFresh: boolean) => {
    const client = await given.obtainClient(isFresh, signal)
    const request = (): TokenRequest => ({
      ...given.request(),
      server: discovery.server,
      client,
      parameters: parametersOf(config, discovery.resource),
      reach: discovery.reach,
      signal,
      prover
    })
    const device = await requestDeviceCode(request(), scope).catch((error: unknown) => {
      // It may have been registered for a neighbour's scopes, and is held to them (RFC 7591 section 2).
      const isHeld = client.isKept && error instanceof TokentrayError && error.code === 'scopeRefused'
      throw isHeld ? new ClientUnfit('invalid_scope') : error
    })
    return { client, request, device }
  }
  const { client, request, device } = await begin(false)
    .catch((error: unknown) => (error instanceof ClientUnfit ? begin(true) : Promise.reject(error)))
    .catch((error: unknown) => {
      throw error instanceof ClientUnfit ? refused(discovery, error) : error
    })
  given.onCode()
  const grant = pollForTokens(device, request, given).then(
    (tokens) => newGrant(tokens, config, discovery, client, client.registration, scope, null, prover),
    async (error: unknown) => {
      if (client.registration !== 'dynamic' || !(error instanceof TokentrayError && error.code === 'clientRefused'))
        throw error
      await given.forgetClient(client)
      throw new TokentrayError(
        'clientRefused',
        `${shown(discovery.server.issuer)} no longer knows our client, which was forgotten; sign in again to register anew.`
      )
    }
  )
  grant.catch(() => {})
  return {
    url: null,
    redirectUri: null,
    device: device.shown,
    grant,
    paste: () => Promise.reject(new TokentrayError('responseInvalid', 'This sign-in needs no address to be pasted.')),
    replaceClient: null,
    cancel: () => abort.abort(new TokentrayError('signInCancelled', 'The sign-in was cancelled.'))
  }
}

function refused({ server }: Discovery, { message }: ClientUnfit): TokentrayError {
  return new TokentrayError(
    'clientRefused',
    `${shown(server.issuer)} does not let this client sign in by device code (${message}); give it one that may.`
  )
}
