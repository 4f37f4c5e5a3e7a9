// A request's body on its way to the upstream: kept in memory while small, so that it can be sent again; else streamed.
// A small body of known length is read whole first, since one write is faster; a chunked one is streamed at once.
import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'

export interface Body {
  /** The body for the next attempt; null: none. After the first attempt only if it was kept. */
  next(): Buffer | Readable | null
  /** The whole body; empty if there is none; null: too large to keep, or not arrived in full. */
  kept(): Buffer | null
  /** As `kept`, once the body has arrived in full: an upstream may answer before. Null at once where it is too large. */
  whole(): Promise<Buffer | null>
}

const none = Buffer.alloc(0)

/** Resolves at once for a streamed body, after the last byte for a small one. Rejects if the client goes away. */
export async function readBody(request: IncomingMessage, maxKeptBytes: number): Promise<Body> {
  const { headers } = request
  const chunked = headers['transfer-encoding'] !== undefined
  const length = chunked ? Number.POSITIVE_INFINITY : Number(headers['content-length'] ?? 0)
  if (length === 0) {
    request.resume()
    return { next: () => null, kept: () => none, whole: async () => none }
  }
  if (length > maxKeptBytes) return streamed(request, chunked ? maxKeptBytes : 0)
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  return { next: () => whole, kept: () => whole, whole: async () => whole }
}

/** Streams the body and keeps a copy as long as it is within `maxKeptBytes`. */
function streamed(request: IncomingMessage, maxKeptBytes: number): Body {
  let chunks: Buffer[] | null = []
  let sizeBytes = 0
  let isComplete = false
  let isSent = false
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>()
  const keep = (chunk: Buffer) => {
    sizeBytes += chunk.length
    if (sizeBytes > maxKeptBytes) {
      chunks = null
      request.off('data', keep)
      settle()
    } else chunks?.push(chunk)
  }
  const kept = () => (isComplete && chunks ? Buffer.concat(chunks) : null)
  return {
    next() {
      if (isSent) return kept()
      isSent = true
      const up = new PassThrough()
      request.on('data', keep)
      request.on('end', () => {
        isComplete = true
        settle()
      })
      request.on('error', (error) => up.destroy(error))
      request.on('close', settle)
      up.on('error', () => {})
      request.pipe(up)
      // An upstream that answered early stops reading: the rest is only kept or discarded, so that the client reads the answer.
      // Listened to after `pipe`, whose own listener pauses the request.
      up.on('close', () => request.resume())
      return up
    },
    kept,
    whole: () => settled.then(kept)
  }
}
