// Checks of `tokentray doctor` for what on this computer weakens the promises of docs/security.md, though Tokentray works.
// What lets others at keys now is a problem, what a person can mend a warning; what the system cannot do is said without one.
import { statSync } from 'node:fs'
import { homedir } from 'node:os'
import { readRegularFileSync } from '../base/regularFile.ts'
import { clients } from '../connect/clients.ts'
import { asTokentrayError } from '../contract/errors.ts'
import { readMachine } from '../gateway/users.ts'
import { describeHolder, findPortHolder } from '../net/portHolder.ts'
import { loopbackListeners, readPort } from '../settings/ports.ts'
import { readSettings } from '../settings/settings.ts'
import { judgePassphraseFile } from '../vault/passphrase.ts'
import { elsewhereSentence, examineLocalNames, proxySentence } from './localNames.ts'
import type { World } from './world.ts'

/** A line of doctor's. */
export type Check = { name: string; result: 'ok' | 'warning' | 'problem'; words: string }

/** What the environment said before a command took the passphrase out of it. */
type Given = { passphrase: string | undefined; passphraseFile: string | undefined }

/** `ownerPid`: of the Tokentray that runs, if one does. */
export async function findWeaknesses(world: World, given: Given, ownerPid: number | undefined): Promise<Check[]> {
  const checks: (Check | null)[] = [
    given.passphrase === undefined ? lookAtPassphraseFile(given.passphraseFile) : environmentPassphrase,
    await dashboardNames(world),
    await gatewayUsers(world),
    gatewayPort(world, ownerPid),
    ...clientFiles(world)
  ]
  return checks.filter((check) => check !== null)
}

const environmentPassphrase: Check = {
  name: 'passphrase',
  result: 'warning',
  words:
    'TOKENTRAY_PASSPHRASE stays readable for other programs of your user while Tokentray runs. Put it into a private file and name that in TOKENTRAY_PASSPHRASE_FILE instead.'
}

/** null: there is none, or the check of the key says what is wrong with it. */
function lookAtPassphraseFile(file: string | undefined): Check | null {
  const name = 'passphrase file'
  try {
    if (file === undefined) return null
    const { access, path } = judgePassphraseFile(file)
    const words = `${path} is on a file system without permissions. Make sure that nobody else can write there.`
    if (access === 'unknown') return { name, result: 'warning', words }
    if (access === 'readable')
      return { name, result: 'warning', words: `Other users can read ${path}. Run "chmod 600" on it.` }
    return access === 'safe' ? { name, result: 'ok', words: path } : null
  } catch {
    return null
  }
}

async function dashboardNames(world: World): Promise<Check> {
  const name = 'dashboard'
  const { leadElsewhere, goThroughProxy } = await examineLocalNames(world)
  const sentence = leadElsewhere ? elsewhereSentence : goThroughProxy ? proxySentence : null
  if (sentence === null) return { name, result: 'ok', words: 'names that end in .localhost lead to this computer' }
  return { name, result: 'warning', words: sentence }
}

async function gatewayUsers({ platform, paths }: World): Promise<Check> {
  const name = 'gateway users'
  const machine = readMachine(platform)
  const others = await readSettings(paths.settings).then(
    (settings) => settings.gatewayUsers,
    () => [] // Said by the check of the settings.
  )
  const also = others.length === 0 ? '' : `, and users ${others.join(', ')} by the settings`
  const words = !machine
    ? 'users of this computer are not told apart on this system; keys and sign-ins decide who may use the gateway'
    : machine.isInUserNamespace
      ? `you and root${also}; other users look alike in this user namespace, so keys and sign-ins decide`
      : `you and root${also}; others are refused`
  return { name, result: 'ok', words }
}

/** Clients send their keys to whoever listens on the gateway's port, so it matters who that is. */
function gatewayPort({ paths }: World, ownerPid: number | undefined): Check {
  const name = 'gateway port'
  try {
    const port = readPort(paths.ownerFolder, loopbackListeners.gateway)
    const holder = findPortHolder(port)
    if (!holder) {
      const words =
        process.platform === 'linux' ? `${port}, in use by nobody` : `${port}; who uses it is known on Linux only`
      return { name, result: 'ok', words }
    }
    const words = `${port}, in use by ${describeHolder(holder)}`
    if (holder.pid !== null && holder.pid === ownerPid)
      return { name, result: 'ok', words: `${port}, in use by Tokentray` }
    if (holder.uid === process.getuid?.())
      return { name, result: 'warning', words: `${words}, which is not this Tokentray` }
    return {
      name,
      result: 'problem',
      words: `${words}. Your clients send their keys there. End it, then renew the keys.`
    }
  } catch (error) {
    return { name, result: 'problem', words: asTokentrayError(error).message }
  }
}

/** Clients' files that hold a key of ours and can be read by other users. */
function clientFiles({ env, platform }: World): Check[] {
  if (process.platform === 'win32') return []
  const place = { env, platform, home: env.HOME || homedir(), cwd: process.cwd() }
  return clients.flatMap((row): Check[] => {
    const file = row.file?.(place)
    if (file === undefined || !isExposed(file)) return []
    const words = `Other users can read ${file}, which contains a key of the gateway. Run tokentray connect ${row.id} SERVER for each server in it, which renews the key and closes the file.`
    return [{ name: row.name, result: 'problem', words }]
  })
}

function isExposed(file: string): boolean {
  try {
    return (statSync(file).mode & 0o077) !== 0 && readRegularFileSync(file).includes('ttk_')
  } catch {
    return false // There is none, or it is not ours to read.
  }
}
