// `tokentray doctor`: checks everything around Tokentray that can be wrong, and says in plain words what to do.
// Creates no vault; an existing one is opened and checked as any command would, if its key is at hand.
import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nearestReal } from '../../base/folder.ts'
import type { ClientView } from '../../contract/clients.ts'
import { asTokentrayError, TokentrayError } from '../../contract/errors.ts'
import { sayProblem } from '../../health/problems.ts'
import { connect } from '../../owner/client.ts'
import { withOwner } from '../../owner/withOwner.ts'
import { readSettings } from '../../settings/settings.ts'
import { createKeychain } from '../../vault/keychain.ts'
import { takePassphrase } from '../../vault/passphrase.ts'
import { refuseRemote } from '../../vault/place.ts'
import { readSidecar, type Sidecar, sidecarPath } from '../../vault/sidecar.ts'
import { browserCommands } from '../browser.ts'
import { isInteractive, print, printJson } from '../output.ts'
import { formatTime } from '../times.ts'
import { type Check, findWeaknesses } from '../weaknesses.ts'
import { Interrupted, type World } from '../world.ts'

const marks = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const
/** 2025-01-01: no clock is right that says an earlier time. */
const earliest = Date.UTC(2025, 0, 1)

/** Prints one line for each check, or all as JSON. Resolves with the exit code: 1 where something is broken. */
export async function doctor(world: World, options: { json?: boolean }): Promise<number> {
  const { env, paths } = world
  // Looked at first: opening the vault takes the passphrase out of the environment.
  const { TOKENTRAY_PASSPHRASE: passphrase, TOKENTRAY_PASSPHRASE_FILE: passphraseFile } = env
  const hasPassphrase = passphrase !== undefined || passphraseFile !== undefined
  const hasVault =
    paths.vault !== ':memory:' && ['', '-wal', '.json'].some((suffix) => existsSync(paths.vault + suffix))
  const { source, ...key } = findKey(world, hasVault, hasPassphrase)
  const settings = await lookAtSettings(world)
  const { isRunning, pid: ownerPid, ...owner } = await findOwner(world)
  const keychain = source === 'keychain' ? await keychainFor(world) : null
  const checks: Check[] = [
    node(),
    clock(world, options.json ?? false),
    ...files(world),
    settings,
    owner,
    key,
    ...(keychain ? [keychain] : []),
    browser(world),
    proxies(world),
    ...(await findWeaknesses(world, { passphrase, passphraseFile }, ownerPid))
  ]
  if (hasVault) {
    const isBlocked = [settings, owner, key, keychain].some((check) => check?.result === 'problem')
    const mustAsk = source === 'passphrase' && !hasPassphrase && !isInteractive(world)
    checks.push(...(isRunning || !(isBlocked || mustAsk) ? await contents(world) : [unchecked(isBlocked)]))
  }
  if (options.json) printJson(world, { version: world.version, checks })
  else
    for (const { name, result, words } of checks)
      print(world, `${marks[result]}  ${name === 'owner' ? 'process' : name}: ${words}`)
  return checks.some(({ result }) => result === 'problem') ? 1 : 0
}

function node(): Check {
  return { name: 'Node', result: 'ok', words: process.version }
}

function clock(world: World, json: boolean): Check {
  const now = world.clock.now()
  const words = json ? new Date(now).toISOString() : formatTime(now)
  if (now < earliest)
    return {
      name: 'clock',
      result: 'problem',
      words: `It says ${words}, which cannot be right. Set the clock, because expired tokens look valid while it is wrong.`
    }
  return { name: 'clock', result: 'ok', words }
}

function files(world: World): Check[] {
  const { vault, ownerFolder, logs } = world.paths
  if (vault === ':memory:')
    return [{ name: 'vault', result: 'warning', words: 'in memory only. It is lost when Tokentray stops.' }]
  return [folder('folder', ownerFolder), vaultFile(vault), folder('log', logs)]
}

/** Says nothing that was not tried: a file is written there and removed again, or where the folder would be made. */
function folder(name: 'folder' | 'log', path: string): Check {
  try {
    if (name === 'folder') refuseRemote(path)
    const found = lstatSync(path, { throwIfNoEntry: false })
    writeTrial(nearestReal(path))
    if (!found) return { name, result: 'ok', words: `${path} will be created when needed` }
    if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
      return { name, result: 'problem', words: `Other users can read ${path}. Run chmod 700 on it.` }
    return { name, result: 'ok', words: `${path}, private and writable` }
  } catch (error) {
    if (error instanceof TokentrayError) return { name, result: 'problem', words: error.message }
    const { code } = error as NodeJS.ErrnoException
    return {
      name,
      result: 'problem',
      words: `${path} cannot be written: ${sayProblem(code)}. Check its owner and permissions.`
    }
  }
}

function writeTrial(folder: string): void {
  const trial = mkdtempSync(join(folder, '.tokentray-'))
  try {
    writeFileSync(join(trial, 'trial'), 'x')
  } finally {
    rmSync(trial, { recursive: true, force: true })
  }
}

function vaultFile(path: string): Check {
  const name = 'vault'
  try {
    const { mode } = lstatSync(path)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      return { name, result: 'problem', words: `Other users can read ${path}. Run chmod 600 on it.` }
    return { name, result: 'ok', words: path }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { name, result: 'ok', words: `none yet at ${path}` }
    return { name, result: 'problem', words: `${path} cannot be accessed: ${sayProblem(code)}.` }
  }
}

async function lookAtSettings({ paths }: World): Promise<Check> {
  const name = 'settings'
  const file = paths.settings
  try {
    await readSettings(file)
    return { name, result: 'ok', words: existsSync(file) ? file : `none yet at ${file}` }
  } catch (error) {
    return { name, result: 'problem', words: asTokentrayError(error).message }
  }
}

async function findOwner(world: World): Promise<Check & { isRunning: boolean; pid?: number }> {
  const name = 'owner'
  try {
    const client = await connect(world.paths, world.clock)
    if (!client)
      return {
        name,
        result: 'ok',
        words: 'Tokentray is not running. Commands open the vault themselves.',
        isRunning: false
      }
    const who = `process ${client.pid}, version ${client.version}`
    if (client.version !== world.version)
      return {
        name,
        result: 'warning',
        words: `Another version of Tokentray is running: ${who}. This is version ${world.version}. Run tokentray stop, then start it again.`,
        isRunning: true,
        pid: client.pid
      }
    return {
      name,
      result: 'ok',
      words: client.kind === 'lasting' ? `Tokentray is running: ${who}.` : `Another command is running: ${who}.`,
      isRunning: true,
      pid: client.pid
    }
  } catch (error) {
    return { name, result: 'problem', words: asTokentrayError(error).message, isRunning: false }
  }
}

/** Where the vault's key comes from, or would for a new one; `source` is null where none is needed or nobody knows. */
function findKey(
  { env, paths }: World,
  hasVault: boolean,
  hasPassphrase: boolean
): Check & { source: Sidecar['keySource'] | null } {
  const name = 'key'
  const { vault } = paths
  try {
    // Of a copy, so that it is still there for who opens the vault.
    takePassphrase({ ...env })
    if (vault === ':memory:') return { name, result: 'ok', words: 'not needed for a vault in memory', source: null }
    if (!hasVault) {
      const source = hasPassphrase ? 'passphrase' : 'keychain'
      return { name, result: 'ok', words: `a new vault would use the ${source}`, source }
    }
    const sidecar = readSidecar(vault)
    if (sidecar) {
      const source = sidecar.keySource
      return { name, result: 'ok', words: `from the ${source}`, source }
    }
    const words = `${sidecarPath(vault)}, which describes how to unlock the vault, is missing. Copy it from a backup (${vault}.*.backup.json). If the key is in the keychain, you can run tokentray vault check instead to recreate it.`
    return { name, result: 'problem', words, source: null }
  } catch (error) {
    return { name, result: 'problem', words: asTokentrayError(error).message, source: null }
  }
}

/** Asked for an item there is not, so that the key itself is not touched. */
async function keychainFor({ clock }: World): Promise<Check> {
  const name = 'keychain'
  try {
    await createKeychain({ clock }).get('doctor')
    return { name, result: 'ok', words: 'it responds' }
  } catch (error) {
    return { name, result: 'problem', words: asTokentrayError(error).message }
  }
}

/** What `vault check` says, of whoever owns the vault or of this process for a moment; and keys. Rejects Interrupted. */
async function contents(world: World): Promise<Check[]> {
  const name = 'contents'
  try {
    return await withOwner(world, async (owner) => {
      const { ok, problems } = await owner.call('vault.check', {})
      if (!ok) return [{ name, result: 'problem', words: problems.join(' ') }]
      const { clients } = await owner.call('clients.list', {})
      return [{ name, result: 'ok', words: 'the vault opens and is intact' }, ...publicKeys(clients)]
    })
  } catch (error) {
    if (error instanceof Interrupted) throw error
    return [{ name, result: 'problem', words: asTokentrayError(error).message }]
  }
}

function publicKeys(clients: readonly ClientView[]): Check[] {
  const names = clients.filter((each) => each.public).map((each) => each.name)
  if (names.length === 0) return []
  const words = `${names.join(', ')}: usable at the public URL of the gateway too, as all keys were that an earlier version made. Renew those that need not be with tokentray connect --rotate, or revoke them.`
  return [{ name: 'keys', result: 'warning', words }]
}

function unchecked(isBlocked: boolean): Check {
  const why = isBlocked
    ? 'not checked because of the problems above.'
    : 'not checked because the passphrase is needed. Run tokentray doctor in a terminal or set TOKENTRAY_PASSPHRASE_FILE.'
  return { name: 'contents', result: 'warning', words: why }
}

function browser({ env, platform }: World): Check {
  const name = 'browser'
  try {
    const programs = browserCommands('https://example.com/', env, platform).map(([program]) => program)
    if (programs.length > 0) return { name, result: 'ok', words: `opened with ${programs.join(' or ')}` }
    return {
      name,
      result: 'warning',
      words: 'none found. At sign-in, open the printed URL in a browser elsewhere and paste the URL you are sent to.'
    }
  } catch (error) {
    return { name, result: 'problem', words: asTokentrayError(error).message }
  }
}

function proxies({ env }: World): Check {
  const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY']
  const set = names.filter((each) => env[each] || env[each.toLowerCase()])
  // Their values may hold a password, so only the names are told.
  return { name: 'proxies', result: 'ok', words: set.length > 0 ? `set: ${set.join(', ')}` : 'none set' }
}
