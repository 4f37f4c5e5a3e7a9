// Ends the session that a check of an MCP server has opened there; sessions left behind would fill a server's memory.
// A server without sessions gave no id, and none is sent.
import type { SendRequest } from '../net/request.ts'

/** The characters of a session id (MCP, "Session Management"). */
const visible = /^[\x21-\x7e]{1,1000}$/

/** The id of the session that this answer to `initialize` opened; null: none. */
export function sessionIn(headers: Headers): string | null {
  const id = headers.get('mcp-session-id')
  return id !== null && visible.test(id) ? id : null
}

/** A server may refuse to end a session (405); it expires by itself. Never throws. */
export async function endSession(
  sendRequest: SendRequest,
  url: string,
  options: { headers: Record<string, string>; signal: AbortSignal; reach?: 'any' | 'private' }
): Promise<void> {
  await sendRequest(url, { method: 'DELETE', ...options }).catch(() => {})
}

/** A name of ours: a call of it does nothing, at whatever server. */
export const noTool = 'tokentray-asks-for-sign-in'
