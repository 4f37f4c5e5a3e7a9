// Asks an MCP server without a token, to be refused with a challenge that says where to sign in (RFC 6750 section 3).
// A server that answers everything is open: it must not be sent into a sign-in that gives out tokens for nothing.
import { bearerChallenge, type Challenge, resourceMetadataIn } from '../net/challenge.ts'
import { isBusyStatus, NetworkFault, type SendRequest } from '../net/request.ts'
import type { Json } from './metadata.ts'
import { retryAfterOf } from './tokenReply.ts'

export type Probe = {
  status: number
  kind: 'guarded' | 'open' | 'foreign'
  /** An error in MCP's format counts too: servers without sessions do not know `initialize`. */
  speaksMcp: boolean
  challenge: Challenge | null
  /** Where its challenges say that the resource metadata is: absolute URLs, or text that is none. */
  named: string[]
  busy: NetworkFault | null
}

type Probing = { url: URL; reach: 'any' | 'private'; sendRequest: SendRequest; now: () => number; signal: AbortSignal }

/**
 * Sends the first requests of any MCP client without a token. Some servers allow `initialize` without a token and refuse only
 * what follows it, so `tools/list` is tried too. Rejects with NetworkFault.
 */
export async function askForChallenge(probing: Probing): Promise<Probe> {
  const clientInfo = { name: 'tokentray', version: '1' }
  const first = await probe('initialize', { protocolVersion, capabilities: {}, clientInfo }, probing)
  if (first.kind === 'guarded' || !first.speaksMcp) return first
  const second = await probe('tools/list', {}, probing)
  return second.kind === 'guarded' ? second : first
}

const protocolVersion = '2025-11-25'

async function probe(method: string, params: Json, { url, reach, sendRequest, now, signal }: Probing): Promise<Probe> {
  const reply = await sendRequest(url.href, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(method !== 'initialize' && { 'mcp-protocol-version': protocolVersion })
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal,
    reach,
    redirects: 3
  })
  const { status, headers } = reply
  const header = headers.get('www-authenticate')
  const challenge = bearerChallenge(header)
  const guarded = status === 401 || challenge !== null
  const speaksMcp =
    /^text\/event-stream/.test(headers.get('content-type') ?? '') || /"jsonrpc"/.test(await reply.text())
  return {
    status,
    kind: guarded ? 'guarded' : reply.ok && speaksMcp ? 'open' : 'foreign',
    speaksMcp,
    challenge,
    named: resourceMetadataIn(header).map((name) => URL.parse(name, url.href)?.href ?? name),
    // 501 and 505 are lasting answers of a server that knows no such request, not of a busy one.
    busy:
      isBusyStatus(status) && status !== 501 && status !== 505
        ? new NetworkFault('busy', `HTTP ${status}`, url.host, retryAfterOf(headers, now()))
        : null
  }
}
