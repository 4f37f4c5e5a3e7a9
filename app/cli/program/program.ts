// The command line as commander's tree: names, options, help. Each command's own code is loaded when it is called.
// Completion and docs/cli.md are made from this tree, so nothing about the commands is written down twice.
import { Command, Option } from 'commander'
import type { World } from '../world.ts'
import { addClientCommands } from './clients.ts'
import { whole } from './options.ts'
import { describeAdd, describeSet } from './servers.ts'
import { addVaultCommands } from './vault.ts'

/** Called with the exit code when a command has run. */
export type Done = (exitCode: number) => void

const states = ['signedOut', 'signingIn', 'fresh', 'refreshing', 'waiting', 'needsUser', 'paused']

/** The whole tree. `world` is handed to the commands; `done` gets each one's exit code. */
export async function createProgram(world: World, done: Done): Promise<Command> {
  const run = async (work: () => unknown) => {
    const exitCode = await work()
    done(typeof exitCode === 'number' ? exitCode : 0)
  }
  const program = new Command('tokentray')
    .description('Keeps the OAuth tokens of your MCP servers fresh: sign in once per server.')
    .version(world.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: () => {}, // Errors are told in one sentence by run.ts.
      getOutHelpWidth: () => world.stdout.columns || 100
    })
  const make = (usage: string, description: string, parent: Command = program) =>
    parent.command(usage).description(description).option('--json', 'print JSON, for scripts')

  describeAdd(make, run, world)

  make('list', 'list the servers')
    .option('--expiring <duration>', 'only those whose token ends within this time')
    .addOption(new Option('--state <state>', 'only those in this state').choices(states))
    .option('--issuer <issuer>', 'only those of this authorization server')
    .action((options) => run(async () => (await import('../commands/list.ts')).list(world, options)))

  make('status [server]', 'show the health of all servers, or of one in full')
    .option('--watch', 'keep showing it until Ctrl-C')
    .action((server, options) =>
      run(async () => (await import('../commands/status.ts')).status(world, server, options))
    )

  make('login <server>', 'sign in with a browser')
    .option('--device', 'by a code to enter on another machine, where the server offers that')
    .option('--add-scope <scopes>', 'ask for these besides what was granted, as a server that refused with 403 said')
    .option('--new-client', 'register a client anew, where the server’s page does not know the one of before')
    .action((server, options) => run(async () => (await import('../commands/login.ts')).login(world, server, options)))
  make('keys <server>', 'print the public key of a client that authenticates with one, as a JWK set').action(
    (server, options) => run(async () => (await import('../commands/keys.ts')).keys(world, server, options))
  )
  make('logout <server>', 'sign out, here and at the server where it offers that').action((server, options) =>
    run(async () => (await import('../commands/logout.ts')).logout(world, server, options))
  )
  make('forget <server>', 'forget the client registered there: the next sign-in registers anew').action(
    (server, options) => run(async () => (await import('../commands/forget.ts')).forget(world, server, options))
  )
  make('verify <server>', 'ask the server itself whether it takes the token at hand').action((server, options) =>
    run(async () => (await import('../commands/verify.ts')).verify(world, server, options))
  )
  make('refresh <server>', 'get a new token now').action((server, options) =>
    run(async () => (await import('../commands/refresh.ts')).refresh(world, server, options))
  )
  make('pause <server>', 'stop refreshing').action((server, options) =>
    run(async () => (await import('../commands/pause.ts')).pause(world, server, options))
  )
  make('resume <server>', 'go on refreshing').action((server, options) =>
    run(async () => (await import('../commands/resume.ts')).resume(world, server, options))
  )
  make('remove <server>', 'forget a server with its tokens')
    .option('-y, --yes', 'do not ask')
    .action((server, options) =>
      run(async () => (await import('../commands/remove.ts')).remove(world, server, options))
    )

  await describeSet(make, run, world)

  make('token <server>', 'print a valid access token, alone, refreshed first where needed')
    .option('--min-valid <duration>', 'at least this much of its life must be left', '60s')
    .option('--proof <request>', 'with --json: also the DPoP header for one request, as "POST https://…" (RFC 9449)')
    .option('--nonce <nonce>', 'what the server said in DPoP-Nonce, for that proof')
    .action((server, options) => run(async () => (await import('../commands/token.ts')).token(world, server, options)))
  program
    .command('run <server> <command...>')
    .description('run a command with a valid access token in its environment: tokentray run linear -- npm start')
    .option('--env <name>', 'the variable that holds it', 'TOKENTRAY_TOKEN')
    .action((server, command, options) =>
      run(async () => (await import('../commands/run.ts')).runWithToken(world, server, command, options))
    )
  make('history <server>', 'show what happened, oldest first')
    .option('--limit <count>', 'how many events', whole(1, 1000), 50)
    .action((server, options) =>
      run(async () => (await import('../commands/history.ts')).history(world, server, options))
    )

  make('connect <client> <server>', 'point a client at a server, through the gateway')
    .option('--oauth', 'the client signs in to the gateway itself, with your consent, instead of carrying a key')
    .option('--stdio', 'the client starts the bridge, tokentray mcp, and needs neither')
    .option('--print', 'only print the entry')
    .option('--with-key', 'with --print: make the key and print it too')
    .option('--rotate', 'put a new key in, and revoke the old one')
    .option('--replace', 'replace an entry of that name that somebody else wrote')
    .option('-y, --yes', 'do not ask')
    .action((client, server, options) =>
      run(async () => (await import('../commands/connect.ts')).connectClient(world, client, server, options))
    )
  make('disconnect <client> <server>', 'take that entry out again, and revoke its key')
    .option('-y, --yes', 'do not ask')
    .action((client, server, options) =>
      run(async () => (await import('../commands/connect.ts')).disconnectClient(world, client, server, options))
    )
  program
    .command('mcp <server>')
    .description('speak MCP on stdin and stdout, for clients that can only start a command')
    .option('--verbose', 'tell on stderr what goes on')
    .action((server, options) => run(async () => (await import('../commands/mcp.ts')).mcp(world, server, options)))

  make('serve', 'keep all tokens alive until Ctrl-C or stop')
    .option('--ephemeral', 'with a vault in memory that ends with it')
    .addOption(
      new Option('--dashboard-port <port>', 'port of the dashboard from now on; 4141 until chosen otherwise').argParser(
        whole(1, 65_535)
      )
    )
    .option('--open', 'and open the dashboard in a browser')
    .option('--no-dashboard', 'without the dashboard in a browser')
    .addOption(
      new Option('--gateway-port <port>', 'port of the gateway from now on; 4140 until chosen otherwise').argParser(
        whole(1, 65_535)
      )
    )
    .option('--no-gateway', 'without the gateway for local clients')
    .option('--public-url <url>', 'an https address at which your own reverse proxy publishes the gateway')
    .option('--metrics', 'with Prometheus metrics at /metrics of the gateway, for keys of add-key --metrics')
    .action((options) => run(async () => (await import('../commands/serve.ts')).serve(world, options)))
  make('open', 'open the dashboard of the running Tokentray in a browser')
    .option('--print', 'print its one-time link instead; on a terminal only')
    .action((options) => run(async () => (await import('../commands/open.ts')).open(world, options)))
  make('stop', 'end the running Tokentray').action((options) =>
    run(async () => (await import('../commands/stop.ts')).stop(world, options))
  )
  make('doctor', 'look for what is wrong on this machine').action((options) =>
    run(async () => (await import('../commands/doctor.ts')).doctor(world, options))
  )
  make('demo', 'show it at work with three local servers and a throw-away vault')
    .option('--for <duration>', 'end after this time')
    .action((options) => run(async () => (await import('../commands/demo.ts')).demo(world, options)))
  make('metrics', 'print metrics in the format of Prometheus').action((options) =>
    run(async () => (await import('../commands/metrics.ts')).metrics(world, options))
  )

  addClientCommands(program, make, run, world)

  addVaultCommands(program, make, run, world)

  program
    .command('completion')
    .description('print a script that completes commands in your shell')
    .argument('<shell>', 'bash, zsh or fish')
    .action((shell) => run(async () => (await import('../commands/completion.ts')).completion(world, program, shell)))
  return program
}
