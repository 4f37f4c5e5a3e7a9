// One HTTP exchange with a server, on a new connection, limited in time and size; its fault says how far it got.
// Connections are not reused: on a stale one a reply looks lost, and a lost reply may have used up a refresh token.
import { brotliDecompressSync, unzipSync } from 'node:zlib'
import { createParser } from 'eventsource-parser'
import { onAbort } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import type { ClientCertificate } from '../contract/serverConfig.ts'
import { type Identity, openDispatcher, readIdentity } from './dispatcher.ts'
import { localLookup, lookupFor, privateAddress, privateLookup, publicLookup } from './lookups.ts'
import { isBeyond, isLoopbackHost, type Reach } from './privateAddresses.ts'
import type { ResolveProxy } from './proxy.ts'
import { maxRedirects, readRedirect } from './redirects.ts'

/**
 * Why there is no reply. `offline`: no connection; `busy`: the time was up before anything was sent; `lost`: the
 * request went out and no complete reply came; `garbled`: the reply is too large or cannot be read; `misconfigured`:
 * the URL or the settings do not allow the request. `detail` is a code, never content. `retryAfter` in ms.
 */
export class NetworkFault extends Error {
  readonly fault: 'offline' | 'busy' | 'lost' | 'garbled' | 'misconfigured'
  readonly detail: string
  readonly host: string
  readonly retryAfter: number | null
  constructor(fault: NetworkFault['fault'], detail: string, host: string, retryAfter: number | null = null) {
    super(`${fault}: ${detail}`)
    this.name = 'NetworkFault'
    this.fault = fault
    this.detail = detail
    this.host = host
    this.retryAfter = retryAfter
  }
}

export type RequestLimits = { connectMs: number; totalMs: number; bodyBytes: number }
export const requestLimits: RequestLimits = { connectMs: 10_000, totalMs: 30_000, bodyBytes: 1_048_576 }

export type RequestOptions = {
  method?: string
  /** As a function: for headers that depend on the URL, which a redirect changes. */
  headers?: Record<string, string> | ((url: string) => Record<string, string>)
  body?: string | URLSearchParams | null | undefined
  signal?: AbortSignal | undefined
  /**
   * `public`: refuse private addresses, for URLs that an untrusted server named. `local`: refuse those that are not this
   * machine's, for URLs that a server on this machine named. `private`: refuse public addresses, for a name that was trusted
   * because it resolved to a private one a moment ago.
   */
  reach?: Reach
  /** Up to `maxRedirects` are followed, all within the same origin. */
  followsRedirects?: boolean
  certificate?: ClientCertificate | undefined
  /** The body of an event stream is the data of its first event that has any, waited for a short while. */
  firstEvent?: boolean
  /** A larger body is `garbled`; absent: the limit of all requests. */
  maxBytes?: number
}

export type SendOptions = {
  clock: Clock
  userAgent: string
  limits?: RequestLimits
  /** Absent: no proxies. */
  resolveProxy?: ResolveProxy | undefined
}

/**
 * Resolves with the complete reply, in memory; the bodies of 408, 429, 5xx are left out, and of event streams without
 * `firstEvent`.
 * Rejects with NetworkFault. Plain HTTP is allowed to this machine only.
 */
export type SendRequest = (url: string, options?: RequestOptions) => Promise<Response>

export function createSendRequest(given: SendOptions): SendRequest {
  return async (url, options = {}) => {
    let target = checked(url, options.reach)
    const identity = options.certificate && (await identityOf(options.certificate, target))
    for (let left = options.followsRedirects ? maxRedirects : 0; ; left--) {
      const proxy = await proxyFor(target, options.signal, given)
      if (options.signal?.aborted) throw new NetworkFault('busy', 'aborted', target.host)
      const reply = await exchange(target, options, { proxy, identity }, given)
      const next = left > 0 && redirectOf(reply, target, options.method ?? 'GET')
      if (!next) return reply
      target = checked(next.href, options.reach)
    }
  }
}

/** True for a status that means "try again later" and judges nothing (RFC 9110 section 15, RFC 6585 section 4). */
export const isBusyStatus = (status: number): boolean => status >= 500 || status === 429 || status === 408

function checked(text: string, reach?: RequestOptions['reach']): URL {
  const url = URL.parse(text)
  if (!url) throw new NetworkFault('misconfigured', 'url_invalid', 'the server')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname)))
    throw new NetworkFault('misconfigured', 'https_required', url.host)
  if (isBeyond(url.hostname, reach)) throw new NetworkFault('misconfigured', privateAddress, url.host)
  return url
}

/** The proxy to use, found within the time for a connection: a proxy script may itself wait for servers. */
async function proxyFor(
  target: URL,
  signal: AbortSignal | undefined,
  { resolveProxy, clock, limits = requestLimits }: SendOptions
): Promise<string | null> {
  if (!resolveProxy) return null
  const { promise, resolve, reject } = Promise.withResolvers<string | null>()
  const stop = (why: string) => reject(new NetworkFault('busy', why, target.host))
  const cancelTimer = clock.after(limits.connectMs, () => stop('proxy_timeout'))
  const stopListening = onAbort(signal, () => stop('aborted'))
  // The error is dropped: it may quote the proxy's address with a password in it.
  resolveProxy(target).then(resolve, () => reject(new NetworkFault('misconfigured', 'proxy_invalid', target.host)))
  return promise.finally(() => {
    cancelTimer()
    stopListening()
  })
}

/** Where to go on: within the origin only; a request with a body only where it is repeated as it is (307, 308). */
function redirectOf(reply: Response, from: URL, method: string): URL | null {
  const redirect = readRedirect(reply.status, reply.headers.get('location') || null, from.href)
  return redirect?.isSameOrigin && (redirect.keepsRequest || method === 'GET') ? redirect.to : null
}

async function identityOf(certificate: ClientCertificate, { host }: URL): Promise<Identity> {
  try {
    return await readIdentity(certificate)
  } catch {
    throw new NetworkFault('misconfigured', 'client_certificate_unreadable', host)
  }
}

function exchange(
  url: URL,
  options: RequestOptions,
  way: { proxy: string | null; identity: Identity | undefined },
  { limits = requestLimits, clock, userAgent }: SendOptions
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  const dispatcher = openDispatcher(url.origin, {
    ...way,
    connectTimeoutMs: limits.connectMs,
    // Behind a proxy names are resolved there, so blocking private targets is the proxy's job.
    lookup: lookupFor(url.protocol) ?? (options.reach && lookups[options.reach])
  })
  const given = typeof options.headers === 'function' ? options.headers(url.href) : options.headers
  const maxBytes = options.maxBytes ?? limits.bodyBytes
  let sent = false
  const stop = (why: string) => reject(new NetworkFault(sent ? 'lost' : 'busy', why, url.host))
  const cancelTimer = clock.after(limits.totalMs, () => stop('timeout'))
  const stopListening = onAbort(options.signal, () => stop('aborted'))

  let status = 0
  let headers = new Headers()
  let size = 0
  let events: ReturnType<typeof readFirst> | null = null
  const chunks: Buffer[] = []
  dispatcher.dispatch(
    {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: options.method ?? 'GET',
      headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...given },
      body: options.body == null ? null : String(options.body),
      reset: true
    },
    {
      onRequestStart() {
        sent = true
      },
      onResponseStart(_controller, code, fields) {
        if (code < 200) return
        // Some sites answer 999, which Response refuses; 599 is treated as the 5xx it most likely means.
        status = Math.min(code, 599)
        headers = headersOf(fields)
        const isStream = headers.get('content-type')?.startsWith('text/event-stream')
        if (isBusyStatus(status) || (isStream && !options.firstEvent)) resolve(responseOf(status, headers, null))
        else if (isStream) events = readFirst(clock, (data) => resolve(responseOf(status, headers, data)))
      },
      onResponseData(_controller, chunk) {
        size += chunk.length
        if (events) return size <= maxBytes ? events.feed(chunk) : events.end()
        if (size > maxBytes) reject(new NetworkFault('garbled', 'too_large', url.host))
        else chunks.push(chunk)
      },
      onResponseEnd() {
        if (events) return events.end()
        try {
          // Some servers compress although we ask them not to.
          const encoding = headers.get('content-encoding') ?? ''
          resolve(responseOf(status, headers, decodeBody(Buffer.concat(chunks), encoding, maxBytes)))
        } catch {
          reject(new NetworkFault('garbled', 'unreadable', url.host))
        }
      },
      onResponseError(_controller, error) {
        const code = codeOf(error)
        reject(new NetworkFault(sent ? 'lost' : code === privateAddress ? 'misconfigured' : 'offline', code, url.host))
      }
    }
  )
  return promise.finally(() => {
    cancelTimer()
    stopListening()
    events?.end()
    dispatcher.destroy().catch(() => {})
  })
}

/** How long the first event of a stream may take after the stream began. */
const firstEventMs = 3000

/** Calls `done` once: with the data of the first event, or with null where none comes in time or the stream ends. */
function readFirst(clock: Clock, done: (data: Uint8Array<ArrayBuffer> | null) => void) {
  const decoder = new TextDecoder()
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data !== '') done(new TextEncoder().encode(data))
    }
  })
  const cancelTimer = clock.after(firstEventMs, () => done(null))
  return {
    feed: (chunk: Buffer) => parser.feed(decoder.decode(chunk, { stream: true })),
    end() {
      cancelTimer()
      done(null)
    }
  }
}

const lookups = { any: undefined, local: localLookup, public: publicLookup, private: privateLookup }

function headersOf(fields: Record<string, string | string[] | undefined>): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(fields))
    for (const one of [value ?? []].flat()) headers.append(name, one.replace(/[^\t\x20-\x7e]/g, '?'))
  return headers
}

function responseOf(status: number, headers: Headers, body: Uint8Array<ArrayBuffer> | null): Response {
  const bodiless = status === 204 || status === 205 || status === 304
  return new Response(bodiless ? null : body, { status, headers })
}

/** Decompresses a body by its `Content-Encoding`. Throws where it is not so compressed or has more than `maxBytes`. */
export function decodeBody(body: Buffer<ArrayBuffer>, contentEncoding: string, maxBytes: number): Buffer<ArrayBuffer> {
  const encoding = contentEncoding.trim().toLowerCase()
  // Some servers send what is no coding, such as `utf-8`.
  if (!/^(br|gzip|x-gzip|deflate)$/.test(encoding) || body.length === 0) return body
  const bounds = { maxOutputLength: maxBytes }
  return encoding === 'br' ? brotliDecompressSync(body, bounds) : unzipSync(body, bounds)
}

function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } }
  const inner = typeof cause?.code === 'string' ? cause.code : code
  return typeof inner === 'string' && /^\w{1,60}$/.test(inner) ? inner : 'network_error'
}
