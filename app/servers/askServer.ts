// Asks a server by itself, with one `initialize`, whether it takes a token, and notes what the answer shows of the server.
// What follows for the token is for whoever asked; nothing is refreshed here and no person is called.
import { withTimeout } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import type { Keeper } from '../keeper/keeper.ts'
import type { Bearable } from '../oauth/dpop.ts'
import type { OAuth } from '../oauth/port.ts'
import type { Verification } from '../oauth/verifyToken.ts'
import type { Vault } from '../vault/vault.ts'
import { noteInfo } from './introductions.ts'

export type AskParts = { keeper: Keeper; vault: Vault; oauth: OAuth; clock: Clock }

/**
 * Resolves within `timeoutMs`. `asksIssuer`: where the answer does not tell, the authorization server is asked (RFC 7662).
 * `callsTool`: a tool that no server has is called too, since some servers look at the token at tools only. Rejects
 * serverUnknown, and where the vault cannot be read.
 */
export async function askServer(
  { keeper, vault, oauth, clock }: AskParts,
  id: string,
  token: Bearable,
  given: { timeoutMs: number; asksIssuer: boolean; callsTool?: boolean; signal?: AbortSignal }
): Promise<Verification> {
  const shape = given.asksIssuer ? ((await vault.readGrant(id))?.shape ?? null) : null
  const began = clock.now()
  return withTimeout(
    clock,
    given.timeoutMs,
    async (signal) => {
      const answer = await oauth.verify(keeper.roster.config(id), token, shape, signal, given.callsTool)
      if (answer.seen) keeper.sightings.note(id, answer.seen, began, true)
      // Where this cannot be stored now, the next answer has it again; what was asked is answered all the same.
      if (answer.info) await noteInfo({ keeper, vault, oauth }, id, answer.info, { signal }).catch(() => {})
      return answer
    },
    given.signal
  )
}

/**
 * Asks only to show whether the server works: `accepted` and the sighting are noted, and nothing else follows, since the gateway
 * gets a new token when a client needs one, and Verify when a person asks. Rejects as askServer().
 */
export async function lookAtServer(
  parts: AskParts,
  id: string,
  token: Bearable,
  given: { timeoutMs: number; signal?: AbortSignal }
): Promise<void> {
  const { verdict } = await askServer(parts, id, token, { ...given, asksIssuer: false })
  if (verdict === 'accepted') parts.keeper.dispatch(id, { type: 'accepted' })
}
