// A request's body on its way up: kept whole where it is small, so that it can be sent again; streamed otherwise.
// A small one of known length is read first, since one write is faster; one of unknown length is never waited for.
import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'

export interface Body {
  /** For the next attempt; null where there is none. A second time only where it was kept. */
  next(): Buffer | Readable | null
  /** The whole body where it was kept; empty where there is none. */
  kept(): Buffer | null
}

/** Resolves at once for a streamed body, and with all of it for a small one. `limit` in bytes. Rejects where the client went away. */
export async function readBody(request: IncomingMessage, maxKeptBytes: number): Promise<Body> {
  const { headers } = request
  const chunked = headers['transfer-encoding'] !== undefined
  const length = chunked ? Number.POSITIVE_INFINITY : Number(headers['content-length'] ?? 0)
  if (length === 0) {
    request.resume()
    return { next: () => null, kept: () => Buffer.alloc(0) }
  }
  if (length > maxKeptBytes) return streamed(request, chunked ? maxKeptBytes : 0)
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  return { next: () => whole, kept: () => whole }
}

/** Goes up as it comes; a copy is kept as long as it is within `limit`. */
function streamed(request: IncomingMessage, maxKeptBytes: number): Body {
  let chunks: Buffer[] | null = []
  let sizeBytes = 0
  let isComplete = false
  let isSent = false
  const keep = (chunk: Buffer) => {
    sizeBytes += chunk.length
    if (sizeBytes > maxKeptBytes) {
      chunks = null
      request.off('data', keep)
    } else chunks?.push(chunk)
  }
  const kept = () => (isComplete && chunks ? Buffer.concat(chunks) : null)
  return {
    next() {
      if (isSent) return kept()
      isSent = true
      const up = new PassThrough()
      request.on('data', keep)
      request.on('end', () => (isComplete = true))
      request.on('error', (error) => up.destroy(error))
      // An upstream that answers early takes no more: the rest is dropped, so that the client hears the answer.
      up.on('error', () => {})
      up.on('close', () => request.resume())
      request.pipe(up)
      return up
    },
    kept
  }
}
