// How the gateway itself answers: JSON-RPC errors with a sentence for what MCP clients show, OAuth errors for refusals.
// Every answer carries the safety headers; a dead upstream grant is never a 401, which would start a login loop below.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorCode } from '../contract/errors.ts'
import { safetyHeaders } from './headers.ts'
import type { Refusal } from './port.ts'

/** An answer of ours to an MCP request. `retryAfter` in s. `code` is stable, for scripts. */
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
export function requestIds(body: Buffer | null): { ids: Id[]; batch: boolean } {
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

/** Says what went wrong as JSON-RPC (2.0 section 5), to each request in `body` where that was kept. */
export function fail(request: IncomingMessage, response: ServerResponse, failure: Failure, body: Buffer | null): void {
  const { status, code, sentence, retryAfter } = failure
  const { ids, batch } = requestIds(body)
  // Many clients show the body as it is, where quotes would come with backslashes.
  const message = sentence.replace(/"(tokentray [^"]+)"/g, '`$1`')
  const error = { code: serverError, message, data: { code } }
  const errors = (ids.length > 0 ? ids : [null]).map((id) => ({ jsonrpc: '2.0', id, error }))
  closeWhereUnread(request, response)
  const headers: [string, string][] = retryAfter === undefined ? [] : [['retry-after', String(retryAfter)]]
  answer(response, status, headers, batch ? errors : errors[0])
}

/** Refuses a local credential (RFC 6750 section 3, RFC 9728 section 5.1). `challenge`: its first parameter; null: none. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, error, description }: Refusal,
  challenge: string | null
): void {
  const headers: [string, string][] = []
  // A 403 is for keys alone: given a challenge of insufficient_scope, clients would start a sign-in and hide the sentence.
  if (status === 401 && challenge) {
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

/** A body nobody reads would be taken for the next request's beginning, or be waited for. */
function closeWhereUnread(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return
  response.shouldKeepAlive = false
  request.resume()
}
