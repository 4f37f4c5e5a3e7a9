// The part of commander's tree about local clients of the gateway: `clients …`, `lock`, `unlock`.
// Beside program.ts, which makes the rest; the commands' own code is loaded when one is called.
import type { Command } from 'commander'
import type { World } from '../world.ts'
import { type Make, type Run, whole } from './options.ts'

export function addClientCommands(program: Command, make: Make, run: Run, world: World): void {
  const clients = program.command('clients').description('see and decide who may use the gateway')
  make('list', 'list who waits to be let in, and who was', clients).action((options) =>
    run(async () => (await import('../commands/clients.ts')).list(world, options))
  )
  make('allow [digits]', 'let a waiting client in, named by the digits its page shows', clients)
    .option('--always', 'also when it signs in again, for the same servers')
    .option('--servers <ids>', 'the servers it may use, separated by commas, where it named none')
    .option('--next <name>', 'instead: let the next client of this name in without asking, once')
    .option('--redirect-host <host>', 'with --next: where it goes back to, "loopback" otherwise')
    .option('--for <duration>', 'with --next: how long to wait for it; 10m otherwise, 24h at most')
    .action((digits, options) =>
      run(async () => (await import('../commands/clients.ts')).allow(world, digits, options))
    )
  make('deny <digits>', 'refuse a waiting client', clients).action((digits, options) =>
    run(async () => (await import('../commands/clients.ts')).deny(world, digits, options))
  )
  make('revoke <client>', 'take everything from a client or key, by name or id, and cut it off', clients).action(
    (client, options) => run(async () => (await import('../commands/clients.ts')).revoke(world, client, options))
  )
  make('add-key <name>', 'make a key for a script or a client without OAuth, and print it once', clients)
    .option('--servers <ids>', 'the servers it is for, separated by commas')
    .option('--metrics', 'for the metrics of serve --metrics instead of servers')
    .option('--expires <duration>', 'when it ends, such as 90d; otherwise when it is revoked')
    .action((name, options) => run(async () => (await import('../commands/clients.ts')).addKey(world, name, options)))
  make('activity [client]', 'show who used which server when, oldest first', clients)
    .option('--limit <count>', 'how many stretches of use', whole(1, 1000), 50)
    .action((client, options) =>
      run(async () => (await import('../commands/clients.ts')).activity(world, client, options))
    )

  make('lock', 'cut every client off at once, until unlock').action((options) =>
    run(async () => (await import('../commands/lock.ts')).lock(world, options))
  )
  make('unlock', 'let clients and keys work again').action((options) =>
    run(async () => (await import('../commands/unlock.ts')).unlock(world, options))
  )
}
