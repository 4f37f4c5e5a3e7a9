// `tokentray verify`: asks the MCP server itself whether it accepts the current token.
// The exit code is 0 if it does, 1 if it does not, and 6 if the server could not be asked.
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
