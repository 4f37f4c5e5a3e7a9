// Learns from each server, after a sign-in and whenever it is asked anyway, what it calls itself, for people to read.
// Nothing is found by that name and nothing depends on it: any server can call itself anything.
import { withTimeout } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Keeper } from '../keeper/keeper.ts'
import type { OAuth } from '../oauth/port.ts'
import type { ServerInfo } from '../oauth/serverInfo.ts'

/** The grant is stored by then, but whoever signed in waits for it. */
const introductionMs = 5000

/** Stores what a server says of itself, if it is news. Rejects where the vault cannot be written. */
export async function noteInfo(keeper: Keeper, id: string, { name }: ServerInfo): Promise<void> {
  const known = keeper.roster.find(id)?.config
  if (!known || name === null || known.ownName === name) return
  await keeper.changeConfig(id, (config) => ({ config: { ...config, ownName: name } }))
}

/** Asks a server that was just signed in to. Never rejects: a server without a name is as good as any. */
export async function introduce(
  { keeper, oauth, clock, log }: { keeper: Keeper; oauth: OAuth; clock: Clock; log: Log },
  id: string,
  signal: AbortSignal
): Promise<void> {
  try {
    const tokens = await keeper.currentTokens(id)
    if (!tokens) return
    const began = clock.now()
    // Without the shape of the grant: whether the token is good is not the question.
    const ask = (limited: AbortSignal) => oauth.verify(keeper.roster.config(id), tokens, null, limited)
    const { seen, info } = await withTimeout(clock, introductionMs, ask, signal)
    if (seen) keeper.sightings.note(id, seen, began, true)
    if (info) await noteInfo(keeper, id, info)
  } catch (error) {
    log.error('what a server says of itself could not be stored', error, { server: id })
  }
}
