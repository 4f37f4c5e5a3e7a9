// Where Tokentray keeps its files: vault, settings, logs, and the private folder of the control socket.
// It decides paths and makes no file; the two functions that make a private folder do so when asked to.
import { chmodSync, lstatSync, realpathSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { posix, win32 } from 'node:path'
import { TokentrayError } from '../contract/errors.ts'
import { makeFolder } from './folder.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export type Paths = {
  /** The folder that TOKENTRAY_HOME moves, or the OS's own data folder for Tokentray. */
  home: string
  /** The vault's file, or ':memory:'. */
  vault: string
  /** Where owner.db and owner.json are: the vault's folder, or one of their own for a vault in memory. */
  ownerFolder: string
  settings: string
  logs: string
  /** The private folder of the control socket; null on Windows, where pipes have no folder. */
  runtime: string | null
  /** The socket's path; null on Windows, where each owner takes a pipe with a random name. */
  socket: string | null
}

/** What the machine says of its user; given by tests. */
export type Account = { home: string; tmp: string; uid: number }

const idDigits = 16

/** sun_path holds 108 bytes on Linux and 104 on the BSDs and macOS, with the closing zero. */
const maxSocketPathBytes = (platform: NodeJS.Platform) => (platform === 'linux' ? 107 : 103)

function account(): Account {
  return { home: homedir(), tmp: tmpdir(), uid: process.getuid?.() ?? 0 }
}

/** The paths for this environment. `env` may hold TOKENTRAY_HOME, TOKENTRAY_VAULT and the XDG variables. */
export function locate(env: Environment, platform: NodeJS.Platform, user: Account = account()): Paths {
  const path = platform === 'win32' ? win32 : posix
  const set = (name: string) => env[name] || undefined
  /** The XDG specification: a relative path is to be ignored. */
  const xdg = (name: string, fallback: string) => {
    const value = set(name)
    return path.join(value && path.isAbsolute(value) ? value : path.join(user.home, fallback), 'tokentray')
  }
  const moved = set('TOKENTRAY_HOME')
  let home: string
  let settings: string
  let logs: string
  if (moved || platform === 'win32' || platform === 'darwin') {
    const local = set('LOCALAPPDATA') ?? path.join(user.home, 'AppData', 'Local')
    const own =
      platform === 'win32'
        ? path.join(local, 'Tokentray')
        : path.join(user.home, 'Library', 'Application Support', 'Tokentray')
    home = moved ? path.resolve(moved) : own
    settings = path.join(home, 'settings.json')
    logs = path.join(home, 'logs')
  } else {
    home = xdg('XDG_DATA_HOME', '.local/share')
    settings = path.join(xdg('XDG_CONFIG_HOME', '.config'), 'settings.json')
    logs = path.join(xdg('XDG_STATE_HOME', '.local/state'), 'logs')
  }
  const named = set('TOKENTRAY_VAULT')
  const inMemory = named === ':memory:'
  const vault = inMemory ? ':memory:' : real(named ? path.resolve(named) : path.join(home, 'vault.db'), path)
  const ownerFolder = inMemory ? path.join(home, 'memory') : path.dirname(vault)
  if (platform === 'win32') return { home, vault, ownerFolder, settings, logs, runtime: null, socket: null }

  const candidates = [
    ...(ownRuntimeDir(set('XDG_RUNTIME_DIR'), user) ?? []),
    path.join(user.tmp, `tokentray-${user.uid}`),
    `/tmp/tokentray-${user.uid}`,
    // Another user may have taken both names, which are known to everybody. Last, as it may be too long or on a slow disk.
    path.join(home, 'run')
  ].filter((folder) => !isForeign(folder, user))
  const fits = (folder: string) =>
    Buffer.byteLength(path.join(folder, `${'0'.repeat(idDigits)}.sock`)) <= maxSocketPathBytes(platform)
  const runtime = candidates.find(fits) ?? `/tmp/tokentray-${user.uid}`
  return {
    home,
    vault,
    ownerFolder,
    settings,
    logs,
    runtime,
    // Only owners ask for it: node:crypto would take a client 5 ms at each start.
    get socket() {
      return path.join(runtime, `${identify(inMemory ? ownerFolder : vault)}.sock`)
    }
  }
}

/** A short name for what `text` names: SHA-256 in hex, cut. */
function identify(text: string): string {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex').slice(0, idDigits)
}

/** Two names of one file must meet at one lock, so links are followed as far as the path exists. */
function real(file: string, path: typeof posix): string {
  try {
    return realpathSync(file)
  } catch {
    const parent = path.dirname(file)
    return parent === file ? file : path.join(real(parent, path), path.basename(file))
  }
}

/** XDG_RUNTIME_DIR counts only when it is this user's: `su` and `sudo` hand down somebody else's. */
function ownRuntimeDir(folder: string | undefined, user: Account): string[] | null {
  if (!folder?.startsWith('/')) return null
  try {
    return lstatSync(folder).uid === user.uid ? [posix.join(folder, 'tokentray')] : null
  } catch {
    return null
  }
}

/** Whether there is something that is not a folder of this user: makeRuntimeFolder() would refuse it. */
function isForeign(folder: string, user: Account): boolean {
  try {
    const found = lstatSync(folder)
    return !found.isDirectory() || found.uid !== user.uid
  } catch {
    return false
  }
}

/**
 * Makes the folder of the socket, 0700, and checks that it is ours: in a shared temp folder anybody may have made it first.
 * Throws `vaultNotPrivate`.
 */
export function makeRuntimeFolder(paths: Paths, uid: number = account().uid): void {
  if (paths.runtime === null) return
  makePrivateFolder(paths.runtime)
  const is = lstatSync(paths.runtime)
  if (!is.isDirectory() || is.uid !== uid)
    throw new TokentrayError(
      'vaultNotPrivate',
      `The folder ${paths.runtime} belongs to another user. Remove it, or set XDG_RUNTIME_DIR to a folder you own.`
    )
  if ((is.mode & 0o077) !== 0) chmodSync(paths.runtime, 0o700)
}

/** Makes `folder` and its parents, 0700 where they are new. Throws `vaultUnwritable`. */
export function makePrivateFolder(folder: string): void {
  try {
    makeFolder(folder)
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code
    throw new TokentrayError(
      'vaultUnwritable',
      `The folder ${folder} could not be created (${why}). Check its permissions, or set TOKENTRAY_HOME to a folder you can write to.`,
      { cause: error }
    )
  }
}
