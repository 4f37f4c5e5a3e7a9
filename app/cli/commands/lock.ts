// `tokentray lock`: shuts the gateway to every local client and key at once, until `tokentray unlock`.
// The lock is kept in the vault, so it still holds after a restart.
import { withOwner } from '../../owner/withOwner.ts'
import { print, printJson } from '../output.ts'
import type { World } from '../world.ts'

export async function lock(world: World, options: { json?: boolean }): Promise<void> {
  const state = await withOwner(world, (owner) => owner.call('gateway.lock', {}))
  if (options.json) printJson(world, state)
  else print(world, 'Locked. All clients are blocked until you run tokentray unlock, even after a restart.')
}
