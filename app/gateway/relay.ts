// Sends an admitted request to its upstream with a token, and once more with a new one if the token is refused.
// What must not reach the client, such as a redirect to another host, is thrown as Refused with a sentence instead.
import type { IncomingMessage } from 'node:http'
import type { Upstreams, UpstreamToken } from '../keeper/upstreams.ts'
import { asksForNonce } from '../net/challenge.ts'
import { type Base, readBase, upstreamPath } from './addresses.ts'
import type { Outcome } from './exchange.ts'
import { challengesOf } from './judgement.ts'
import type { Pools } from './pools.ts'
import {
  noAnswer,
  redirected,
  refusedThere,
  scopeMissing,
  stillDoubted,
  stillRefused,
  tooLarge,
  unreadable,
  unsafeAddress
} from './refusals.ts'
import { type Forwarding, type Judged, send, type Way } from './sending.ts'
import { sightingOf } from './sighting.ts'

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
  const way: Way = { forwarding, pools, base, isOwn, isJudged, upstreams, saw }
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
