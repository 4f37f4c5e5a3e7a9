// The commands under `vault`: create, unlock, check, find, back up, restore, set aside.
// Each one's own code is loaded when it is called.
import type { Command } from 'commander'
import type { World } from '../world.ts'
import { helpCommand, type Make, type Run } from './options.ts'

export function addVaultCommands(program: Command, make: Make, run: Run, world: World): void {
  const vault = program
    .command('vault')
    .description('create, unlock, check, back up, restore or reset the vault')
    .helpCommand(...helpCommand)
  make('create', 'create the vault now instead of at first use', vault)
    .option('--ask-passphrase', 'protect the vault with a passphrase you enter here, instead of a key in the keychain')
    .action((options) => run(async () => (await import('../commands/vault.ts')).create(world, options)))
  make(
    'unlock',
    'unlock the vault of the running Tokentray; the passphrase is typed unseen or read from stdin',
    vault
  ).action((options) => run(async () => (await import('../commands/vault.ts')).unlock(world, options)))
  make('check', 'check every page and row of the vault', vault).action((options) =>
    run(async () => (await import('../commands/vault.ts')).check(world, options))
  )
  make('path', 'print the path of the vault', vault).action((options) =>
    run(async () => (await import('../commands/vault.ts')).path(world, options))
  )
  make('backup', 'save an encrypted copy next to the vault; the three newest are kept', vault).action((options) =>
    run(async () => (await import('../commands/vault.ts')).backup(world, options))
  )
  make('restore', 'restore the newest intact backup; the current vault is kept under another name', vault)
    .option('-y, --yes', 'do not ask for confirmation')
    .action((options) => run(async () => (await import('../commands/vault.ts')).restore(world, options)))
  make(
    'reset',
    'replace the vault with an empty one, if its key is lost; the old one is kept under another name',
    vault
  )
    .option('-y, --yes', 'do not ask for confirmation')
    .action((options) => run(async () => (await import('../commands/vault.ts')).reset(world, options)))
}
