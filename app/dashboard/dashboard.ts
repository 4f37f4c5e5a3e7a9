// The dashboard's HTTP server for browsers on this machine: the pages, the contract's commands and the snapshots.
// It has its own loopback port, never the gateway's: what upstreams answer must not share an origin with these pages.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import { streamVersion, streamVersionHeader } from '../contract/streamVersion.ts'
import type { Core } from '../core/core.ts'
import { hostName, isLookingAhead } from '../net/hosts.ts'
import { bind } from '../net/loopback.ts'
import { loopbackListeners } from '../settings/ports.ts'
import { answerCall } from './answerCall.ts'
import { readFiles } from './files.ts'
import { dashboardNames, isOwnFetch, isOwnOrigin, ownName } from './guard.ts'
import { removeRedirect, sweepRedirects, writeRedirect } from './handOver.ts'
import { pageHeaders, pages, securityHeaders } from './pages.ts'
import { allow, deny, send } from './replies.ts'
import { linkLifeMs, type RandomBytes, readCookies, Sessions } from './sessions.ts'
import { createStreams } from './streams.ts'

export type DashboardOptions = {
  core: Core
  /** The folder of the bundle, dist/renderer. */
  files: string
  /** The private folder for redirect files. */
  folder: string
  /** 0: one of the system's choice, for tests. */
  port: number
  clock: Clock
  randomBytes: RandomBytes
}

export type DashboardLink = {
  /** The dashboard's address, without any secret. */
  address: string
  /** A private page that opens the link, for a browser; removed when the link was used or has expired. */
  file: string | null
  /** The link itself, for a terminal. */
  link: string | null
  /** ms since the epoch (UTC). */
  expiresAt: number
}

export type Dashboard = {
  port: number
  address: string
  /** A new one-time link, wrapped in a file or bare. */
  link(as: 'file' | 'text'): DashboardLink
  /** Frees the port at once, ends the streams, and resolves when the requests in flight were answered. */
  close(): Promise<void>
}

/** How long a browser may take to fetch its last answer. */
const closeTimeoutMs = 2000

/** Opens the dashboard; ends by itself when the core is asked to end. Rejects `portInUse`. */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { core, clock, randomBytes } = options
  const files = readFiles(options.files)
  const sessions = new Sessions(clock, randomBytes)
  const streams = createStreams({ core, clock })
  const calls = new Set<Promise<void>>()
  let cookie = ''

  function handle(request: IncomingMessage, response: ServerResponse) {
    const { method = '', headers } = request
    const host = hostName(headers.host, dashboardNames)
    if (host === null) return deny(request, response, 421, 'notAllowedHere', pages.wrongHost)
    const [path = ''] = (request.url ?? '').split('?')
    if (path === '/health') {
      if (!allow(request, response, 'GET', 'HEAD')) return
      return send(response, 200, { ...securityHeaders, 'content-type': 'application/json' }, '{"ok":true}\n')
    }
    if (path.startsWith('/link/')) return openLink(request, response, path.slice('/link/'.length))
    const session = readCookies(headers.cookie, cookie).find((secret) => sessions.isOpen(secret))
    if (session === undefined) return deny(request, response, 401, 'sessionNeeded', pages.sessionNeeded)
    // Browsers send Origin with every POST, so one without it is none of our pages.
    const { origin = method === 'POST' ? '' : undefined } = headers
    if (!isOwnFetch(headers) || (origin !== undefined && !isOwnOrigin(origin, host)))
      return deny(request, response, 403, 'notAllowedHere', pages.notAllowed)
    if (path === '/call') return answer(request, response)
    if (path === '/snapshots') return openStream(request, response, session)
    const file = files.get(path)
    if (!file) return deny(request, response, 404, 'commandUnknown', pages.notHere)
    if (!allow(request, response, 'GET', 'HEAD')) return
    const caching = file.isImmutable ? { 'cache-control': 'private, max-age=31536000, immutable' } : {}
    send(response, 200, { ...securityHeaders, 'content-type': file.type, ...caching }, file.body)
  }

  function openLink(request: IncomingMessage, response: ServerResponse, secret: string) {
    if (!allow(request, response, 'GET')) return
    if (!isOwnFetch(request.headers) || isLookingAhead(request.headers))
      return deny(request, response, 403, 'notAllowedHere', pages.notAllowed)
    const session = sessions.redeem(secret)
    if (session === null) return deny(request, response, 401, 'sessionNeeded', pages.linkSpent)
    const set = `${cookie}=${session}; Path=/; HttpOnly; SameSite=Strict`
    send(response, 200, { ...pageHeaders, 'set-cookie': set }, pages.opening)
  }

  function openStream(request: IncomingMessage, response: ServerResponse, session: string) {
    if (!allow(request, response, 'GET')) return
    if (streams.isFull()) return deny(request, response, 503, 'unexpected', pages.tooMany)
    const seen = request.headers['last-event-id']
    response.writeHead(200, {
      ...securityHeaders,
      'content-type': 'text/event-stream',
      [streamVersionHeader]: streamVersion,
      connection: 'close'
    })
    streams.add({
      response,
      seen: typeof seen === 'string' && /^\d{1,15}-\d{1,15}$/.test(seen) ? seen : null,
      isWelcome: () => sessions.isOpen(session)
    })
  }

  function answer(request: IncomingMessage, response: ServerResponse) {
    if (!allow(request, response, 'POST')) return
    const answered = answerCall(core, request, response).finally(() => calls.delete(answered))
    calls.add(answered)
  }

  sweepRedirects(options.folder, clock.now() - linkLifeMs)
  const servers = await bind(handle, options.port, loopbackListeners.dashboard)
  const { port } = servers[0]!.address() as AddressInfo
  const address = `http://${ownName}:${port}`
  // Cookies ignore ports: without the port in its name, two dashboards on one machine would overwrite each other's.
  cookie = `tokentray_${port}`

  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    sessions.close()
    streams.end()
    await Promise.all(calls)
    for (const server of servers) server.closeIdleConnections()
    const cancel = clock.after(closeTimeoutMs, () => {
      for (const server of servers) server.closeAllConnections()
    })
    await Promise.all(closed)
    cancel()
  }
  const closeOnce = () => (closing ??= close())
  core.ended.then(closeOnce)

  return {
    port,
    address,
    link(as) {
      if (closing) throw new TokentrayError('ownerStopping', 'Tokentray is shutting down. Try again in a moment.')
      let file: string | null = null
      const { secret, expiresAt } = sessions.makeLink(() => file !== null && removeRedirect(file))
      const link = `${address}/link/${secret}`
      if (as === 'text') return { address, file, link, expiresAt }
      file = writeRedirect(options.folder, randomBytes(8).toString('hex'), link)
      return { address, file, link: null, expiresAt }
    },
    close: closeOnce
  }
}
