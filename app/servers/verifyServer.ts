// Asks a server whether it accepts the present token, and tells the answer to health and history.
// A refusal has the same effect as one that the gateway meets: the token is refreshed, or a person is asked to sign in.
import type { Output } from '../contract/commands.ts'
import { usableTokens } from '../keeper/readToken.ts'
import type { Upstreams } from '../keeper/upstreams.ts'
import type { Bearable } from '../oauth/dpop.ts'
import { missingScopes, validScopesIn } from '../oauth/scope.ts'
import { type AskParts, askServer } from './askServer.ts'
import { needScope } from './stepUp.ts'

/** The scopes that the server asks for and that were not granted. */
const missingIn = (scopes: string | null, granted: string | null) =>
  missingScopes(validScopesIn(scopes).join(' '), granted)

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
  const ask = (token: Bearable) => askServer(parts, id, token, { timeoutMs: verifyTimeoutMs, asksIssuer: true })
  const isRenewed = (generation: number) =>
    upstreams.renewed(id, generation, new AbortController().signal, true).then(
      () => true,
      () => false // The reason is shown by health.
    )
  let tokens = await usableTokens(keeper, clock, id, 0)
  let found = await ask(tokens)
  if (found.verdict === 'rejected' && (await isRenewed(tokens.generation))) {
    tokens = (await keeper.currentTokens(id)) ?? tokens
    found = await ask(tokens)
    const said =
      found.verdict === 'rejected'
        ? 'A refresh did not help.'
        : 'It had rejected the token before, which was refreshed.'
    found = { ...found, sentence: `${found.sentence} ${said}` }
    // Refused again, the newest token needs a person.
    if (found.verdict === 'rejected') await isRenewed(tokens.generation)
  }
  if (!isRoutine) keeper.record(id, 'verified', found.sentence)
  let { sentence } = found
  if (found.verdict === 'accepted') keeper.dispatch(id, { type: 'accepted' })
  if (found.verdict === 'scopeNeeded' && !isRoutine) await needScope(parts, id, found.scopes)
  const missing = found.verdict === 'scopeNeeded' ? missingIn(found.scopes, keeper.roster.get(id).scope) : []
  const isDoubted = found.verdict === 'scopeNeeded' ? missing.length === 0 : found.isDoubted
  if (isDoubted) {
    const signal = new AbortController().signal
    const renewed = await upstreams.retried(id, tokens.generation, signal).catch(() => null)
    if (renewed) sentence += ' There is a newer token now. Verify again.'
  }
  const verdict = found.verdict === 'scopeNeeded' ? 'rejected' : found.verdict
  return {
    view: keeper.roster.view(id),
    verdict,
    sentence,
    ...(missing.length > 0 && { missingScope: missing.join(' ') })
  }
}
