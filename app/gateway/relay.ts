// Sends an admitted request to its upstream with a token, and once more with a new one if the token is refused.
// What must not reach the client, such as a redirect to another host, is thrown as Refused with a sentence instead.
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { sayProblem } from '../health/problems.ts'
import type { Upstream, Upstreams, UpstreamToken } from '../keeper/upstreams.ts'
import { asksForNonce, bearerChallenge } from '../net/challenge.ts'
import { type Base, readBase, rewriteLocation, type Target, upstreamPath } from './addresses.ts'
import type { Body } from './body.ts'
import { canUnpack, type Rewriter } from './bodyDown.ts'
import type { CookieOwner, Cookies } from './cookies.ts'
import { createEndpointRewriter } from './endpointEvents.ts'
import type { Endpoint, EndpointStream, Endpoints } from './endpoints.ts'
import type { Failure } from './errorReplies.ts'
import { type Answer, type Exchange, exchange, type Outcome } from './exchange.ts'
import { headersUp } from './headers.ts'
import type { Pools } from './pools.ts'
import { sightingOf } from './sighting.ts'

/** The error that the client gets instead of the upstream's answer. */
export class Refused extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.sentence)
    this.failure = failure
  }
}

export type Forwarding = {
  request: IncomingMessage
  response: ServerResponse
  upstream: Upstream
  target: Target
  /** How this client addresses the gateway, without a slash at its end. */
  origin: string
  /** The caller at this server. */
  holder: string
  /** Where the request goes instead of `target`: to an address that the upstream named. */
  endpoint: Endpoint | null
  endpoints: Endpoints
  cookies: Cookies
  body: Body
  /** When the request came, in ms since the epoch. */
  began: number
  /** Aborts when the client went away or lost its access. */
  signal: AbortSignal
  onDelivered: Exchange['onDelivered']
}

/** Methods that may be sent again although the first request may have arrived (RFC 9110 section 9.2.1). */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * Resolves once the answer streams to the client. Rejects Refused, and what `upstreams.token` and `renewed` reject
 * with.
 */
export async function relay(forwarding: Forwarding, upstreams: Upstreams, pools: Pools): Promise<void> {
  const { upstream, body, began, signal } = forwarding
  const isJudged = isOwnAddress(forwarding)
  const sendWith = async (token: UpstreamToken | null) => {
    const outcome = await send(forwarding, pools, token)
    // A client that went away shows nothing of the server.
    const isCutOff = outcome.kind === 'failed' && signal.aborted
    if (!isCutOff) upstreams.saw(upstream.id, sightingOf(outcome, isJudged, body.kept), began)
    return outcome
  }
  if (upstream.mode === 'passThrough') {
    statusOf(forwarding, await sendWith(null))
    return
  }
  let token = await upstreams.token(upstream.id, signal)
  let outcome = await sendWith(token)
  if (wantsNonce(outcome, token, upstream) && body.kept() !== null) outcome = await sendWith(token)
  if (isRefusal(outcome) && !isJudged) throw refusedThere(upstream)
  if (isRefusal(outcome)) {
    // Renewed even if the body was not kept: all requests that were refused share the new token.
    token = await upstreams.renewed(upstream.id, token.generation, signal)
    if (body.kept() === null) throw tooLarge(upstream)
    outcome = await sendWith(token)
    // The new token was refused too: this rejects with what the person can do.
    if (isRefusal(outcome)) await upstreams.renewed(upstream.id, token.generation, signal)
  }
  if (isRefusal(outcome)) throw stillRefused(upstream)
  if (outcome.kind === 'ours' && outcome.status === 403) {
    const scopes = scopeChallenge(outcome)?.scope ?? null
    if (isJudged) upstreams.needsScope(upstream.id, scopes)
    throw scopeMissing(upstream, scopes)
  }
  // An error proves nothing: nearly every one can come before the upstream looks at the token.
  if (statusOf(forwarding, outcome) < 400 && isJudged) upstreams.accepted(upstream.id)
}

/**
 * Whether the request goes to the configured URL itself. A client chooses what it asks for below: a path that always answers 401
 * would cost every client the sign-in, and a public one would vouch for a dead token.
 */
function isOwnAddress({ upstream, target, endpoint }: Forwarding): boolean {
  if (endpoint) return endpoint.isJudged
  const base = readBase(upstream.url)
  return upstreamPath(base, target) === upstreamPath(base, { rest: '', query: '' })
}

const isRefusal = (outcome: Outcome) => outcome.kind === 'ours' && outcome.status === 401

/**
 * Whether a DPoP-bound token was refused for lack of a nonce (RFC 9449 section 9) that this or another answer brought.
 */
function wantsNonce(outcome: Outcome, token: UpstreamToken, { url }: Upstream): boolean {
  if (outcome.kind !== 'ours') return false
  const nonce = outcome.headers['dpop-nonce']
  const isNews = token.noteNonce?.(url, typeof nonce === 'string' ? nonce : null)
  return outcome.status === 401 && (isNews === true || asksForNonce(challengesOf(outcome)))
}

/** The status the client gets; throws Refused if the answer does not go to it. */
function statusOf({ upstream, signal }: Forwarding, outcome: Outcome): number {
  if (outcome.kind === 'streaming') return outcome.status
  signal.throwIfAborted()
  throw outcome.kind === 'ours' ? movedAway(upstream, String(outcome.headers.location)) : noAnswer(upstream, outcome)
}

/** Sends the request with `token`; null: with the client's own `Authorization`. */
async function send(forwarding: Forwarding, pools: Pools, token: UpstreamToken | null): Promise<Outcome> {
  const { request, response, upstream, target, origin, cookies, body, signal, onDelivered } = forwarding
  const base = readBase(upstream.url)
  if (!base.isSafe) throw unsafeAddress(upstream)
  const path = forwarding.endpoint?.path ?? upstreamPath(base, target)
  const method = request.method ?? 'GET'
  const publicBase = `${origin}/${upstream.id}`
  const url = new URL(`${base.origin}${path}`)
  const cookieOwner = cookieOwnerOf(forwarding, token)
  const attempt = async () => {
    // New for each attempt: a DPoP proof is valid for one request.
    const credentials = token ? await token.headers(method, `${base.origin}${path}`) : null
    return exchange({
      pool: await pools.of(base.origin, upstream.certificate),
      origin: base.origin,
      method,
      path,
      headers: headersUp(
        request.rawHeaders,
        base.host,
        credentials,
        wantsEvents(request),
        cookies.header(cookieOwner, url)
      ),
      body: body.next(),
      signal,
      response,
      passesChallenges: token === null,
      onAnswer: (answer) => cookies.note(cookieOwner, url, method, answer),
      isOurs: (answer) =>
        leavesUpstream(answer, base, path, publicBase) ||
        (token !== null && (answer.status === 401 || (answer.status === 403 && scopeChallenge(answer) !== null))),
      extraHeaders: (answer) => rewrittenAddresses(answer, base, path, publicBase),
      rewriter: (answer) => endpointRewriter(forwarding, answer, url, cookieOwner),
      onDelivered
    })
  }
  const outcome = await attempt()
  const isBroken = outcome.kind === 'failed' && !isLate(outcome.error) && !signal.aborted
  // Also after sending: a server may refuse the client certificate that late, and its file may hold a new one.
  if (isBroken) pools.forget(base.origin, upstream.certificate)
  // A kept-alive connection may close just as it is used; a safe request is simply sent again.
  const isStale = isBroken && outcome.sent
  const isRepeatable = safeMethods.has(method) && body.kept() !== null
  return isStale && isRepeatable ? attempt() : outcome
}

/** Whether the answer may be an event stream that the gateway has to read. */
const wantsEvents = ({ method, headers }: IncomingMessage) =>
  method === 'GET' && /\btext\/event-stream\b/i.test(headers.accept ?? '')

/**
 * Whose cookies go up. Another account at the server, or in pass-through mode another `Authorization`, is somebody else.
 */
function cookieOwnerOf({ request, holder, endpoint }: Forwarding, token: UpstreamToken | null): CookieOwner {
  const { authorization = '', 'mcp-session-id': id } = request.headers
  const account = token ? token.signInNumber : createHash('sha256').update(authorization).digest('base64url')
  return { caller: `${holder}\n${account}`, session: endpoint?.session ?? (typeof id === 'string' ? id : null) }
}

/** For an event stream that answers GET: in the transport of 2024-11-05 it tells where to post. `url`: the upstream's. */
function endpointRewriter(
  forwarding: Forwarding,
  { status, headers }: Answer,
  url: URL,
  cookieOwner: CookieOwner
): Rewriter | null {
  const { request, endpoints, cookies, holder, upstream } = forwarding
  const isStream = /^text\/event-stream\s*(;|$)/i.test(String(headers['content-type'] ?? ''))
  if (request.method !== 'GET' || status !== 200 || !isStream) return null
  if (!canUnpack(String(headers['content-encoding'] ?? ''))) return null
  // From here on nothing of the request may be held on to: a stream lasts for days.
  const { session, end } = cookies.openStream(cookieOwner, url)
  const stream = endpoints.open(holder, url, isOwnAddress(forwarding), session)
  return rewriterOf(stream, `/${upstream.id}/~/`, end)
}

function rewriterOf(stream: EndpointStream, below: string, endSession: () => void): Rewriter {
  return {
    ...createEndpointRewriter((address) => `${below}${stream.add(address)}`),
    close() {
      stream.close()
      endSession()
    }
  }
}

function rewrittenAddresses({ headers }: Answer, base: Base, asked: string, publicBase: string): [string, string][] {
  return ['location', 'content-location'].flatMap((name): [string, string][] => {
    const address = headers[name]
    const rewritten = typeof address === 'string' ? rewriteLocation(address, base, asked, publicBase) : null
    return rewritten === null ? [] : [[name, rewritten]]
  })
}

/** Whether a redirect leaves the upstream: following it would give the token, or the client, to another server. */
function leavesUpstream({ status, headers }: Answer, base: Base, asked: string, publicBase: string): boolean {
  const { location } = headers
  return (
    redirects.has(status) &&
    location !== undefined &&
    rewriteLocation(String(location), base, asked, publicBase) === null
  )
}

/** The challenge of a 403 that asks for more scopes (RFC 6750 section 3.1). */
function scopeChallenge({ headers }: Answer): Readonly<Record<string, string>> | null {
  const challenge = bearerChallenge(challengesOf({ headers }))
  return challenge?.params.error === 'insufficient_scope' ? challenge.params : null
}

const challengesOf = ({ headers }: Pick<Answer, 'headers'>) => [headers['www-authenticate'] ?? ''].flat().join(', ')

const isLate = ({ code }: NodeJS.ErrnoException) => code === 'UND_ERR_HEADERS_TIMEOUT'

function unsafeAddress({ name, url }: Upstream): Refused {
  return new Refused({
    status: 502,
    code: 'urlInvalid',
    sentence: `${name} is at ${new URL(url).origin}, without https. Tokens are sent unencrypted only within this computer.`
  })
}

function noAnswer({ name }: Upstream, { error, sent }: Outcome & { kind: 'failed' }): Refused {
  const why = error.code ? sayProblem(error.code) : 'no response'
  if (!sent)
    return new Refused({
      status: 502,
      code: 'serverUnreachable',
      sentence: `${name} could not be reached: ${why}. Nothing was sent.`
    })
  if (isLate(error))
    return new Refused({ status: 504, code: 'serverBusy', sentence: `${name} did not respond in time.` })
  return new Refused({
    status: 502,
    code: 'replyLost',
    sentence: `The connection to ${name} was lost before it responded: ${why}. It may have carried out the request.`
  })
}

function movedAway({ id, name }: Upstream, location: string): Refused {
  const url = URL.parse(location)
  return new Refused({
    status: 502,
    code: 'serverMoved',
    sentence: `${name} redirects to ${url ? url.origin : 'another address'}, where its token must not be sent. If it moved, remove it and add it again with its new URL ("tokentray remove ${id}", "tokentray add").`
  })
}

function scopeMissing({ id, name }: Upstream, scopes: string | null): Refused {
  const which = scopes ? ` (${scopes})` : ''
  return new Refused({
    status: 403,
    code: 'scopeMissing',
    sentence: `${name} requires more permission for this${which}. Open Tokentray or run "tokentray login ${id}".`
  })
}

function refusedThere({ name }: Upstream): Refused {
  return new Refused({
    status: 403,
    code: 'notAllowedHere',
    sentence: `${name} rejects its token at this address. That says nothing about the token at the server's own address.`
  })
}

function tooLarge({ name }: Upstream): Refused {
  return new Refused({
    status: 503,
    code: 'tokenUnavailable',
    sentence: `${name} rejected the token. Tokentray has a new one, but this request was too large to repeat. Send it again.`,
    retryAfter: 1
  })
}

function stillRefused({ name }: Upstream): Refused {
  return new Refused({
    status: 503,
    code: 'tokenUnavailable',
    sentence: `${name} rejected two tokens in a row. Send the request again.`,
    retryAfter: 1
  })
}
