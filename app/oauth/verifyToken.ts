// Asks an MCP server whether it accepts a token: sends one `initialize`, and ends the session that this may have opened.
// Only the HTTP status counts: servers that do not know `initialize` refuse a bad token too. Some look at the token at tools only.

import type { Sighting } from '../health/outage.ts'
import { sayProblem } from '../health/problems.ts'
import { asksForNonce, bearerChallenge } from '../net/challenge.ts'
import { readRedirect, shownAddress } from '../net/redirects.ts'
import { isBusyStatus, NetworkFault, type SendRequest } from '../net/request.ts'
import { isTokenError, readError } from '../net/tokenErrors.ts'
import { endSession, noTool, sessionIn } from './probeSession.ts'
import { readServerInfo, type ServerInfo } from './serverInfo.ts'
import { isEventStream, takesOnlyGet } from './streamProbe.ts'

/**
 * `sentence`: the answer in words for a person. `scopes`: those the server said are missing; null: it did not say. `seen`: what
 * the answer, or its absence, shows of the server; null: nothing. `info`: what the server says of itself.
 */
export type Verification = Judged & { seen: Sighting | null; info?: ServerInfo }
/** `isDoubted`: the server seems not to accept the token, but may mean something else. */
type Judged = { sentence: string } & (
  | { verdict: 'accepted' | 'rejected' | 'unknown'; isDoubted?: true }
  | { verdict: 'scopeNeeded'; scopes: string | null }
)

const protocolVersion = '2025-11-25'
const bodyOf = (method: string, params: object) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
const initialize = bodyOf('initialize', {
  protocolVersion,
  capabilities: {},
  clientInfo: { name: 'tokentray', version: '1' }
})
const callNoTool = bodyOf('tools/call', { name: noTool, arguments: {} })

const faults: Record<NetworkFault['fault'], string> = {
  offline: 'could not be reached',
  busy: 'did not respond in time',
  lost: 'did not send a complete response',
  garbled: 'sent an unreadable response',
  misconfigured: 'cannot be contacted at this URL'
}

/**
 * RFC 6750 section 3.1: a 401 is about the token itself, a 403 with `insufficient_scope` about what it allows. Never throws.
 * `credentials` is called for each request, since a DPoP proof is good for one only. `callsTool`: where `initialize` was accepted, a
 * tool that no server has is called too, for servers that look at the token at tools only.
 */
export async function verifyToken(
  sendRequest: SendRequest,
  url: string,
  credentials: (method: string, url: string) => [name: string, value: string][],
  {
    signal,
    noteNonce,
    callsTool
  }: { signal: AbortSignal; noteNonce: (nonce: string | null) => boolean; callsTool: boolean }
): Promise<Verification> {
  const host = URL.parse(url)?.host ?? 'The server'
  const kinds = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const ask = (body = initialize, more: Record<string, string> = {}) => {
    const headers = (at: string) => ({ ...Object.fromEntries(credentials('POST', at)), ...kinds, ...more })
    return sendRequest(url, { method: 'POST', headers, body, signal, redirects: 3, firstEvent: body === initialize })
  }
  /** Servers of the transport of 2024-11-05 look at the token only where their event stream begins; null: that told nothing. */
  const askForStream = async () => {
    const headers = (at: string) => ({ ...Object.fromEntries(credentials('GET', at)), accept: 'text/event-stream' })
    const reply = await sendRequest(url, { headers, signal, redirects: 3 }).catch(() => null)
    const isTelling = reply && (reply.status === 401 || reply.status === 403 || isEventStream(reply))
    return isTelling ? reply : null
  }
  try {
    let reply = await ask()
    // RFC 9449 section 9: refused only because the request lacked the server's nonce.
    const isNews = noteNonce(reply.headers.get('dpop-nonce'))
    const isAskedFor = isNews || asksForNonce(reply.headers.get('www-authenticate'))
    if (reply.status === 401 && isAskedFor) reply = await ask()
    const session = sessionIn(reply.headers)
    const inSession = session !== null && { 'mcp-session-id': session, 'mcp-protocol-version': protocolVersion }
    const text = await reply.text()
    const telling = (takesOnlyGet(reply.status) && (await askForStream())) || reply
    let judged = judge(telling, host, url, errorIn(telling, telling === reply ? text : ''))
    if (callsTool && judged.verdict === 'accepted') {
      const called = await ask(callNoTool, inSession || {}).catch(() => null)
      const isRefused = called?.status === 401 && !asksForNonce(called.headers.get('www-authenticate'))
      if (isRefused) judged = judge(called, host, url, null)
    }
    if (inSession) {
      const headers = { ...Object.fromEntries(credentials('DELETE', url)), ...inSession }
      await endSession(sendRequest, url, { headers, signal })
    }
    const info = judged.verdict === 'accepted' ? readServerInfo(text, url) : null
    return {
      ...judged,
      seen: seenIn(judged, telling.status),
      ...(info && { info })
    }
  } catch (error) {
    const { fault, detail } = error instanceof NetworkFault ? error : { fault: 'busy' as const, detail: 'aborted' }
    return {
      verdict: 'unknown',
      seen: unanswered(fault, detail),
      sentence: `${host} ${faults[fault]}: ${sayProblem(detail)}. The token could not be verified.`
    }
  }
}

function seenIn(judged: Judged, status: number): Sighting {
  if (judged.verdict === 'accepted') return { kind: 'well' }
  // It answers no client well while it answers so to an `initialize`; only shown, since the token may be good all the same.
  if (judged.verdict === 'unknown' && judged.isDoubted) return { kind: 'rejecting', detail: `HTTP ${status}` }
  return status >= 500 ? { kind: 'failing', detail: `HTTP ${status}`, tool: null } : { kind: 'reached' }
}

function unanswered(fault: NetworkFault['fault'], detail: string): Sighting | null {
  // Ended from here, or by this computer's own proxy settings.
  if (detail === 'aborted' || detail === 'proxy_timeout' || fault === 'misconfigured') return null
  if (fault === 'garbled') return { kind: 'reached' }
  return fault === 'lost' ? { kind: 'silent', detail, tool: null } : { kind: 'unreachable', detail }
}

/** The code that a refusal names: of its challenge, else of its JSON. null: none. */
function errorIn({ status, headers }: Response, text: string): string | null {
  if (status < 400 || status > 499) return null
  const named = bearerChallenge(headers.get('www-authenticate'))?.params.error
  return named ?? readError(text)?.error ?? null
}

/** `error`: the code that a refusal names; null: none. */
function judge({ status, headers }: Response, host: string, url: string, error: string | null): Judged {
  const params = bearerChallenge(headers.get('www-authenticate'))?.params
  if (status === 401) return { verdict: 'rejected', sentence: `${host} rejected the token (HTTP 401).` }
  if (error !== null && isTokenError(error))
    return {
      verdict: 'unknown',
      isDoubted: true,
      sentence: `${host} seems to reject the token (HTTP ${status}, ${error}).`
    }
  if (status === 403 && params?.error === 'insufficient_scope')
    return {
      verdict: 'scopeNeeded',
      scopes: params.scope ?? null,
      sentence: `${host} recognizes the token, but it lacks permission (HTTP 403, insufficient_scope).`
    }
  if (status === 403)
    return {
      verdict: 'unknown',
      sentence: `${host} answered HTTP 403, which does not show whether it rejected the token.`
    }
  const redirect = readRedirect(status, headers.get('location'), url)
  if (redirect?.to) {
    const where = shownAddress(redirect.to)
    const hint =
      redirect.meant === null ? '' : ` That loses https. Its https address is ${shownAddress(new URL(redirect.meant))}.`
    const sentence = `${host} redirects to ${where} (HTTP ${status}), so the token could not be verified.${hint}`
    return { verdict: 'unknown', sentence, ...(redirect.meant === null && { isDoubted: true as const }) }
  }
  if (status < 300 && headers.get('content-type')?.startsWith('text/html'))
    return {
      verdict: 'unknown',
      isDoubted: true,
      sentence: `${host} answered with a web page instead of an MCP response, so the token could not be verified.`
    }
  if (isBusyStatus(status) || status < 200 || (status >= 300 && status < 400))
    return { verdict: 'unknown', sentence: `${host} answered HTTP ${status}, so the token could not be verified.` }
  return { verdict: 'accepted', sentence: `${host} accepted the token (HTTP ${status}).` }
}
