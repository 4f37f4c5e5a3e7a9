// Maps the gateway's paths to the upstream's and back: /<server>/<rest>?<query> is <upstream URL>/<rest>?<query>.
// Paths are cut and joined as text: the URL class would decode, reorder or resolve "..", and so change the request.
import { isLoopbackHost } from '../net/privateAddresses.ts'

/** A request target taken apart: `rest` is empty or begins with a slash, `query` is empty or begins with "?". */
export type Target = { server: string; rest: string; query: string }

/** The target of an origin-form request line (RFC 9112 section 3.2.1); null if it has another form or holds "..". */
export function readTarget(url: string): Target | null {
  if (!url.startsWith('/')) return null
  const at = url.indexOf('?')
  const path = at < 0 ? url : url.slice(0, at)
  const query = at < 0 ? '' : url.slice(at)
  const end = path.indexOf('/', 1)
  const server = end < 0 ? path.slice(1) : path.slice(1, end)
  const rest = end < 0 ? '' : path.slice(end)
  return climbs(rest) || !isPrintable(url) ? null : { server, rest, query }
}

const isPrintable = (text: string) => /^[\x21-\x7e]*$/.test(text)

/** Whether an upstream may read a segment as "." or "..", be it encoded or behind an encoded slash (path traversal). */
function climbs(path: string): boolean {
  if (!/%2e|\.|\\|%5c/i.test(path)) return false
  const plain = path.replace(/%(2e|2f|5c)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return plain.split(/[/\\]/).some((segment) => segment.split(';')[0] === '.' || segment.split(';')[0] === '..')
}

/**
 * An upstream URL as it is used on each request. `path` without a slash at its end, `query` without "?";
 * `isSafe`: https, or within this machine.
 */
export type Base = { origin: string; host: string; path: string; slash: '/' | ''; query: string; isSafe: boolean }

export function readBase(url: string): Base {
  const { origin, host, hostname, protocol, pathname, search } = new URL(url)
  const path = pathname.replace(/\/+$/, '')
  const isSafe = protocol === 'https:' || isLoopbackHost(hostname)
  return { origin, host, path, slash: pathname === path ? '' : '/', query: search.slice(1), isSafe }
}

/** The path and query of the upstream request; the query of the configured URL comes first. */
export function upstreamPath(base: Base, { rest, query }: Pick<Target, 'rest' | 'query'>): string {
  const both = [base.query, query.slice(1)].filter((part) => part !== '').join('&')
  const path = `${base.path}${rest === '' ? base.slash : rest}` || '/'
  return both === '' ? path : `${path}?${both}`
}

/**
 * A `Location` or `Content-Location` of the upstream as an address below `below` (`http://127.0.0.1:4140/<server>`);
 * null where it points outside the configured upstream URL. `asked` is the upstream path asked for.
 */
export function rewriteLocation(location: string, base: Base, asked: string, below: string): string | null {
  const url = URL.parse(location, `${base.origin}${asked}`)
  if (!url || url.origin !== base.origin || url.username !== '' || url.password !== '') return null
  const path = url.pathname
  if (path !== base.path && !path.startsWith(`${base.path}/`)) return null
  // The configured query is added to every request, so it is left out here.
  const own = base.query === '' ? '' : `?${base.query}`
  const search = own !== '' && url.search.startsWith(own) ? url.search.slice(own.length).replace(/^&/, '?') : url.search
  return `${below}${path.slice(base.path.length)}${search}${url.hash}`
}
