// Shows the settings that a server needs beyond the standard, as known or just found out, each with the command that sets it.
// On a terminal the person is asked; without a yes nothing is set.
import type { Proposal } from '../contract/proposal.ts'
import { changeWith, optionsOf } from '../contract/quirks.ts'
import type { ServerView } from '../contract/views.ts'
import type { Owner } from '../owner/withOwner.ts'
import { isInteractive, printNote } from './output.ts'
import { askLine } from './prompt.ts'
import type { World } from './world.ts'

/** The command that sets what is proposed, to be typed as it stands. */
export function setCommand(view: Pick<ServerView, 'id' | 'params'>, { change }: Proposal): string {
  return `tokentray set ${view.id} ${optionsOf(changeWith(change, view)).join(' ')}`
}

/** Shows all proposals of a server, and on a terminal asks for each. True where at least one was set. */
export async function offerProposals(world: World, owner: Owner, view: ServerView): Promise<boolean> {
  let now = view
  for (const one of view.proposals) {
    const { reason, givesUp, trust, source } = one
    printNote(world, `${reason} (${source ? `${trust}: ${source}` : trust})`)
    printNote(world, `Trade-off: ${givesUp}`)
    printNote(world, `  ${setCommand(now, one)}`)
    if (isInteractive(world) && (await askLine(world, 'Type yes to apply this:')).trim() === 'yes')
      now = await setProposal(owner, now, one)
  }
  return now !== view
}

async function setProposal(owner: Owner, view: ServerView, { change, reason }: Proposal): Promise<ServerView> {
  return (await owner.call('server.set', { server: view.id, ...changeWith(change, view), reason })).view
}
