// Reads what an upstream's answer says about the token and the address: refused, short of scopes, moved, or a web page.
// Servers refuse a token in many ways besides HTTP 401; an answer taken for an ordinary one would leave a dead token in use.
import { bearerChallenge, parseChallenges } from '../net/challenge.ts'
import { mayMeanSignIn, type Redirect, readRedirect } from '../net/redirects.ts'
import { decodeBody } from '../net/request.ts'
import { isTokenError, readError } from '../net/tokenErrors.ts'
import { missingScopes, validScopesIn } from '../oauth/scope.ts'
import { type Answer, maxHeldBytes } from './exchange.ts'

/**
 * `refused`: HTTP 401 (RFC 6750 section 3.1). `doubted`: the answer speaks against the token, but a server may also mean
 * something else. `scopeMissing`: the token lacks scopes that were not granted. `redirect`: it leads elsewhere. `unreadable`: an
 * event stream that could not be searched for addresses (decision 51). All of these are the gateway's to act on; `ordinary` ones go to the client.
 */
export type Judgement =
  | { kind: 'ordinary' }
  | { kind: 'refused' }
  | { kind: 'doubted'; doubt: Doubt }
  | { kind: 'scopeMissing'; scopes: string | null }
  | { kind: 'redirect'; redirect: Redirect; isDoubt: boolean }
  | { kind: 'unreadable'; encoding: string }

/** `error`: the server's code for a bad token; `says`: its own words. `scopes`: those it asks for although they are granted. */
export type Doubt =
  | { by: 'error'; error: string; says: string | null; status: number }
  | { by: 'scope'; scopes: string | null }
  | { by: 'page' }

export type Asked = {
  method: string
  /** The URL that was asked, after redirects. */
  url: string
  /** The request's `Accept`. */
  accept: string
  /** Whether this answer may judge the token: a token went up, to the server's own URL (decision 43). */
  isJudged: boolean
  /** The scopes that were granted; null: unknown. */
  granted: string | null
}

const maxDecodedBytes = 262_144
const ordinary: Judgement = { kind: 'ordinary' }
/** Whether the body decides: an error that says nothing in its headers may name the token in its JSON. */
export function mustReadBody({ status, headers }: Answer): boolean {
  if (status < 400 || status > 499 || status === 401) return false
  const length = Number(headers['content-length'] ?? 0)
  return isOfType(headers, /^application\/([\w.+-]+\+)?json\b/) && length <= maxHeldBytes
}

/** `body`: null: not read. */
export function judge(answer: Answer, body: Buffer<ArrayBuffer> | null, asked: Asked): Judgement {
  const { status, headers } = answer
  const redirect = readRedirect(status, headers.location, asked.url)
  if (redirect)
    return { kind: 'redirect', redirect, isDoubt: asked.isJudged && mayMeanSignIn(redirect, asked.method, asked.url) }
  if (status >= 400 && status <= 499) return judgeRefusal(answer, body, asked)
  const isPage = asked.isJudged && status < 300 && isPost(asked) && isOfType(headers, /^text\/html\b/)
  return isPage && /json|event-stream/i.test(asked.accept) ? { kind: 'doubted', doubt: { by: 'page' } } : ordinary
}

function judgeRefusal(
  { status, headers }: Answer,
  body: Buffer<ArrayBuffer> | null,
  { isJudged, granted }: Asked
): Judgement {
  const challenges = challengesOf(headers)
  const challenge = bearerChallenge(challenges)?.params
  const said = body && isJudged ? readBodyError(body, headers) : null
  const lacksScope = challenge?.error === 'insufficient_scope' || said?.error === 'insufficient_scope'
  if (lacksScope) {
    const scopes = validScopesIn(challenge?.scope ?? said?.scope).join(' ')
    const isContained = scopes === '' || (granted !== null && missingScopes(scopes, granted).length === 0)
    // Only a challenge counts for more scopes: a body is no place where the standards put them.
    if (!isContained && challenge?.error === 'insufficient_scope') return { kind: 'scopeMissing', scopes }
    if (isContained && status !== 401)
      return isJudged
        ? { kind: 'doubted', doubt: { by: 'scope', scopes: scopes || null } }
        : { kind: 'scopeMissing', scopes: scopes || null }
  }
  if (status === 401) return { kind: 'refused' }
  if (!isJudged) return ordinary
  const error = parseChallenges(challenges)
    .filter(({ scheme }) => scheme === 'bearer' || scheme === 'dpop')
    .map(({ params }) => params.error ?? '')
    .find(isTokenError)
  if (error)
    return { kind: 'doubted', doubt: { by: 'error', error, says: challenge?.error_description ?? null, status } }
  if (!said || !isTokenError(said.error)) return ordinary
  return { kind: 'doubted', doubt: { by: 'error', error: said.error, says: said.says, status } }
}

const isPost = ({ method }: Asked) => method === 'POST'
const isOfType = (headers: Answer['headers'], type: RegExp) =>
  type.test(String(headers['content-type'] ?? '').toLowerCase())
export const challengesOf = (headers: Answer['headers']): string =>
  [headers['www-authenticate'] ?? ''].flat().join(', ')

function readBodyError(body: Buffer<ArrayBuffer>, headers: Answer['headers']): ReturnType<typeof readError> {
  try {
    return readError(decodeBody(body, String(headers['content-encoding'] ?? ''), maxDecodedBytes).toString())
  } catch {
    // Not so compressed, or too much: the client reads what it is.
    return null
  }
}
