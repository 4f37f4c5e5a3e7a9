// The part of commander's tree about local clients of the gateway: `clients …`, `lock`, `unlock`.
// Beside program.ts, which makes the rest; the commands' own code is loaded when one is called.
import type { Command } from 'commander'
import type { World } from '../world.ts'
import { helpCommand, type Make, type Run, whole } from './options.ts'

export function addClientCommands(program: Command, make: Make, run: Run, world: World): void {
  const clients = program
    .command('clients')
    .description('manage which clients can use the gateway')
    .helpCommand(...helpCommand)
  make('list', 'list pending requests and clients with access', clients).action((options) =>
    run(async () => (await import('../commands/clients.ts')).list(world, options))
  )
  make('allow [digits]', 'allow a pending request, identified by the digits on its page', clients)
    .option('--always', 'keep this sign-in for as long as the client uses it, instead of 30 days')
    .option('--servers <ids>', 'servers it may use, separated by commas, if it did not name any')
    .option('--next <name>', 'instead of a pending request, allow the next client that registers with this name, once')
    .option('--redirect-host <host>', 'with --next: host it returns to (default: "loopback")')
    .option('--for <duration>', 'with --next: how long to wait for it (default: 10m, maximum: 24h)')
    .action((digits, options) =>
      run(async () => (await import('../commands/clients.ts')).allow(world, digits, options))
    )
  make('deny <digits>', 'deny a pending request', clients).action((digits, options) =>
    run(async () => (await import('../commands/clients.ts')).deny(world, digits, options))
  )
  make('revoke <client>', 'revoke all access of a client or key, by name or ID', clients).action((client, options) =>
    run(async () => (await import('../commands/clients.ts')).revoke(world, client, options))
  )
  make('add-key <name>', 'create a key for a script or a client without OAuth, and print it once', clients)
    .option('--servers <ids>', 'servers it may use, separated by commas')
    .option('--metrics', 'the key reads the metrics of serve --metrics, and no server')
    .option('--public', 'the key works at the URL of serve --public-url too (default: on this computer only)')
    .option('--expires <duration>', 'when it expires, such as 30d (default: 90 days after its last use)')
    .action((name, options) => run(async () => (await import('../commands/clients.ts')).addKey(world, name, options)))
  make('activity [client]', 'show which clients used which servers and when, oldest first', clients)
    .option('--limit <count>', 'number of entries', whole(1, 1000), 50)
    .action((client, options) =>
      run(async () => (await import('../commands/clients.ts')).activity(world, client, options))
    )

  make('lock', 'block all clients immediately, until tokentray unlock').action((options) =>
    run(async () => (await import('../commands/lock.ts')).lock(world, options))
  )
  make('unlock', 'allow clients and keys again').action((options) =>
    run(async () => (await import('../commands/unlock.ts')).unlock(world, options))
  )
}
