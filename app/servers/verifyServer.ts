// Verifying a server: whether it takes the token at hand, told to health and history.
// What follows a refusal is the same as when the gateway meets one.
import { withTimeout } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import type { Output } from '../contract/commands.ts'
import { usableTokens } from '../keeper/readToken.ts'
import type { Upstreams } from '../keeper/upstreams.ts'
import { needScope, type StepUp } from './stepUp.ts'

const verifyTimeoutMs = 45_000

/** @throws signInNeeded, tokenUnavailable or a fault's code where there is no valid token to ask with */
export async function verifyServer(
  parts: StepUp & { clock: Clock; upstreams: Upstreams },
  id: string
): Promise<Output<'server.verify'>> {
  const { keeper, vault, oauth, clock, upstreams } = parts
  const tokens = await usableTokens(keeper, clock, id, 0)
  const shape = (await vault.readGrant(id))?.shape ?? null
  const found = await withTimeout(clock, verifyTimeoutMs, (signal) =>
    oauth.verify(keeper.roster.config(id), tokens, shape, signal)
  )
  keeper.record(id, 'verified', found.sentence)
  let { sentence } = found
  if (found.verdict === 'accepted') keeper.dispatch(id, { type: 'accepted' })
  if (found.verdict === 'scopeNeeded') await needScope(parts, id, found.scopes)
  if (found.verdict === 'rejected') {
    const isRenewed = await upstreams.renewed(id, tokens.generation, new AbortController().signal).then(
      () => true,
      () => false // Health says what became of it.
    )
    if (isRenewed) sentence += ' There is a newer one now: verify once more.'
  }
  const verdict = found.verdict === 'scopeNeeded' ? 'rejected' : found.verdict
  return { view: keeper.roster.view(id), verdict, sentence }
}
