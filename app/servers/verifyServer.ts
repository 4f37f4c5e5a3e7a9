// Asks a server whether it accepts the present token, and tells the answer to health and history.
// A refusal has the same effect as one that the gateway meets: the token is refreshed, or a person is asked to sign in.
import type { Output } from '../contract/commands.ts'
import { usableTokens } from '../keeper/readToken.ts'
import type { Upstreams } from '../keeper/upstreams.ts'
import type { Bearable } from '../oauth/dpop.ts'
import { missingScopes, validScopesIn } from '../oauth/scope.ts'
import type { Verification } from '../oauth/verifyToken.ts'
import { type AskParts, askServer } from './askServer.ts'
import { needScope } from './stepUp.ts'

const verifyTimeoutMs = 45_000

/**
 * `isRoutine`: by a script and not by a person, so that history tells nothing of it and no scope is noted.
 * @throws signInNeeded, tokenUnavailable or the code of a fault, where there is no valid token to ask about
 */
export async function verifyServer(
  parts: AskParts & { upstreams: Upstreams },
  id: string,
  isRoutine = false
): Promise<Output<'server.verify'>> {
  const { keeper, clock, upstreams } = parts
  const { signal } = new AbortController()
  const ask = (token: Bearable) => askServer(parts, id, token, { timeoutMs: verifyTimeoutMs, asksIssuer: true })
  // Why there is no newer token is shown by health.
  const isRenewed = (generation: number) =>
    upstreams.renewed(id, generation, signal, true).then(
      () => true,
      () => false
    )
  const isRetried = (generation: number) =>
    upstreams.retried(id, generation, signal).then(
      (newer) => newer !== null,
      () => false
    )
  /** The scopes that the server asks for and that were not granted. */
  const missingIn = (found: Verification) =>
    found.verdict === 'scopeNeeded'
      ? missingScopes(validScopesIn(found.scopes).join(' '), keeper.roster.get(id).scope)
      : []
  const isDoubt = (found: Verification) =>
    found.verdict === 'scopeNeeded' ? missingIn(found).length === 0 : found.isDoubted === true
  let tokens = await usableTokens(keeper, clock, id, 0)
  let found = await ask(tokens)
  const isRejected = found.verdict === 'rejected'
  if (isRejected ? await isRenewed(tokens.generation) : isDoubt(found) && (await isRetried(tokens.generation))) {
    tokens = (await keeper.currentTokens(id)) ?? tokens
    found = await ask(tokens)
    const said =
      found.verdict === 'rejected' || isDoubt(found)
        ? 'A refresh did not help.'
        : `It had ${isRejected ? 'rejected' : 'seemed to reject'} the token before, which was refreshed.`
    found = { ...found, sentence: `${found.sentence} ${said}` }
    // Refused again, the newest token needs a person.
    if (found.verdict === 'rejected') await isRenewed(tokens.generation)
  }
  if (!isRoutine) keeper.record(id, 'verified', found.sentence)
  if (found.verdict === 'accepted') keeper.dispatch(id, { type: 'accepted' })
  if (found.verdict === 'scopeNeeded' && !isRoutine) await needScope(parts, id, found.scopes)
  const missing = missingIn(found)
  return {
    view: keeper.roster.view(id),
    verdict: found.verdict === 'scopeNeeded' ? 'rejected' : found.verdict,
    sentence: found.sentence,
    ...(missing.length > 0 && { missingScope: missing.join(' ') })
  }
}
