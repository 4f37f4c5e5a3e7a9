// Keep-alive connections to the upstreams: one pool per origin and client certificate, a connection per open request.
// A pool that was idle for a while is not used again: its sockets may have died while the machine slept.
import { type Dispatcher, Pool, ProxyAgent, Socks5ProxyAgent } from 'undici'
import type { Clock } from '../base/clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { ClientCertificate } from '../contract/serverConfig.ts'
import { type Identity, readIdentity, trustSystem } from '../net/dispatcher.ts'
import { lookupFor } from '../net/lookups.ts'
import type { ResolveProxy } from '../net/proxy.ts'

/** How long an idle connection is kept, or less if the server says so in `Keep-Alive`. */
const keepAliveMs = 4000
/** Unused for longer than this by the wall clock, a pool can only hold sockets from before the machine slept. */
const maxIdleMs = 10_000
const connectTimeoutMs = 10_000

export interface Pools {
  /** Connections to this origin, through the proxy if one is set. */
  of(origin: string, certificate: ClientCertificate | null): Promise<Dispatcher>
  /** Drops the pool after a failure: the next request opens a new one, perhaps by another proxy. */
  forget(origin: string, certificate: ClientCertificate | null): void
  /** Ends every connection at once. */
  close(): Promise<void>
}

export type PoolsOptions = {
  clock: Clock
  /** How long until an answer must have begun; its body has no limit. */
  headerTimeoutMs: number
  resolveProxy: ResolveProxy
}

async function identityOf(certificate: ClientCertificate, origin: string): Promise<Identity> {
  return readIdentity(certificate).catch((error: unknown) => {
    const sentence = 'The client certificate of this server or its key could not be read or is not in PEM format'
    throw new TokentrayError('settingsUnreadable', `${sentence}. ${origin} was not contacted.`, { cause: error })
  })
}

export function createPools({ clock, headerTimeoutMs, resolveProxy }: PoolsOptions): Pools {
  const pools = new Map<string, { opening: Promise<Dispatcher>; usedAt: number }>()
  const all = new Set<Dispatcher>()
  let isClosed = false

  async function open(origin: string, certificate: ClientCertificate | null): Promise<Dispatcher> {
    const identity = certificate ? await identityOf(certificate, origin) : {}
    const proxy = await resolveProxy(new URL(origin))
    trustSystem(origin, proxy)
    const limits = {
      headersTimeout: headerTimeoutMs,
      bodyTimeout: 0,
      keepAliveTimeout: keepAliveMs,
      connectTimeout: connectTimeoutMs
    }
    const lookup = lookupFor(new URL(origin).protocol)
    const tls = { timeout: connectTimeoutMs, ...(lookup && { lookup }), ...identity }
    // No HTTP/2: with one connection per request, a broken one affects one request, and backpressure is TCP's.
    const pool =
      proxy === null
        ? new Pool(origin, { ...limits, allowH2: false, connect: tls })
        : /^socks/i.test(proxy)
          ? new Socks5ProxyAgent(proxy, { ...limits, requestTls: tls })
          : new ProxyAgent({ uri: proxy, ...limits, allowH2: false, requestTls: tls, proxyTunnel: true })
    all.add(pool)
    if (isClosed) await pool.destroy()
    return pool
  }

  /** Takes no more requests; streams still open in it go on to their own end. */
  async function retire(opening: Promise<Dispatcher>): Promise<void> {
    const pool = await opening
    await pool.close()
    all.delete(pool)
  }

  const keyOf = (origin: string, certificate: ClientCertificate | null) => JSON.stringify([origin, certificate])
  function drop(key: string): void {
    const known = pools.get(key)
    pools.delete(key)
    // An error here was already reported to the request that opened the pool.
    if (known) retire(known.opening).catch(() => {})
  }

  return {
    of(origin, certificate) {
      const key = keyOf(origin, certificate)
      const now = clock.now()
      const known = pools.get(key)
      if (known && Math.abs(now - known.usedAt) <= maxIdleMs) {
        known.usedAt = now
        return known.opening
      }
      drop(key)
      const opening = open(origin, certificate)
      opening.catch(() => drop(key))
      pools.set(key, { opening, usedAt: now })
      return opening
    },
    forget: (origin, certificate) => drop(keyOf(origin, certificate)),
    async close() {
      isClosed = true
      pools.clear()
      await Promise.all([...all].map((pool) => pool.destroy()))
    }
  }
}
