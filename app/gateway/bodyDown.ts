// Where the body of an answer is written on its way to the client: as it came, or through a rewriter of its bytes.
// A compressed body is unpacked for the rewriter, since addresses in it would pass unseen otherwise.
import type { ServerResponse } from 'node:http'
import type { Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

/** Changes a body on its way down. */
export type Rewriter = {
  /** What can be sent on now; may be empty. Throws where the answer must not go on. */
  push(bytes: Buffer): Buffer
  /** What is left once the last byte came. */
  end(): Buffer
  /** Called once, when the answer ended or broke off. */
  close(): void
}

export type BodyDown = {
  /** False: no more until the response or, for a compressed body, `onDrain` says so. */
  write(chunk: Buffer): boolean
  end(): void
}

/** Each packet is unpacked as it arrives: an event must not wait for the next one. */
const zlibNow = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
const brotliNow = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH }

/** By `Content-Encoding` (RFC 9110 section 8.4.1); null: nothing to unpack. */
const unpackers: Readonly<Record<string, (() => Transform) | null>> = {
  '': null,
  identity: null,
  // No codings at all, but sent by some servers.
  none: null,
  'utf-8': null,
  gzip: () => createGunzip(zlibNow),
  'x-gzip': () => createGunzip(zlibNow),
  deflate: () => createInflate(zlibNow),
  br: () => createBrotliDecompress(brotliNow)
}

/** Whether a body with this `Content-Encoding`, of one coding, can be rewritten. */
export const canUnpack = (encoding: string): boolean => Object.hasOwn(unpackers, encoding.trim().toLowerCase())

/** Throws for an `encoding` that cannot be unpacked. */
export function rewriteBody(
  response: ServerResponse,
  rewriter: Rewriter,
  encoding: string,
  onDrain: () => void
): BodyDown {
  const plain: BodyDown = {
    write(chunk) {
      try {
        const bytes = rewriter.push(chunk)
        if (bytes.length > 0) return response.write(bytes)
        response.flushHeaders()
      } catch {
        // The client sees an answer that breaks off, and the upstream's connection ends with it.
        response.destroy()
      }
      return true
    },
    end: () => void response.end(rewriter.end())
  }
  const unpacker = unpackers[encoding.trim().toLowerCase()]?.()
  if (!unpacker) return plain
  const goOn = () => void unpacker.resume()
  unpacker.on('data', (chunk: Buffer) => plain.write(chunk) || unpacker.pause())
  unpacker.on('drain', onDrain)
  unpacker.on('end', plain.end)
  unpacker.on('error', () => response.destroy())
  response.on('drain', goOn)
  response.once('close', () => unpacker.destroy())
  return {
    write(chunk) {
      response.flushHeaders()
      return unpacker.write(chunk)
    },
    end: () => void unpacker.end()
  }
}
