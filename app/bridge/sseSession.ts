// The bridge's session with a server of MCP's transport of 2024-11-05 (HTTP+SSE): one stream brings all the server has to say.
// Where messages go is told in the stream's `endpoint` event. A stream that ends is a lost session, which is begun again.
import type { IncomingMessage } from 'node:http'
import { unlessAborted, untilAborted, withTimeout } from '../base/abort.ts'
import { type Clock, sleep } from '../base/clock.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import type { GatewayClient } from './gatewayClient.ts'
import { isAnswer, type Message, readMessages } from './messages.ts'
import { accepted, againId, firstRetryMs, maxRetryMs } from './session.ts'
import { isEventStream, isGood, readEvents } from './wire.ts'

/** How long a stream may take to name the endpoint, and a session begun again to be answered. */
const openTimeoutMs = 15_000

export type SseSessionOptions = {
  gateway: GatewayClient
  clock: Clock
  log(sentence: string): void
  passToClient(raw: string): Promise<void>
  /** The client's `initialize`, and the version that the server agreed to. */
  handshake(): { message: Message | null; version: string | null }
}

export type SseSession = ReturnType<typeof createSseSession>

/** One open stream. `ended` aborts when it ends. */
type Stream = { endpoint: string; ended: AbortSignal; end(): void }

export function createSseSession({ gateway, clock, log, passToClient, handshake }: SseSessionOptions) {
  const closing = new AbortController()
  let stream: Stream | null = null
  let isInUse = false
  let restarting: Promise<Stream> | null = null
  let retryMs = firstRetryMs
  let onAgain: ((answer: Message) => void) | null = null

  /** Opens a stream; null where the server offers none that names an endpoint. */
  async function openStream(): Promise<Stream | null> {
    const ending = new AbortController()
    const signal = AbortSignal.any([ending.signal, closing.signal])
    const named = Promise.withResolvers<Stream | null>()
    const cancel = clock.after(openTimeoutMs, () => named.resolve(null))
    const onEndpoint = (endpoint: string) => {
      if (opened.endpoint !== '') log('The server named another address for messages.')
      opened.endpoint = endpoint
      named.resolve(opened)
    }
    const opened: Stream = { endpoint: '', ended: signal, end: () => ending.abort() }
    const read = async () => {
      const response = await gateway.ask('GET', {
        headers: () => ({ accept: 'text/event-stream' }),
        signal,
        canRepeat: true
      })
      if (!isGood(response) || !isEventStream(response)) return void response.resume()
      for await (const { data } of readEvents(response, () => {}, onEndpoint)) if (data !== '') await take(data)
    }
    read()
      .catch((error) => {
        if (!signal.aborted) log(asTokentrayError(error).message)
      })
      .finally(() => {
        named.resolve(null)
        ending.abort()
      })
    const result = await named.promise
    cancel()
    if (!result) ending.abort()
    return result
  }

  async function take(raw: string): Promise<void> {
    const again = onAgain && readMessages(raw)?.find((message) => isAnswer(message) && message.id === againId)
    if (again) return onAgain?.(again)
    retryMs = firstRetryMs
    await passToClient(raw)
  }

  /** Begins the session again where the stream was lost, once for all who ask for it. */
  function getStream(): Promise<Stream> {
    if (stream && !stream.ended.aborted) return Promise.resolve(stream)
    restarting ??= restart().finally(() => {
      restarting = null
    })
    return restarting
  }

  async function restart(): Promise<Stream> {
    const { message, version } = handshake()
    if (!message || version === null) throw sessionLost()
    log('The connection to the server was lost. Starting a new session.')
    const fresh = await openStream()
    if (!fresh) throw sessionLost()
    try {
      const answered = Promise.withResolvers<Message>()
      onAgain = answered.resolve
      await postGood(fresh, { ...message, id: againId })
      const answer = await withTimeout(
        clock,
        openTimeoutMs,
        (signal) => unlessAborted(signal, () => answered.promise).catch(() => null),
        fresh.ended
      )
      if (answer?.result?.protocolVersion !== version) throw sessionLost()
      await postGood(fresh, { method: 'notifications/initialized' })
    } catch (error) {
      fresh.end()
      throw error
    } finally {
      onAgain = null
    }
    use(fresh)
    return fresh
  }

  async function postGood(to: Stream, message: Message): Promise<void> {
    const body = JSON.stringify({ ...message, jsonrpc: '2.0' })
    const response = await ask(to, body, { signal: closing.signal, canRepeat: true })
    response.resume()
    if (!isGood(response)) throw sessionLost()
  }

  const ask = (
    { endpoint }: Stream,
    body: string,
    more: { signal: AbortSignal; canRepeat: boolean; onSent?: () => void }
  ) => gateway.ask('POST', { headers: () => accepted, body, address: endpoint, ...more })

  /** Takes the stream for the session's. When it ends, the session is begun again even if the client asks for nothing. */
  function use(opened: Stream): void {
    stream = opened
    void untilAborted(opened.ended).then(() => keepOpen(opened))
  }

  async function keepOpen(lost: Stream): Promise<void> {
    for (;;) {
      const waitMs = retryMs
      retryMs = Math.min(retryMs * 2, maxRetryMs)
      await sleep(clock, waitMs, closing.signal).catch(() => {})
      if (closing.signal.aborted || !isInUse || stream !== lost) return
      await getStream().catch((error) => log(asTokentrayError(error).message))
    }
  }

  return {
    isInUse: () => isInUse,
    /** The client sends `initialize` to a server whose transport is not known: any earlier session is over. */
    reset(): void {
      isInUse = false
      const old = stream
      stream = null
      old?.end()
    },
    /** Whether the server speaks this transport; it is used from now on. */
    async begin(): Promise<boolean> {
      const opened = await openStream()
      if (!opened) return false
      isInUse = true
      use(opened)
      return true
    },
    /**
     * Posts one message; resolves with the answer, and what aborts when the stream that brings the server's own ends. A server that
     * forgot the session is sent the message once more in a new one.
     */
    async post(
      body: string,
      more: { signal: AbortSignal; canRepeat: boolean; onSent: () => void }
    ): Promise<{ response: IncomingMessage; ended: AbortSignal }> {
      const used = await getStream()
      const response = await ask(used, body, more)
      if (response.statusCode !== 404) return { response, ended: used.ended }
      response.resume()
      used.end()
      const fresh = await getStream()
      return { response: await ask(fresh, body, more), ended: fresh.ended }
    },
    close: () => closing.abort()
  }
}

function sessionLost(): TokentrayError {
  return new TokentrayError(
    'responseInvalid',
    'The connection to the server was lost, and an equivalent session could not be started. Restart the client.'
  )
}
