// How the dashboard answers: always with security headers, and each refusal with a sentence that says why.
// A navigation gets a page; a script, which sends a POST, gets a reply of the contract.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Reply } from '../contract/commands.ts'
import type { ErrorCode } from '../contract/errors.ts'
import { pageHeaders, pages, securityHeaders } from './pages.ts'

const sentences: Readonly<Record<number, string>> = {
  401: 'Your session has expired. Run "tokentray open" in a terminal.',
  403: 'The request came from another website. Nothing was done.',
  404: 'Page not found.',
  405: 'Method not allowed.',
  421: 'The dashboard is not at this address. Run "tokentray open" in a terminal.'
}

export function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer
): void {
  response.writeHead(status, headers).end(body)
}

export function sendJson(response: ServerResponse, status: number, reply: Reply<unknown>): void {
  send(response, status, { ...securityHeaders, 'content-type': 'application/json' }, JSON.stringify(reply))
}

/** Refuses with a reply and closes the connection, so that the rest of the body is not waited for. */
export function refuse(response: ServerResponse, status: number, code: ErrorCode, message: string): void {
  response.shouldKeepAlive = false
  sendJson(response, status, { ok: false, code, message })
}

/** Refuses with `page`, or with a reply if a script sent the request. */
export function deny(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  code: ErrorCode,
  page: string
) {
  if (request.method === 'POST') return refuse(response, status, code, sentences[status] ?? 'The request was rejected.')
  response.shouldKeepAlive = false
  send(response, status, pageHeaders, page)
}

/** Whether the method is one of `methods`; otherwise answers with 405. */
export function allow(request: IncomingMessage, response: ServerResponse, ...methods: string[]): boolean {
  if (methods.includes(request.method ?? '')) return true
  response.setHeader('allow', methods.join(', '))
  deny(request, response, 405, 'notAllowedHere', pages.wrongMethod)
  return false
}
