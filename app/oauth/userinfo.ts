// Asks the userinfo endpoint for the account's name (OpenID Connect Core section 5.3), where no ID token had it.
// The name is only a label, so a sign-in never fails without it, and waits for it five seconds at most.
import { withTimeout } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import { objectIn } from '../base/json.ts'
import { asksForNonce } from '../net/challenge.ts'
import type { SendRequest } from '../net/request.ts'
import type { Discovery } from './discovery.ts'
import { credentialsFor, type Nonces } from './dpop.ts'
import type { NewGrant } from './grant.ts'
import { hasScope } from './scope.ts'
import { accountIn } from './tokenReply.ts'

/** A label is not worth a longer wait. */
const timeoutMs = 5000

/** The grant, with the account's name if the server has one. Never rejects. */
export async function nameAccount(
  grant: NewGrant,
  { server, reach }: Pick<Discovery, 'server' | 'reach'>,
  {
    sendRequest,
    clock,
    nonces,
    signal
  }: { sendRequest: SendRequest; clock: Clock; nonces: Nonces; signal: AbortSignal }
): Promise<NewGrant> {
  const url = server.userinfo_endpoint
  // Without this scope the endpoint refuses (section 5.3.3).
  if (!url || grant.account !== undefined || !hasScope(grant.scope, 'openid')) return grant
  const token = { accessToken: grant.accessToken, tokenType: grant.tokenType, dpopKey: grant.shape.dpopKey ?? null }
  const ask = (limited: AbortSignal) =>
    sendRequest(url, {
      headers: {
        accept: 'application/json',
        ...Object.fromEntries(credentialsFor(token, { nonces, clock }, 'GET', url))
      },
      reach,
      signal: limited
    })
  const namedBy = async (limited: AbortSignal) => {
    let reply = await ask(limited)
    // RFC 9449 section 9: refused only because the request lacked the server's nonce.
    const isNews = nonces.note(url, reply.headers.get('dpop-nonce'))
    const isAskedFor = isNews || asksForNonce(reply.headers.get('www-authenticate'))
    if (reply.status === 401 && isAskedFor) reply = await ask(limited)
    return reply.ok ? { ...grant, ...accountIn(objectIn(await reply.text()) ?? {}) } : grant
  }
  return withTimeout(clock, timeoutMs, namedBy, signal).catch(() => grant)
}
