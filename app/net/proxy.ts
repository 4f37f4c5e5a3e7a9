// Chooses the proxy of a request: from the settings, else from environment variables, else from the system's settings.
// Requests to this machine never go through a proxy.
import { BlockList, isIP } from 'node:net'
import { TokentrayError } from '../contract/errors.ts'
import { isLoopbackHost } from './privateAddresses.ts'

/** `http://…`, `https://…` or `socks5://…`, perhaps with a user and password; null: none. */
export type ResolveProxy = (url: URL) => Promise<string | null>

export type ProxyChoice = {
  /** `system`: the environment's proxy, else the system's; `none`; or the URL of a proxy for all requests. */
  setting: string
  environment: Record<string, string | undefined>
  /** Reads the system's settings. */
  system: ResolveProxy
}

export function createProxyResolver({ setting, environment, system }: ProxyChoice): ResolveProxy {
  const named = (name: string) => environment[name.toLowerCase()] || environment[name] || null
  const exceptions = parseExceptions(named('NO_PROXY') ?? '')
  return async (url) => {
    if (setting === 'none' || isLoopbackHost(url.hostname) || exceptions(url)) return null
    if (setting !== 'system') return readProxy(setting)
    const variable = named('HTTPS_PROXY') ?? named('ALL_PROXY')
    const proxy = variable ?? (await system(url))
    return proxy === null ? null : readProxy(proxy)
  }
}

const schemes: Record<string, string> = {
  http: 'http',
  https: 'https',
  socks: 'socks5',
  socks5: 'socks5',
  socks5h: 'socks5'
}

/**
 * Reads a proxy's address as people write it: without a scheme, with a password that is not encoded, or with `socks5h`.
 * @throws settingsUnreadable; the address is not in the error, since it may hold a password
 */
function readProxy(written: string): string {
  const [, scheme = '', credentials, host = ''] =
    /^(\w+):\/\/(?:(.*)@)?([^@/?#\\]+)\/?$/s.exec(withScheme(written.trim())) ?? []
  const [, user = '', password] = /^([^:]*)(?::(.*))?$/s.exec(credentials ?? '') ?? []
  const who = password === undefined ? encoded(user) : `${encoded(user)}:${encoded(password)}`
  const proxy = `${schemes[scheme.toLowerCase()]}://${who && `${who}@`}${host}`
  if (schemes[scheme.toLowerCase()] && URL.canParse(proxy)) return proxy
  throw new TokentrayError(
    'settingsUnreadable',
    'The proxy in the settings or the environment is not valid. Use http://host:port, https://host:port or socks5://host:port.'
  )
}

/** Percent-encoded, also where it is encoded already. */
function encoded(text: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(text))
  } catch {
    return encodeURIComponent(text)
  }
}

/** A proxy without a scheme, `host:port`, speaks HTTP. */
export const withScheme = (proxy: string): string => (proxy.includes('://') ? proxy : `http://${proxy}`)

const kinds: Record<string, string> = { PROXY: 'http', HTTP: 'http', HTTPS: 'https', SOCKS: 'socks5', SOCKS5: 'socks5' }

/** The first usable entry of what a proxy script answers, such as `PROXY a:8080; SOCKS5 b:1080; DIRECT`; null: no proxy. */
export function readProxyList(list: string): string | null {
  for (const [, kind = '', host] of list.matchAll(/(?:^|;)\s*(\w+)(?:\s+([^\s;]+))?/g)) {
    if (kind.toUpperCase() === 'DIRECT') return null
    const scheme = kinds[kind.toUpperCase()]
    if (scheme && host) return `${scheme}://${host}`
  }
  return null
}

/**
 * Whether a URL is in a list of exceptions: hosts with their subdomains, `*.host`, `10.*`, `host:port`, addresses, networks
 * (`10.0.0.0/8`), `*` for all, `<local>` for names without a dot; separated by commas, semicolons or spaces.
 */
export function parseExceptions(list: string): (url: URL) => boolean {
  const tests = list
    .split(/[\s,;|]+/)
    .filter(Boolean)
    .map((entry) => parseException(entry.toLowerCase()))
  return (url) => tests.some((isMeant) => isMeant(url))
}

function parseException(entry: string): (url: URL) => boolean {
  if (entry === '*') return () => true
  if (entry === '<local>') return ({ hostname }) => !hostname.includes('.') && !hostname.startsWith('[')
  const [, written = '', prefix] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? []
  // macOS writes 169.254/16 for 169.254.0.0/16.
  const network = /^\d+(\.\d+){0,2}$/.test(written)
    ? `${written}${'.0'.repeat(4 - written.split('.').length)}`
    : written
  if (isIP(network)) return withinNetwork(network, Number(prefix))
  const [, host = entry, port] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? []
  const name = host.replace(/^\*?\./, '')
  const pattern = name.includes('*') ? new RegExp(`^${name.replace(/[^\w*]/g, '\\$&').replaceAll('*', '.*')}$`) : null
  return (url) => {
    if (port !== undefined && port !== (url.port || '443')) return false
    const hostname = url.hostname.replace(/^\[|\]$/g, '')
    if (pattern) return pattern.test(hostname)
    return hostname === name.replace(/^\[|\]$/g, '') || hostname.endsWith(`.${name}`)
  }
}

function withinNetwork(network: string, prefix: number): (url: URL) => boolean {
  const kind = isIP(network) === 6 ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  try {
    list.addSubnet(network, prefix, kind)
  } catch {
    return () => false
  }
  return (url) => {
    const address = url.hostname.replace(/^\[|\]$/g, '')
    return isIP(address) === (kind === 'ipv6' ? 6 : 4) && list.check(address, kind)
  }
}
