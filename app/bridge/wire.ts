// HTTP requests from the bridge to the gateway on loopback, with each answer as a stream.
// A failure says whether anything was sent: only then could repeating the request do something twice.
import type { ClientRequest, IncomingMessage } from 'node:http'
import { createParser } from 'eventsource-parser'
import { TokentrayError } from '../contract/errors.ts'
import { Agent, request } from '../net/http.ts'

/** `isSent` false: the gateway certainly never saw the request. */
export class Cut extends Error {
  readonly isSent: boolean
  constructor(isSent: boolean, cause: unknown) {
    super('the connection was lost', { cause })
    this.isSent = isSent
  }
}

export type WireRequest = {
  url: string
  method: 'POST' | 'GET' | 'DELETE'
  headers: Record<string, string>
  body?: string
  signal: AbortSignal
  /** Called once the request is on its way, answered or not. */
  onSent?: () => void
}

export type Wire = { ask(asked: WireRequest): Promise<IncomingMessage>; close(): void }

export function openWire(): Wire {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const ask = async ({ url, method, headers, body, signal, onSent }: WireRequest) => {
    // One turn of the event loop, in which a kept-alive connection learns that the other end closed it: a request on it
    // would be lost, and nobody could say whether it had arrived.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
    return new Promise<IncomingMessage>((resolve, reject) => {
      let isSent = false
      const sent = () => {
        isSent = true
        onSent?.()
      }
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
      const asking: ClientRequest = request(url, { agent, method, headers: { ...headers, ...length }, signal })
      asking.on('socket', (socket) => (socket.connecting ? socket.once('connect', sent) : sent()))
      asking.on('response', (response) => {
        onSent?.()
        resolve(response)
      })
      asking.on('error', (error) => reject(new Cut(isSent, error)))
      asking.end(body)
    })
  }
  return { ask, close: () => agent.destroy() }
}

/** Of one message, in characters: a body or event without an end must not fill the memory. Far above what clients take. */
const maxMessageLength = 32 * 1024 * 1024

const tooLarge = () =>
  new TokentrayError(
    'responseInvalid',
    `The server sent a message of more than ${maxMessageLength / 1024 / 1024} MB, which was not passed on.`
  )

/** @throws responseInvalid where it is longer than a message may be; rejects with Cut where it breaks off */
export async function readBody(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  try {
    for await (const chunk of response) {
      text += chunk
      if (text.length > maxMessageLength) throw tooLarge()
    }
  } catch (error) {
    throw error instanceof TokentrayError ? error : new Cut(true, error)
  }
  return text
}

export type ServerEvent = { id: string | undefined; data: string }

/**
 * The events of a stream, one after the other; the next chunk is read when the last event was taken. `onEndpoint` is called with
 * the address of each `endpoint` event.
 * @throws responseInvalid where an event is longer than a message may be; rejects with Cut where the stream breaks off
 */
export async function* readEvents(
  response: IncomingMessage,
  onRetry: (ms: number) => void,
  onEndpoint?: (address: string) => void
): AsyncGenerator<ServerEvent> {
  let events: ServerEvent[] = []
  let isTooLarge = false
  const parser = createParser({
    maxBufferSize: maxMessageLength,
    onError: ({ type }) => {
      if (type === 'max-buffer-size-exceeded') isTooLarge = true
    },
    onEvent: ({ id, event, data }) => {
      if (event === undefined || event === 'message') events.push({ id, data })
      if (event === 'endpoint') onEndpoint?.(data)
    },
    onRetry
  })
  response.setEncoding('utf8')
  try {
    for await (const chunk of response) {
      parser.feed(chunk)
      const arrived = events
      events = []
      yield* arrived
      if (isTooLarge) throw tooLarge()
    }
  } catch (error) {
    throw error instanceof TokentrayError ? error : new Cut(true, error)
  }
}

/** Whether the body of an answer comes as events. Media types are the same in any case (RFC 9110 section 8.3.1). */
export const isEventStream = (response: IncomingMessage): boolean =>
  /^text\/event-stream/i.test(headerOf(response, 'content-type') ?? '')

export const isGood = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode < 300

export function headerOf(response: IncomingMessage, name: string): string | null {
  const value = response.headers[name]
  return typeof value === 'string' ? value : null
}
