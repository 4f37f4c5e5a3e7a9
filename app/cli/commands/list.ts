// `tokentray list`: the servers, all or those that match; made for scripts as much as for eyes.
// A filter that nothing matches is an empty list and no error.
import { parseDuration } from '../../contract/duration.ts'
import type { ServerView, Snapshot } from '../../contract/views.ts'
import { openSnapshot, withOwner } from '../../owner/withOwner.ts'
import { hasColor, printJson, printNote, printRaw } from '../output.ts'
import type { World } from '../world.ts'

export type ListOptions = { expiring?: string; state?: string; issuer?: string; json?: boolean }

export async function list(world: World, options: ListOptions): Promise<void> {
  const within = options.expiring === undefined ? null : parseDuration(options.expiring)
  const snapshot = await withOwner(world, openSnapshot)
  const now = world.clock.now()
  const isWanted = (view: ServerView) =>
    (within === null || (view.expiresAt !== null && view.expiresAt <= now + within)) &&
    (options.state === undefined || view.state === options.state || (options.state === 'paused' && view.paused)) &&
    (options.issuer === undefined || view.issuer === options.issuer)
  const servers = snapshot.servers.filter(isWanted)
  if (options.json) return printJson(world, { servers })
  if (servers.length > 0) return showTable(world, { ...snapshot, servers })
  const isEmpty = snapshot.servers.length === 0
  printNote(world, isEmpty ? 'There are no servers yet. Add one with tokentray add <url>.' : 'No servers match.')
}

/** The table of the demo, `status` and `list`. */
export async function showTable(world: World, snapshot: Snapshot): Promise<void> {
  printRaw(world, `${await tableOf(world, snapshot)}\n`)
}

/** The table as text. */
export async function tableOf(world: World, snapshot: Snapshot): Promise<string> {
  const { renderTable } = await import('../table.ts')
  const width = world.stdout.isTTY ? world.stdout.columns || 120 : Infinity
  const table = renderTable(snapshot, world.clock.now(), { width, color: hasColor(world) })
  return table.trimEnd()
}
