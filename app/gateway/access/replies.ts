// How the authorization server reads requests and answers them: OAuth's JSON errors, never cached, small bodies only.
// Pages for browsers have headers of their own, in pages.ts.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

const maxBodyBytes = 32_768
const headers = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  pragma: 'no-cache',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer'
}

/** An error of RFC 6749 section 5.2, RFC 7591 section 3.2.2 or RFC 8707: `error` is its code. */
export class OAuthError extends Error {
  readonly error: string
  readonly status: number
  constructor(error: string, description: string, status = 400) {
    super(description)
    this.error = error
    this.status = status
  }
}

export const lockedSentence = 'Tokentray is locked. Unlock it in Tokentray, or run "tokentray unlock".'
export const locked = () => new OAuthError('temporarily_unavailable', lockedSentence, 503)

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  if (status >= 500 || status === 429) response.setHeader('retry-after', '5')
  response.writeHead(status, headers).end(JSON.stringify(body))
}

export function sendError(response: ServerResponse, error: unknown) {
  // The connection is closed, since the rest of a refused body is not read.
  response.shouldKeepAlive = false
  if (error instanceof OAuthError)
    return sendJson(response, error.status, { error: error.error, error_description: error.message })
  sendJson(response, 500, { error: 'server_error', error_description: 'Something went wrong. Try again.' })
}

/** Whether the request has this method; otherwise answers with 405. */
export function allowsMethod(request: IncomingMessage, response: ServerResponse, method: string): boolean {
  if (request.method === method || (method === 'GET' && request.method === 'HEAD')) return true
  response.setHeader('allow', method)
  sendError(response, new OAuthError('invalid_request', `Only ${method} is allowed here.`, 405))
  return false
}

/**
 * Throws for what a page or its worker sends, on this very origin too: one that was planted while Tokentray was away would
 * register itself and take over a person's sign-in. Programs send no `Origin`; of `Sec-Fetch-*`, Node's own fetch sends
 * `Sec-Fetch-Mode` and Electron's sends `Sec-Fetch-Site: none`, as no page can.
 */
export function refusePage({ origin, 'sec-fetch-site': site = 'none' }: IncomingHttpHeaders): void {
  if (origin !== undefined || site !== 'none')
    throw new OAuthError('invalid_request', 'A web page sent this. Nothing was done.', 403)
}

/** The body as text, of the given media type. Throws `invalid_request`. */
async function readBody(request: IncomingMessage, type: string): Promise<string> {
  const given = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  // Keeps pages of other sites from sending JSON: browsers ask by a preflight first, which gets no consent here.
  if (given !== type) throw new OAuthError('invalid_request', `Send it as ${type}.`)
  const parts: Buffer[] = []
  let sizeBytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length
    if (sizeBytes > maxBodyBytes) throw new OAuthError('invalid_request', 'The request is too large.', 413)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const text = await readBody(request, 'application/json')
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Answered below, like any other text that is no JSON object.
  }
  throw new OAuthError('invalid_request', 'The request is not a JSON object.')
}

export type Form = {
  /** Throws `invalid_request` where it is missing. */
  must(name: string): string
  get(name: string): string | undefined
  all(name: string): string[]
}

/** Parameters of a form or query; one that came twice is refused (RFC 6749 section 3.1), but for `resource`. */
export function asForm(parameters: URLSearchParams): Form {
  const get = (name: string) => {
    const all = parameters.getAll(name)
    if (all.length > 1) throw new OAuthError('invalid_request', `"${name}" was sent more than once.`)
    return all[0] || undefined
  }
  return {
    get,
    all: (name) => parameters.getAll(name),
    must: (name) => {
      const value = get(name)
      if (value === undefined) throw new OAuthError('invalid_request', `"${name}" is missing.`)
      return value
    }
  }
}

export async function readForm(request: IncomingMessage): Promise<Form> {
  return asForm(new URLSearchParams(await readBody(request, 'application/x-www-form-urlencoded')))
}
