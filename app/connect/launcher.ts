// How a client starts this very Tokentray as a command: by whole paths, since desktop applications know no PATH.
// Also which vault it then speaks to, where that is not the usual one.
import { realpathSync } from 'node:fs'
import type { Environment } from '../paths.ts'
import type { Launcher } from './clients.ts'

const naming = ['TOKENTRAY_HOME', 'TOKENTRAY_VAULT', 'XDG_DATA_HOME']

/** In the desktop application, whose own program is no command, the name of the command alone. */
export function launcherOf(env: Environment): Launcher {
  const named = naming.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []))
  const [, script] = process.argv
  const own =
    process.versions.electron || !script
      ? { command: 'tokentray', args: [] }
      : { command: process.execPath, args: [realpathSync(script)] }
  return { ...own, ...(named.length > 0 && { env: Object.fromEntries(named) }) }
}
