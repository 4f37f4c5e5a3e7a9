// Linux only: asks whether the Secret Service's default collection is locked, which libsecret reports as "no such item".
// Asked over D-Bus by gdbus, busctl or dbus-send, whichever is installed.
import { execFile } from 'node:child_process'

const name = 'org.freedesktop.secrets'
const collection = '/org/freedesktop/secrets/aliases/default'
const iface = 'org.freedesktop.Secret.Collection'
const getter = 'org.freedesktop.DBus.Properties.Get'

const tools: readonly (readonly [string, ...string[]])[] = [
  ['gdbus', 'call', '--session', '--dest', name, '--object-path', collection, '--method', getter, iface, 'Locked'],
  ['dbus-send', '--session', '--print-reply', `--dest=${name}`, collection, getter, `string:${iface}`, 'string:Locked'],
  ['busctl', '--user', 'get-property', name, collection, iface, 'Locked']
]

export type LockState = 'locked' | 'unlocked' | 'unknown'

/** Never throws; `limitMs` for each tool. A service that does not answer is `unknown`. */
export async function readLockState(limitMs: number): Promise<LockState> {
  if (process.platform !== 'linux') return 'unknown'
  for (const [tool, ...words] of tools) {
    const said = await new Promise<string>((resolve) => {
      execFile(tool, words, { timeout: limitMs, killSignal: 'SIGKILL' }, (error, out) => resolve(error ? '' : out))
    })
    if (/\btrue\b/.test(said)) return 'locked'
    if (/\bfalse\b/.test(said)) return 'unlocked'
  }
  return 'unknown'
}
