// Asks an MCP server without a token, to be refused with a challenge that says where to sign in (RFC 6750 section 3).
// A server that answers everything is open: it must not be sent into a sign-in that gives out tokens for nothing.
import { fieldsOf, type Json, objectIn } from '../base/json.ts'
import { bearerChallenge, type Challenge, resourceMetadataIn } from '../net/challenge.ts'
import { type Redirect, readRedirect } from '../net/redirects.ts'
import { isBusyStatus, NetworkFault, type SendRequest } from '../net/request.ts'
import { endSession, messageHeaders, messageOptions, messages, sessionHeaders } from './probeRequests.ts'
import { isEventStream, takesOnlyGet } from './streamProbe.ts'
import { retryAfterOf } from './tokenReply.ts'

export type Probe = {
  status: number
  kind: 'guarded' | 'open' | 'foreign'
  /** An error in MCP's format counts too: servers without sessions do not know `initialize`. */
  speaksMcp: boolean
  challenge: Challenge | null
  /** Where its challenges say that the resource metadata is: absolute URLs, or text that is none. */
  named: string[]
  /** A redirect that was not followed; null: none. */
  redirect: Redirect | null
  busy: NetworkFault | null
}

type Probing = { url: URL; reach: 'any' | 'private'; sendRequest: SendRequest; now: () => number; signal: AbortSignal }

/**
 * Sends the first requests of any MCP client without a token. Some servers allow `initialize` without a token and refuse only
 * what follows it, so `tools/list` is tried too, and then a call of a tool that no server has. Rejects with NetworkFault.
 */
export async function askForChallenge(probing: Probing): Promise<Probe> {
  const { probe: first, session } = await ask(messages.initialize, probing)
  if (first.kind === 'guarded') return first
  const old = takesOnlyGet(first.status) ? await askForStream(probing) : null
  if (old) return old
  if (!first.speaksMcp) return first
  try {
    const { probe: listed } = await ask(messages.listTools, probing, session)
    if (listed.kind === 'guarded') return listed
    const called = await ask(messages.callNoTool, probing, session).catch((error: unknown) => {
      // Some servers never answer the call of a tool that they do not have: that says nothing of whether they ask for a token.
      if (probing.signal.aborted || !(error instanceof NetworkFault)) throw error
      return null
    })
    return called?.probe.kind === 'guarded' ? called.probe : first
  } finally {
    const { sendRequest, url, signal, reach } = probing
    await endSession(sendRequest, url.href, { headers: session, signal, reach })
  }
}

/** Asks for the event stream with which that transport begins; null: the answer is neither a stream nor a challenge. */
async function askForStream({ url, reach, sendRequest, signal }: Probing): Promise<Probe | null> {
  const headers = { accept: 'text/event-stream' }
  const reply = await sendRequest(url.href, { headers, signal, reach, followsRedirects: true }).catch(() => null)
  if (!reply) return null
  const header = reply.headers.get('www-authenticate') ?? ''
  const challenge = bearerChallenge(header)
  const speaksMcp = isEventStream(reply)
  // A website may refuse any GET: only a challenge for a token counts.
  if (!challenge && !(reply.ok && speaksMcp)) return null
  const named = namedIn(header, url)
  return {
    status: reply.status,
    kind: challenge ? 'guarded' : 'open',
    speaksMcp,
    challenge,
    named,
    redirect: null,
    busy: null
  }
}

const namedIn = (header: string, url: URL) =>
  resourceMetadataIn(header).map((name) => URL.parse(name, url.href)?.href ?? name)

async function ask(
  body: string,
  { url, reach, sendRequest, now, signal }: Probing,
  session: Record<string, string> = {}
): Promise<{ probe: Probe; session: Record<string, string> }> {
  const sent = { ...messageHeaders, ...session }
  const reply = await sendRequest(url.href, { ...messageOptions, headers: sent, body, signal, reach })
  const { status, headers } = reply
  const text = await reply.text()
  const within = challengesIn(fieldsOf(objectIn(text)?.result))
  const header = [headers.get('www-authenticate'), ...within].filter((one) => one !== null).join(', ')
  const challenge = bearerChallenge(header)
  const guarded = status === 401 || challenge !== null
  const speaksMcp = isEventStream(reply) || /"jsonrpc"/.test(text)
  return {
    probe: {
      status,
      kind: guarded ? 'guarded' : reply.ok && speaksMcp ? 'open' : 'foreign',
      speaksMcp,
      challenge,
      named: namedIn(header, url),
      redirect: readRedirect(status, headers.get('location'), url.href),
      // 501 and 505 are lasting answers of a server that knows no such request, not of a busy one.
      busy:
        isBusyStatus(status) && status !== 501 && status !== 505
          ? new NetworkFault('busy', `HTTP ${status}`, url.host, retryAfterOf(headers, now()))
          : null
    },
    session: sessionHeaders(headers, text)
  }
}

/** Challenges within the result of a tool, as OpenAI's Apps SDK has them: such servers answer 200 where a sign-in is needed. */
function challengesIn(result: Json): string[] {
  const named = [fieldsOf(result._meta)['mcp/www_authenticate']].flat()
  return named.filter((one) => typeof one === 'string')
}
