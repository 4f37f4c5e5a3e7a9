// `tokentray pause`: stops refreshing the tokens of a server until `tokentray resume`.
// The grant is kept, so resuming needs no sign-in unless its refresh token has expired meanwhile.
import { withOwner } from '../../owner/withOwner.ts'
import { printView } from '../printView.ts'
import type { World } from '../world.ts'

export async function pause(world: World, server: string, options: { json?: boolean }): Promise<void> {
  printView(world, await withOwner(world, (owner) => owner.call('server.pause', { server })), options)
}
