// Linux only: whether anything on this desktop shows tray icons (StatusNotifierItem); plain GNOME has nothing that does.
// Asked over D-Bus by whichever of its small tools is installed.
import { execFile } from 'node:child_process'

const watcher = 'org.kde.StatusNotifierWatcher'
const bus = 'org.freedesktop.DBus'
const tools: readonly (readonly [string, ...string[]])[] = [
  ['gdbus', 'call', '--session', '--dest', bus, '--object-path', '/', '--method', `${bus}.NameHasOwner`, watcher],
  ['dbus-send', '--session', '--print-reply', `--dest=${bus}`, '/', `${bus}.NameHasOwner`, `string:${watcher}`],
  ['busctl', '--user', 'call', bus, '/', bus, 'NameHasOwner', 's', watcher]
]

/** False only where the bus said so; a bus that cannot be asked counts as yes. `limit` in ms for each tool. */
export async function hasTrayHost(limit = 2000): Promise<boolean> {
  for (const [tool, ...words] of tools) {
    const said = await new Promise<string>((resolve) => {
      execFile(tool, words, { timeout: limit, killSignal: 'SIGKILL' }, (error, out) => resolve(error ? '' : out))
    })
    if (/\btrue\b/.test(said)) return true
    if (/\bfalse\b/.test(said)) return false
  }
  return true
}
