// Linux only: whether anything on this desktop shows tray icons (StatusNotifierItem); plain GNOME shows none.
// Asked over D-Bus by whichever of its tools is installed, and more than once, since a tray may start after Tokentray.
import { execFile } from 'node:child_process'
import type { Clock } from '../app/base/clock.ts'

const watcher = 'org.kde.StatusNotifierWatcher'
const bus = 'org.freedesktop.DBus'
const tools: readonly (readonly [string, ...string[]])[] = [
  ['gdbus', 'call', '--session', '--dest', bus, '--object-path', '/', '--method', `${bus}.NameHasOwner`, watcher],
  ['dbus-send', '--session', '--print-reply', `--dest=${bus}`, '/', `${bus}.NameHasOwner`, `string:${watcher}`],
  ['busctl', '--user', 'call', bus, '/', bus, 'NameHasOwner', 's', watcher]
]

/** False only where the bus said so; a bus that cannot be asked counts as yes. `timeoutMs` for each tool. */
export async function hasTrayHost(timeoutMs = 2000): Promise<boolean> {
  for (const [tool, ...words] of tools) {
    const said = await new Promise<string>((resolve) => {
      execFile(tool, words, { timeout: timeoutMs, killSignal: 'SIGKILL' }, (error, out) => resolve(error ? '' : out))
    })
    if (/\btrue\b/.test(said)) return true
    if (/\bfalse\b/.test(said)) return false
  }
  return true
}

/** How long after a login a host may take to appear. */
export const loginTimeoutMs = 60_000
const checkEveryMs = { first: 5_000, later: 30_000 }

/**
 * Asks until there is a host, then calls `found`, once. Calls `missing` once where none was there within `timeoutMs`, and
 * goes on asking. Resolves after the first answer, with what stops it.
 */
export async function watchTrayHost(o: {
  clock: Clock
  ask(): Promise<boolean>
  timeoutMs: number
  found(): void
  missing(): void
}): Promise<() => void> {
  const until = o.clock.now() + o.timeoutMs
  let isMissed = false
  let isStopped = false
  let cancel = () => {}
  const checkHost = async () => {
    const isThere = await o.ask()
    if (isStopped) return
    if (isThere) return o.found()
    if (!isMissed && o.clock.now() >= until) {
      isMissed = true
      o.missing()
    }
    cancel = o.clock.after(isMissed ? checkEveryMs.later : checkEveryMs.first, () => void checkHost())
  }
  await checkHost()
  return () => {
    isStopped = true
    cancel()
  }
}
