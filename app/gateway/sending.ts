// Sends one client's request to its upstream with a given token, and on where redirects lead within the upstream's origin.
// What would lead the client past the gateway, an address or a cookie of the upstream, is kept from it or replaced on the way down.
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import type { Upstream, Upstreams, UpstreamToken } from '../keeper/upstreams.ts'
import { maxRedirects } from '../net/redirects.ts'
import { type Base, rewriteLocation, type Target, upstreamPath } from './addresses.ts'
import type { Body } from './body.ts'
import { canUnpack, type Rewriter } from './bodyDown.ts'
import type { CookieOwner, Cookies } from './cookies.ts'
import { createEndpointRewriter } from './endpointEvents.ts'
import type { Endpoint, EndpointStream, Endpoints } from './endpoints.ts'
import { type Answer, type Exchange, exchange, type Outcome } from './exchange.ts'
import { headersUp, isEventStream } from './headers.ts'
import { type Asked, type Judgement, judge, mustReadBody } from './judgement.ts'
import type { Pools } from './pools.ts'
import { isLate, redirectedTooLarge, redirectedTooOften } from './refusals.ts'

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

/**
 * How a request goes up. `isOwn`: to the configured URL itself. `isJudged`: there and with a token of ours, so that its answer may
 * judge that token (decision 43).
 */
export type Way = {
  forwarding: Forwarding
  pools: Pools
  base: Base
  isOwn: boolean
  isJudged: boolean
  upstreams: Upstreams
  /** Notes what each exchange shows of the server itself. */
  saw(outcome: Outcome): void
}

/** An answer and what it says. `url`: where it came from, after redirects. */
export type Judged = { outcome: Outcome; judgement: Judgement; url: string }

/** Sends the request with `token`, and on where the upstream redirects it within its origin; null: with the client's own `Authorization`. */
export async function send(way: Way, token: UpstreamToken | null): Promise<Judged> {
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

async function sendTo(path: string, way: Way, token: UpstreamToken | null): Promise<Judged> {
  const { forwarding, pools, base, isJudged } = way
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
      rewriter: (answer) => endpointRewriter(way, answer, url, cookieOwner),
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
function endpointRewriter(
  { forwarding, isOwn }: Way,
  answer: Answer,
  url: URL,
  cookieOwner: CookieOwner
): Rewriter | null {
  const { request, endpoints, cookies, holder, upstream } = forwarding
  if (!mayBeEvents(request, answer)) return null
  const below = `/${upstream.id}/~/`
  // No transport has such events in the answer to a POST: clients do without them, and the name leads nowhere.
  if (request.method !== 'GET') return { ...createEndpointRewriter(() => `${below}none`), close() {} }
  // From here on nothing of the request may be held on to: a stream lasts for days.
  const { session, end } = cookies.openStream(cookieOwner, url)
  const stream = endpoints.open(holder, url, isOwn, session)
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
