// The command line as commander's tree: names, options, help. Each command's own code is loaded when it is called.
// Completion and docs/cli.md are made from this tree, so nothing about the commands is written down twice.
import { Command, Option } from 'commander'
import { stateKinds } from '../../contract/health.ts'
import type { World } from '../world.ts'
import { addClientCommands } from './clients.ts'
import { helpCommand, whole } from './options.ts'
import { describeAdd, describeSet } from './servers.ts'
import { addVaultCommands } from './vault.ts'

/** Called with the exit code when a command has run. */
export type Done = (exitCode: number) => void

/** How each shell finds the script that `completion` prints. */
export const installation = `  bash  add to ~/.bashrc:                 source <(tokentray completion bash)
  zsh   add to ~/.zshrc, below compinit:  source <(tokentray completion zsh)
  fish  run once:                         tokentray completion fish > ~/.config/fish/completions/tokentray.fish`

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
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: () => {}, // Errors are told in one sentence by run.ts.
      getOutHelpWidth: () => world.stdout.columns || 100
    })
  const make = (usage: string, description: string, parent: Command = program) =>
    parent.command(usage).description(description).option('--json', 'print JSON, for scripts')

  program.commandsGroup('Servers:')
  describeAdd(make, run, world)
  make('list', 'list the servers, all or some')
    .option('--expiring <duration>', 'only those whose token expires within this time')
    .addOption(new Option('--state <state>', 'only those in this state').choices([...stateKinds, 'paused']))
    .option('--issuer <issuer>', 'only those with this authorization server')
    .action((options) => run(async () => (await import('../commands/list.ts')).list(world, options)))
  make('status [server]', 'show the health of all servers, or the details of one')
    .option('--watch', 'keep updating until Ctrl-C')
    .action((server, options) =>
      run(async () => (await import('../commands/status.ts')).status(world, server, options))
    )
  make('check [servers...]', 'tell by exit code and one line per server whether all is well and stays so without you')
    .option('--for <duration>', 'how long it has to stay so, such as 8h (default: now)')
    .option('--servers', 'also ask the servers themselves')
    .action((servers, options) =>
      run(async () => (await import('../commands/check.ts')).check(world, servers, options))
    )
  make('login [server]', 'sign in with a browser')
    .option('--all', 'sign in to each server that needs it, one after the other')
    .option('--device', 'sign in with a code you enter on another device, if the server supports it')
    .option(
      '--add-scope <scopes>',
      'request these scopes in addition to the granted ones, such as those a server named when it answered 403'
    )
    .option('--issuer <url>', 'the authorization server to use, so that nobody is asked about its site')
    .option('--new-client', 'register a new client, if the server’s page says the client is unknown')
    .action((server, { all, ...options }) =>
      run(async () =>
        all
          ? (await import('../commands/loginAll.ts')).loginAll(world, server, options)
          : (await import('../commands/login.ts')).login(world, server, options)
      )
    )
  make('logout <server>', 'sign out here, and revoke the tokens at the server if it supports that').action(
    (server, options) => run(async () => (await import('../commands/logout.ts')).logout(world, server, options))
  )
  make('verify <server>', 'ask the server whether it accepts the current token').action((server, options) =>
    run(async () => (await import('../commands/verify.ts')).verify(world, server, options))
  )
  make('pause <server>', 'stop refreshing a server’s tokens').action((server, options) =>
    run(async () => (await import('../commands/pause.ts')).pause(world, server, options))
  )
  make('resume <server>', 'resume refreshing a server’s tokens').action((server, options) =>
    run(async () => (await import('../commands/resume.ts')).resume(world, server, options))
  )
  make('history <server>', 'show what happened, oldest first')
    .option('--limit <count>', 'number of events', whole(1, 1000), 50)
    .action((server, options) =>
      run(async () => (await import('../commands/history.ts')).history(world, server, options))
    )
  await describeSet(make, run, world)
  make('remove <server>', 'remove a server and its tokens')
    .option('-y, --yes', 'do not ask for confirmation')
    .action((server, options) =>
      run(async () => (await import('../commands/remove.ts')).remove(world, server, options))
    )

  program.commandsGroup('Tokens:')
  make('token <server>', 'print a valid access token, refreshing it first if needed')
    .option('--min-valid <duration>', 'minimum time the token must remain valid', '60s')
    .option(
      '--proof <request>',
      'with --json: also print a DPoP proof for this request, given as "POST https://…" (RFC 9449)'
    )
    .option('--nonce <nonce>', 'value of the server’s DPoP-Nonce header, for the proof')
    .action((server, options) => run(async () => (await import('../commands/token.ts')).token(world, server, options)))
  program
    .command('run <server> <command...>')
    .description('run a command with a valid access token in its environment: tokentray run linear -- npm start')
    .option('--env <name>', 'name of the variable', 'TOKENTRAY_TOKEN')
    .action((server, command, options) =>
      run(async () => (await import('../commands/run.ts')).runWithToken(world, server, command, options))
    )
  make('refresh <server>', 'get a new token now, even if the current one is still valid').action((server, options) =>
    run(async () => (await import('../commands/refresh.ts')).refresh(world, server, options))
  )
  make('keys <server>', 'print the public key of a client that authenticates with a key, as a JWK set').action(
    (server, options) => run(async () => (await import('../commands/keys.ts')).keys(world, server, options))
  )
  make('forget <server>', 'delete the registered client, so that the next sign-in registers a new one').action(
    (server, options) => run(async () => (await import('../commands/forget.ts')).forget(world, server, options))
  )

  program.commandsGroup('Clients:')
  make('connect <client> <server>', 'connect a client to a server through the gateway')
    .option('--oauth', 'the client signs in to the gateway with your approval, instead of using a key')
    .option('--stdio', 'the client starts the bridge (tokentray mcp) and needs no key and no sign-in')
    .option('--print', 'only print the entry, and write nothing')
    .option('--with-key', 'with --print: create the key and include it in the entry')
    .option('--rotate', 'replace the key; the old one works for another hour')
    .option('--replace', 'replace an entry of the same name, even if Tokentray did not write it')
    .option('-y, --yes', 'do not ask for confirmation')
    .action((client, server, options) =>
      run(async () => (await import('../commands/connect.ts')).connectClient(world, client, server, options))
    )
  make('disconnect <client> <server>', 'remove a server’s entry from a client’s file, and revoke its key')
    .option('-y, --yes', 'do not ask for confirmation')
    .action((client, server, options) =>
      run(async () => (await import('../commands/connect.ts')).disconnectClient(world, client, server, options))
    )
  program
    .command('mcp <server>')
    .description('speak MCP on stdin and stdout, for clients that can only start a command')
    .option('--verbose', 'log to stderr')
    .action((server, options) => run(async () => (await import('../commands/mcp.ts')).mcp(world, server, options)))
  addClientCommands(program, make, run, world)

  program.commandsGroup('Vault:')
  addVaultCommands(program, make, run, world)

  program.commandsGroup('System:')
  make('serve', 'keep all tokens fresh until Ctrl-C or tokentray stop')
    .option('--ephemeral', 'use a vault in memory, which is lost when Tokentray stops')
    .addOption(
      new Option('--dashboard-port <port>', 'set and remember the port of the dashboard (initially 4141)').argParser(
        whole(1, 65_535)
      )
    )
    .option('--open', 'also open the dashboard in a browser')
    .option('--no-dashboard', 'do not serve the dashboard')
    .addOption(
      new Option('--gateway-port <port>', 'set and remember the port of the gateway (initially 4140)').argParser(
        whole(1, 65_535)
      )
    )
    .option('--no-gateway', 'do not serve the gateway for local clients')
    .option('--public-url <url>', 'https URL where your own reverse proxy publishes the gateway')
    .option(
      '--metrics',
      'serve Prometheus metrics at /metrics of the gateway, for keys created with clients add-key --metrics'
    )
    .action((options) => run(async () => (await import('../commands/serve.ts')).serve(world, options)))
  make('open', 'open the dashboard of the running Tokentray in a browser')
    .option('--print', 'print its one-time link instead (terminal only)')
    .action((options) => run(async () => (await import('../commands/open.ts')).open(world, options)))
  make('stop', 'stop the running Tokentray').action((options) =>
    run(async () => (await import('../commands/stop.ts')).stop(world, options))
  )
  make('doctor', 'check this computer for problems').action((options) =>
    run(async () => (await import('../commands/doctor.ts')).doctor(world, options))
  )
  make('demo', 'try Tokentray with three local servers and a temporary vault')
    .option('--for <duration>', 'stop after this time')
    .action((options) => run(async () => (await import('../commands/demo.ts')).demo(world, options)))
  make('metrics', 'print metrics in Prometheus format').action((options) =>
    run(async () => (await import('../commands/metrics.ts')).metrics(world, options))
  )
  program
    .command('completion')
    .description('print a completion script for your shell, which completes names of servers and clients too')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText('after', `\nTo install it:\n${installation}`)
    .action((shell) => run(async () => (await import('../commands/completion.ts')).completion(world, program, shell)))
  program
    .helpCommand(...helpCommand)
    .addHelpText('after', '\nRun tokentray <command> --help for the options of a command.')
  return program
}

/** The command, or the group of commands, that `argv` begins with: the whole program where it names none. */
export function findCommand(program: Command, argv: readonly string[]): Command {
  const found = program.commands.find((each) => each.name() === argv[0])
  return found ? findCommand(found, argv.slice(1)) : program
}
