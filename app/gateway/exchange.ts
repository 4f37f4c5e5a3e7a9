// One HTTP exchange with an upstream: sends the request and streams the answer to the client.
// An answer that the gateway has to judge first, such as a 401, is not streamed. Backpressure is that of the sockets.
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { onAbort } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import { type BodyDown, type Rewriter, rewriteBody } from './bodyDown.ts'
import { headersDown, type RawHeaders, trailersDown } from './headers.ts'

export type Exchange = {
  pool: Dispatcher
  origin: string
  method: string
  path: string
  headers: string[]
  body: Buffer | Readable | null
  /** Aborts when the client went away or lost its access. */
  signal: AbortSignal
  response: ServerResponse
  /** Called with each final answer, before anything else is done with it. */
  onAnswer: (answer: Answer) => void
  /** Whether the body of this answer is needed to judge it: it is then read first, up to a limit of size and time. */
  mustReadBody: (answer: Answer) => boolean
  /** Whether the gateway acts on this answer itself; it is then not sent to the client. `body`: null: not read, or not in full. */
  isOurs: (answer: Answer, body: Buffer<ArrayBuffer> | null) => boolean
  /** Whether the upstream's own `WWW-Authenticate` goes to the client. */
  passesChallenges: boolean
  /** More headers for the client, such as a rewritten `Location`. */
  extraHeaders: (answer: Answer) => readonly [string, string][]
  /** What changes the body of this answer; null: it passes as it is. */
  rewriter: (answer: Answer) => Rewriter | null
  /** Called once, when an answer was sent to its end or to where a connection broke. */
  onDelivered: (status: number) => void
  clock: Clock
}

export type Answer = { status: number; headers: Readonly<Record<string, string | string[] | undefined>> }

/**
 * `streaming`: the answer is being sent to the client. `ours`: the gateway has to judge it. `failed`: no answer came;
 * `sent` is false if nothing of the request can have reached the upstream.
 */
export type Outcome =
  | ({ kind: 'streaming' } & Answer)
  | ({ kind: 'ours' } & Answer)
  | { kind: 'failed'; error: NodeJS.ErrnoException; sent: boolean }

/** An answer the gateway judges is read up to this size, so that its connection can be used again. */
const maxReadBytes = 65_536
/** An answer whose body is read before it is judged waits for no more than this, and no longer; then it is judged without. */
export const maxHeldBytes = 16_384
const holdTimeoutMs = 2000

/** An answer whose body is being read before anything of it goes to the client. */
type Held = {
  answer: Answer
  message: string | undefined
  chunks: Buffer[]
  sizeBytes: number
  cancelTimer: () => void
}

export function exchange(o: Exchange): Promise<Outcome> {
  const { pool, origin, method, path, headers, body } = o
  return new Promise((resolve) => {
    pool.dispatch(
      { origin, method: method as Dispatcher.HttpMethod, path, headers: grouped(headers), body },
      receive(o, resolve)
    )
  })
}

function receive(o: Exchange, resolve: (outcome: Outcome) => void): Dispatcher.DispatchHandler {
  const { signal, response, onDelivered, clock } = o
  // Released once the answer streams: a stream may last for days and must not keep token and body in memory.
  let judge: (Exchange & { resolve: typeof resolve }) | null = { ...o, resolve }
  let control: Dispatcher.DispatchController | null = null
  let streamingStatus: number | null = null
  let isOurs = false
  let isBegun = false
  let readBytes = 0
  let rewriter: Rewriter | null = null
  let bodyDown: BodyDown = response
  let held: Held | null = null
  const resume = () => control?.resume()
  const fail = (error: Error, sent: boolean) => {
    stopListening()
    judge?.resolve({ kind: 'failed', error, sent })
  }
  const end = () => {
    const status = streamingStatus
    if (status === null) return
    streamingStatus = null
    stopListening()
    response.off('drain', resume)
    rewriter?.close()
    onDelivered(status)
  }
  // An answer the gateway judges is read no longer than the client stays connected, either.
  const abort = () => {
    const error = new Error('the client disconnected')
    control?.abort(error)
    if (streamingStatus === null) fail(error, true)
    else end()
  }
  const stopListening = onAbort(signal, abort)
  /** Sends the answer to the client, or leaves it to the gateway. */
  const begin = (
    from: Dispatcher.DispatchController,
    answer: Answer,
    message: string | undefined,
    body: Buffer<ArrayBuffer> | null
  ) => {
    if (!judge) return
    const { resolve } = judge
    isOurs = judge.isOurs(answer, body)
    if (isOurs) return resolve({ kind: 'ours', ...answer })
    rewriter = judge.rewriter(answer)
    if (rewriter) bodyDown = rewriteBody(response, rewriter, String(answer.headers['content-encoding'] ?? ''), resume)
    const down = headersDown(latin1(from.rawHeaders), judge.passesChallenges, rewriter !== null)
    for (const pair of judge.extraHeaders(answer)) down.push(...pair)
    response.writeHead(answer.status, isWritable(message) ? message : undefined, down as never)
    // A tick later, so that headers and the first part of the body go out in one write.
    process.nextTick(() => isBegun || response.flushHeaders())
    response.on('drain', resume)
    streamingStatus = answer.status
    judge = null
    resolve({ kind: 'streaming', ...answer })
  }
  /** Goes on with an answer whose body was read as far as it is needed. */
  const release = (from: Dispatcher.DispatchController, isWhole: boolean) => {
    if (!held) return
    const { answer, message, chunks, cancelTimer } = held
    held = null
    cancelTimer()
    const read = Buffer.concat(chunks)
    begin(from, answer, message, isWhole ? read : null)
    if (isOurs || read.length === 0) return
    isBegun = true
    bodyDown.write(read)
  }
  return {
    onRequestStart(controller) {
      control = controller
      if (signal.aborted) abort()
    },
    onResponseStart(controller, status, parsed, message) {
      if (status < 200 || !judge) return
      const answer = { status, headers: parsed }
      judge.onAnswer(answer)
      if (!judge.mustReadBody(answer)) return begin(controller, answer, message, null)
      const cancelTimer = clock.after(holdTimeoutMs, () => release(controller, false))
      held = { answer, message, chunks: [], sizeBytes: 0, cancelTimer }
    },
    onResponseData(controller, chunk) {
      if (held) {
        held.chunks.push(chunk)
        held.sizeBytes += chunk.length
        if (held.sizeBytes > maxHeldBytes) release(controller, false)
        return
      }
      if (isOurs) {
        readBytes += chunk.length
        if (readBytes > maxReadBytes) controller.abort(new Error('not read further'))
        return
      }
      isBegun = true
      if (!bodyDown.write(chunk)) controller.pause()
    },
    onResponseEnd(controller) {
      release(controller, true)
      if (streamingStatus === null) return
      isBegun = true
      const trailers = trailersDown(latin1(controller.rawTrailers))
      if (trailers.length > 0) response.addTrailers(trailers)
      bodyDown.end()
      end()
    },
    onResponseError(_, error) {
      held?.cancelTimer()
      held = null
      if (isOurs) return
      // The client's connection is cut like the upstream's: a proper end would make half an answer look whole.
      if (response.headersSent) response.destroy()
      if (streamingStatus === null) fail(error, control !== null)
      else end()
    }
  }
}

/** Headers by name: of a flat list, undici's proxy agents keep only the last of repeated ones. */
function grouped(headers: readonly string[]): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = Object.create(null)
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const [name, value] = [headers[at]!, headers[at + 1]!]
    const before = all[name]
    all[name] = before === undefined ? value : [before, value].flat()
  }
  return all
}

/** Whether Node accepts this reason phrase: it keeps one it has refused, and then cannot write any answer. */
const isWritable = (message: string | undefined) => !!message && /^[\t\x20-\x7e]+$/.test(message)

function latin1(raw: Dispatcher.DispatchController['rawHeaders']): RawHeaders {
  return Array.isArray(raw) ? raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))) : []
}
