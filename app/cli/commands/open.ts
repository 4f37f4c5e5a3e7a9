// `tokentray open`: opens the dashboard of the running owner in a browser, by a link that works once and for a minute.
// The link is never an argument, which other users can see: the browser gets a private file, and a terminal the text.
import { randomBytes } from 'node:crypto'
import type { Input, Output } from '../../contract/commands.ts'
import { TokentrayError } from '../../contract/errors.ts'
import { isLoopbackAddress } from '../../net/privateAddresses.ts'
import { connect } from '../../owner/client.ts'
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

/** How long the system may take to look up a name, in ms. */
const lookupTimeoutMs = 2000

/**
 * Where browsers here reach the dashboard safely. Its name must stay on this computer: whoever else the name led to would get
 * the link. A decoy is looked up, since asking for the name itself would tell it.
 */
async function chooseHost(world: World): Promise<Pick<Input<'dashboard.link'>, 'to'>> {
  const found = await lookUpDecoy(world)
  // Without an answer, only browsers that resolve such names by themselves get through: all but Safari before macOS 26.
  const isSafe = found.length > 0 ? found.every(isLoopbackAddress) : world.platform !== 'darwin'
  if (isSafe && sendsToProxy(world))
    printNote(
      world,
      'Warning: a proxy is set in the environment, and NO_PROXY does not list .localhost. Some browsers would send the dashboard’s pages through that proxy. Add .localhost to NO_PROXY.'
    )
  // Not said, as an owner of an earlier version knows no such choice.
  if (isSafe) return {}
  printNote(
    world,
    'Warning: names that end in .localhost do not lead to this computer alone here, so the dashboard opens at 127.0.0.1. Other users of this computer can interfere with that address. See docs/security.md.'
  )
  return { to: 'address' }
}

function lookUpDecoy({ clock, lookUp }: World): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const cancel = clock.after(lookupTimeoutMs, () => resolve([]))
    lookUp(`${randomBytes(16).toString('hex')}.localhost`)
      .catch(() => [])
      .then(resolve)
      .finally(cancel)
  })
}

/** WebKitGTK goes to such a proxy even for this computer; on macOS and Windows no browser reads these variables. */
function sendsToProxy({ env, platform }: World): boolean {
  const read = (name: string) => env[name.toLowerCase()] || env[name]
  if (platform === 'win32' || platform === 'darwin' || !(read('HTTP_PROXY') || read('ALL_PROXY'))) return false
  const exceptions = (read('NO_PROXY') ?? '').split(',').map((each) => each.trim().toLowerCase())
  return !exceptions.some((each) => each === '*' || each === '.localhost' || each === '*.localhost')
}
