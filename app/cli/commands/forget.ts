// `tokentray forget`: forgets the client that was registered at a server (RFC 7591); the next sign-in registers a new one.
// For a server that has lost or deleted that client, where every sign-in would fail.
import { withOwner } from '../../owner/withOwner.ts'
import { print, printJson } from '../output.ts'
import type { World } from '../world.ts'

export async function forget(world: World, server: string, options: { json?: boolean }): Promise<void> {
  const outcome = await withOwner(world, (owner) => owner.call('server.forgetRegistration', { server }))
  if (options.json) printJson(world, outcome)
  else print(world, outcome.sentence)
}
