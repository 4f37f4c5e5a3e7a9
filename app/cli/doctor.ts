// `tokentray doctor`: looks at everything that can be wrong around Tokentray and says it in plain words.
// Changes nothing, opens no vault and never touches the key. Exit 1 where something is broken.
import { accessSync, constants, lstatSync, readFileSync } from 'node:fs'
import { asTokentrayError } from '../contract/errors.ts'
import { connect } from '../control/client.ts'
import { browserCommand } from './browser.ts'
import { print, printJson } from './output.ts'
import type { World } from './world.ts'

export type Check = { name: string; result: 'ok' | 'warning' | 'problem'; words: string }
const marks = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const
/** 2025-01-01: no clock is right that says an earlier time. */
const earliest = Date.UTC(2025, 0, 1)

export async function doctor(world: World, options: { json?: boolean }): Promise<number> {
  const checks = [
    node(),
    clock(world),
    ...files(world),
    await owner(world),
    key(world),
    ...(await keychain(world)),
    browser(world),
    proxies(world)
  ]
  if (options.json) printJson(world, { version: world.version, checks })
  else for (const { name, result, words } of checks) print(world, `${marks[result]}  ${name}: ${words}`)
  return checks.some(({ result }) => result === 'problem') ? 1 : 0
}

function node(): Check {
  return { name: 'Node', result: 'ok', words: process.version }
}

function clock(world: World): Check {
  const now = world.clock.now()
  const words = new Date(now).toISOString()
  if (now < earliest)
    return {
      name: 'clock',
      result: 'problem',
      words: `${words} cannot be right; tokens would look valid for ever: set the clock.`
    }
  return { name: 'clock', result: 'ok', words }
}

function files(world: World): Check[] {
  const { vault, ownerFolder, logs, settings } = world.paths
  if (vault === ':memory:')
    return [{ name: 'vault', result: 'warning', words: 'in memory only; it is gone when its owner ends.' }]
  return [
    folder(ownerFolder),
    file('vault', vault),
    file('settings', settings),
    { name: 'log', result: 'ok', words: logs }
  ]
}

function folder(path: string): Check {
  const name = 'folder'
  try {
    const { mode } = lstatSync(path)
    accessSync(path, constants.W_OK)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      return { name, result: 'problem', words: `others can look into ${path}: chmod 700 it.` }
    return { name, result: 'ok', words: `${path}, private and writable` }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { name, result: 'ok', words: `${path} is made when it is needed` }
    return { name, result: 'problem', words: `${path} cannot be written (${code}): check whom it belongs to.` }
  }
}

function file(name: string, path: string): Check {
  try {
    const { mode } = lstatSync(path)
    if (name === 'vault' && process.platform !== 'win32' && (mode & 0o077) !== 0)
      return { name, result: 'problem', words: `others can read ${path}: chmod 600 it.` }
    return { name, result: 'ok', words: path }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { name, result: 'ok', words: `none yet at ${path}` }
    return { name, result: 'problem', words: `${path} cannot be looked at (${code}).` }
  }
}

async function owner(world: World): Promise<Check> {
  const name = 'owner'
  try {
    const client = await connect(world.paths, world.clock)
    if (!client) return { name, result: 'ok', words: 'Tokentray is not running; commands do the work themselves.' }
    const who = `process ${client.pid}, version ${client.version}`
    if (client.version !== world.version)
      return {
        name,
        result: 'warning',
        words: `${who}, is not this version (${world.version}): tokentray stop, then start it again.`
      }
    return {
      name,
      result: 'ok',
      words: client.kind === 'lasting' ? `Tokentray is running: ${who}.` : `a command is at work: ${who}.`
    }
  } catch (error) {
    return { name, result: 'problem', words: asTokentrayError(error).message }
  }
}

/** From the vault's sidecar, which holds no key; the variables count only while there is no vault. */
function key({ env, paths }: World): Check {
  const name = 'key'
  try {
    const { keySource } = JSON.parse(readFileSync(`${paths.vault}.json`, 'utf8'))
    if (typeof keySource === 'string') return { name, result: 'ok', words: `the vault's key comes from: ${keySource}` }
  } catch {
    // No vault yet, or one without a readable sidecar: opening it says more than can be known here.
  }
  const isPassphrase = env.TOKENTRAY_PASSPHRASE || env.TOKENTRAY_PASSPHRASE_FILE
  return {
    name,
    result: 'ok',
    words: isPassphrase ? 'a new vault would use the passphrase' : 'a new vault would use the keychain'
  }
}

async function keychain({ env, platform }: World): Promise<Check[]> {
  const name = 'keychain'
  if (env.TOKENTRAY_PASSPHRASE || env.TOKENTRAY_PASSPHRASE_FILE) return []
  try {
    await import('keytar')
  } catch {
    return [
      {
        name,
        result: 'warning',
        words: 'its library does not load: install libsecret-1-0, or set TOKENTRAY_PASSPHRASE_FILE.'
      }
    ]
  }
  if (platform === 'linux' && !env.DBUS_SESSION_BUS_ADDRESS && !hasBus(env.XDG_RUNTIME_DIR))
    return [
      {
        name,
        result: 'warning',
        words: 'there is no session bus to reach it by: log in to a desktop, or set TOKENTRAY_PASSPHRASE_FILE.'
      }
    ]
  const { readLockState } = await import('../vault/secret-service.ts')
  const state = await readLockState(2000)
  if (state === 'locked')
    return [{ name, result: 'warning', words: 'it is locked: unlock it before Tokentray needs the key.' }]
  const words = state === 'unlocked' ? 'it answers and is unlocked' : 'its library loads'
  return [{ name, result: 'ok', words: `${words}; the key itself was not touched` }]
}

function hasBus(runtime: string | undefined): boolean {
  try {
    return runtime !== undefined && lstatSync(`${runtime}/bus`).isSocket()
  } catch {
    return false
  }
}

function browser({ env, platform }: World): Check {
  const name = 'browser'
  try {
    const command = browserCommand('https://example.com/', env, platform)
    if (command) return { name, result: 'ok', words: `opened by ${command[0]}` }
    return {
      name,
      result: 'warning',
      words: 'none here; the address is printed, and the one it ends at can be pasted.'
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
