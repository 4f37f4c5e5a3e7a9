// `tokentray remove`: deletes a server with its tokens, settings and history, after a confirmation.
// Its grant is revoked at the server first, where the server offers that (RFC 7009).
import { withOwner } from '../../owner/withOwner.ts'
import { print, printJson, printNote } from '../output.ts'
import { confirm } from '../prompt.ts'
import type { World } from '../world.ts'

/** Rejects `confirmationNeeded` where nobody can be asked, `serverUnknown`. */
export async function remove(world: World, server: string, options: { yes?: boolean; json?: boolean }): Promise<void> {
  if (!(await confirm(world, options, 'remove', `${server} will be removed, with its tokens and history.`))) return
  const outcome = await withOwner(world, (owner) => owner.call('server.remove', { server }))
  if (options.json) return printJson(world, outcome)
  printNote(world, outcome.revoked)
  print(world, `Removed ${server}.`)
}
