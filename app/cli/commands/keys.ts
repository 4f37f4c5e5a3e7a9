// `tokentray keys`: prints the public half of a client's key, to be registered at its authorization server (RFC 7517).
// The private half stays in the vault.
import { withOwner } from '../../owner/withOwner.ts'
import { print, printJson } from '../output.ts'
import type { World } from '../world.ts'

export async function keys(world: World, server: string, options: { json?: boolean }): Promise<void> {
  const found = await withOwner(world, (owner) => owner.call('server.keys', { server }))
  if (options.json) printJson(world, found)
  else print(world, JSON.stringify(found.jwks, null, 2))
}
