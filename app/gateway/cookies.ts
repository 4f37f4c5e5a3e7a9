// Cookies of upstreams, kept in memory only: balancers pin a client's session to one of several machines by them.
// Each caller and session has its own, for one origin; clients never see them, and no Domain attribute widens where they go.
import { createHash, randomBytes } from 'node:crypto'
import { defaultPath, domainMatch, parse, pathMatch } from 'tough-cookie'
import type { Clock } from '../base/clock.ts'
import type { Answer } from './exchange.ts'

/** RFC 6265 section 6.1 asks for more of both from browsers; an upstream must not fill the memory. */
const maxCookies = 20
const maxCookieBytes = 4096
const maxJars = 2000
const maxTotalBytes = 4_194_304
/** A session that was not used for this long is over for the gateway. */
const maxIdleMs = 24 * 60 * 60_000

type StoredCookie = { name: string; value: string; path: string; expiresAt: number }
/** `path`: where the session began, so that a 404 there ends it. */
type Jar = { holder: string; cookies: StoredCookie[]; path: string; usedAt: number; sizeBytes: number }

/**
 * Whose cookies: `holder` is one caller at one server, `account` its sign-in there, `session` an `Mcp-Session-Id` or null. A server
 * invents sessions and a client accounts, so room is shared out among holders.
 */
export type CookieOwner = { holder: string; account: string; session: string | null }

/** What a holder has. */
type Share = { jars: number; sizeBytes: number }

export type Cookies = ReturnType<typeof createCookies>

export function createCookies(clock: Clock) {
  /** The least recently used first. */
  const jars = new Map<string, Jar>()
  const shares = new Map<string, Share>()
  let totalBytes = 0

  const keyOf = ({ holder, account, session }: CookieOwner, { origin }: URL) =>
    createHash('sha256')
      .update(JSON.stringify([holder, account, session, origin]))
      .digest('base64url')

  function add(key: string, jar: Jar): void {
    jars.set(key, jar)
    totalBytes += jar.sizeBytes
    const share = shares.get(jar.holder) ?? { jars: 0, sizeBytes: 0 }
    shares.set(jar.holder, { jars: share.jars + 1, sizeBytes: share.sizeBytes + jar.sizeBytes })
  }

  function drop(key: string): void {
    const jar = jars.get(key)
    if (!jar) return
    jars.delete(key)
    totalBytes -= jar.sizeBytes
    const share = shares.get(jar.holder)!
    share.jars -= 1
    share.sizeBytes -= jar.sizeBytes
    if (share.jars === 0) shares.delete(jar.holder)
  }

  /** Makes room at the cost of who has most: no server or client can push out the cookies of another. */
  function dropFromLargest(measure: keyof Share): void {
    let largest = ''
    for (const [holder, share] of shares) if (share[measure] > (shares.get(largest)?.[measure] ?? 0)) largest = holder
    for (const [key, { holder }] of jars) {
      if (holder !== largest) continue
      drop(key)
      return
    }
  }

  /** The jar, which is now the most recently used; undefined: there is none. */
  function use(key: string): Jar | undefined {
    const jar = jars.get(key)
    if (!jar) return undefined
    const now = clock.now()
    if (now - jar.usedAt > maxIdleMs) {
      drop(key)
      return undefined
    }
    jars.delete(key)
    jar.usedAt = now
    jars.set(key, jar)
    return jar
  }

  function keep(key: string, holder: string, cookies: readonly StoredCookie[], path: string): void {
    const now = clock.now()
    const known = use(key)
    drop(key)
    const kept = cookies.filter(({ expiresAt }) => expiresAt > now).slice(-maxCookies)
    if (kept.length === 0) return
    const sizeBytes = kept.reduce(
      (sum, cookie) => sum + cookie.name.length + cookie.value.length + cookie.path.length,
      0
    )
    add(key, { holder, cookies: kept, path: known?.path ?? path, usedAt: now, sizeBytes })
    for (const [oldest, { usedAt }] of jars) {
      if (now - usedAt <= maxIdleMs) break
      drop(oldest)
    }
    while (jars.size > maxJars) dropFromLargest('jars')
    while (totalBytes > maxTotalBytes) dropFromLargest('sizeBytes')
  }

  return {
    /** The `Cookie` header of a request to `url` (RFC 6265 section 5.4); null: none. */
    header(owner: CookieOwner, url: URL): string | null {
      if (jars.size === 0) return null
      const now = clock.now()
      const fitting = use(keyOf(owner, url))?.cookies.filter(
        ({ path, expiresAt }) => expiresAt > now && pathMatch(url.pathname, path)
      )
      if (!fitting || fitting.length === 0) return null
      return fitting
        .toSorted((a, b) => b.path.length - a.path.length)
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ')
    },
    /** Takes the cookies of an answer, to the session that it names where it begins one, and ends the session that it ends. */
    note(owner: CookieOwner, url: URL, method: string, { status, headers }: Answer): void {
      const set = [headers['set-cookie'] ?? []].flat()
      if (jars.size === 0 && set.length === 0) return
      const asked = keyOf(owner, url)
      const named = headers['mcp-session-id']
      const key = typeof named === 'string' ? keyOf({ ...owner, session: named }, url) : asked
      const isOver =
        owner.session !== null &&
        (status === 404 ? jars.get(asked)?.path === url.pathname : method === 'DELETE' && status < 300)
      if (isOver) {
        drop(asked)
        return
      }
      // What was sent with the request may have chosen the machine on which the session began.
      let cookies = (use(key) ?? use(asked))?.cookies ?? []
      if (set.length === 0 && key === asked) return
      for (const text of set) cookies = withCookie(cookies, text, url, clock.now())
      keep(key, owner.holder, cookies, url.pathname)
    },
    /**
     * The session of an event stream that `url` answered with. Without a session of the client's, the stream is one itself
     * (MCP's transport of 2024-11-05): it begins with the cookies that its request was sent, and ends with `end`.
     */
    openStream(owner: CookieOwner, url: URL): { session: string; end: () => void } {
      if (owner.session !== null) return { session: owner.session, end: () => {} }
      const session = `~${randomBytes(16).toString('base64url')}`
      const key = keyOf({ ...owner, session }, url)
      const jar = use(keyOf(owner, url))
      if (jar) keep(key, owner.holder, jar.cookies, jar.path)
      return { session, end: () => drop(key) }
    }
  }
}

/** The cookies with the one that `text` sets or deletes, as RFC 6265 section 5.3 asks, but for this host alone. */
function withCookie(cookies: readonly StoredCookie[], text: string, url: URL, now: number): StoredCookie[] {
  const unchanged = [...cookies]
  const cookie = parse(text)
  if (!cookie || cookie.key.length + cookie.value.length > maxCookieBytes) return unchanged
  if (!/^[\x20-\x7e]*$/.test(cookie.key + cookie.value)) return unchanged
  if (cookie.domain !== null && !domainMatch(url.hostname, cookie.domain)) return unchanged
  // Secure cookies are none of an origin without https, and an origin's cookies go to no other.
  if (cookie.secure && url.protocol !== 'https:') return unchanged
  const path = cookie.path ?? defaultPath(url.pathname)
  if (path.length > maxCookieBytes) return unchanged
  const expiresAt = cookie.expiryTime(new Date(now)) ?? Number.POSITIVE_INFINITY
  const fresh = { name: compact(cookie.key), value: compact(cookie.value), path: compact(path), expiresAt }
  const at = unchanged.findIndex(({ name, path }) => name === fresh.name && path === fresh.path)
  return at < 0 ? [...unchanged, fresh] : unchanged.with(at, fresh)
}

/** A text of its own: a part of a longer one would keep that in memory. */
const compact = (text: string) => Buffer.from(text).toString()
