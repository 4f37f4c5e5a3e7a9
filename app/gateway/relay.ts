// Sends an admitted request to its upstream with a token, and once more with a new one if the token is refused.
// What must not reach the client, such as a redirect to another host, is thrown as Refused with a sentence instead.
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import type { Upstream, Upstreams, UpstreamToken } from '../keeper/upstreams.ts'
import { asksForNonce } from '../net/challenge.ts'
import { maxRedirects } from '../net/redirects.ts'
import { type Base, readBase, rewriteLocation, type Target, upstreamPath } from './addresses.ts'
import type { Body } from './body.ts'
import { canUnpack, type Rewriter } from './bodyDown.ts'
import type { CookieOwner, Cookies } from './cookies.ts'
import { createEndpointRewriter } from './endpointEvents.ts'
import type { Endpoint, EndpointStream, Endpoints } from './endpoints.ts'
import { type Answer, type Exchange, exchange, type Outcome } from './exchange.ts'
import { headersUp, isEventStream } from './headers.ts'
import { type Asked, challengesOf, type Judgement, judge, mustReadBody } from './judgement.ts'
import type { Pools } from './pools.ts'
import {
  isLate,
  noAnswer,
  redirected,
  redirectedTooLarge,
  redirectedTooOften,
  refusedThere,
  scopeMissing,
  stillDoubted,
  stillRefused,
  tooLarge,
  unreadable,
  unsafeAddress
} from './refusals.ts'
import { sightingOf } from './sighting.ts'

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
  clock: Clock
}

/** Methods that may be sent again although the first request may have arrived (RFC 9110 section 9.2.1). */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** How a request goes up. `isJudged`: its answer may judge the token, because it goes to the configured URL itself (decision 43). */
type Way = {
  forwarding: Forwarding
  pools: Pools
  base: Base
  isJudged: boolean
  upstreams: Upstreams
  /** Notes what each exchange shows of the server itself. */
  saw(outcome: Outcome): void
}

/** An answer and what it says. `url`: where it came from, after redirects. */
type Judged = { outcome: Outcome; judgement: Judgement; url: string }

/**
 * Resolves once the answer streams to the client. Rejects Refused, and what `upstreams.token`, `renewed` and `retried` reject
 * with.
 */
export async function relay(forwarding: Forwarding, upstreams: Upstreams, pools: Pools): Promise<void> {
  const { upstream, body, began, signal } = forwarding
  const base = readBase(upstream.url)
  if (!base.isSafe) throw unsafeAddress(upstream)
  const isOwn = isOwnAddress(forwarding, base)
  const isPassedThrough = upstream.mode === 'passThrough'
  const isJudged = isOwn && !isPassedThrough
  const saw = (outcome: Outcome) => {
    // A client that went away shows nothing of the server.
    const isCutOff = outcome.kind === 'failed' && signal.aborted
    if (!isCutOff) upstreams.saw(upstream.id, sightingOf(outcome, isOwn, body.kept), began)
  }
  const way: Way = { forwarding, pools, base, isJudged, upstreams, saw }
  if (isPassedThrough) {
    statusOf(forwarding, await send(way, null))
    return
  }
  let token = await upstreams.token(upstream.id, signal)
  const sendProved = async (): Promise<Judged> => {
    const first = await send(way, token)
    return wantsNonce(first, token) && (await body.whole()) !== null ? send(way, token) : first
  }
  let answer = await sendProved()
  if (answer.judgement.kind === 'refused' && !isJudged) throw refusedThere(upstream)
  const doubted = isDoubt(answer)
  if (answer.judgement.kind === 'refused' || doubted) {
    // Renewed even if the body was not kept: all requests that were refused share the new token.
    const { generation } = token
    const renewed = doubted
      ? await upstreams.retried(upstream.id, generation, signal)
      : await upstreams.renewed(upstream.id, generation, signal)
    if (renewed !== null) {
      token = renewed
      if ((await body.whole()) === null) throw tooLarge(upstream)
      answer = await sendProved()
    }
    // The new token was refused too: this rejects with what the person can do.
    if (answer.judgement.kind === 'refused') await upstreams.renewed(upstream.id, token.generation, signal)
  }
  const { judgement } = answer
  if (isJudged && isSuspicious(answer, forwarding.request)) upstreams.suspected(upstream.id, token.generation)
  if (judgement.kind === 'refused') throw stillRefused(upstream)
  if (judgement.kind === 'doubted') throw stillDoubted(upstream, judgement.doubt, upstreams.remedy(upstream.id))
  if (judgement.kind === 'scopeMissing') {
    if (isJudged) upstreams.needsScope(upstream.id, judgement.scopes)
    throw scopeMissing(upstream, judgement.scopes)
  }
  // An error proves nothing: nearly every one can come before the upstream looks at the token.
  if (statusOf(forwarding, answer) < 400 && isJudged) upstreams.accepted(upstream.id, movedTo(answer, way))
}

/** Where redirects led; null: the upstream answered at the URL that was asked. */
const movedTo = ({ url }: Judged, { base, forwarding: { target, endpoint } }: Way): string | null =>
  endpoint || url === `${base.origin}${upstreamPath(base, target)}` ? null : url

/**
 * Whether the request goes to the configured URL itself. A client chooses what it asks for below: a path that always answers 401
 * would cost every client the sign-in, and a public one would vouch for a dead token.
 */
function isOwnAddress({ target, endpoint }: Forwarding, base: Base): boolean {
  return endpoint ? endpoint.isJudged : upstreamPath(base, target) === upstreamPath(base, { rest: '', query: '' })
}

/** Whether an answer speaks against the token without saying so for certain. */
const isDoubt = ({ judgement }: Judged): boolean =>
  judgement.kind === 'doubted' || (judgement.kind === 'redirect' && judgement.isDoubt)

/**
 * Whether an answer may show that the server takes this token no longer, or is no MCP server any more. A 404 within a session
 * ends that session (MCP, "Session Management").
 */
function isSuspicious({ outcome, judgement }: Judged, { method, headers }: IncomingMessage): boolean {
  if (outcome.kind === 'failed') return false
  if (judgement.kind === 'doubted') return true
  // More permission that is wanted is shown as such.
  if (method !== 'POST' || judgement.kind === 'scopeMissing') return false
  const isGone = suspectStatuses.has(outcome.status) && headers['mcp-session-id'] === undefined
  return judgement.kind === 'redirect' || isGone
}
const suspectStatuses: ReadonlySet<number> = new Set([403, 404, 405, 410, 419])

/**
 * Whether a DPoP-bound token was refused for lack of a nonce (RFC 9449 section 9) that this or another answer brought.
 */
function wantsNonce({ outcome, judgement, url }: Judged, token: UpstreamToken): boolean {
  if (outcome.kind !== 'ours' || judgement.kind === 'unreadable') return false
  const nonce = outcome.headers['dpop-nonce']
  const isNews = token.noteNonce?.(url, typeof nonce === 'string' ? nonce : null)
  return outcome.status === 401 && (isNews === true || asksForNonce(challengesOf(outcome.headers)))
}

/** The status the client gets; throws Refused if the answer does not go to it. */
function statusOf({ request, upstream, signal }: Forwarding, { outcome, judgement }: Judged): number {
  if (outcome.kind === 'streaming') return outcome.status
  signal.throwIfAborted()
  if (outcome.kind === 'failed') throw noAnswer(upstream, outcome)
  if (judgement.kind === 'unreadable') throw unreadable(upstream, judgement.encoding)
  throw judgement.kind === 'redirect'
    ? redirected(upstream, judgement.redirect, request.method ?? 'GET', judgement.isDoubt)
    : stillRefused(upstream)
}

/** Sends the request with `token`, and on where the upstream redirects it within its origin; null: with the client's own `Authorization`. */
async function send(way: Way, token: UpstreamToken | null): Promise<Judged> {
  const { base, isJudged, saw, upstreams } = way
  const { upstream, target, endpoint, body } = way.forwarding
  let path = endpoint?.path ?? upstreamPath(base, target)
  for (let left = maxRedirects; ; left--) {
    const answer = await sendTo(path, way, token)
    saw(answer.outcome)
    const { judgement } = answer
    if (judgement.kind !== 'redirect') return answer
    const { to, keepsRequest, isSameOrigin } = judgement.redirect
    if (!to || !keepsRequest || !isSameOrigin) return answer
    if (left === 0) {
      if (isJudged && token) upstreams.suspected(upstream.id, token.generation)
      throw redirectedTooOften(upstream, to)
    }
    if ((await body.whole()) === null) throw redirectedTooLarge(upstream, to)
    path = `${to.pathname}${to.search}`
  }
}

async function sendTo(
  path: string,
  { forwarding, pools, base, isJudged }: Way,
  token: UpstreamToken | null
): Promise<Judged> {
  const { request, response, upstream, origin, cookies, body, signal, onDelivered, clock } = forwarding
  const method = request.method ?? 'GET'
  const publicBase = `${origin}/${upstream.id}`
  const url = new URL(`${base.origin}${path}`)
  const cookieOwner = cookieOwnerOf(forwarding, token)
  const asked = {
    method,
    url: `${base.origin}${path}`,
    accept: request.headers.accept ?? '',
    isJudged,
    granted: token?.scope ?? null
  }
  let judgement: Judgement = { kind: 'ordinary' }
  const attempt = async () => {
    // New for each attempt: a DPoP proof is valid for one request.
    const credentials = token ? await token.headers(method, asked.url) : null
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
      mustReadBody: (answer) => isJudged && mustReadBody(answer),
      isOurs: (answer, read) => {
        judgement = judge(answer, read, asked)
        const isWithin = () => rewriteLocation(String(answer.headers.location), base, path, publicBase) !== null
        const isActedOn =
          judgement.kind === 'redirect'
            ? !isWithin() || !isForClient(judgement, asked)
            : judgement.kind !== 'ordinary' && token !== null
        if (isActedOn || !mayBeEvents(request, answer) || canUnpack(encodingOf(answer))) return isActedOn
        judgement = { kind: 'unreadable', encoding: encodingOf(answer) }
        return true
      },
      extraHeaders: (answer) => rewrittenAddresses(answer, base, path, publicBase),
      rewriter: (answer) => endpointRewriter(forwarding, answer, url, cookieOwner),
      onDelivered,
      clock
    })
  }
  const outcome = await attempt()
  const isBroken = outcome.kind === 'failed' && !isLate(outcome.error) && !signal.aborted
  // Also after sending: a server may refuse the client certificate that late, and its file may hold a new one.
  if (isBroken) pools.forget(base.origin, upstream.certificate)
  // A kept-alive connection may close just as it is used; a safe request is simply sent again.
  const isStale = isBroken && outcome.sent
  const isRepeatable = safeMethods.has(method) && body.kept() !== null
  const last = isStale && isRepeatable ? await attempt() : outcome
  return { outcome: last, judgement: last.kind === 'ours' ? judgement : { kind: 'ordinary' }, url: asked.url }
}

/** Whether the answer may be an event stream that the gateway has to read. */
const wantsEvents = ({ method, headers }: IncomingMessage) =>
  method === 'GET' && /\btext\/event-stream\b/i.test(headers.accept ?? '')

/**
 * Whose cookies go up. Another account at the server, or in pass-through mode another `Authorization`, is somebody else.
 */
function cookieOwnerOf({ request, holder, endpoint }: Forwarding, token: UpstreamToken | null): CookieOwner {
  const { authorization = '', 'mcp-session-id': id } = request.headers
  const account = token ? String(token.signInNumber) : createHash('sha256').update(authorization).digest('base64url')
  return { holder, account, session: endpoint?.session ?? (typeof id === 'string' ? id : null) }
}

const encodingOf = ({ headers }: Answer) => String(headers['content-encoding'] ?? '')

/** Whether the client may read the answer as an event stream. Many that asked for one look neither at its type nor at its status. */
const mayBeEvents = (request: IncomingMessage, { headers }: Answer): boolean =>
  request.method !== 'HEAD' && (wantsEvents(request) || isEventStream(String(headers['content-type'] ?? '')))

/** For an event stream: in the transport of 2024-11-05 it tells where to post. `url`: the upstream's. */
function endpointRewriter(forwarding: Forwarding, answer: Answer, url: URL, cookieOwner: CookieOwner): Rewriter | null {
  const { request, endpoints, cookies, holder, upstream } = forwarding
  if (!mayBeEvents(request, answer)) return null
  const below = `/${upstream.id}/~/`
  // No transport has such events in the answer to a POST: clients do without them, and the name leads nowhere.
  if (request.method !== 'GET') return { ...createEndpointRewriter(() => `${below}none`), close() {} }
  // From here on nothing of the request may be held on to: a stream lasts for days.
  const { session, end } = cookies.openStream(cookieOwner, url)
  const stream = endpoints.open(holder, url, isOwnAddress(forwarding, readBase(upstream.url)), session)
  return rewriterOf(stream, below, end)
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

/**
 * Whether the client itself may follow a redirect within the upstream. One that repeats the request is followed here, since many
 * clients do not. By any other one a POST to the server's own URL would become a GET, so its client is told instead.
 */
const isForClient = ({ redirect, isDoubt }: Judgement & { kind: 'redirect' }, { method, isJudged }: Asked): boolean =>
  !redirect.keepsRequest && !isDoubt && (safeMethods.has(method) || !isJudged)

function rewrittenAddresses({ headers }: Answer, base: Base, asked: string, publicBase: string): [string, string][] {
  return ['location', 'content-location'].flatMap((name): [string, string][] => {
    const address = headers[name]
    const rewritten = typeof address === 'string' ? rewriteLocation(address, base, asked, publicBase) : null
    return rewritten === null ? [] : [[name, rewritten]]
  })
}
