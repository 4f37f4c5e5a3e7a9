// A request below /<server>: who asks, whether that is still so, and an answer whatever happens.
// It reads no MCP; ids of JSON-RPC requests are looked at only to shape an error of ours.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import { isServerName } from '../contract/server.ts'
import type { Target } from './addresses.ts'
import { type Body, readBody } from './body.ts'
import { type Failure, fail, refuse } from './errorReplies.ts'
import type { Pools } from './pools.ts'
import type { GatewayParts, Refusal } from './port.ts'
import { Refused, relay } from './relay.ts'

export type ForwarderOptions = {
  /** Asked once per request. Throws a TokentrayError while the vault is closed. */
  parts: () => GatewayParts
  pools: Pools
  /** Bodies up to this size, in bytes, are kept for one replay. */
  maxKeptBytes: number
  clock: Clock
  metrics: Pick<Metrics, 'countRequest'>
  log: Log
}

/** `origin`: how this client addresses the gateway. `onAdmitted` is called once the caller was let in. */
export type Forward = (
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
  origin: string,
  onAdmitted: () => void
) => Promise<void>

export function createForward(o: ForwarderOptions): Forward {
  const { pools, metrics, clock, log } = o
  return async (request, response, target, origin, onAdmitted) => {
    const began = clock.now()
    const { upstreams, admission } = o.parts()
    const upstream = upstreams.find(target.server)
    // Of a name that a server could have, strangers hear the same whether there is one: it is not theirs to find out.
    if (!upstream && !isServerName(target.server)) return fail(request, response, unknownServer(target.server), null)
    const count = (result: string) => {
      if (upstream) metrics.countRequest(upstream.id, result, clock.now() - began)
    }
    const replyWith = (failure: Failure, body: Body | null = null) => {
      count(String(failure.status))
      fail(request, response, failure, body?.kept() ?? null)
    }
    const clientGone = signalWhenGone(request, response)
    const isOurs = upstream?.mode !== 'passThrough'
    // In pass-through the client's own Authorization is the upstream's business and proves nothing here.
    const { authorization: _, ...others } = request.headers
    const admitted = await admission.admit(isOurs ? request.headers : others, target.server)
    if (!admitted.ok && (upstream || !admitted.isKnown)) {
      count('refused')
      const metadata = isOurs ? `${origin}/.well-known/oauth-protected-resource/${target.server}` : null
      return refuseCaller(request, response, admitted, metadata, o.maxKeptBytes)
    }
    if (!upstream || !admitted.ok)
      return replyWith(unknownServer(target.server), await readForIds(request, o.maxKeptBytes))
    onAdmitted()
    if (clientGone.aborted) return count('gone')
    clientGone.addEventListener(
      'abort',
      admission.onRevoked(admitted.caller, upstream.id, () => response.destroy())
    )
    admission.noteUse(admitted.caller, upstream.id)
    const problem = findUnforwardable(request)
    if (problem) return replyWith(problem)
    // Only now: a body is not called up for somebody who is refused (RFC 9110 section 10.1.1).
    if (request.headers.expect !== undefined) response.writeContinue()
    let body: Body | null = null
    try {
      body = await readBody(request, o.maxKeptBytes)
      const onDelivered = (status: number) => count(clientGone.aborted ? 'gone' : String(status))
      const forwarding = {
        request,
        response,
        upstream,
        target,
        origin,
        body,
        signal: clientGone,
        onDelivered
      }
      await relay(forwarding, upstreams, pools)
    } catch (error) {
      if (clientGone.aborted) return count('gone')
      if (error instanceof Refused) return replyWith(error.failure, body)
      if (!(error instanceof TokentrayError))
        log.error('a request could not be forwarded', error, { server: upstream.id })
      const { code, message } = asTokentrayError(error)
      replyWith({ status: 503, code, sentence: message, retryAfter: upstreams.retryAfter(upstream.id) }, body)
    }
  }
}

/** One for all: to make an error costs more than the rest of a request's end. */
const clientLeft = new Error('the client went away')

/** Aborts when the answer is over, or nobody is there to hear it. */
function signalWhenGone({ socket }: IncomingMessage, response: ServerResponse): AbortSignal {
  const clientGone = new AbortController()
  const end = () => {
    socket.off('close', end)
    clientGone.abort(clientLeft)
  }
  response.once('close', end)
  // A response that waits behind another one has no connection yet, and hears nothing of its end.
  if (!response.socket) socket.setMaxListeners(0).once('close', end)
  return clientGone.signal
}

/** `metadata`: null in pass-through, where the challenge of a 401 would be taken for the upstream's. */
async function refuseCaller(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  metadata: string | null,
  maxKeptBytes: number
): Promise<void> {
  const { status, description, isKnown } = refusal
  if (status === 503) {
    // A stranger could keep us waiting for a body without end.
    const body = isKnown ? await readForIds(request, maxKeptBytes) : null
    const failure: Failure = { status, code: 'gatewayLocked', sentence: description, retryAfter: 30 }
    return fail(request, response, failure, body?.kept() ?? null)
  }
  if (status === 401 && metadata === null) {
    const hasKey = request.headers['x-tokentray-key'] !== undefined
    return refuse(request, response, { ...refusal, status: 403, description: hasKey ? description : keyNeeded }, null)
  }
  refuse(request, response, refusal, metadata === null ? null : `resource_metadata="${metadata}"`)
}

/** In pass-through, to whom a sign-in here would not help. */
const keyNeeded = 'Send a key of Tokentray as X-Tokentray-Key; tokentray clients add-key makes one.'

/** The body, for the ids in it; null where it would have to be called up, or did not come. */
async function readForIds(request: IncomingMessage, maxKeptBytes: number): Promise<Body | null> {
  return request.headers.expect === undefined ? readBody(request, maxKeptBytes).catch(() => null) : null
}

function unknownServer(server: string): Failure {
  const sentence =
    server === ''
      ? 'The name of a server belongs behind this address.'
      : `Tokentray knows no server called "${server}"; "tokentray list" shows those there are.`
  return { status: 404, code: 'serverUnknown', sentence }
}

/** What is not forwarded at all. */
function findUnforwardable({ method, headers }: IncomingMessage): Failure | null {
  if (method === 'TRACE')
    return { status: 405, code: 'notAllowedHere', sentence: 'TRACE would show the token, so it is not forwarded.' }
  // Other upgrades (h2c) are offers a server may leave alone.
  if (/\bwebsocket\b/i.test(headers.upgrade ?? ''))
    return { status: 501, code: 'notAllowedHere', sentence: 'Tokentray forwards HTTP and no WebSockets.' }
  return null
}
