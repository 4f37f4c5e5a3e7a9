// Which proxy a request goes through: the setting, else the environment's variables, else the system's own settings.
// What is on this machine is never asked for through a proxy.
import { BlockList, isIP } from 'node:net'
import { isLoopbackHost } from './addresses.ts'

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
    if (setting !== 'system') return setting
    const variable = named('HTTPS_PROXY') ?? named('ALL_PROXY')
    return variable === null ? system(url) : withScheme(variable)
  }
}

/** `host:port` is an HTTP proxy. */
export const withScheme = (proxy: string): string => (proxy.includes('://') ? proxy : `http://${proxy}`)

/** The first way of a list such as a proxy script answers: `PROXY a:8080; SOCKS5 b:1080; DIRECT`. */
export function readProxyList(list: string): string | null {
  const [, kind = 'DIRECT', host] = /^\s*(\w+)(?:\s+([^\s;]+))?/.exec(list) ?? []
  const scheme = { PROXY: 'http', HTTP: 'http', HTTPS: 'https', SOCKS: 'socks5', SOCKS5: 'socks5' }[kind.toUpperCase()]
  return scheme && host ? `${scheme}://${host}` : null
}

/**
 * True for a URL that a list of exceptions names: hosts with all below them, `*.host`, `host:port`, addresses, networks
 * (`10.0.0.0/8`), `*` for all, `<local>` for names without a dot. Parted by commas, semicolons or spaces.
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
  const [, network, prefix] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? []
  if (network && isIP(network)) return withinNetwork(network, Number(prefix))
  const [, host = entry, port] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? []
  const name = host.replace(/^\*?\./, '')
  return (url) => {
    if (port !== undefined && port !== (url.port || '443')) return false
    const hostname = url.hostname.replace(/^\[|\]$/g, '')
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
