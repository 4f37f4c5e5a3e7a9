// JSON-RPC messages as far as the bridge reads them: ids, methods, the MCP revision, and errors for lost requests.
// Nothing else is validated: client and server do that themselves.
import { asTokentrayError } from '../contract/errors.ts'

export type Message = {
  id?: string | number | null
  method?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown>
  error?: unknown
}

/** In revisions without sessions, each request states its version in this field of `_meta`. */
const versionField = 'io.modelcontextprotocol/protocolVersion'

export const isRequest = (message: Message): boolean => message.method !== undefined && message.id != null
export const isAnswer = (message: Message): boolean =>
  message.method === undefined && message.id != null && ('result' in message || 'error' in message)

/** The messages of one line: one, or the batch of revision 2025-03-26; null where it is no JSON-RPC. */
export function readMessages(text: string): Message[] | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const all: unknown[] = Array.isArray(value) ? value : [value]
  const isMessage = (each: unknown) => typeof each === 'object' && each !== null && !Array.isArray(each)
  return all.length > 0 && all.every(isMessage) ? (all as Message[]) : null
}

/** The version a stateless request states; null for the revisions with sessions. */
export function statedVersion(message: Message): string | null {
  const meta = message.params?._meta
  const version = typeof meta === 'object' && meta !== null ? (meta as Record<string, unknown>)[versionField] : null
  return typeof version === 'string' ? version : null
}

/** By method, the parameter that the header `Mcp-Name` repeats. */
const nameFields: Record<string, string> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId'
}

/** The headers that repeat parts of a stateless request, for proxies that route without reading bodies. */
export function statedHeaders(message: Message): Record<string, string> {
  const version = statedVersion(message)
  if (version === null || message.method === undefined) return {}
  const field = Object.hasOwn(nameFields, message.method) ? nameFields[message.method] : undefined
  const name = field === undefined ? undefined : message.params?.[field]
  return {
    'mcp-protocol-version': version,
    ...(isRequest(message) && { 'mcp-method': message.method }),
    ...(typeof name === 'string' && { 'mcp-name': headerText(name) })
  }
}

/** A text as a header value; one that a header cannot hold is written as `=?base64?…?=`. */
export function headerText(text: string): string {
  const isPlain = /^[\x20-\x7e\t]+$/.test(text) && text === text.trim() && !/^=\?base64\?.*\?=$/.test(text)
  return isPlain ? text : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`
}

/** Whether a request only reads, so that sending it twice is harmless. */
export const isRepeatable = ({ method = '' }: Message): boolean =>
  /\/(list|read|get)$/.test(method) || ['initialize', 'ping', 'server/discover', 'completion/complete'].includes(method)

/** Whether the answer is an endless stream, which is not waited for when the bridge ends. */
export const isEndless = ({ method }: Message): boolean => method === 'subscriptions/listen'

/** The error that answers `id` if nothing else did: a sentence, and a code for scripts. */
export function failure(id: string | number | null, error: unknown): string {
  const { code, message } = asTokentrayError(error)
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32_000, message, data: { code } } })
}
