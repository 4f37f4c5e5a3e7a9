// One exchange with an upstream: the request goes up, and the answer streams down unless it is one the gateway judges.
// Backpressure both ways is that of the sockets; nothing is buffered beyond what one of them holds.
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
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
  /** Whether this answer is the gateway's to judge; it is then not passed down. */
  isOurs: (answer: Answer) => boolean
  /** Whether the upstream's own challenges pass down. */
  challenges: boolean
  /** More headers to pass down, such as a rewritten `Location`. */
  more: (answer: Answer) => readonly [string, string][]
}

export type Answer = { status: number; headers: Readonly<Record<string, string | string[] | undefined>> }

/**
 * `passed`: the answer went down, to its end or to where it broke. `ours`: it is to be judged. `failed`: no answer came;
 * `sent` false where nothing of the request can have reached the upstream.
 */
export type Outcome =
  | ({ kind: 'passed' } & Answer)
  | ({ kind: 'ours' } & Answer)
  | { kind: 'failed'; error: NodeJS.ErrnoException; sent: boolean }

/** An answer that is not passed down is read to its end up to here, in bytes, so that its connection lives on. */
const readable = 65_536

export function exchange(given: Exchange): Promise<Outcome> {
  const { pool, origin, method, path, headers, body, signal, response } = given
  return new Promise((resolve) => {
    let control: Dispatcher.DispatchController | null = null
    let answer: Answer | null = null
    let isOurs = false
    let isBegun = false
    let read = 0
    const resume = () => control?.resume()
    const abort = () => {
      control?.abort(new Error('the client went away'))
      settle({ kind: 'failed', error: new Error('the client went away'), sent: true })
    }
    const settle = (outcome: Outcome) => {
      // What is read of an answer that is not passed down is read no longer than the request lasts.
      if (outcome.kind !== 'ours') signal.removeEventListener('abort', abort)
      response.off('drain', resume)
      resolve(outcome)
    }
    signal.addEventListener('abort', abort, { once: true })
    pool.dispatch(
      { origin, method: method as Dispatcher.HttpMethod, path, headers: grouped(headers), body },
      {
        onRequestStart(controller) {
          control = controller
          if (signal.aborted) abort()
        },
        onResponseStart(controller, status, parsed, message) {
          if (status < 200) return
          answer = { status, headers: parsed }
          isOurs = given.isOurs(answer)
          if (isOurs) return settle({ kind: 'ours', ...answer })
          const down = headersDown(latin1(controller.rawHeaders), given.challenges)
          for (const pair of given.more(answer)) down.push(...pair)
          response.writeHead(status, isWritable(message) ? message : undefined, down as never)
          // Not at once: with what of the body came along, they are one write.
          process.nextTick(() => isBegun || response.flushHeaders())
          response.on('drain', resume)
        },
        onResponseData(controller, chunk) {
          if (isOurs) {
            read += chunk.length
            if (read > readable) controller.abort(new Error('not read further'))
            return
          }
          isBegun = true
          if (!response.write(chunk)) controller.pause()
        },
        onResponseEnd(controller) {
          if (isOurs || !answer) return
          isBegun = true
          const trailers = trailersDown(latin1(controller.rawTrailers))
          if (trailers.length > 0) response.addTrailers(trailers)
          response.end()
          settle({ kind: 'passed', ...answer })
        },
        onResponseError(_, error) {
          if (isOurs) return
          // Cut where the upstream cut: an end would make half an answer look whole.
          if (response.headersSent) response.destroy()
          if (answer && response.headersSent) return settle({ kind: 'passed', ...answer })
          settle({ kind: 'failed', error, sent: control !== null })
        }
      }
    )
  })
}

/** By name: of a flat list a proxy's agent would keep the last of each only. */
function grouped(headers: readonly string[]): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = Object.create(null)
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const [name, value] = [headers[at]!, headers[at + 1]!]
    const before = all[name]
    all[name] = before === undefined ? value : [before, value].flat()
  }
  return all
}

/** Whether a reason phrase may be written again: Node keeps one that it refused, and could answer nothing any more. */
const isWritable = (message: string | undefined) => !!message && /^[\t\x20-\x7e]+$/.test(message)

function latin1(raw: Dispatcher.DispatchController['rawHeaders']): RawHeaders {
  return Array.isArray(raw) ? raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))) : []
}
