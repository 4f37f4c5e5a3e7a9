// `tokentray vault`: create it, check it, tell where it is, set it aside.
// reset deletes nothing: the files are renamed, so that a key found later can still open them.
import { existsSync } from 'node:fs'
import { TokentrayError } from '../contract/errors.ts'
import { connect } from '../control/client.ts'
import { print, printJson, say } from './output.ts'
import { claim, host, unanswered, withOwner } from './owner.ts'
import { askLine, isInteractive } from './prompt.ts'
import type { Ownership, World } from './world.ts'

export function path(world: World, options: { json?: boolean }): void {
  if (options.json) printJson(world, { path: world.paths.vault })
  else print(world, world.paths.vault)
}

/**
 * Creates the vault now instead of at the first use; with --passphrase its key is derived from one asked for twice.
 * Rejects `inputInvalid` where there is one already, `ownerElsewhere`, and what opening a vault rejects with.
 */
export async function create(world: World, options: { passphrase?: boolean; json?: boolean }): Promise<void> {
  const { vault } = world.paths
  const lock = await claimAlone(world)
  if (existsSync(vault) || existsSync(`${vault}.json`)) {
    lock.release()
    throw new TokentrayError('inputInvalid', `There is a vault at ${vault} already; nothing was changed.`)
  }
  const { core, leave } = await host(world, lock, 'command', { askForNewPassphrase: options.passphrase ?? false })
  const { keySource } = core.snapshot().vault
  await leave()
  if (options.json) printJson(world, { path: vault, keySource })
  else print(world, `Created ${vault}; its key comes from the ${keySource}.`)
}

async function claimAlone(world: World): Promise<Ownership> {
  const lock = await claim(world)
  if (lock) return lock
  const client = await connect(world.paths, world.clock)
  if (!client) throw unanswered(world)
  throw new TokentrayError(
    'ownerElsewhere',
    `Tokentray (process ${client.pid}) works on this vault; run tokentray stop first.`
  )
}

/** Exit 5 where something is wrong with the vault. */
export async function check(world: World, options: { json?: boolean }): Promise<number> {
  const found = await withOwner(world, (owner) => owner.call('vault.check', {}))
  if (options.json) printJson(world, found)
  else if (found.ok) print(world, 'The vault is sound.')
  else for (const problem of found.problems) print(world, problem)
  return found.ok ? 0 : 5
}

/** Sets the vault aside after the word was typed, or with --yes. Rejects `ownerElsewhere`, `inputInvalid`. */
export async function reset(world: World, options: { yes?: boolean; json?: boolean }): Promise<void> {
  const { vault } = world.paths
  if (vault === ':memory:')
    throw new TokentrayError('inputInvalid', 'This vault is in memory only: it ends with its owner.')
  if (!options.yes) {
    if (!isInteractive(world))
      throw new TokentrayError(
        'inputInvalid',
        'Setting the vault aside needs a confirmation: run it on a terminal, or add --yes.'
      )
    say(
      world,
      `The vault ${vault} is set aside: all servers must be added and signed in again. The file itself is kept.`
    )
    if ((await askLine(world, 'Type reset to go on:')).trim() !== 'reset') return say(world, 'Nothing was changed.')
  }
  const lock = await claimAlone(world)
  try {
    if (!existsSync(vault) && !existsSync(`${vault}.json`)) {
      if (options.json) return printJson(world, { keptAs: null })
      return say(world, `There is no vault at ${vault}.`)
    }
    const { setAside } = await import('../vault/recovery.ts')
    const keptAs = setAside(vault, world.clock)
    if (options.json) printJson(world, { keptAs })
    else print(world, `The old vault is kept as ${keptAs}.`)
  } finally {
    lock.release()
  }
}
