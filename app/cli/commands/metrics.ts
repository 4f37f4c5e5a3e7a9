// `tokentray metrics`: the owner's metrics in Prometheus' text format.
// Without an owner running it shows gauges only: counters live as long as their process.
import { withOwner } from '../../owner/withOwner.ts'
import { printJson, printRaw } from '../output.ts'
import type { World } from '../world.ts'

export async function metrics(world: World, options: { json?: boolean }): Promise<void> {
  const { text } = await withOwner(world, (owner) => owner.call('metrics', {}))
  if (options.json) printJson(world, { text })
  else printRaw(world, text.endsWith('\n') ? text : `${text}\n`)
}
