// Reads error codes that name a bad token, as servers write them in challenges (RFC 6750 section 3.1) and JSON bodies.
// A server that refuses a token in its own words would else keep a dead one in use.
import { fieldsOf, parseJson } from '../base/json.ts'

/**
 * `invalid_token` (RFC 6750 section 3.1), and what servers say instead: `token_expired`, `Token has been revoked`, "jwt expired",
 * "The incoming token has expired". Every word must be known, so that a refused upload or form is none. True only for what can be quoted.
 */
export function isTokenError(code: string): boolean {
  if (!/^[\x20-\x7e]{1,100}$/.test(code)) return false
  return code.split(/[.;!](?: |$)| at (?=\d)/).some(isTokenSentence)
}

function isTokenSentence(sentence: string): boolean {
  const said = sentence
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => !fillers.has(word))
    .join(' ')
    .replace(/\b(?:not|no longer) (?:valid|active)\b/g, 'invalid')
    .split(' ')
  const isToken = (word: string) => word === 'token' || word === 'jwt'
  return (
    said.some(isToken) &&
    said.some((word) => endings.has(word)) &&
    said.every((word) => isToken(word) || endings.has(word))
  )
}

/** What says nothing of which token it is, or of what is wrong with it. */
const fillers: ReadonlySet<string> = new Set(
  [
    '',
    'access auth bearer id incoming json oauth security session web',
    'authentication authorization error exception failed forbidden included provided request supplied unauthorized',
    'a an and are been has have is or that the this was your in'
  ].flatMap((words) => words.split(' '))
)
const endings: ReadonlySet<string> = new Set(['invalid', 'expired', 'revoked', 'inactive', 'malformed'])

type Said = { error: string; says: string | null; scope: string | null }

/** The error in a JSON body: of OAuth (RFC 6749 section 5.2), of JSON-RPC, or of one of the shapes that APIs use. */
export function readError(text: string): Said | null {
  const outer = fieldsOf(parseJson(text))
  const inner = fieldsOf(outer.error ?? [outer.errors].flat()[0])
  const data = fieldsOf(inner.data)
  const places = [outer, inner, data]
  const candidates = [...codeFields, ...sentenceFields].flatMap((name) => places.map((place) => place[name]))
  const texts = candidates.filter((text) => typeof text === 'string' && text.length <= 100)
  const error = texts.find((text) => text === 'insufficient_scope' || isTokenError(text as string))
  const scope = outer.scope ?? inner.scope ?? data.scope
  const says = outer.error_description ?? inner.error_description ?? inner.message ?? outer.message ?? outer.detail
  return typeof error !== 'string'
    ? null
    : { error, says: typeof says === 'string' ? says : null, scope: typeof scope === 'string' ? scope : null }
}

const codeFields = ['error', 'code', 'error_code', '__type', 'type']
const sentenceFields = ['message', 'error_description', 'detail', 'title', 'msg']
