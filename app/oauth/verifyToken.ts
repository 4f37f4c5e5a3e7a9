// Asks an MCP server whether it accepts a token: sends one `initialize`, and ends the session that this may have opened.
// Only an answer in MCP shows that a server works: a 404 or a page taken for one would call a server well that no client can use.
import type { Sighting } from '../health/outage.ts'
import { sayProblem } from '../health/problems.ts'
import { asksForNonce, bearerChallenge } from '../net/challenge.ts'
import { mayMeanSignIn, readRedirect, shownAddress } from '../net/redirects.ts'
import { isBusyStatus, NetworkFault, type SendRequest } from '../net/request.ts'
import { isTokenError, readError } from '../net/tokenErrors.ts'
import { isOfLivingServer, readInitialized } from './probeReply.ts'
import { endSession, messageHeaders, messageOptions, messages, sessionHeaders } from './probeRequests.ts'
import { readServerInfo, type ServerInfo } from './serverInfo.ts'
import { isEventStream, takesOnlyGet } from './streamProbe.ts'

/**
 * `sentence`: the answer in words for a person. `scopes`: those the server said are missing; null: it did not say. `seen`: what
 * the answer, or its absence, shows of the server; null: nothing. `info`: what the server says of itself.
 */
export type Verification = Answered & { seen: Sighting | null; info?: ServerInfo }
/** `isDoubted`: the server seems not to accept the token, but may mean something else. */
type Answered = { sentence: string } & (
  | { verdict: 'accepted' | 'rejected' | 'unknown'; isDoubted?: true }
  | { verdict: 'scopeNeeded'; scopes: string | null }
)
type Judged = Answered & { seen: Sighting }

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
  const ask = (body: string, session: Record<string, string> = {}) => {
    const headers = (at: string) => ({ ...Object.fromEntries(credentials('POST', at)), ...messageHeaders, ...session })
    return sendRequest(url, { ...messageOptions, headers, body, signal })
  }
  /** Servers of the transport of 2024-11-05 look at the token only where their event stream begins; null: that told nothing. */
  const askForStream = async () => {
    const headers = (at: string) => ({ ...Object.fromEntries(credentials('GET', at)), accept: 'text/event-stream' })
    const reply = await sendRequest(url, { headers, signal, followsRedirects: true }).catch(() => null)
    const isTelling = reply && (reply.status === 401 || reply.status === 403 || isEventStream(reply))
    return isTelling ? reply : null
  }
  try {
    let reply = await ask(messages.initialize)
    // RFC 9449 section 9: refused only because the request lacked the server's nonce.
    const isNews = noteNonce(reply.headers.get('dpop-nonce'))
    const isAskedFor = isNews || asksForNonce(reply.headers.get('www-authenticate'))
    if (reply.status === 401 && isAskedFor) reply = await ask(messages.initialize)
    const text = await reply.text()
    const session = sessionHeaders(reply.headers, text)
    const telling = (takesOnlyGet(reply.status) && (await askForStream())) || reply
    let judged = judge(telling, telling === reply ? text : '', host, url)
    if (callsTool && judged.verdict === 'accepted') {
      const called = await ask(messages.callNoTool, session).catch(() => null)
      const isRefused = called?.status === 401 && !asksForNonce(called.headers.get('www-authenticate'))
      if (isRefused) judged = judge(called, '', host, url)
    }
    const headers = { ...Object.fromEntries(credentials('DELETE', url)), ...session }
    await endSession(sendRequest, url, { headers, signal })
    const info = judged.verdict === 'accepted' ? readServerInfo(text, url) : null
    return { ...judged, ...(info && { info }) }
  } catch (error) {
    const { fault, detail } = error instanceof NetworkFault ? error : { fault: 'busy' as const, detail: 'aborted' }
    return {
      verdict: 'unknown',
      seen: unanswered(fault, detail),
      sentence: `${host} ${faults[fault]}: ${sayProblem(detail)}. The token could not be verified.`
    }
  }
}

function unanswered(fault: NetworkFault['fault'], detail: string): Sighting | null {
  // Ended from here, or by this computer's own proxy settings.
  if (detail === 'aborted' || detail === 'proxy_timeout' || fault === 'misconfigured') return null
  if (fault === 'garbled') return { kind: 'reached' }
  return fault === 'lost' ? { kind: 'silent', detail, tool: null } : { kind: 'unreachable', detail }
}

/** The code that a refusal names: of its challenge, else of its JSON, which may also be a JSON-RPC error with 200. null: none. */
function errorIn({ status, headers }: Response, text: string): string | null {
  if (status >= 300 && status < 400) return null
  const named = bearerChallenge(headers.get('www-authenticate'))?.params.error
  return named ?? readError(text)?.error ?? null
}

/** `text`: the body of the answer, or its first event; empty where neither is told. */
function judge(reply: Response, text: string, host: string, url: string): Judged {
  const { status, headers } = reply
  const code = `HTTP ${status}`
  const reached: Sighting = { kind: 'reached' }
  const rejecting: Sighting = { kind: 'rejecting', detail: code }
  const notMcp: Sighting = { kind: 'notMcp', detail: code }
  const failing = (detail: string): Sighting => ({ kind: 'failing', detail, tool: null })
  if (status === 401) return { verdict: 'rejected', seen: rejecting, sentence: `${host} rejected the token (${code}).` }
  const error = errorIn(reply, text)
  if (error !== null && isTokenError(error))
    return {
      verdict: 'unknown',
      isDoubted: true,
      seen: rejecting,
      sentence: `${host} seems to reject the token (${code}, ${error}).`
    }
  const params = bearerChallenge(headers.get('www-authenticate'))?.params
  if (status === 403 && params?.error === 'insufficient_scope')
    return {
      verdict: 'scopeNeeded',
      scopes: params.scope ?? null,
      seen: failing(code),
      sentence: `${host} recognizes the token, but it lacks permission (${code}, insufficient_scope).`
    }
  const redirect = readRedirect(status, headers.get('location'), url)
  if (redirect?.to) {
    const where = shownAddress(redirect.to)
    const hint =
      redirect.meant === null ? '' : ` That loses https. Its https address is ${shownAddress(new URL(redirect.meant))}.`
    const sentence = `${host} redirects to ${where} (${code}), so the token could not be verified.${hint}`
    return mayMeanSignIn(redirect, 'POST', url)
      ? { verdict: 'unknown', isDoubted: true, seen: rejecting, sentence }
      : { verdict: 'unknown', seen: notMcp, sentence }
  }
  if (status < 300 && headers.get('content-type')?.startsWith('text/html'))
    return {
      verdict: 'unknown',
      isDoubted: true,
      seen: rejecting,
      sentence: `${host} answered with a web page instead of an MCP response, so the token could not be verified.`
    }
  const unverified = (seen: Sighting, what = code): Judged => ({
    verdict: 'unknown',
    seen,
    sentence: `${host} answered ${what}, so the token could not be verified.`
  })
  if (isBusyStatus(status)) return unverified(status >= 500 ? failing(code) : reached)
  const said = readInitialized(text)
  const isStreamBegun = status < 300 && said === null && isEventStream(reply)
  const isMcp = said === 'result' ? status < 300 : isStreamBegun || (said !== null && isOfLivingServer(said))
  if (isMcp) return { verdict: 'accepted', seen: { kind: 'well' }, sentence: `${host} accepted the token (${code}).` }
  if (status === 403)
    return {
      verdict: 'unknown',
      seen: failing(code),
      sentence: `${host} answered HTTP 403, which does not show whether it rejected the token.`
    }
  if (missing.has(status) || (status >= 300 && status < 400))
    return unverified(notMcp, `${code} instead of an MCP response`)
  if (said !== null && said !== 'result')
    return unverified(failing(`JSON-RPC error ${said.code}`), `an error (JSON-RPC error ${said.code})`)
  return status < 300 ? unverified(notMcp, `${code} without an MCP response`) : unverified(failing(code))
}

/** Statuses of a URL that takes no MCP messages. */
const missing: ReadonlySet<number> = new Set([404, 405, 410])
