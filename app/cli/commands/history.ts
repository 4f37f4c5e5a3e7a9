// `tokentray history`: what happened to a server's tokens, oldest event first, so that the newest is next to the prompt.
// With --json the newest event comes first, in the order the owner sends.
import { withOwner } from '../../owner/withOwner.ts'
import { print, printJson, printNote } from '../output.ts'
import { describeEvent } from '../words.ts'
import type { World } from '../world.ts'

export async function history(world: World, server: string, options: { limit: number; json?: boolean }): Promise<void> {
  const outcome = await withOwner(world, (owner) => owner.call('server.history', { server, limit: options.limit }))
  if (options.json) return printJson(world, outcome)
  if (outcome.events.length === 0) printNote(world, `${server} has no history yet.`)
  for (const event of [...outcome.events].reverse()) print(world, describeEvent(event))
}
