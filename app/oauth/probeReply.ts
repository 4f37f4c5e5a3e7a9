// Reads whether the answer to Tokentray's own `initialize` is one of an MCP server that works (JSON-RPC 2.0, section 5).
// An empty body, a status page or an internal error taken for an answer would show a server as working that no client can use.
import { fieldsOf, parseJson } from '../base/json.ts'

/** The error of a JSON-RPC response. */
export type ReplyError = { code: number; message: string }

/** What the body of an answer, or its first event, holds; null: no response in JSON-RPC. */
export function readInitialized(text: string): 'result' | ReplyError | null {
  for (const message of [parseJson(text)].flat()) {
    const { result, error, method } = fieldsOf(message)
    // On a stream, a server may say something else first.
    if (typeof result === 'object' && result !== null) return 'result'
    if (typeof method === 'string') return 'result'
    const { code, message: words } = fieldsOf(error)
    if (Number.isSafeInteger(code)) return { code: code as number, message: typeof words === 'string' ? words : '' }
  }
  return null
}

/**
 * Whether an error speaks of this `initialize` alone, as of its protocol version, and not of the server: another client's may be
 * answered well.
 */
export const isOfLivingServer = ({ code, message }: ReplyError): boolean =>
  aboutRequest.has(code) || /\bversion|already (been )?initialized/i.test(message)

/** Invalid request, unknown method, invalid parameters. */
const aboutRequest: ReadonlySet<number> = new Set([-32600, -32601, -32602])
