// Opens a connection to one origin, directly or through a proxy, with a client certificate where one is set.
// Trusts the system's certificate authorities besides Node's own: companies add theirs to the system.
import type { LookupFunction } from 'node:net'
import tls from 'node:tls'
import { Client, type Dispatcher, ProxyAgent, Socks5ProxyAgent } from 'undici'
import { readRegularFile } from '../base/regularFile.ts'
import type { ClientCertificate } from '../contract/serverConfig.ts'

/** A client certificate with its key, both PEM (RFC 8446 section 4.4.2). */
export type Identity = { cert: string; key: string }

export type Way = {
  connectTimeoutMs: number
  proxy: string | null
  /** Not used behind a proxy, which resolves names itself. */
  lookup?: LookupFunction | undefined
  identity?: Identity | undefined
}

/** The caller must destroy it after use. */
export function openDispatcher(origin: string, { connectTimeoutMs, proxy, lookup, identity }: Way): Dispatcher {
  trustSystem(origin, proxy)
  const limits = { headersTimeout: 0, bodyTimeout: 0 }
  const connect = { timeout: connectTimeoutMs, ...(lookup && { lookup }), ...identity }
  if (proxy === null) return new Client(origin, { ...limits, connect })
  const requestTls = { timeout: connectTimeoutMs, ...identity }
  if (/^socks/i.test(proxy))
    return new Socks5ProxyAgent(proxy, { ...limits, connectTimeout: connectTimeoutMs, requestTls })
  return new ProxyAgent({
    uri: proxy,
    ...limits,
    connectTimeout: connectTimeoutMs,
    requestTls,
    proxyTls: { timeout: connectTimeoutMs },
    proxyTunnel: true
  })
}

/** Reads the files for each request, since some certificates live only for hours. Rejects where one is missing or is no PEM. */
export async function readIdentity({ certificateFile, keyFile }: ClientCertificate): Promise<Identity> {
  const [cert, key] = await Promise.all([readRegularFile(certificateFile), readRegularFile(keyFile)])
  tls.createSecureContext({ cert, key })
  return { cert: String(cert), key: String(key) }
}

let isTrusted = false

/**
 * Makes this process trust the system's certificate authorities. Done once, and only before the first connection that may use
 * TLS, since these certificates take 8 MB of memory.
 */
export function trustSystem(origin: string, proxy: string | null): void {
  if (proxy === null && !origin.startsWith('https:')) return
  if (isTrusted || typeof tls.setDefaultCACertificates !== 'function') return
  isTrusted = true
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), ...tls.getCACertificates('system')])
}
