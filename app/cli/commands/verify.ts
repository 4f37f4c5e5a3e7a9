// `tokentray verify`: asks the MCP server itself whether it takes the token at hand.
// Exit 0: it does; 1: it does not; 6: nobody knows, since it could not be asked.
import { withOwner } from '../../owner/withOwner.ts'
import { print, printJson } from '../output.ts'
import type { World } from '../world.ts'

const exits = { accepted: 0, rejected: 1, unknown: 6 } as const

export async function verify(world: World, server: string, options: { json?: boolean }): Promise<number> {
  const outcome = await withOwner(world, (owner) => owner.call('server.verify', { server }))
  if (options.json) printJson(world, outcome)
  else print(world, `${outcome.view.id}: ${outcome.sentence}`)
  return exits[outcome.verdict]
}
