// The dashboard's HTTP server for browsers on this machine: the pages, the contract's commands and the snapshots.
// The pages live at a host that is new for each start and known only through a link; every other one says how to get in.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../base/clock.ts'
import type { Output } from '../contract/commands.ts'
import { sessionHeader, sessionProofHeader } from '../contract/dashboardSession.ts'
import { TokentrayError } from '../contract/errors.ts'
import { streamVersion, streamVersionHeader } from '../contract/streamVersion.ts'
import type { DashboardLink } from '../core/commands/owner.ts'
import type { Core } from '../core/core.ts'
import { keepConnection } from '../net/connections.ts'
import { nameInHost } from '../net/hosts.ts'
import { bind } from '../net/loopback.ts'
import { themed } from '../net/page.ts'
import { removeRedirect, sweepRedirects, writeRedirect } from '../net/redirectFile.ts'
import { loopbackListeners } from '../settings/ports.ts'
import { answerCall, readJson } from './answerCall.ts'
import { readFiles } from './files.ts'
import { isLocalName, isOwnFetch, isOwnScript, knownName, makeHost } from './guard.ts'
import { pages, securityHeaders, writeWayIn } from './pages.ts'
import { allow, deny, refuse, send, sendJson } from './replies.ts'
import { linkLifeMs, type RandomBytes, type Session, Sessions } from './sessions.ts'
import { createStreams } from './streams.ts'

export type DashboardOptions = {
  core: Core
  /** The folder of the bundle, dist/renderer. */
  files: string
  /** The private folder for redirect files. */
  folder: string
  /** 0: one of the system's choice, for tests. */
  port: number
  /** What a person types into a terminal to get in. */
  command: string
  clock: Clock
  randomBytes: RandomBytes
}

export type Dashboard = {
  port: number
  /** Where a page says how to get in; the pages themselves are not there. */
  address: string
  /**
   * A new one-time link, wrapped in a private page that opens it (`file`, removed when the link was used or has expired) or
   * bare (`text`).
   */
  link: DashboardLink
  /** Frees the port at once, ends the streams, and resolves when the requests in flight were answered. */
  close(): Promise<void>
}

/** How long a browser may take to fetch its last answer. */
const closeTimeoutMs = 2000

/** Opens the dashboard; ends by itself when the core is asked to end. Rejects `portInUse`. */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { core, clock, randomBytes, command } = options
  const files = readFiles(options.files)
  const sessions = new Sessions(clock, randomBytes)
  const streams = createStreams({ core, clock })
  const calls = new Set<Promise<void>>()
  const wayIn = writeWayIn(command)
  const hosts = { name: makeHost(randomBytes(16)), address: '127.0.0.1' }
  /** Where pages are served. 127.0.0.1, which everybody knows, is not among them before a link had to lead there. */
  const admitted = new Set([hosts.name])

  function handle(request: IncomingMessage, response: ServerResponse) {
    const { headers } = request
    const name = nameInHost(headers.host)
    if (name === null || !isLocalName(name)) return deny(request, response, 421, 'notAllowedHere', pages.wrongHost)
    const [path = ''] = (request.url ?? '').split('?')
    if (path === '/health') {
      if (!allow(request, response, 'GET', 'HEAD')) return
      return send(response, 200, { ...securityHeaders, 'content-type': 'application/json' }, '{"ok":true}\n')
    }
    if (!admitted.has(name)) {
      // Whatever others planted here while Tokentray was away.
      response.setHeader('clear-site-data', '"cache", "storage"')
      return deny(request, response, 421, 'sessionNeeded', wayIn)
    }
    const origin = `http://${headers.host!.toLowerCase()}`
    if (path === '/link') return enter(request, response, origin)
    if (path === '/call' || path === '/snapshots') return answerScript(request, response, path, origin)
    if (!isOwnFetch(headers)) return deny(request, response, 403, 'notAllowedHere', pages.notAllowed)
    const file = files.get(path)
    if (!file) return deny(request, response, 404, 'commandUnknown', pages.notHere)
    if (!allow(request, response, 'GET', 'HEAD')) return
    const caching = file.isImmutable ? { 'cache-control': 'private, max-age=31536000, immutable' } : {}
    const body = path === '/' ? themed(file.body, core.snapshot().theme) : file.body
    send(response, 200, { ...securityHeaders, 'content-type': file.type, ...caching }, body)
  }

  /** Turns a link into a session. A page reads the link's secret in its own fragment, which browsers never send. */
  function enter(request: IncomingMessage, response: ServerResponse, origin: string) {
    if (!isOwnScript(request, origin)) return deny(request, response, 403, 'notAllowedHere', pages.notAllowed)
    if (!allow(request, response, 'POST')) return
    void readJson(request, response).then((sent) => {
      if (sent === null) return
      const session = typeof sent.link === 'string' ? sessions.redeem(sent.link, origin) : null
      if (session) return sendJson(response, 200, { ok: true, value: { ...session, command } })
      refuse(response, 401, 'sessionNeeded', 'This link was already used or has expired.')
    })
  }

  /** Cookies say nothing: those of every other port of this host arrive too. */
  function answerScript(request: IncomingMessage, response: ServerResponse, path: string, origin: string) {
    if (!isOwnScript(request, origin)) return deny(request, response, 403, 'notAllowedHere', pages.notAllowed)
    const find = () => sessions.find(request.headers[sessionHeader], origin)
    const session = find()
    if (!session) return deny(request, response, 401, 'sessionNeeded', pages.sessionNeeded)
    keepConnection(request.socket)
    response.setHeader(sessionProofHeader, session.proof)
    if (path === '/call') answer(request, response, session)
    else openStream(request, response, () => find() !== null)
  }

  function openStream(request: IncomingMessage, response: ServerResponse, isWelcome: () => boolean) {
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
      isWelcome
    })
  }

  function answer(request: IncomingMessage, response: ServerResponse, { linkedAt }: Session) {
    if (!allow(request, response, 'POST')) return
    const answered = answerCall(core, request, response, linkedAt).finally(() => calls.delete(answered))
    calls.add(answered)
  }

  sweepRedirects(options.folder, clock.now() - linkLifeMs)
  const servers = await bind(handle, options.port, loopbackListeners.dashboard)
  const { port } = servers[0]!.address() as AddressInfo
  const address = `http://${knownName}:${port}`

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

  function link({ as, to = 'name' }: Parameters<DashboardLink>[0]): Output<'dashboard.link'> {
    if (closing) throw new TokentrayError('ownerStopping', 'Tokentray is shutting down. Try again in a moment.')
    let file: string | null = null
    const host = hosts[to]
    admitted.add(host)
    const { secret, expiresAt } = sessions.makeLink(host, () => file !== null && removeRedirect(file))
    const url = `http://${host}:${port}/#link/${secret}`
    if (as === 'text') return { address, file, link: url, expiresAt }
    file = writeRedirect(options.folder, randomBytes(8).toString('hex'), url)
    return { address, file, link: null, expiresAt }
  }

  return { port, address, link, close: closeOnce }
}
