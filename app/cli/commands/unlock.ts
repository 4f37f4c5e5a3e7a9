// `tokentray unlock`: opens the gateway again to the clients and keys that `tokentray lock` shut out.
// Not to be mistaken for `tokentray vault unlock`, which opens the vault.
import { withOwner } from '../../owner/withOwner.ts'
import { print, printJson } from '../output.ts'
import type { World } from '../world.ts'

export async function unlock(world: World, options: { json?: boolean }): Promise<void> {
  const state = await withOwner(world, (owner) => owner.call('gateway.unlock', {}))
  if (options.json) printJson(world, state)
  else print(world, 'Unlocked. Clients and keys work again.')
}
