// Learns from each server, after a sign-in and whenever it is asked anyway, its own name and icon, for people to see.
// Nothing is found by that name and nothing depends on it: any server can call itself anything.
import { createHash } from 'node:crypto'
import { withTimeout } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Keeper } from '../keeper/keeper.ts'
import type { OAuth } from '../oauth/port.ts'
import type { ServerInfo } from '../oauth/serverInfo.ts'
import type { Vault } from '../vault/vault.ts'

/** The grant is stored by then, but whoever signed in waits for it. */
const introductionMs = 5000

type Parts = { keeper: Keeper; vault: Vault; oauth: OAuth }

/**
 * Stores what a server says of itself, if it is news. An icon is fetched once for the addresses it may be at, and once more at
 * each sign-in (`again`) where nothing usable was there. Rejects where the vault cannot be written.
 */
export async function noteInfo(
  { keeper, vault, oauth }: Parts,
  id: string,
  { name, icons }: ServerInfo,
  { signal, again = false }: { signal: AbortSignal; again?: boolean }
): Promise<void> {
  const known = keeper.roster.find(id)?.config
  if (known && name !== null && known.ownName !== name)
    await keeper.changeConfig(id, (config) => ({ config: { ...config, ownName: name } }))
  const { ownIcon } = known ?? {}
  const from = icons.length > 0 ? digest(icons.join('\n')) : null
  if (!known || (from === (ownIcon?.from ?? null) && (from === null || ownIcon?.icon || !again))) return
  const icon = from === null ? null : await oauth.fetchIcon(known, icons, signal)
  // Given up from here, or removed meanwhile: nothing was learnt.
  if (signal.aborted || !keeper.roster.has(id)) return
  await vault.saveIcon(id, icon)
  await keeper.changeConfig(id, ({ ownIcon: _, ...config }) => ({
    config: from === null ? config : { ...config, ownIcon: { from, ...(icon && { icon: digest(icon) }) } }
  }))
}

const digest = (text: string) => createHash('sha256').update(text).digest('base64url').slice(0, 16)

/** Asks a server that was just signed in to. Never rejects: a server without a name is as good as any. */
export async function introduce(parts: Parts & { clock: Clock; log: Log }, id: string, signal: AbortSignal) {
  const { keeper, oauth, clock, log } = parts
  try {
    const tokens = await keeper.currentTokens(id)
    if (!tokens) return
    const began = clock.now()
    await withTimeout(
      clock,
      introductionMs,
      async (limited) => {
        // Without the shape of the grant: whether the token is good is not the question.
        const { seen, info } = await oauth.verify(keeper.roster.config(id), tokens, null, limited)
        if (seen) keeper.sightings.note(id, seen, began, true)
        if (info) await noteInfo(parts, id, info, { signal: limited, again: true })
      },
      signal
    )
  } catch (error) {
    log.error('what a server says of itself could not be stored', error, { server: id })
  }
}
