// Recognizes the refusal of a refresh token in words of a server's own, for which RFC 6749 section 5.2 has `invalid_grant`.
// Without it, such a token is retried for ever as if settings were wrong, and nobody is told to sign in again.

/** Said of a refresh, these mean that token, whatever they mean elsewhere: HubSpot's, Slack's, and those of RFC 6750 section 3.1. */
const codes = new Set([
  'invalid grant',
  // Zoho's.
  'invalid code',
  'invalid token',
  'token invalid',
  'token expired',
  'expired token',
  'token revoked',
  'revoked token',
  'token not found',
  'token inactive',
  'invalid auth',
  'not authed',
  'account inactive'
])

const over =
  '(?:invalid|bad|expired?|revoked|unknown|inactive|malformed|stale|blacklisted|denylisted|rotated|reused?|deleted|ended|' +
  'terminated|rejected|cancell?ed|disabled|consumed|compromised|' +
  '(?:already|been|was) used|(?:not|t|never|no longer) (?:be )?(?:valid|active|found|find|exists?|known|recogni[sz]ed|match|accepted|good)|' +
  'no such|no longer)'
const isOver = new RegExp(`\\b${over}\\b`)
/** The token by its name: neither "failed to refresh token" nor "refresh token grant". */
const namesToken = /(?<!\b(?:to|not|t|cannot) )\brefresh token\b(?! (?:grants?|requests?|flow|endpoint)\b)/
/** Where the token goes by another name. Not "the token request is invalid", and no other token. */
const other =
  '(?<!\\b(?:access|id|csrf|xsrf|forgery|verification|captcha|client|assertion|proof|dpo ?p|api|bearer|subject|actor|device|upload) )'
const thing = `${other}\\b(?:token|jwt|session)\\b(?! (?:requests?|endpoint|types?|urls?)\\b)`
const saysOver = new RegExp(`${thing} (?:\\w+ ){0,4}?${over}\\b|\\b${over} (?:\\w+ )?${thing}`)
/** A person took back what they had allowed. */
const isTakenBack =
  /\b(?:access|authori[sz]ation|consent|permission) (?:\w+ ){0,3}?(?:revoked|withdrawn)\b|\b(?:revoked|withdrew|withdrawn) (?:\w+ )?(?:access|authori[sz]ation|consent|permission)\b/
/** What is wrong is not the token. */
const isAboutClient =
  /\bgrant types?\b|\bclient (?:secret|authentication|credentials|assertion|attestation)\b|\binvalid (?:client|scope)\b|\b(?:dpo ?p|pkce|key) proof\b|\b(?:proof|attestation) (?:token|jwt|is|has)\b/
/** Said by what stands before the server, which knows no refresh tokens. */
const isOfFirewall =
  /\b(?:firewall|waf|captcha|cloudflare|incapsula|akamai)\b|\b(?:requests?|ip|address|traffic|connection) (?:\w+ ){0,2}?blocked\b/
/** Says too little where no word says that the token is over: that it is missing, or that the client may not use any. */
const isAboutRequest =
  /\b(?:missing|required|must|provided?|supplied|include|unsupported|(?:not|t) (?:allowed|permitted|supported|enabled|authori[sz]ed))\b/

/**
 * True where the reply to a refresh says that the refresh token is of no use any more. `reply`: JSON of any shape, since some
 * servers wrap their codes in lists and objects. `isRefusal`: it has an error code, so it is enough if it names the token.
 */
export function saysTokenIsDead(reply: unknown, isRefusal: boolean, sent: readonly string[]): boolean {
  const isBlocked = isFromFirewall(reply)
  return textsIn(reply).some(([key, text]) => {
    // What the server repeats of the request tells nothing about it.
    const value = wordsOf(sent.reduce((rest, secret) => rest.replaceAll(secret, ' '), text))
    if (value === '') return false
    if (codes.has(value)) return true
    const words = `${wordsOf(key)} ${value}`
    if (isAboutClient.test(words)) return false
    if (namesToken.test(words)) return isOver.test(words) || (isRefusal && !isAboutRequest.test(words))
    return !isBlocked && (saysOver.test(words) || isTakenBack.test(words))
  })
}

/** Spring's words, and so XSUAA's, for a client and for a refresh token alike. */
export function saysBadCredentials(reply: unknown): boolean {
  return textsIn(reply).some(([, text]) => /\bbad credentials\b/.test(wordsOf(text)))
}

export function isFromFirewall(reply: unknown): boolean {
  return textsIn(reply).some(([, text]) => isOfFirewall.test(wordsOf(text)))
}

/** Of a limit or a pause, which some servers answer with 403: waiting helps. */
export function saysBusy(reply: unknown): boolean {
  return textsIn(reply).some(([, text]) =>
    /\b(?:rate limit(?:ed)?|limit exceeded|quota|too many requests|throttl(?:ed|ing)|try again later|maintenance)\b/.test(
      wordsOf(text)
    )
  )
}

/** `BAD_REFRESH_TOKEN`, `badRefreshToken` and "Bad refresh token!" alike as "bad refresh token", without addresses. */
function wordsOf(text: string): string {
  return text
    .slice(0, maxTextLength)
    .replace(/https?:\S+/g, ' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[^A-Za-z0-9]+/g, ' ')
    .trim()
    .toLowerCase()
}

const maxTextLength = 1000
const maxTexts = 50
const maxDepth = 5

/** The texts in `value`, each with its name or that of its list; a server can send any number, and the first of them do. */
function textsIn(value: unknown, key = '', depth = 0, found: [key: string, text: string][] = []): typeof found {
  if (found.length >= maxTexts || depth > maxDepth) return found
  if (typeof value === 'string') found.push([key, value])
  else if (typeof value === 'object' && value !== null)
    for (const [name, inner] of Object.entries(value).slice(0, maxTexts))
      textsIn(inner, Array.isArray(value) ? key : name, depth + 1, found)
  return found
}
