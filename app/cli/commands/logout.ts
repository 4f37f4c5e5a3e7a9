// `tokentray logout`: revokes a server's grant where the server offers that (RFC 7009), and deletes it here.
// The server stays in the list with its settings; `tokentray login` signs in again.
import { withOwner } from '../../owner/withOwner.ts'
import { printNote } from '../output.ts'
import { printView } from '../printView.ts'
import type { World } from '../world.ts'

export async function logout(world: World, server: string, options: { json?: boolean }): Promise<void> {
  const outcome = await withOwner(world, (owner) => owner.call('server.signOut', { server }))
  if (!options.json) printNote(world, outcome.revoked)
  printView(world, outcome, options)
}
