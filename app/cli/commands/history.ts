// `tokentray history`: what happened to a server's tokens, the newest event last, where a terminal shows it.
// As JSON the newest comes first, as the owner gives it.
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
