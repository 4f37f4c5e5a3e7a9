// Reads where a redirect (RFC 9110 section 15.4) leads: to the same origin, to plain HTTP, to a sign-in page, or elsewhere.
// A credential that followed a redirect to another origin would be another server's to use.

export type Redirect = {
  /** null: `Location` holds no http or https URL, or one with a user name. */
  to: URL | null
  /** 307 and 308: the request is to be repeated there as it is. The others turn a POST into a GET. */
  keepsRequest: boolean
  /** 301 and 308. */
  isPermanent: boolean
  /** The same scheme, host and port: only there may a request with its credentials go. */
  isSameOrigin: boolean
  /**
   * What a server behind a TLS proxy most likely means by an `http://` address of its own host: the same with https. null: it
   * redirects otherwise.
   */
  meant: string | null
}

const statuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** How many redirects of one request are followed. */
export const maxRedirects = 3

/** null: the answer is no redirect. `from`: the URL that was asked. */
export function readRedirect(status: number, location: unknown, from: string): Redirect | null {
  if (!statuses.has(status) || location === null || location === undefined) return null
  const found = typeof location === 'string' ? URL.parse(location, from) : null
  const isUsable = found !== null && /^https?:$/.test(found.protocol) && !found.username && !found.password
  const to = isUsable ? found : null
  const asked = new URL(from)
  const isDowngrade = to?.protocol === 'http:' && asked.protocol === 'https:' && to.hostname === asked.hostname
  return {
    to,
    keepsRequest: status === 307 || status === 308,
    isPermanent: status === 301 || status === 308,
    isSameOrigin: to?.origin === asked.origin,
    meant: isDowngrade ? `${asked.origin}${to.pathname}${to.search}` : null
  }
}

/** Whether an address is likely to be a page to sign in at. */
export function looksLikeSignIn({ hostname, pathname }: URL): boolean {
  return /(^|[^a-z])(log-?_?(in|on)|sign-?_?(in|on)|auth|oauth2?|authorize|sso|saml2?|oidc|cas|idp|accounts?)([^a-z]|$)/i.test(
    `${hostname}${pathname}`
  )
}

/**
 * Whether a redirect of a request to `from` may mean that its token was not accepted: many servers send whoever is not signed in
 * to a page. Not one that repeats the request within its origin, which is followed.
 */
export function mayMeanSignIn(redirect: Redirect, method: string, from: string): boolean {
  const { to, keepsRequest, isPermanent, isSameOrigin } = redirect
  if (!to || (keepsRequest && isSameOrigin)) return false
  if (looksLikeSignIn(to)) return true
  // A GET of the URL of an MCP server is often redirected to its documentation, for people who open it in a browser.
  return method === 'POST' && !isPermanent && !isSamePath(to, new URL(from))
}

const isSamePath = (one: URL, other: URL) => one.hostname === other.hostname && pathOf(one) === pathOf(other)
const pathOf = ({ pathname }: URL) => pathname.replace(/\/+$/, '')

const maxShownLength = 150

/** An address that a server named, safe to quote: without its query, which may hold anything, and not too long. */
export function shownAddress(url: URL): string {
  return `${url.origin}${url.pathname}`.slice(0, maxShownLength)
}

/**
 * Where a reply leads that redirects and was not followed, in words for a person: the origin, and at the same origin the path too.
 * No query, and no path that repeats something of `sent`: it may hold what the request held. null: the reply does not redirect.
 */
export function redirectTarget(reply: Response, from: string, sent: readonly string[] = []): string | null {
  const location = reply.headers.get('location')
  const next = location === null ? null : URL.parse(location, from)
  const before = URL.parse(from)
  if (reply.status < 300 || reply.status > 399 || !next || !before) return null
  const isTold = next.origin === before.origin && /^[\w./~-]{1,100}$/.test(next.pathname)
  const path = isTold && !sent.some((part) => part !== '' && next.pathname.includes(part)) ? next.pathname : ''
  const lostHttps = before.protocol === 'https:' && next.protocol === 'http:' && next.hostname === before.hostname
  return `${next.protocol}//${next.host.slice(0, 100)}${path}${lostHttps ? ', which lost https' : ''}`
}
