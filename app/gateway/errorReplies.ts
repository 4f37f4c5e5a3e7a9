// Answers made by the gateway itself: JSON-RPC errors, whose sentence MCP clients show, and OAuth errors for refusals.
// An upstream whose grant has ended is never answered with 401: the client would sign in here again and again.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorCode } from '../contract/errors.ts'
import { safetyHeaders } from './headers.ts'
import type { Refusal } from './port.ts'

/** An error the gateway answers an MCP request with. `code` is stable, for scripts; `retryAfter` in seconds. */
export type Failure = {
  status: 400 | 403 | 404 | 405 | 421 | 501 | 502 | 503 | 504
  code: ErrorCode
  sentence: string
  retryAfter?: number
}

/** Implementation-defined server error, JSON-RPC 2.0 section 5.1. */
const serverError = -32_000

type Id = string | number

/** The ids that wait for an answer in a JSON-RPC message or batch; `batch`: it was a list. */
function requestIds(body: Buffer | null): { ids: Id[]; batch: boolean } {
  const none = { ids: [], batch: false }
  if (!body || body.length === 0) return none
  let message: unknown
  try {
    message = JSON.parse(body.toString())
  } catch {
    return none
  }
  const ids = [message].flat().flatMap((one) => {
    const { id, method } = (one ?? {}) as { id?: unknown; method?: unknown }
    return typeof method === 'string' && (typeof id === 'string' || typeof id === 'number') ? [id] : []
  })
  return { ids, batch: Array.isArray(message) && ids.length > 0 }
}

export function answer(
  response: ServerResponse,
  status: number,
  headers: readonly (readonly [string, string])[],
  body: unknown
): void {
  const text = `${JSON.stringify(body)}\n`
  const all = [
    ...safetyHeaders,
    ['content-type', 'application/json'],
    ['cache-control', 'no-store'],
    ['content-length', String(Buffer.byteLength(text))],
    ...headers
  ]
  response.writeHead(status, all.flat()).end(text)
}

/** Answers with one JSON-RPC error (2.0 section 5) for each request in `body`, or one without an id if it is null. */
export function fail(request: IncomingMessage, response: ServerResponse, failure: Failure, body: Buffer | null): void {
  const { status, code, sentence, retryAfter } = failure
  const { ids, batch } = requestIds(body)
  // Many clients show the raw JSON, in which quotes would stand with backslashes.
  const message = sentence.replace(/"(tokentray [^"]+)"/g, '`$1`')
  const error = { code: serverError, message, data: { code } }
  const errors = (ids.length > 0 ? ids : [null]).map((id) => ({ jsonrpc: '2.0', id, error }))
  closeWhereUnread(request, response)
  const headers: [string, string][] = retryAfter === undefined ? [] : [['retry-after', String(retryAfter)]]
  answer(response, status, headers, batch ? errors : errors[0])
}

/**
 * Refuses a local credential (RFC 6750 section 3, RFC 9728 section 5.1). `challenge`: the first parameter of
 * `WWW-Authenticate`, sent with a 401.
 */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, error, description }: Refusal,
  challenge: string
): void {
  const headers: [string, string][] = []
  // A 403 is for keys, and for pass-through. With a challenge, clients would start a sign-in and hide the sentence.
  if (status === 401) {
    const params = [challenge]
    // RFC 6750 section 3.1: no error code where no credential came.
    if (request.headers.authorization !== undefined)
      params.push(`error="${error}"`, `error_description="${description.replace(/[^\x20-\x7e]|["\\]/g, ' ')}"`)
    headers.push(['www-authenticate', `Bearer ${params.join(', ')}`])
  }
  if (status === 429) headers.push(['retry-after', '1'])
  closeWhereUnread(request, response)
  answer(response, status, headers, { error, error_description: description })
}

/** Closes the connection if the body was not read: its rest would be taken for the next request. */
function closeWhereUnread(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return
  response.shouldKeepAlive = false
  request.resume()
}
