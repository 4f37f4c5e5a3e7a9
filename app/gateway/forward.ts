// Handles a request to /<server>: admits its caller, forwards it, and answers with an error where that is not possible.
// MCP messages are not interpreted; only their JSON-RPC ids are read, to address an error to the right request.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import { isServerName } from '../contract/serverConfig.ts'
import { readBase, type Target } from './addresses.ts'
import { type Body, readBody } from './body.ts'
import { createCookies } from './cookies.ts'
import { createEndpoints, type Endpoint, type RefusedEndpoint } from './endpoints.ts'
import { type Failure, fail, refuse } from './errorReplies.ts'
import type { Pools } from './pools.ts'
import type { GatewayParts, Refusal } from './port.ts'
import { Refused } from './refusals.ts'
import { relay } from './relay.ts'

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

/** `origin`: how this client addresses the gateway. `onAdmitted` is called once the caller was let in (`isIn`) or refused. */
export type Forward = (
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
  origin: string,
  onAdmitted: (isIn: boolean) => void
) => Promise<void>

export function createForward(o: ForwarderOptions): Forward {
  const { pools, metrics, clock, log } = o
  const endpoints = createEndpoints()
  const cookies = createCookies(clock)
  return async (request, response, target, origin, onAdmitted) => {
    const began = clock.now()
    const { upstreams, admission } = o.parts()
    const upstream = upstreams.find(target.server)
    // For every possible id, strangers get the same answer whether or not that server exists: they must not list servers.
    if (!upstream && !isServerName(target.server)) return fail(request, response, unknownServer(target.server), null)
    const count = (result: string) => {
      if (upstream) metrics.countRequest(upstream.id, result, clock.now() - began)
    }
    const replyWith = (failure: Failure, body: Body | null = null) => {
      count(String(failure.status))
      fail(request, response, failure, body?.kept() ?? null)
    }
    const clientGone = signalWhenGone(request, response)
    const admitted = await admission.admit(request.headers, target.server, upstream?.mode === 'passThrough')
    onAdmitted(admitted.ok)
    if (!admitted.ok && (upstream || !admitted.isKnown)) {
      count('refused')
      const metadata = `${origin}/.well-known/oauth-protected-resource/${target.server}`
      return refuseCaller(request, response, admitted, metadata, o.maxKeptBytes)
    }
    if (!upstream || !admitted.ok)
      return replyWith(unknownServer(target.server), await readForIds(request, o.maxKeptBytes))
    if (clientGone.aborted) return count('gone')
    clientGone.addEventListener(
      'abort',
      admission.onRevoked(admitted.caller, upstream.id, () => response.destroy())
    )
    admission.noteUse(admitted.caller, upstream.id)
    const problem = findUnforwardable(request)
    if (problem) return replyWith(problem)
    const holder = `${upstream.id}\n${admitted.caller.client}\n${admitted.caller.signIn ?? ''}`
    const named = readEndpointName(target)
    const endpoint = named === null ? null : endpoints.find(holder, named)
    if (!isUsable(endpoint, request, upstream.url))
      return replyWith(noEndpoint(upstream.name, endpoint), await readForIds(request, o.maxKeptBytes))
    // Only now, so that a refused caller is not asked to send its body (RFC 9110 section 10.1.1).
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
        holder,
        endpoint,
        endpoints,
        cookies,
        body,
        began,
        signal: clientGone,
        onDelivered,
        clock
      }
      await relay(forwarding, upstreams, pools)
    } catch (error) {
      if (clientGone.aborted) return count('gone')
      if (error instanceof Refused) return replyWith(error.failure, body)
      if (!(error instanceof TokentrayError))
        log.error('a request could not be forwarded', error, { server: upstream.id })
      const { code, message } = asTokentrayError(error)
      // The token is in order then: sent again, the same request would be refused again.
      if (code === 'notAllowedHere') return replyWith({ status: 403, code, sentence: message }, body)
      replyWith({ status: 503, code, sentence: message, retryAfter: upstreams.retryAfter(upstream.id) }, body)
    }
  }
}

/** One object for all requests: creating an error costs more than everything else at a request's end. */
const clientLeft = new Error('the client disconnected')

/** Aborts when the answer is complete or the client has gone away. */
function signalWhenGone({ socket }: IncomingMessage, response: ServerResponse): AbortSignal {
  const clientGone = new AbortController()
  const end = () => {
    socket.off('close', end)
    clientGone.abort(clientLeft)
  }
  response.once('close', end)
  // A pipelined response that waits behind another one has no socket yet, so the request's socket tells of the end.
  if (!response.socket) socket.setMaxListeners(0).once('close', end)
  return clientGone.signal
}

/** `metadata`: the URL of the server's metadata, for the challenge of a 401 (RFC 9728 section 5.1). */
async function refuseCaller(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  metadata: string,
  maxKeptBytes: number
): Promise<void> {
  const { status, description, isKnown } = refusal
  if (status === 503) {
    // A stranger's body is not waited for: it might never end.
    const body = isKnown ? await readForIds(request, maxKeptBytes) : null
    const failure: Failure = { status, code: 'gatewayLocked', sentence: description, retryAfter: 30 }
    return fail(request, response, failure, body?.kept() ?? null)
  }
  refuse(request, response, refusal, `resource_metadata="${metadata}"`)
}

/** The body, for the ids in it; null if the client waits to be asked for it (`Expect`), or it did not arrive. */
async function readForIds(request: IncomingMessage, maxKeptBytes: number): Promise<Body | null> {
  return request.headers.expect === undefined ? readBody(request, maxKeptBytes).catch(() => null) : null
}

function unknownServer(server: string): Failure {
  const sentence =
    server === ''
      ? 'Add the name of a server to this URL.'
      : `Tokentray has no server named "${server}". Run "tokentray list" to see your servers.`
  return { status: 404, code: 'serverUnknown', sentence }
}

/** The name in a path below /<server>/~, where the gateway names addresses of its own; null: another path. */
const readEndpointName = ({ rest, query }: Target): string | null =>
  rest === '/~' || rest.startsWith('/~/') ? `${rest.slice('/~/'.length)}${query}` : null

/** Null: the request is none for an endpoint. The server may have got another URL since the stream began. */
function isUsable(
  endpoint: Endpoint | RefusedEndpoint | null | undefined,
  { method }: IncomingMessage,
  url: string
): endpoint is Endpoint | null {
  if (endpoint === null) return true
  return typeof endpoint === 'object' && method === 'POST' && endpoint.origin === readBase(url).origin
}

function noEndpoint(name: string, endpoint: Endpoint | RefusedEndpoint | null | undefined): Failure {
  if (endpoint === 'elsewhere')
    return {
      status: 502,
      code: 'responseInvalid',
      sentence: `${name} names an address at another site for messages. Its token must not be sent there.`
    }
  if (endpoint === 'full')
    return {
      status: 503,
      code: 'tokenUnavailable',
      sentence: `This client has too many connections to ${name} open. Close some and connect again.`,
      retryAfter: 30
    }
  return {
    status: 404,
    code: 'addressUnknown',
    sentence: `This connection to ${name} has ended. Connect again.`
  }
}

/** Why this request can never be forwarded; null: it may be. */
function findUnforwardable({ method, headers }: IncomingMessage): Failure | null {
  if (method === 'TRACE')
    return {
      status: 405,
      code: 'notAllowedHere',
      sentence: 'TRACE is not forwarded because it would expose the token.'
    }
  // Other upgrades, such as h2c, are offers that a server may ignore.
  if (/\bwebsocket\b/i.test(headers.upgrade ?? ''))
    return { status: 501, code: 'notAllowedHere', sentence: 'Tokentray forwards HTTP but not WebSockets.' }
  return null
}
