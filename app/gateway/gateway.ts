// The gateway's HTTP listener on loopback: checks who calls, answers its own routes, forwards what is below /<server>.
// Its origin is never the dashboard's: what upstreams answer must not share an origin with the dashboard's pages.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pLimit from 'p-limit'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import { asTokentrayError } from '../contract/errors.ts'
import { reservedIds } from '../contract/serverConfig.ts'
import { keepConnection } from '../net/connections.ts'
import { bind } from '../net/loopback.ts'
import { createPeers, type Peer, type Peers } from '../net/peers.ts'
import type { ResolveProxy } from '../net/proxy.ts'
import { loopbackListeners } from '../settings/ports.ts'
import type { Settings } from '../settings/settings.ts'
import type { Refusals } from './access/refusals.ts'
import { readTarget } from './addresses.ts'
import { answer, fail, refuse } from './errorReplies.ts'
import { createForward } from './forward.ts'
import { judgeAddress } from './guard.ts'
import { safetyHeaders } from './headers.ts'
import { createPools } from './pools.ts'
import type { GatewayParts } from './port.ts'
import { sayForeignOrigin } from './refusals.ts'
import { judgePeer, type Machine, readMachine, type Sender, sayRefused, unknownSender } from './users.ts'

/** What the gateway needs of the rest; core.ts provides it. */
export type GatewayBackend = {
  /** Throws a TokentrayError while the vault is closed: requests are then answered with its sentence. */
  parts: () => GatewayParts
  resolveProxy: ResolveProxy
  metrics: Pick<Metrics, 'countRequest'>
  refused: Refusals['note']
  settings: Pick<Settings, 'gatewayHeaderTimeout' | 'gatewayKeepBody' | 'gatewayUsers'>
  /** Told in a sentence what the person who runs this should know. */
  notice(sentence: string): void
  log: Log
}

export type GatewayOptions = GatewayBackend & {
  clock: Clock
  /** 0: one of the system's choice, for tests. */
  port: number
  /** An https origin under which a reverse proxy publishes this gateway; null: for this machine only. */
  publicUrl: string | null
  /** The text of GET /metrics; null: these headers hold no key for it. Absent: there is no such path. */
  scrape?: (headers: IncomingHttpHeaders) => Promise<string | null>
  /** Replaced by tests: what tells users of this computer apart; `machine` null: nothing does. */
  peers?: Peers
  machine?: Machine | null
  /** How many files this process may have open; absent: what the system says. */
  descriptors?: number
  /** Replaced by tests: how many requests may wait to be admitted. */
  maxWaiting?: number
}

export type Gateway = {
  port: number
  /** `http://127.0.0.1:<port>` */
  address: string
  /** Frees the port at once; resolves when the requests in flight were answered or cut. */
  close(): Promise<void>
}

/** Of users who were refused, that the person is told of: there may be any number. */
const maxNotices = 10
/** Requests that are admitted at the same time, and those that wait for their turn; beyond that the answer is 503. */
const maxStrangers = 64
const defaultMaxWaiting = 10_000
/** Where access begins: not for a sender that nobody can tell, on a machine of several people. */
const accessPaths: ReadonlySet<string> = new Set(['register', 'token', 'revoke', 'authorize'])
/** How long requests in flight may take to end, in ms; streams would take forever. */
const closeTimeoutMs = 1000
const serverOptions = {
  maxHeaderSize: 16_384,
  // No limit: a request body may be a long stream.
  requestTimeout: 0,
  keepAliveTimeout: 60_000
}

async function answerMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  scrape: NonNullable<GatewayOptions['scrape']>
): Promise<void> {
  const text = request.method === 'GET' ? await scrape(request.headers) : null
  if (text === null) {
    const description =
      'Metrics require a GET request with a metrics key. Create one with tokentray clients add-key NAME --metrics.'
    return refuse(request, response, { status: 401, error: 'invalid_token', description }, 'realm="metrics"')
  }
  const headers = [...safetyHeaders, ['content-type', 'text/plain; version=0.0.4; charset=utf-8']]
  response.writeHead(200, [...headers, ['cache-control', 'no-store']].flat()).end(text)
}

/** Rejects `portInUse`. */
export async function startGateway(o: GatewayOptions): Promise<Gateway> {
  const { clock, log } = o
  const pools = createPools({ clock, headerTimeoutMs: o.settings.gatewayHeaderTimeout, resolveProxy: o.resolveProxy })
  const forward = createForward({ ...o, pools, maxKeptBytes: o.settings.gatewayKeepBody })
  const publicHost = o.publicUrl === null ? null : new URL(o.publicUrl)
  const turns = pLimit(maxStrangers)
  const maxWaiting = o.maxWaiting ?? defaultMaxWaiting
  const machine = o.machine === undefined ? readMachine() : o.machine
  const peers = machine && (o.peers ?? createPeers())
  const noticed = new Set<number>()

  /** Answers those who may not come in by who they are; true where it did. */
  function refuseSender(request: IncomingMessage, response: ServerResponse, sender: Sender, server: string): boolean {
    const refusal = (sentence: string) => {
      fail(request, response, { status: 403, code: 'notAllowedHere', sentence }, null)
      return true
    }
    if (typeof sender === 'object') {
      const sentence = sayRefused(sender.refused)
      o.refused('otherUser', `user ${sender.refused}`)
      if (!noticed.has(sender.refused) && noticed.size < maxNotices) o.notice(sentence)
      noticed.add(sender.refused)
      return refusal(sentence)
    }
    if (sender !== 'unknown' || !machine?.isShared || !accessPaths.has(server)) return false
    o.refused('otherUser', 'a user that cannot be told')
    return refusal(unknownSender)
  }

  async function handle(request: IncomingMessage, response: ServerResponse, sender: Sender): Promise<void> {
    const asked = judgeAddress(request.headers, publicHost)
    if (typeof asked === 'number') {
      const { host, origin } = request.headers
      if (asked === 421) o.refused('foreignHost', host || 'no name')
      else o.refused('foreignOrigin', origin ?? '')
      const sentence = asked === 421 ? 'This is not Tokentray’s address.' : sayForeignOrigin(origin ?? '')
      return fail(request, response, { status: asked, code: 'notAllowedHere', sentence }, null)
    }
    const target = readTarget(request.url ?? '')
    if (!target)
      return fail(
        request,
        response,
        { status: 400, code: 'urlInvalid', sentence: 'This path cannot be forwarded.' },
        null
      )
    if (refuseSender(request, response, sender, target.server)) return
    if (target.server === 'health' && target.rest === '') return answer(response, 200, [], { ok: true })
    const { scrape } = o
    if (target.server === 'metrics' && target.rest === '' && scrape)
      return admitStranger(request, response, () => answerMetrics(request, response, scrape))
    if (reservedIds.includes(target.server)) {
      if (request.headers.expect !== undefined) response.writeContinue()
      if (await o.parts().own.handle(request, response, asked.origin, sender === 'own')) return
      return fail(request, response, { status: 404, code: 'serverUnknown', sentence: 'Page not found.' }, null)
    }
    // Until admitted, not until the response ends: a pipelined response never learns that its connection broke.
    await admitStranger(request, response, (onAdmitted) => forward(request, response, target, asked.origin, onAdmitted))
  }

  /** Runs `work` when it is its turn; `work` calls `onAdmitted` once it knows whether the caller may come in. */
  async function admitStranger(
    request: IncomingMessage,
    response: ServerResponse,
    work: (onAdmitted: (isIn: boolean) => void) => Promise<void>
  ): Promise<void> {
    if (turns.pendingCount >= maxWaiting) {
      const sentence = 'Too many requests are waiting. Try again.'
      return fail(request, response, { status: 503, code: 'tokenUnavailable', sentence, retryAfter: 1 }, null)
    }
    let working: Promise<void> | undefined
    const knowCaller = () =>
      new Promise<void>((endTurn) => {
        working = work((isIn) => {
          if (isIn) keepConnection(request.socket)
          endTurn()
        }).finally(endTurn)
      })
    await turns(knowCaller)
    await working
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    if (!peers) return serve(request, response, 'own')
    const peer = peers.of(request.socket)
    const serveFor = (it: Peer) => serve(request, response, judgePeer(it, machine, o.settings.gatewayUsers))
    // On a kept connection the sender is known, and asking costs nothing.
    if (peer instanceof Promise) peer.then(serveFor)
    else serveFor(peer)
  }
  function serve(request: IncomingMessage, response: ServerResponse, sender: Sender): void {
    // A stranger who sends a request and closes at once would be taken for root: nobody waits for the answer.
    if (sender === 'gone' || request.socket.destroyed) return void request.socket.destroy()
    handle(request, response, sender)
      .catch((error: unknown) => {
        const { code, message } = asTokentrayError(error)
        if (code === 'unexpected') log.error('the gateway could not answer', error)
        if (response.headersSent) response.destroy()
        else fail(request, response, { status: 503, code, sentence: message, retryAfter: 30 }, null)
      })
      // One answer that cannot be written must not end the process.
      .catch(() => response.destroy())
  }
  const servers = await bind(listener, o.port, loopbackListeners.gateway, serverOptions, o.descriptors)
  // Without this, Node would ask for a body (`Expect`) before anybody checked who sends it.
  for (const server of servers) server.on('checkContinue', listener)
  if (peers) for (const server of servers) server.on('connection', peers.meet)
  const { port } = servers[0]!.address() as AddressInfo

  async function close(): Promise<void> {
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    for (const server of servers) server.closeIdleConnections()
    const cancel = clock.after(closeTimeoutMs, () => {
      for (const server of servers) server.closeAllConnections()
    })
    await Promise.all(closed)
    cancel()
    await pools.close()
  }
  let closing: Promise<void> | undefined
  return { port, address: `http://127.0.0.1:${port}`, close: () => (closing ??= close()) }
}
