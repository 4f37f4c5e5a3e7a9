// The bridge's way into the gateway: an address and a key, got anew when the key is refused or the gateway restarted.
// A request is repeated only where it certainly was not heard, or where hearing it twice does nothing twice.
import type { IncomingMessage } from 'node:http'
import { type Clock, sleep } from '../base/clock.ts'
import { expose, type Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import { Cut, openWire } from './wire.ts'

export type Entrance = { url: string; key: Secret }

export type DoorOptions = {
  /** Where the gateway is and a key for it; asked again whenever these no longer serve. Rejects TokentrayError. */
  enter(): Promise<Entrance>
  clock: Clock
  log(sentence: string): void
}

export type Asking = {
  /** Asked for at each attempt: the session may be another by then. */
  headers: () => Record<string, string>
  body?: string
  signal: AbortSignal
  canRepeat: boolean
  /** Called once the request is on its way. */
  onSent?: () => void
}

export type Door = {
  /** Rejects with TokentrayError; with `signal` aborted, with anything. */
  ask(method: 'POST' | 'GET' | 'DELETE', asking: Asking): Promise<IncomingMessage>
  /** Gets in ahead of the first request. */
  enter(): Promise<Entrance>
  close(): void
}

/** How long a gateway that is restarting is waited for, in ms. */
const patience = 10_000
const pause = 250

export function createDoor({ enter, clock, log }: DoorOptions): Door {
  const wire = openWire()
  let entrance: Promise<Entrance> | null = null
  let hasEntered = false

  function entered(): Promise<Entrance> {
    entrance ??= enter().catch((error) => {
      entrance = null
      throw error
    })
    return entrance
  }

  /** Forgets `used`, unless somebody else already came in anew. */
  async function leave(used: Entrance): Promise<void> {
    if ((await entrance?.catch(() => null)) === used) entrance = null
  }

  return {
    async ask(method, { headers, body, signal, canRepeat, onSent }) {
      const deadline = clock.now() + patience
      let isRefused = false
      for (;;) {
        let used: Entrance | null = null
        try {
          used = await entered()
          const response = await wire.ask({
            url: used.url,
            method,
            headers: { 'x-tokentray-key': expose(used.key), ...headers() },
            signal,
            ...(body !== undefined && { body }),
            ...(onSent && { onSent })
          })
          hasEntered = true
          if (response.statusCode !== 401 || isRefused) return response
          isRefused = true
          response.resume()
          log('The gateway asks for a new key.')
          await leave(used)
        } catch (error) {
          if (signal.aborted) throw error
          if (used) await leave(used)
          const mayAsk = error instanceof Cut ? !error.isSent || canRepeat : isPassing(error)
          if (!mayAsk || !hasEntered || clock.now() >= deadline) throw explain(error, canRepeat)
          log('The gateway is gone; waiting for it.')
          await sleep(clock, pause, signal)
        }
      }
    },
    enter: entered,
    close: wire.close
  }
}

/** An owner that is just coming or going. */
const isPassing = (error: unknown) =>
  error instanceof TokentrayError && ['ownerUnreachable', 'ownerStopping'].includes(error.code)

/** A lost connection in a sentence; other errors as they are. */
export function explain(error: unknown, canRepeat: boolean): unknown {
  if (!(error instanceof Cut)) return error
  if (!error.isSent)
    return new TokentrayError(
      'ownerUnreachable',
      'The gateway of Tokentray does not answer: tokentray status says whether it is on.',
      { cause: error.cause }
    )
  const doubt = !canRepeat ? ' Whether the request was carried out is not known.' : ''
  return new TokentrayError('replyLost', `The connection to Tokentray was lost before an answer came.${doubt}`, {
    cause: error.cause
  })
}
