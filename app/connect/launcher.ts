// The command by which a client starts this Tokentray: with absolute paths, since desktop applications have no PATH.
// Variables that choose another vault than the usual one are passed along.
import { realpathSync } from 'node:fs'
import { delimiter, dirname, join, sep } from 'node:path'
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

/** What a person types into a terminal to run this very Tokentray: `tokentray …` only where that is the one on the PATH. */
export function commandLineOf(env: Environment, platform: NodeJS.Platform, ...args: string[]): string {
  const { command, args: script, env: variables = {} } = launcherOf(env)
  const isNamed = script[0] === undefined || isOnPath(env, script[0])
  const words = [...(isNamed ? ['tokentray'] : [command, ...script]), ...args].map((word) => quote(word, platform))
  const set = Object.entries(variables).map(([name, value]) =>
    platform === 'win32' ? `set "${name}=${value}" &&` : `${name}=${quote(value, platform)}`
  )
  return [...set, ...words].join(' ')
}

function quote(word: string, platform: NodeJS.Platform): string {
  if (/^[\w@%+=:,./\\-]+$/.test(word) && (platform === 'win32' || !word.includes('\\'))) return word
  return platform === 'win32' ? `"${word}"` : `'${word.replaceAll("'", "'\\''")}'`
}

/** Whether `tokentray` on the PATH belongs to the package of `script`. */
function isOnPath({ PATH = '' }: Environment, script: string): boolean {
  for (const folder of PATH.split(delimiter)) {
    const found = folder === '' ? null : scriptOf(join(folder, 'tokentray'))
    if (found !== null) return script.startsWith(dirname(dirname(found)) + sep)
  }
  return false
}
