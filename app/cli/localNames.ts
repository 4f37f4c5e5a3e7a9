// Finds out whether names below .localhost, where the dashboard is, lead to this computer alone for the browsers on it.
// A decoy is looked up, since asking for the dashboard's own name would tell it to whoever answers.
import { randomBytes } from 'node:crypto'
import { isLoopbackAddress } from '../net/privateAddresses.ts'
import type { World } from './world.ts'

/** How long the system may take to look up a name. */
const lookupTimeoutMs = 2000

export const elsewhereSentence =
  'names that end in .localhost do not lead to this computer alone here, so the dashboard opens at 127.0.0.1. Other users of this computer can interfere with that address. See docs/security.md.'
export const proxySentence =
  'a proxy is set in the environment, and NO_PROXY does not list .localhost. Some browsers would send the dashboard’s pages through that proxy. Add .localhost to NO_PROXY.'

/** `goThroughProxy`: only where the names are used at all. */
export async function examineLocalNames(world: World): Promise<{ leadElsewhere: boolean; goThroughProxy: boolean }> {
  const found = await lookUpDecoy(world)
  // Without an answer, only browsers that resolve such names by themselves get through: all but Safari before macOS 26.
  const leadElsewhere = found.length > 0 ? !found.every(isLoopbackAddress) : world.platform === 'darwin'
  return { leadElsewhere, goThroughProxy: !leadElsewhere && sendsToProxy(world) }
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
