// `tokentray stop`: asks the lasting owner of the vault (`serve` or the desktop application) to end, and waits for that.
// A command that owns the vault for a moment is left alone, since it ends by itself.
import { sleep } from '../../base/clock.ts'
import { connect } from '../../owner/client.ts'
import { maxHandOverMs } from '../../owner/takeOver.ts'
import { ownerUnreachable, retryMs } from '../../owner/withOwner.ts'
import { print, printJson, printNote } from '../output.ts'
import type { World } from '../world.ts'

/** Rejects `ownerUnreachable` where it is still there after a minute. */
export async function stop(world: World, options: { json?: boolean }): Promise<void> {
  const client = await connect(world.paths, world.clock)
  if (!client || client.kind === 'command') {
    if (options.json) return printJson(world, { stopped: false, pid: null })
    return printNote(world, 'Tokentray is not running.')
  }
  await client.call('owner.quit', {})
  const deadline = world.clock.now() + maxHandOverMs
  while ((await connect(world.paths, world.clock))?.pid === client.pid) {
    if (world.clock.now() >= deadline) throw ownerUnreachable(world)
    await sleep(world.clock, retryMs, world.signal)
  }
  if (options.json) printJson(world, { stopped: true, pid: client.pid })
  else print(world, `Tokentray (process ${client.pid}) has stopped.`)
}
