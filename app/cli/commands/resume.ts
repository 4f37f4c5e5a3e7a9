// `tokentray resume`: starts refreshing the tokens of a paused server again.
// If its token expired meanwhile, a refresh follows at once.
import { withOwner } from '../../owner/withOwner.ts'
import { printView } from '../printView.ts'
import type { World } from '../world.ts'

export async function resume(world: World, server: string, options: { json?: boolean }): Promise<void> {
  printView(world, await withOwner(world, (owner) => owner.call('server.resume', { server })), options)
}
