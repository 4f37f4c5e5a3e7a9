// Finds the words in which a server explains a refusal, since servers put them into different fields, lists and plain texts.
// Without them a person reads only "HTTP 400" and cannot tell what the server objected to.
import { parseJson } from '../base/json.ts'

/** Fields that hold words for people or codes, in the order in which they are told. */
const wordy = [
  'error',
  'error_code',
  'errorCode',
  'code',
  'title',
  'error_description',
  'errorSummary',
  'error_message',
  'message',
  'msg',
  'description',
  'reason',
  'detail',
  'details',
  'errors',
  'issues',
  'errorCauses'
]
/** Fields that say what the words beside them are about. */
const places = ['loc', 'path', 'field', 'param', 'property', 'pointer']
/** About the message and not about the refusal. */
const left = new Set(['status', 'statusCode', 'type', 'instance', 'timestamp', 'trace_id', 'request_id', 'requestId'])

const maxDepth = 4
const maxParts = 6
const maxLength = 2000

/**
 * What the body of a refusal says, in one line of at most 2,000 characters; '' where it says nothing. Any JSON (RFC 7591 section
 * 3.2.2, RFC 9457, lists of errors by field), the title of an HTML page, or plain text. Not made safe to show: see shown().
 */
export function wordsOf(body: string): string {
  const text = body.slice(0, 100_000).trim()
  const parts = [...new Set(/^[[{"]/.test(text) ? wordsIn(parseJson(text) ?? text, 0) : [plainIn(text)])]
  return parts.filter(Boolean).slice(0, maxParts).join(', ').slice(0, maxLength)
}

function wordsIn(value: unknown, depth: number): string[] {
  if (typeof value === 'string') return [oneLine(value)]
  if (typeof value !== 'object' || value === null || depth > maxDepth) return []
  if (Array.isArray(value)) return value.slice(0, maxParts).flatMap((each) => wordsIn(each, depth + 1))
  const fields: Record<string, unknown> = { ...value }
  const place = places.flatMap((name) => [fields[name]].flat()).filter((part) => typeof part === 'string')
  const told = wordy.flatMap((name) => wordsIn(fields[name], depth + 1))
  // Errors by field: {"redirect_uris": ["must use https"]}.
  const others = Object.entries(fields).filter(([name]) => ![...wordy, ...places].includes(name) && !left.has(name))
  const byField = others.flatMap(([name, said]) => wordsIn(said, depth + 1).map((words) => `${name}: ${words}`))
  const words = told.length > 0 && depth === 0 ? told : [...told, ...byField]
  return place.length > 0 && words.length > 0 ? [`${place.join('.')}: ${words.join(', ')}`] : words
}

function plainIn(text: string): string {
  if (!/^\s*</.test(text)) return oneLine(text)
  const named = /<(title|h1|pre)[^>]*>([^<]+)/i.exec(text)?.[2] ?? ''
  return oneLine(named.replace(/&[#\w]+;/g, ' '))
}

const oneLine = (text: string): string => text.slice(0, maxLength).replace(/\s+/g, ' ').trim()
