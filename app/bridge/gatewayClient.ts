// The bridge's HTTP client for the gateway: gets a new address and key when the key is refused or the gateway restarted.
// A request is repeated only if it certainly did not arrive, or if doing it twice is harmless.
import type { IncomingMessage } from 'node:http'
import { type Clock, sleep } from '../base/clock.ts'
import { expose, type Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import { maxRedirects, readRedirect } from '../net/redirects.ts'
import { Cut, headerOf, openWire, type WireRequest } from './wire.ts'

export type GatewayAccess = { url: string; key: Secret }

export type GatewayClientOptions = {
  /** The gateway's address and a key; called again when these no longer work. Rejects TokentrayError. */
  obtainAccess(): Promise<GatewayAccess>
  clock: Clock
  log(sentence: string): void
}

export type GatewayRequest = {
  /** Called at each attempt: the session may be a new one by then. */
  headers: () => Record<string, string>
  body?: string
  /** Where to, if not to the gateway's URL: an address that a server named there, at the same origin. */
  address?: string
  signal: AbortSignal
  canRepeat: boolean
  /** Called once the request is on its way. */
  onSent?: () => void
}

export type GatewayClient = {
  /** Rejects with TokentrayError; with `signal` aborted, with anything. */
  ask(method: 'POST' | 'GET' | 'DELETE', request: GatewayRequest): Promise<IncomingMessage>
  /** Obtains address and key ahead of the first request, which then need not wait. */
  obtainAccess(): Promise<GatewayAccess>
  close(): void
}

/** How long a restarting gateway is waited for. */
const restartTimeoutMs = 10_000
const retryPauseMs = 250

export function createGatewayClient({ obtainAccess, clock, log }: GatewayClientOptions): GatewayClient {
  const wire = openWire()
  let access: Promise<GatewayAccess> | null = null
  let wasReached = false

  function getAccess(): Promise<GatewayAccess> {
    access ??= obtainAccess().catch((error) => {
      access = null
      throw error
    })
    return access
  }

  /** Forgets `used`, unless another request has obtained a new one. */
  async function forget(used: GatewayAccess): Promise<void> {
    if ((await access?.catch(() => null)) === used) access = null
  }

  /** Sends the request, and on where the gateway redirects it within its own origin: only there is the key good for anything. */
  async function askThere(asked: WireRequest): Promise<IncomingMessage> {
    for (let left = maxRedirects, { url } = asked; ; left--) {
      const response = await wire.ask({ ...asked, url })
      const redirect = readRedirect(response.statusCode ?? 0, headerOf(response, 'location'), url)
      if (!redirect?.to || !redirect.keepsRequest || !redirect.isSameOrigin || left === 0) return response
      response.resume()
      url = redirect.to.href
    }
  }

  return {
    async ask(method, { headers, body, address, signal, canRepeat, onSent }) {
      const deadline = clock.now() + restartTimeoutMs
      let isRefused = false
      for (;;) {
        let used: GatewayAccess | null = null
        try {
          used = await getAccess()
          const response = await askThere({
            url: address === undefined ? used.url : resolveAddress(address, used.url),
            method,
            headers: { 'x-tokentray-key': expose(used.key), ...headers() },
            signal,
            ...(body !== undefined && { body }),
            ...(onSent && { onSent })
          })
          wasReached = true
          if (response.statusCode !== 401 || isRefused) return response
          isRefused = true
          response.resume()
          log('The gateway requires a new key.')
          await forget(used)
        } catch (error) {
          if (signal.aborted) throw error
          if (used) await forget(used)
          const mayAsk = error instanceof Cut ? !error.isSent || canRepeat : isOwnerChanging(error)
          if (!mayAsk || !wasReached || clock.now() >= deadline) throw explain(error, canRepeat)
          log('The gateway is unavailable. Waiting for it.')
          await sleep(clock, retryPauseMs, signal)
        }
      }
    },
    obtainAccess: getAccess,
    close: wire.close
  }
}

/** The URL of an address at the gateway. The key goes with the request, so that no other origin may get it. */
function resolveAddress(address: string, gatewayUrl: string): string {
  const url = URL.parse(address, gatewayUrl)
  if (url?.origin === new URL(gatewayUrl).origin) return url.href
  throw new TokentrayError('responseInvalid', 'The server names an address at another site for messages.')
}

/** Whether the owner is just starting or ending. */
const isOwnerChanging = (error: unknown) =>
  error instanceof TokentrayError && ['ownerUnreachable', 'ownerStopping'].includes(error.code)

/** A lost connection in a sentence; other errors as they are. */
export function explain(error: unknown, canRepeat: boolean): unknown {
  if (!(error instanceof Cut)) return error
  if (!error.isSent)
    return new TokentrayError(
      'ownerUnreachable',
      'The gateway does not respond. Run "tokentray status" to check whether it is running.',
      { cause: error.cause }
    )
  const doubt = !canRepeat ? ' The request may or may not have been carried out.' : ''
  return new TokentrayError('replyLost', `The connection to Tokentray was lost before a response arrived.${doubt}`, {
    cause: error.cause
  })
}
