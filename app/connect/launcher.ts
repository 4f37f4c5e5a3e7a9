// How a client starts this very Tokentray as a command: by whole paths, since desktop applications know no PATH.
// Also which vault it then speaks to, where that is not the usual one.
import { realpathSync } from 'node:fs'
import type { Environment } from '../base/paths.ts'
import type { Launcher } from './clients.ts'

const vaultVariables = ['TOKENTRAY_HOME', 'TOKENTRAY_VAULT', 'XDG_DATA_HOME']

/** In the desktop application, whose own program is no command, the name of the command alone. */
export function launcherOf(env: Environment): Launcher {
  const named = vaultVariables.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []))
  const script = process.versions.electron ? null : scriptOf(process.argv[1])
  const own = script === null ? { command: 'tokentray', args: [] } : { command: process.execPath, args: [script] }
  return { ...own, ...(named.length > 0 && { env: Object.fromEntries(named) }) }
}

/** Where this program's file really is; null where it is none that can be started again. */
function scriptOf(path: string | undefined): string | null {
  try {
    return path === undefined ? null : realpathSync(path)
  } catch {
    return null
  }
}
