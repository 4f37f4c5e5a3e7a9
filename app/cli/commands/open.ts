// `tokentray open`: opens the dashboard of the running owner in a browser, by a link that works once and for a minute.
// The link is never an argument, which other users can see: the browser gets a private file, and a terminal the text.
import type { Input, Output } from '../../contract/commands.ts'
import { TokentrayError } from '../../contract/errors.ts'
import { connect } from '../../owner/client.ts'
import { elsewhereSentence, examineLocalNames, proxySentence } from '../localNames.ts'
import { printJson, printNote } from '../output.ts'
import type { World } from '../world.ts'

/** Throws `dashboardOff` where nobody shows one, `browserMissing` where neither browser nor terminal is there. */
export async function open(world: World, options: { print?: boolean; json?: boolean }): Promise<void> {
  const owner = await connect(world.paths, world.clock)
  if (owner?.kind !== 'lasting')
    throw new TokentrayError('dashboardOff', 'Tokentray is not running. Start it with tokentray serve.')
  const address = await letIn(world, (wanted) => owner.call('dashboard.link', wanted), options.print === true)
  if (options.json) printJson(world, { address })
}

/**
 * Hands the links that `ask` makes to a browser, or where none can be started, or `isPrinted`, to the terminal. Says what
 * it did on stderr, and resolves with the dashboard's address. Throws `browserMissing`.
 */
export async function letIn(
  world: World,
  ask: (wanted: Input<'dashboard.link'>) => Promise<Output<'dashboard.link'>>,
  isPrinted = false
): Promise<string> {
  const isTerminal = world.stderr.isTTY === true
  if (isPrinted && !isTerminal)
    throw new TokentrayError(
      'browserMissing',
      'Anyone who sees the link can use it, so it is printed only to a terminal.'
    )
  const to = await chooseHost(world)
  if (!isPrinted) {
    const { address, file } = await ask({ as: 'file', ...to })
    if (file !== null && (await world.openPage?.(file))) {
      printNote(world, 'Opening the dashboard in your browser. If nothing opens, run tokentray open --print.')
      return address
    }
    if (!isTerminal)
      throw new TokentrayError(
        'browserMissing',
        'Could not open a browser. Run tokentray open in a terminal to get a link you can open elsewhere.'
      )
  }
  const { address, link } = await ask({ as: 'text', ...to })
  printNote(
    world,
    'Open this link in a browser on this computer, or through a tunnel to it. It works once and expires in a minute:'
  )
  printNote(world, `  ${link}`)
  return address
}

/** Where browsers here reach the dashboard safely; a person is told of what weakens it. */
async function chooseHost(world: World): Promise<Pick<Input<'dashboard.link'>, 'to'>> {
  const { leadElsewhere, goThroughProxy } = await examineLocalNames(world)
  if (goThroughProxy) printNote(world, `Warning: ${proxySentence}`)
  // Not said, as an owner of an earlier version knows no such choice.
  if (!leadElsewhere) return {}
  printNote(world, `Warning: ${elsewhereSentence}`)
  return { to: 'address' }
}
