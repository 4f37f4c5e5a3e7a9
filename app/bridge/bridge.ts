// `tokentray mcp`: posts each line from stdin to the gateway, and writes each answer or event as a line to stdout.
// JSON texts are passed on unchanged; only what the bridge must know (ids, methods, versions) is read.
import type { IncomingMessage } from 'node:http'
import { onAbort, unlessAborted, untilAborted } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import { readRedirect, shownAddress } from '../net/redirects.ts'
import { createGatewayClient, explain, type GatewayAccess } from './gatewayClient.ts'
import {
  failure,
  isAnswer,
  isEndless,
  isRepeatable,
  isRequest,
  type Message,
  readMessages,
  statedHeaders,
  statedVersion
} from './messages.ts'
import { createMirror } from './mirror.ts'
import { accepted, createSession } from './session.ts'
import { createSseSession } from './sseSession.ts'
import { headerOf, isEventStream, isGood, readBody } from './wire.ts'

export type BridgeOptions = {
  obtainAccess(): Promise<GatewayAccess>
  /** The client's lines; the bridge ends when they do. */
  lines: AsyncIterable<string>
  /** Resolves when there is room for more. */
  write(line: string): Promise<void>
  clock: Clock
  /** Called with the sentence a request was answered with because the server was not reached. */
  onFailure?(sentence: string): void
  /** Called with a sentence on each step; for --verbose. */
  log(sentence: string): void
  /** Ends the bridge; requests in flight get `stopTimeoutMs` more. */
  stop: AbortSignal
}

/** Clients kill the bridge about two seconds after asking it to end. */
const stopTimeoutMs = 1000
/** After the last line the client may be gone; answers are waited for as long as clients usually wait. */
const answerTimeoutMs = 60_000

/** What an older server answers to `initialize` by POST: its address takes GET alone. A bad request is answered alike. */
const refusesTransport: ReadonlySet<number> = new Set([400, 404, 405, 406, 415, 422])
const noResponse = 'The server ended its stream without a response.'

/** One line sent to the gateway; `open`: the ids of its requests that have no answer yet. */
type Flight = {
  open: Set<string | number>
  /** Called when the last of them was answered. */
  onAnswered: () => void
  abort: AbortController
  isEndless: boolean
  isCancelled: boolean
  done: Promise<void>
}

/** Runs until the lines end or `stop`; resolves when everything is answered and the session is closed. */
export async function runBridge({
  obtainAccess,
  lines,
  write,
  clock,
  onFailure,
  log,
  stop
}: BridgeOptions): Promise<void> {
  const gateway = createGatewayClient({ obtainAccess, clock, log })
  const session = createSession({ gateway, clock, log, passToClient })
  const sse = createSseSession({ gateway, clock, log, passToClient, handshake: session.handshake })
  const mirror = createMirror()
  const flights = new Set<Flight>()

  /** Writes one JSON text to the client, and takes note of each message in it. */
  async function passToClient(raw: string): Promise<void> {
    const messages = readMessages(raw)
    if (!messages) return log('The server sent a message that is not JSON-RPC.')
    for (const message of messages) {
      session.noteMessage(message)
      if (message.result) mirror.noteTools(message.result)
      if (isAnswer(message))
        for (const flight of flights) if (flight.open.delete(message.id!) && flight.open.size === 0) flight.onAnswered()
    }
    // Line breaks can only stand between tokens: within strings JSON escapes them as \n.
    await write(raw.replace(/[\r\n]+/g, ' ').trim())
  }

  /** Sends one line; resolves when it is on its way, so that what follows cannot overtake it. */
  function send(text: string, messages: Message[]): Promise<void> {
    const requests = messages.filter(isRequest)
    const sent = Promise.withResolvers<void>()
    const flight: Flight = {
      open: new Set(requests.map(({ id }) => id!)),
      onAnswered: () => {},
      abort: new AbortController(),
      isEndless: requests.some(isEndless),
      isCancelled: false,
      done: Promise.resolve()
    }
    const canRepeat = requests.every(isRepeatable)
    flights.add(flight)
    flight.done = exchange(text, messages, flight, canRepeat, sent.resolve)
      .catch(async (error) => {
        const shown = stop.aborted
          ? new TokentrayError('ownerStopping', 'The bridge was stopped.')
          : explain(error, canRepeat)
        log(asTokentrayError(shown).message)
        if (!flight.isCancelled) onFailure?.(asTokentrayError(shown).message)
        if (!flight.isCancelled) for (const id of flight.open) await write(failure(id, shown))
      })
      .finally(() => {
        flights.delete(flight)
        sent.resolve()
      })
    // Answered before the next line is read: later requests need the initialized session.
    return messages.some(({ method }) => method === 'notifications/initialized') ? flight.done : sent.promise
  }

  async function exchange(
    text: string,
    messages: Message[],
    flight: Flight,
    canRepeat: boolean,
    onSent: () => void
  ): Promise<void> {
    const [first = {}] = messages
    const isHandshake = first.method === 'initialize'
    const isStateless = messages.some((message) => statedVersion(message) !== null)
    const usesSession = !isStateless && !isHandshake
    const headers = () => ({
      ...accepted,
      ...(usesSession && session.headers()),
      ...(isStateless && { ...statedHeaders(first), ...mirror.headers(first) })
    })
    const post = () => gateway.ask('POST', { headers, body: text, signal: flight.abort.signal, canRepeat, onSent })
    if (isHandshake) {
      session.noteHandshake(first)
      sse.reset()
    }
    if (sse.isInUse()) return exchangeBySse(text, flight, canRepeat, onSent)
    const used = session.id()
    let response = await post()
    // A 400 may only say that the session is gone, so its body is read first.
    let refusal = response.statusCode === 400 && usesSession ? await readBody(response) : null
    if (used !== null && usesSession && isForgotten(response, refusal)) {
      response.resume()
      await session.restart(used)
      response = await post()
      refusal = null
    }
    if (isHandshake && refusesTransport.has(response.statusCode ?? 0)) {
      refusal = await readBody(response)
      if (await sse.begin()) return exchangeBySse(text, flight, canRepeat, onSent)
    }
    if (isHandshake) session.noteHandshakeReply(response)
    await takeAnswer(response, flight, refusal)
    if (first.method === 'notifications/initialized' && isGood(response)) session.openStream()
  }

  /** Like `exchange`, in the transport of 2024-11-05: what the server answers comes with its one stream. */
  async function exchangeBySse(text: string, flight: Flight, canRepeat: boolean, onSent: () => void): Promise<void> {
    const { open, abort } = flight
    const answered = new Promise<void>((resolve) => (flight.onAnswered = resolve))
    for (let isAgain = false; ; isAgain = true) {
      const { response, ended } = await sse.post(text, { signal: abort.signal, canRepeat, onSent })
      if (!isGood(response)) return takeAnswer(response, flight, null)
      response.resume()
      if (open.size === 0) return
      const isAnswered = await unlessAborted(AbortSignal.any([ended, abort.signal]), () => answered).then(
        () => true,
        () => false
      )
      if (isAnswered) return
      abort.signal.throwIfAborted()
      if (isAgain || !canRepeat) throw new TokentrayError('replyLost', noResponse)
    }
  }

  /** Passes on what comes until each request is answered; an answer that never comes is an error. */
  async function takeAnswer(response: IncomingMessage, flight: Flight, read: string | null): Promise<void> {
    const { open } = flight
    if (isGood(response) && isEventStream(response)) {
      await session.passEvents(response, () => open.size > 0, flight.abort.signal)
      if (open.size > 0) throw new TokentrayError('replyLost', noResponse)
      return
    }
    const body = read ?? (await readBody(response))
    if (open.size === 0) {
      if (!isGood(response)) log(`The server rejected a message with HTTP ${response.statusCode}.`)
      return
    }
    const messages = readMessages(body)
    if (messages?.every((message) => isAnswer(message) && open.has(message.id!))) return passToClient(body)
    const error = messages?.length === 1 ? messages[0]?.error : undefined
    if (typeof error !== 'object' || error === null)
      throw new TokentrayError('responseInvalid', readDescription(body) ?? unexplained(response))
    // An error without an id, as for a body that could not be parsed, belongs to this request.
    for (const id of open) await write(JSON.stringify({ jsonrpc: '2.0', id, error }))
  }

  async function readLine(text: string): Promise<void> {
    if (text.trim() === '') return
    const messages = readMessages(text)
    if (!messages)
      return write(
        JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32_700, message: 'This line is not JSON-RPC.' } })
      )
    const [first] = messages
    if (first?.method !== 'notifications/cancelled') return send(text, messages)
    const id = first.params?.requestId as string
    const cancelled = [...flights].find(({ open }) => open.has(id))
    cancelled?.open.delete(id)
    // Without a session there is nobody to notify: closing the connection cancels the request.
    if (session.isOpen()) await send(text, messages)
    if (!cancelled || cancelled.open.size > 0) return
    cancelled.isCancelled = true
    cancelled.abort.abort()
  }

  async function end(): Promise<void> {
    for (const flight of flights) {
      if (!flight.isEndless) continue
      flight.isCancelled = true
      flight.abort.abort()
    }
    const all = Promise.all([...flights].map(({ done }) => done))
    const hangUpAfter = (timeoutMs: number) =>
      clock.after(timeoutMs, () => {
        for (const { abort } of flights) abort.abort()
      })
    let cancel = hangUpAfter(stop.aborted ? stopTimeoutMs : answerTimeoutMs)
    const hangUpSoon = () => {
      cancel()
      cancel = hangUpAfter(stopTimeoutMs)
    }
    const stopListening = onAbort(stop, hangUpSoon)
    await all
    stopListening()
    cancel()
    await session.close()
    sse.close()
    gateway.close()
  }

  gateway.obtainAccess().catch((error) => log(asTokentrayError(error).message))
  const read = async () => {
    for await (const line of lines) {
      if (stop.aborted) return
      await readLine(line)
    }
  }
  await Promise.race([read(), untilAborted(stop)])
  await end()
}

/** Whether the server no longer knows the session: by HTTP 404, or by what many servers say with 400 instead. */
const isForgotten = ({ statusCode }: IncomingMessage, body: string | null): boolean =>
  statusCode === 404 || (body !== null && /\bsession\b|server not initialized/i.test(body))

/** The sentence for an answer that holds none. */
function unexplained(response: IncomingMessage): string {
  const { statusCode = 0 } = response
  const to = readRedirect(statusCode, headerOf(response, 'location'), loopback)?.to
  if (!to) return `The server answered HTTP ${statusCode} without an explanation.`
  const where = to.origin === loopback ? to.pathname : shownAddress(to)
  return `The server redirects to ${where} (HTTP ${statusCode}), which was not followed.`
}

/** A relative address is read against it, and only its path is shown. */
const loopback = 'http://127.0.0.1'

/** The sentence of an OAuth error (RFC 6750 section 3.1), with which the gateway answers a caller it does not admit. */
function readDescription(body: string): string | null {
  try {
    const { error_description: sentence } = JSON.parse(body)
    return typeof sentence === 'string' && sentence !== '' ? sentence : null
  } catch {
    return null
  }
}
