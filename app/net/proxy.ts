// Which proxy a request goes through: the setting, else the environment's variables, else the system's own settings.
// What is on this machine is never asked for through a proxy.
import { BlockList, isIP } from 'node:net'
import { TokentrayError } from '../contract/errors.ts'
import { isLoopbackHost } from './privateAddresses.ts'

/** `http://…`, `https://…` or `socks5://…`, perhaps with a user and password; null: none. */
export type ResolveProxy = (url: URL) => Promise<string | null>

export type ProxyChoice = {
  /** `system`: the environment, else the system; `none`; or a proxy's URL for everything. */
  setting: string
  environment: Record<string, string | undefined>
  /** The system's own settings. */
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
 * A proxy's address as people write it: without a scheme, with a password that nobody encoded, or with `socks5h`.
 * @throws settingsUnreadable, without what was written: a password may stand in it
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
    'The proxy in the settings or in the environment is none that can be used: write it as http://host:port, with https or socks5 where it speaks that.'
  )
}

/** Percent-encoded, once. */
function encoded(text: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(text))
  } catch {
    return encodeURIComponent(text)
  }
}

/** `host:port` is an HTTP proxy. */
export const withScheme = (proxy: string): string => (proxy.includes('://') ? proxy : `http://${proxy}`)

const kinds: Record<string, string> = { PROXY: 'http', HTTP: 'http', HTTPS: 'https', SOCKS: 'socks5', SOCKS5: 'socks5' }

/** The first way that can be gone of a list such as a proxy script answers: `PROXY a:8080; SOCKS5 b:1080; DIRECT`. */
export function readProxyList(list: string): string | null {
  for (const [, kind = '', host] of list.matchAll(/(?:^|;)\s*(\w+)(?:\s+([^\s;]+))?/g)) {
    if (kind.toUpperCase() === 'DIRECT') return null
    const scheme = kinds[kind.toUpperCase()]
    if (scheme && host) return `${scheme}://${host}`
  }
  return null
}

/**
 * True for a URL that a list of exceptions names: hosts with all below them, `*.host`, `10.*`, `host:port`, addresses,
 * networks (`10.0.0.0/8`), `*` for all, `<local>` for names without a dot. Parted by commas, semicolons or spaces.
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
  // macOS writes 169.254/16.
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
