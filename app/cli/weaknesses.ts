// Checks of `tokentray doctor` for what on this computer weakens the promises of docs/security.md, though nothing is broken.
// Only what a person can mend is a warning; what the system cannot do is said without one.
import { readMachine } from '../gateway/users.ts'
import { readSettings } from '../settings/settings.ts'
import { elsewhereSentence, examineLocalNames, proxySentence } from './localNames.ts'
import type { World } from './world.ts'

/** A line of doctor's. */
export type Check = { name: string; result: 'ok' | 'warning' | 'problem'; words: string }

/** `passphrase`: TOKENTRAY_PASSPHRASE as it was before a command took it out of the environment. */
export async function findWeaknesses(world: World, passphrase: string | undefined): Promise<Check[]> {
  const checks: (Check | null)[] = [
    passphrase === undefined ? null : environmentPassphrase,
    await dashboardNames(world),
    await gatewayUsers(world)
  ]
  return checks.filter((check) => check !== null)
}

const environmentPassphrase: Check = {
  name: 'passphrase',
  result: 'warning',
  words:
    'TOKENTRAY_PASSPHRASE stays readable for other programs of your user while Tokentray runs. Put it into a private file and name that in TOKENTRAY_PASSPHRASE_FILE instead.'
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
