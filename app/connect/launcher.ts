// The command by which a client starts this Tokentray: with absolute paths, since desktop applications have no PATH.
// Variables that choose another vault than the usual one are passed along.
import { realpathSync } from 'node:fs'
import type { Environment } from '../base/paths.ts'
import type { Launcher } from './clients.ts'

const vaultVariables = ['TOKENTRAY_HOME', 'TOKENTRAY_VAULT', 'XDG_DATA_HOME']

/** The command; in the desktop application, whose program takes no commands, the bare name `tokentray`. */
export function launcherOf(env: Environment): Launcher {
  const named = vaultVariables.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []))
  const script = process.versions.electron ? null : scriptOf(process.argv[1])
  const own = script === null ? { command: 'tokentray', args: [] } : { command: process.execPath, args: [script] }
  return { ...own, ...(named.length > 0 && { env: Object.fromEntries(named) }) }
}

/** The real path of this program's script; null if there is none that can be started again. */
function scriptOf(path: string | undefined): string | null {
  try {
    return path === undefined ? null : realpathSync(path)
  } catch {
    return null
  }
}
