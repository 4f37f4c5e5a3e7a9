// The requests by which Tokentray itself checks an MCP server: `initialize`, what may follow within its session, and its end.
// Sessions left behind would fill a server's memory.
import { fieldsOf, objectIn } from '../base/json.ts'
import type { RequestOptions, SendRequest } from '../net/request.ts'

/** A name of ours: a call of it does nothing, at whatever server. */
const noTool = 'tokentray-asks-for-sign-in'

const messageOf = (method: string, params: object) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })

export const messages = {
  initialize: messageOf('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'tokentray', version: '1' }
  }),
  listTools: messageOf('tools/list', {}),
  /** Some servers look at the token only where a tool is called. */
  callNoTool: messageOf('tools/call', { name: noTool, arguments: {} })
}

/** How each of these messages is sent, besides what is special to the check. The body of a stream is its first event. */
export const messageOptions = { method: 'POST', followsRedirects: true, firstEvent: true } satisfies RequestOptions
export const messageHeaders = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/**
 * The headers of all that follows this answer to `initialize` (MCP, "Session Management"): its session, and the version that it
 * chose. Each is left out where the answer does not say it: a version that a server does not know is refused, an absent one is not.
 */
export function sessionHeaders(headers: Headers, body: string): Record<string, string> {
  const id = headers.get('mcp-session-id')
  const version = fieldsOf(objectIn(body)?.result).protocolVersion
  return {
    ...(id !== null && /^[\x21-\x7e]{1,1000}$/.test(id) && { 'mcp-session-id': id }),
    ...(typeof version === 'string' && /^[\w.-]{1,40}$/.test(version) && { 'mcp-protocol-version': version })
  }
}

/**
 * `headers`: those of sessionHeaders(), and what authorizes the request; without a session nothing is sent. A server may refuse to
 * end a session (405); it expires by itself. Never throws.
 */
export async function endSession(
  sendRequest: SendRequest,
  url: string,
  options: { headers: Record<string, string>; signal: AbortSignal; reach?: 'any' | 'private' }
): Promise<void> {
  if ('mcp-session-id' in options.headers) await sendRequest(url, { method: 'DELETE', ...options }).catch(() => {})
}
