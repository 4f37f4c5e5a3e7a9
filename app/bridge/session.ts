// The bridge's session with an MCP server: its id and version, the server's event stream, and recovery when it is lost.
// If the server forgot the session, the client's handshake is sent again, so that the client need not notice.
import type { IncomingMessage } from 'node:http'
import { withTimeout } from '../base/abort.ts'
import { type Clock, sleep } from '../base/clock.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import type { GatewayClient } from './gatewayClient.ts'
import { isAnswer, type Message, readMessages } from './messages.ts'
import { headerOf, isEventStream, isGood, readBody, readEvents } from './wire.ts'

/** The wait before a lost stream is opened again, doubled up to the maximum while nothing comes. A server may name another one. */
export const firstRetryMs = 1000
export const maxRetryMs = 30_000
const maxNamedRetryMs = 600_000
/** How long a server may take to close a session. */
const closeTimeoutMs = 500
/** The id of an `initialize` that the client did not send. */
export const againId = 'tokentray-again'
export const accepted = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

export type SessionOptions = {
  gateway: GatewayClient
  clock: Clock
  log(sentence: string): void
  /** Passes one JSON text from the server to the client. */
  passToClient(raw: string): Promise<void>
}

export type Session = ReturnType<typeof createSession>

export function createSession({ gateway, clock, log, passToClient }: SessionOptions) {
  const closing = new AbortController()
  let id: string | null = null
  let version: string | null = null
  let handshake: Message | null = null
  let restarting: Promise<void> | null = null
  let stream: AbortController | null = null
  let retryAfterMs: number | null = null

  const headers = (): Record<string, string> => ({
    ...(id !== null && { 'mcp-session-id': id }),
    ...(version !== null && { 'mcp-protocol-version': version })
  })
  // A server that names no wait worth the name would have its streams opened again in a busy loop.
  const onRetry = (ms: number) => {
    retryAfterMs = ms < firstRetryMs ? null : Math.min(ms, maxNamedRetryMs)
  }

  async function restart(): Promise<void> {
    const [oldId, oldVersion] = [id, version]
    try {
      await beginAgain(oldVersion)
    } catch (error) {
      // The next request then tries again, and succeeds if the server has recovered.
      id = oldId
      version = oldVersion
      throw error
    }
  }

  async function beginAgain(oldVersion: string | null): Promise<void> {
    if (!handshake) throw sessionLost()
    log('The server no longer knows the session. Starting a new one.')
    stream?.abort()
    id = null
    version = null
    const post = (message: Message) =>
      gateway.ask('POST', {
        headers: () => ({ ...accepted, ...headers() }),
        body: JSON.stringify({ ...message, jsonrpc: '2.0' }),
        signal: closing.signal,
        canRepeat: true
      })
    const response = await post({ ...handshake, id: againId })
    const answer = await firstAnswer(response)
    if (!isGood(response) || answer?.result?.protocolVersion !== oldVersion) throw sessionLost()
    id = headerOf(response, 'mcp-session-id')
    version = oldVersion
    const initialized = await post({ method: 'notifications/initialized' })
    initialized.resume()
    if (!isGood(initialized)) throw sessionLost()
    openStream()
  }

  /** Opens the stream of messages that the server sends on its own, if it offers one. */
  function openStream(): void {
    if (version === null) return
    stream?.abort()
    stream = new AbortController()
    const signal = AbortSignal.any([stream.signal, closing.signal])
    readServerStream(signal).catch((error) => {
      if (!signal.aborted) log(`The server's own stream ended: ${asTokentrayError(error).message}`)
    })
  }

  async function readServerStream(signal: AbortSignal): Promise<void> {
    let lastId: string | undefined
    for (let waitMs = firstRetryMs; !signal.aborted; waitMs = Math.min(waitMs * 2, maxRetryMs)) {
      const used = id
      try {
        const response = await gateway.ask('GET', { headers: () => resuming(lastId), signal, canRepeat: true })
        if (!isGood(response)) {
          response.resume()
          if (response.statusCode === 404 && used !== null) await session.restart(used)
          // 405: the server offers none. A session begun again has opened a stream of its own.
          if ((response.statusCode ?? 0) < 500) return
        } else
          for await (const event of readEvents(response, onRetry)) {
            lastId = event.id ?? lastId
            waitMs = firstRetryMs
            if (event.data !== '') await passToClient(event.data)
          }
      } catch (error) {
        if (signal.aborted) return
        log(asTokentrayError(error).message)
      }
      await sleep(clock, retryAfterMs ?? waitMs, signal)
    }
  }

  const resuming = (lastId: string | undefined) => ({
    accept: 'text/event-stream',
    ...(lastId !== undefined && { 'last-event-id': lastId }),
    ...headers()
  })

  const session = {
    id: () => id,
    isOpen: () => version !== null,
    headers,
    /** What begins the session again: the client's `initialize`, and the version that was agreed on; null: not yet. */
    handshake: () => ({ message: handshake, version }),
    openStream,
    /** The client sends `initialize`: any earlier session is over. */
    noteHandshake(message: Message): void {
      stream?.abort()
      id = null
      version = null
      handshake = message
    },
    /** Takes the session's id from the headers of the answer to `initialize`. */
    noteHandshakeReply(response: IncomingMessage): void {
      if (isGood(response)) id = headerOf(response, 'mcp-session-id')
    },
    /** Reads a message for the client: the answer to `initialize` states the version. */
    noteMessage(message: Message): void {
      if (version !== null || handshake === null || message.id !== handshake.id || !isAnswer(message)) return
      if (typeof message.result?.protocolVersion === 'string') version = message.result.protocolVersion
    },
    /**
     * The server forgot the session `old`: begins a new one, once for all requests that wait for it. @throws
     * responseInvalid
     */
    restart(old: string): Promise<void> {
      if (id !== old && restarting === null) return Promise.resolve()
      restarting ??= restart().finally(() => {
        restarting = null
      })
      return restarting
    },
    /** Passes an answer's events to the client; if the stream breaks early, resumes it after the last event's id. */
    async passEvents(response: IncomingMessage, isWaiting: () => boolean, signal: AbortSignal): Promise<void> {
      let lastId: string | undefined
      let current = response
      for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, maxRetryMs)) {
        try {
          for await (const event of readEvents(current, onRetry)) {
            lastId = event.id ?? lastId
            waitMs = firstRetryMs
            if (event.data !== '') await passToClient(event.data)
          }
        } catch (error) {
          if (signal.aborted || lastId === undefined || error instanceof TokentrayError) throw error
        }
        if (!isWaiting() || lastId === undefined || id === null || waitMs >= maxRetryMs) return
        log('A stream was interrupted. Resuming it.')
        await sleep(clock, retryAfterMs ?? waitMs, signal)
        current = await gateway.ask('GET', { headers: () => resuming(lastId), signal, canRepeat: true })
        if (isGood(current)) continue
        current.resume()
        return
      }
    },
    /** Tells the server that the session is over; if that fails, the server forgets it in time. */
    async close(): Promise<void> {
      closing.abort()
      if (id === null) return
      const reply = await withTimeout(clock, closeTimeoutMs, (signal) =>
        gateway.ask('DELETE', { headers, signal, canRepeat: false })
      ).catch(() => null)
      reply?.resume()
    }
  }
  return session
}

async function firstAnswer(response: IncomingMessage): Promise<Message | undefined> {
  if (!isEventStream(response)) return readMessages(await readBody(response))?.find(isAnswer)
  for await (const { data } of readEvents(response, () => {})) {
    const answer = readMessages(data)?.find(isAnswer)
    if (answer) return answer
  }
  return undefined
}

function sessionLost(): TokentrayError {
  return new TokentrayError(
    'responseInvalid',
    'The server no longer knows this session and did not start an equivalent one. Restart the client.'
  )
}
