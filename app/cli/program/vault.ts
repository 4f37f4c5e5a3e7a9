// The commands under `vault`: create, unlock, check, find, back up, restore, set aside.
// Each one's own code is loaded when it is called.
import type { Command } from 'commander'
import type { World } from '../world.ts'
import type { Make, Run } from './options.ts'

export function addVaultCommands(program: Command, make: Make, run: Run, world: World): void {
  const vault = program.command('vault').description('create the vault, check it, find it, set it aside')
  make('create', 'create it now, rather than at the first use', vault)
    .option('--ask-passphrase', 'lock it with a passphrase, asked for here, instead of the keychain')
    .action((options) => run(async () => (await import('../commands/vault.ts')).create(world, options)))
  make(
    'unlock',
    'open it in the running Tokentray that waits for it; the passphrase comes unseen or from stdin',
    vault
  ).action((options) => run(async () => (await import('../commands/vault.ts')).unlock(world, options)))
  make('check', 'verify every page and row of it', vault).action((options) =>
    run(async () => (await import('../commands/vault.ts')).check(world, options))
  )
  make('path', 'print where it is', vault).action((options) =>
    run(async () => (await import('../commands/vault.ts')).path(world, options))
  )
  make('backup', 'make an encrypted copy beside it; the newest three are kept', vault).action((options) =>
    run(async () => (await import('../commands/vault.ts')).backup(world, options))
  )
  make('restore', 'put the newest sound copy in its place; what was there is set aside', vault)
    .option('-y, --yes', 'do not ask')
    .action((options) => run(async () => (await import('../commands/vault.ts')).restore(world, options)))
  make('reset', 'set it aside and start anew, for when its key is lost', vault)
    .option('-y, --yes', 'do not ask')
    .action((options) => run(async () => (await import('../commands/vault.ts')).reset(world, options)))
}
