// A sign-in by device code from start to end: obtain a client, show a code, wait for the person, make the grant.
// It stores nothing: the caller saves the grant that comes out at the end.
import type { Clock } from '../base/clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { ClientUnfit } from './client.ts'
import { type DeviceGrant, pollForTokens, requestDeviceCode } from './deviceRequest.ts'
import type { Discovery } from './discovery.ts'
import type { Prover } from './dpop.ts'
import type { NewGrant, Tokens } from './grant.ts'
import { shown } from './metadata.ts'
import { newGrant } from './newGrant.ts'
import type { SignIn } from './port.ts'
import { type RegisteredClient, scopeFor } from './registration.ts'
import { parametersOf, type TokenRequest } from './tokenRequest.ts'

export type DeviceSignInOptions = {
  config: ServerConfig
  discovery: Discovery
  scope: string | null
  prover: Prover | null
  clock: Clock
  signal: AbortSignal
  /** `isKeptDead`: the server does not accept the client that is kept. */
  obtainClient: (isKeptDead: boolean, signal: AbortSignal) => Promise<RegisteredClient>
  /** The rest of each request; asked for when one is sent, since it has the time of that moment. */
  request: () => Pick<TokenRequest, 'sendRequest' | 'context'>
  /** Called when there is a code to show. */
  onCode: () => void
  forgetClient: (client: RegisteredClient) => Promise<void>
  /** Keeps another way to authenticate that the server accepted. */
  rememberClient: (client: RegisteredClient) => Promise<void>
}

/** Resolves when there is a code to show. Rejects with TokentrayError or NetworkFault. */
export async function startDeviceSignIn(options: DeviceSignInOptions): Promise<SignIn> {
  const { config, discovery, prover } = options
  const abort = new AbortController()
  const signal = AbortSignal.any([options.signal, abort.signal])
  const begin = async (isKeptDead: boolean) => {
    const obtained = await options.obtainClient(isKeptDead, signal)
    let client = obtained
    const scope = scopeFor(client, options.scope)
    const request = (): TokenRequest => ({
      ...options.request(),
      server: discovery.server,
      client,
      parameters: parametersOf(config, discovery.resource),
      reach: discovery.reach,
      signal,
      prover
    })
    const takeOtherMethod = (): boolean => {
      const [clientAuth, ...otherMethods] = client.otherMethods
      if (clientAuth !== undefined) client = { ...client, clientAuth, otherMethods }
      return clientAuth !== undefined
    }
    // No code is given out to a client that is refused, so the other ways to send the secret cost nobody anything.
    const requestCode = (): Promise<DeviceGrant> =>
      requestDeviceCode(request(), scope).catch((error: unknown) => {
        if (!(error instanceof ClientUnfit) || !takeOtherMethod()) throw error
        return requestCode()
      })
    const device = await requestCode().catch((error: unknown) => {
      // The client may have been registered for another MCP server's scopes; some servers hold it to them (RFC 7591 section 2).
      const isHeld = client.isKept && error instanceof TokentrayError && error.code === 'scopeRefused'
      throw isHeld ? new ClientUnfit('invalid_scope') : error
    })
    // A device code is made to be sent many times (RFC 8628 section 3.4), unlike one from a browser.
    const poll = (): Promise<Tokens> =>
      pollForTokens(device, request, options).catch((error: unknown) => {
        if (!isClientRefused(error) || !takeOtherMethod()) throw error
        return poll()
      })
    const finish = async (): Promise<NewGrant> => {
      const tokens = await poll()
      const grant = newGrant({ tokens, config, discovery, client, scope, prover })
      if (client === obtained) return grant
      // Where it cannot be kept, the next sign-in finds it out again; the tokens that just came must not be lost for that.
      await options.rememberClient(client).catch(() => {})
      return { ...grant, learned: { clientAuth: client.clientAuth } }
    }
    return { client, device, finish }
  }
  const { client, device, finish } = await begin(false)
    .catch((error: unknown) => (error instanceof ClientUnfit ? begin(true) : Promise.reject(error)))
    .catch((error: unknown) => {
      throw error instanceof ClientUnfit ? refused(discovery, error) : error
    })
  options.onCode()
  const grant = finish().catch(async (error: unknown): Promise<never> => {
    if (client.registration !== 'dynamic' || !isClientRefused(error)) throw error
    await options.forgetClient(client)
    throw new TokentrayError(
      'clientRefused',
      `${shown(discovery.server.issuer)} no longer recognizes Tokentray's client, so its registration was deleted here. Sign in again to register a new one.`
    )
  })
  grant.catch(() => {})
  return {
    url: null,
    redirectUri: null,
    device: device.shown,
    grant,
    paste: () => Promise.reject(new TokentrayError('responseInvalid', 'This sign-in does not need a pasted URL.')),
    replaceClient: null,
    cancel: () => abort.abort(new TokentrayError('signInCancelled', 'The sign-in was cancelled.'))
  }
}

const isClientRefused = (error: unknown) => error instanceof TokentrayError && error.code === 'clientRefused'

function refused({ server }: Discovery, { message }: ClientUnfit): TokentrayError {
  return new TokentrayError(
    'clientRefused',
    `${shown(server.issuer)} does not allow this client to sign in with a device code (${message}). Use a client that is allowed to.`
  )
}
