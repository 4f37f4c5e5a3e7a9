// `tokentray vault …`: create the vault, unlock it, check it, find it, back it up, restore it, set it aside.
// reset deletes nothing: the files are renamed, so that a key found later can still open them.
import { existsSync } from 'node:fs'
import { TokentrayError } from '../../contract/errors.ts'
import { askNewPassphrase, askPassphrase, mustAskPassphrase, typedPassphrase } from '../../owner/askPassphrase.ts'
import { connect } from '../../owner/client.ts'
import { host } from '../../owner/host.ts'
import type { Ownership } from '../../owner/lock.ts'
import { ownerUnreachable, vaultError, withOwner } from '../../owner/withOwner.ts'
import { print, printJson, printNote } from '../output.ts'
import { confirm } from '../prompt.ts'
import { readPassphrase } from '../secrets.ts'
import type { World } from '../world.ts'

export function path(world: World, options: { json?: boolean }): void {
  if (options.json) printJson(world, { path: world.paths.vault })
  else print(world, world.paths.vault)
}

/**
 * Creates the vault now instead of at the first use; with --ask-passphrase its key is derived from one asked for twice.
 * Rejects `inputInvalid` where there is one already, `ownerElsewhere`, and what opening a vault rejects with.
 */
export async function create(world: World, options: { askPassphrase?: boolean; json?: boolean }): Promise<void> {
  const { vault } = world.paths
  let lock = await claimForNew(world)
  if (options.askPassphrase) {
    lock.release()
    await askNewPassphrase(world)
    lock = await claimForNew(world)
  }
  const { core, leave } = await host(world, lock, 'command', { askForNewPassphrase: options.askPassphrase ?? false })
  const { keySource } = core.snapshot().vault
  await leave()
  if (options.json) printJson(world, { path: vault, keySource })
  else print(world, `Created ${vault}. Its encryption key comes from the ${keySource}.`)
}

async function claimForNew(world: World): Promise<Ownership> {
  const { vault } = world.paths
  const lock = await claimAlone(world)
  if (!existsSync(vault) && !existsSync(`${vault}.json`)) return lock
  lock.release()
  throw new TokentrayError('inputInvalid', `A vault already exists at ${vault}. Nothing was changed.`)
}

async function claimAlone(world: World): Promise<Ownership> {
  const lock = await world.claim(world.paths.ownerFolder)
  if (lock) return lock
  const client = await connect(world.paths, world.clock)
  if (!client) throw ownerUnreachable(world)
  throw new TokentrayError(
    'ownerElsewhere',
    `Tokentray (process ${client.pid}) is using this vault. Run tokentray stop first.`
  )
}

/**
 * Opens the vault of the running Tokentray, which waits for that: with its passphrase, else by another try at the keychain.
 * Rejects `ownerUnreachable` where none is running, and what opening the vault rejects with.
 */
export async function unlock(world: World, options: { json?: boolean }): Promise<void> {
  const client = await connect(world.paths, world.clock)
  if (!client)
    throw new TokentrayError(
      'ownerUnreachable',
      'Tokentray is not running, so there is no vault to unlock. Start it with tokentray serve.'
    )
  const { vault } = await client.call('snapshot', {})
  // A new vault's passphrase is chosen where it can be typed twice.
  if (vault.offers?.unlock === 'new') throw vaultError(vault)
  if (vault.offers?.unlock) await client.call('vault.unlock', { passphrase: await readPassphrase(world) })
  else if (vault.state !== 'open') await client.call('vault.retry', {})
  const { state } = (await client.call('snapshot', {})).vault
  if (options.json) printJson(world, { path: vault.path, state })
  else print(world, state === 'open' ? 'The vault is open.' : 'The keychain is waiting for you to unlock it.')
}

/** Exit 5 where something is wrong with the vault. */
export async function check(world: World, options: { json?: boolean }): Promise<number> {
  const found = await withOwner(world, (owner) => owner.call('vault.check', {}))
  if (options.json) printJson(world, found)
  else if (found.ok) print(world, 'The vault is intact.')
  else for (const problem of found.problems) print(world, problem)
  return found.ok ? 0 : 5
}

export async function backup(world: World, options: { json?: boolean }): Promise<void> {
  const made = await withOwner(world, (owner) => owner.call('vault.backup', {}))
  if (options.json) printJson(world, made)
  else print(world, `Backed up to ${made.path}. It opens with the same key.`)
}

/** Puts the newest sound backup in the vault's place. Rejects `inputInvalid`, `ownerElsewhere`, and as opening does. */
export async function restore(world: World, options: { yes?: boolean; json?: boolean }): Promise<void> {
  const { vault } = world.paths
  const { unlockOptions } = await import('../../vault/unlock.ts')
  const { goodBackups, restoreBackup } = await import('../../vault/recovery.ts')
  // A person is asked twice below, and whoever needs the vault meanwhile must not have to wait for that.
  const first = await claimAlone(world)
  first.release()
  await askForBackups(world)
  const { clock, env: environment, paths: home } = world
  const unlocking = unlockOptions(
    { home, clock, environment, typed: typedPassphrase(world) },
    { notice: (sentence) => printNote(world, sentence) }
  )
  const [newest] = await goodBackups(unlocking)
  if (!newest) throw new TokentrayError('inputInvalid', `There is no intact backup of ${vault}. Nothing was changed.`)
  const warning = `The newest intact backup was made at ${newest.madeAt} (UTC). Its refresh tokens may have been used since, so Tokentray asks you before it tries each server. The current vault is kept under another name.`
  if (!(await confirm(world, options, 'restore', warning))) return
  const lock = await claimAlone(world)
  try {
    await restoreBackup(unlocking, newest)
    if (options.json) printJson(world, { restored: newest.path })
    else
      print(
        world,
        `Restored ${newest.path}. Run tokentray refresh <server> for each server whose token you want to try.`
      )
  } finally {
    lock.release()
  }
}

/** Asks for the passphrase that opens the vault's backups, where there is one: the vault itself may be gone. */
async function askForBackups(world: World): Promise<void> {
  const { listBackups } = await import('../../vault/backups.ts')
  const { vault } = world.paths
  for (const file of [vault, ...listBackups(vault).map(({ path }) => path)])
    if (await mustAskPassphrase(world, file)) await askPassphrase(world, file)
}

/** Sets the vault aside after the word was typed, or with --yes. Rejects `ownerElsewhere`, `inputInvalid`. */
export async function reset(world: World, options: { yes?: boolean; json?: boolean }): Promise<void> {
  const { vault } = world.paths
  if (vault === ':memory:')
    throw new TokentrayError('inputInvalid', 'This vault is in memory only and is lost when Tokentray stops.')
  const warning = `The vault ${vault} will be kept under another name and replaced by an empty one. You must add all servers and sign in again.`
  if (!(await confirm(world, options, 'reset', warning))) return
  const lock = await claimAlone(world)
  try {
    if (!existsSync(vault) && !existsSync(`${vault}.json`)) {
      if (options.json) return printJson(world, { keptAs: null })
      return printNote(world, `There is no vault at ${vault}.`)
    }
    const { setAside } = await import('../../vault/recovery.ts')
    const keptAs = setAside(vault, world.clock)
    if (options.json) printJson(world, { keptAs })
    else print(world, `The old vault is kept as ${keptAs}.`)
  } finally {
    lock.release()
  }
}
