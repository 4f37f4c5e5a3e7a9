// Redirect URIs of local clients: which may be registered, which match a registered one, and how people read them. Pure.
// Loopback by RFC 8252 section 7.3 (any port), private-use schemes by section 7.1, all others exactly as registered.
import { loopbackNames } from '../../net/hosts.ts'

/** Schemes without a dot that known applications use, from their documentation or source. */
const appSchemes: ReadonlySet<string> = new Set([
  'claude',
  'code-oss',
  'codex',
  'cursor',
  'cursor-nightly',
  'goose',
  'jetbrains',
  'raycast',
  'vscode',
  'vscode-insiders',
  'vscodium',
  'warp',
  'windsurf',
  'windsurf-next',
  'zed'
])
const maxUriLength = 2000

const isLoopback = (url: URL) => url.protocol === 'http:' && loopbackNames.has(url.hostname)
const schemeOf = (url: URL) => url.protocol.slice(0, -1)

/** Why `uri` cannot be registered, as the rest of a sentence; null where it can. */
export function refuseRedirect(uri: unknown): string | null {
  if (typeof uri !== 'string' || uri.length > maxUriLength)
    return `is not a string of at most ${maxUriLength} characters`
  const url = URL.parse(uri)
  if (!url || /[\s\u0000-\u001f\u007f-\u{10ffff}\\]/u.test(uri)) return 'is not an absolute URI'
  if (uri.includes('#')) return 'has a fragment'
  if (url.username || url.password) return 'contains a user name or password'
  if (url.protocol === 'https:' || isLoopback(url)) return null
  if (url.protocol === 'http:') return 'uses plain http to another computer'
  const scheme = schemeOf(url)
  if (appSchemes.has(scheme) || scheme.includes('.')) return null
  return `has the scheme "${scheme}:", which does not belong to a known application`
}

/** The URI without its port if it is a loopback address, whose port may differ at each sign-in. */
function redirectWithoutPort(uri: string): string {
  const url = URL.parse(uri)
  if (!url || !isLoopback(url)) return uri
  url.port = ''
  return url.href
}

/**
 * Whether the client may be sent to `uri`: it registered exactly that, or the same loopback address on another port.
 */
export function isRegistered(uri: string, registered: readonly string[]): boolean {
  if (refuseRedirect(uri) !== null) return false
  return registered.includes(uri) || registered.some((other) => redirectWithoutPort(other) === redirectWithoutPort(uri))
}

/** What a consent given in advance is bound to: 'loopback', the host, or the scheme. */
export function redirectHost(uri: string): string {
  const url = new URL(uri)
  return isLoopback(url) ? 'loopback' : url.protocol === 'https:' ? url.hostname : schemeOf(url)
}

/** Where the URI leads, in words. `isRemote`: the request came from elsewhere, and so a loopback address is there. */
export function describeRedirect(uri: string, isRemote: boolean): string {
  const host = redirectHost(uri)
  if (host === 'loopback') return isRemote ? 'a program on another computer' : 'a program on this computer'
  return uri.startsWith('https:') ? `the website ${host}` : `the application behind ${host}:`
}

/** Whether a browser opens another program for it, for which it may want a click. */
export function isAppLink(uri: string): boolean {
  return !/^https?:/i.test(uri)
}

/** `uri` with these parameters added to its query (RFC 6749 section 4.1.2). */
export function withParameters(uri: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const url = new URL(uri)
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.append(name, value)
  return url.href
}
