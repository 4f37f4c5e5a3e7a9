// The command line as commander's tree: names, options, help. Each command's own code is loaded when it is called.
// Completion and docs/cli.md are made from this tree, so nothing about the commands is written down twice.
import { Command, InvalidArgumentError, Option } from 'commander'
import { quirkFacts } from '../contract/quirks.ts'
import { addClientCommands } from './clientCommands.ts'
import type { World } from './world.ts'

/** Called with the exit code when a command has run. */
export type Done = (exitCode: number) => void

/** `k=v`, collected over several uses. */
function collect(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Write name=value.')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

function whole(least: number, most: number) {
  return (text: string): number => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`)
  }
}

const dashed = (field: string) => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
const redirectHost = () =>
  new Option('--redirect-host <host>', 'host of the callback address').choices(['127.0.0.1', 'localhost'])
const states = ['signedOut', 'signingIn', 'fresh', 'refreshing', 'waiting', 'needsUser', 'paused']

/** The whole tree. `world` is handed to the commands; `done` gets each one's exit code. */
export async function createProgram(world: World, done: Done): Promise<Command> {
  // Only for the help texts of `set`: the knobs are listed once, beside the code that reads them.
  const { fractions, knobs } = await import('./servers.ts')
  const run = async (work: () => unknown) => {
    const exitCode = await work()
    done(typeof exitCode === 'number' ? exitCode : 0)
  }
  const program = new Command('tokentray')
    .description('Keeps the OAuth tokens of your MCP servers alive: sign in once per server.')
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

  make('add <url>', 'add an MCP server and sign in to it')
    .option('--id <id>', 'short name used in commands; made from the address otherwise')
    .option('--name <name>', 'name to show')
    .option('--client-id <id>', 'a client registered by hand')
    .option('--client-secret-file <file>', 'its secret; - reads stdin')
    .option('--scope <scopes>', 'scopes to ask for, separated by spaces')
    .option('--param <name=value>', 'extra parameter of authorize and token requests; may be repeated', collect)
    .option('--client-credentials', 'sign in as the client itself, without a person')
    .option('--private-key-jwt', 'the client authenticates with a key, made here and kept in the vault')
    .option('--client-key-file <file>', 'that key, where there is one already: PEM or JWK; - reads stdin')
    .option('--assertion-file <file>', 'sign in by an assertion in this file, read anew each time (RFC 7523)')
    .option('--assertion-command <command>', 'the same, written by this command, run without a shell')
    .option('--identity-provider <url>', 'token endpoint that exchanges the assertion, an ID token, for an ID-JAG')
    .option('--identity-provider-client <id>', 'the client id there')
    .addOption(
      new Option('--dpop <switch>', 'bind tokens to a key (RFC 9449); otherwise where the server asks for it').choices([
        'on',
        'off'
      ])
    )
    .option('--token-file <file>', 'a token that cannot be refreshed; - reads stdin')
    .option('--refresh-token-file <file>', 'a refresh token had elsewhere; - reads stdin')
    .option('--token-endpoint <url>', 'where that refresh token is used')
    .option('--from-env <prefix>', 'seed once from PREFIX_REFRESH_TOKEN and its like; later on the vault wins')
    .addOption(redirectHost())
    .option(
      '--redirect-port <port>',
      'port of the callback address, where the registration demands one',
      whole(1, 65_535)
    )
    .option('--client-certificate <file>', 'certificate for mutual TLS, PEM')
    .option('--client-certificate-key <file>', 'its key, PEM; read anew for each request')
    .option('--device', 'sign in by a code to enter on another machine, where the server offers that')
    .option('--pass-through', 'for the gateway: each client signs in there by itself, nothing is kept here')
    .option('--no-login', 'do not sign in now')
    .action((url, options) => run(async () => (await import('./add.ts')).add(world, url, options)))

  make('list', 'list the servers')
    .option('--expiring <duration>', 'only those whose token ends within this time')
    .addOption(new Option('--state <state>', 'only those in this state').choices(states))
    .option('--issuer <issuer>', 'only those of this authorization server')
    .action((options) => run(async () => (await import('./list.ts')).list(world, options)))

  make('status [server]', 'show the health of all servers, or of one in full')
    .option('--watch', 'keep showing it until Ctrl-C')
    .action((server, options) => run(async () => (await import('./status.ts')).status(world, server, options)))

  make('login <server>', 'sign in with a browser')
    .option('--device', 'by a code to enter on another machine, where the server offers that')
    .option('--add-scope <scopes>', 'ask for these besides what was granted, as a server that refused with 403 said')
    .option('--new-client', 'register a client anew, where the server’s page does not know the one of before')
    .action((server, options) => run(async () => (await import('./login.ts')).login(world, server, options)))
  make('keys <server>', 'print the public key of a client that authenticates with one, as a JWK set').action(
    (server, options) => run(async () => (await import('./keys.ts')).keys(world, server, options))
  )
  make('logout <server>', 'sign out, here and at the server where it offers that').action((server, options) =>
    run(async () => (await import('./servers.ts')).logout(world, server, options))
  )
  make('forget <server>', 'forget the client registered there: the next sign-in registers anew').action(
    (server, options) => run(async () => (await import('./servers.ts')).forget(world, server, options))
  )
  make('verify <server>', 'ask the server itself whether it takes the token at hand').action((server, options) =>
    run(async () => (await import('./verify.ts')).verify(world, server, options))
  )
  const changes = {
    refresh: 'get a new token now',
    pause: 'stop refreshing',
    resume: 'go on refreshing'
  } as const
  for (const what of Object.keys(changes) as (keyof typeof changes)[])
    make(`${what} <server>`, changes[what]).action((server, options) =>
      run(async () => (await import('./servers.ts')).change(world, what, server, options))
    )
  make('remove <server>', 'forget a server with its tokens')
    .option('-y, --yes', 'do not ask')
    .action((server, options) => run(async () => (await import('./servers.ts')).remove(world, server, options)))

  const set = make('set <server>', 'change the settings of a server')
    .option('--name <name>', 'name to show')
    .addOption(new Option('--scope <scopes>', 'scopes to ask for at the next sign-in').conflicts('defaultScope'))
    .option('--default-scope', 'ask for what the server asks for')
    .option('--param <name=value>', 'extra parameters, replacing those set before; may be repeated', collect)
    .option('--token-file <file>', 'a new token in place of one given by hand; - reads stdin')
    .option('--refresh-token-file <file>', 'a new refresh token in place of one given by hand; - reads stdin')
    .addOption(redirectHost())
    .option(
      '--redirect-port <port>',
      'port of the callback address; any for one of the system’s choice',
      (text: string) => (text === 'any' ? text : whole(1, 65_535)(text))
    )
    .addOption(
      new Option('--client-auth <method>', 'how a client of your own authenticates, from the next sign-in on').choices([
        'auto',
        'none',
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt'
      ])
    )
    .option('--client-secret-file <file>', 'its new secret; - reads stdin')
    .option('--client-key-file <file>', 'its key, for private_key_jwt: PEM or JWK; made here otherwise; - reads stdin')
    .addOption(
      new Option('--dpop <switch>', 'bind tokens to a key (RFC 9449); auto: where the server asks for it').choices([
        'on',
        'off',
        'auto'
      ])
    )
    .option('--assertion-file <file>', 'another file that holds the assertion')
    .option('--assertion-command <command>', 'another command that writes it')
    .option('--identity-provider <url>', 'token endpoint that exchanges the assertion, with one of the two')
    .option('--identity-provider-client <id>', 'the client id there')
    .option('--client-certificate <file>', 'certificate for mutual TLS, PEM; none to leave it out from now on')
    .option('--client-certificate-key <file>', 'its key, PEM; read anew for each request')
    .addOption(
      new Option('--pass-through <switch>', 'each client signs in by itself, through the gateway').choices([
        'on',
        'off'
      ])
    )
    .option('--reason <text>', 'why a switch below is set; kept and shown with it')
  for (const { option, does } of Object.values(quirkFacts))
    set.addOption(new Option(`${option} <switch>`, does).choices(['on', 'off']))
  for (const [field, words] of Object.entries(knobs)) set.option(`--${dashed(field)} <duration>`, words)
  for (const [field, words] of Object.entries(fractions)) set.option(`--${dashed(field)} <part>`, words)
  set.addOption(
    new Option('--default <knob>', 'follow the general setting again in this; may be repeated').argParser(
      (text: string, before: string[] = []) => {
        const field = [...Object.keys(knobs), ...Object.keys(fractions)].find((name) => dashed(name) === text)
        if (field) return [...before, field]
        throw new InvalidArgumentError('Write one of the knobs above without its dashes, such as refresh-margin.')
      }
    )
  )
  set.action((server, options) => run(async () => (await import('./servers.ts')).set(world, server, options)))

  make('token <server>', 'print a valid access token, alone, refreshed first where needed')
    .option('--min-valid <duration>', 'at least this much of its life must be left', '60s')
    .option('--proof <request>', 'with --json: also the DPoP header for one request, as "POST https://…" (RFC 9449)')
    .option('--nonce <nonce>', 'what the server said in DPoP-Nonce, for that proof')
    .action((server, options) => run(async () => (await import('./token.ts')).token(world, server, options)))
  program
    .command('run <server> <command...>')
    .description('run a command with a valid access token in its environment: tokentray run linear -- npm start')
    .option('--env <name>', 'the variable that holds it', 'TOKENTRAY_TOKEN')
    .action((server, command, options) =>
      run(async () => (await import('./child.ts')).runWithToken(world, server, command, options))
    )
  make('history <server>', 'show what happened, oldest first')
    .option('--limit <count>', 'how many events', whole(1, 1000), 50)
    .action((server, options) => run(async () => (await import('./servers.ts')).history(world, server, options)))

  make('connect <client> <server>', 'point a client at a server, through the gateway')
    .option('--oauth', 'the client signs in to the gateway itself, with your consent, instead of carrying a key')
    .option('--stdio', 'the client starts the bridge, tokentray mcp, and needs neither')
    .option('--print', 'only print the entry')
    .option('--with-key', 'with --print: make the key and print it too')
    .option('--rotate', 'put a new key in, and revoke the old one')
    .option('--replace', 'replace an entry of that name that somebody else wrote')
    .option('-y, --yes', 'do not ask')
    .action((client, server, options) =>
      run(async () => (await import('./connect.ts')).connectClient(world, client, server, options))
    )
  make('disconnect <client> <server>', 'take that entry out again, and revoke its key')
    .option('-y, --yes', 'do not ask')
    .action((client, server, options) =>
      run(async () => (await import('./connect.ts')).disconnectClient(world, client, server, options))
    )
  program
    .command('mcp <server>')
    .description('speak MCP on stdin and stdout, for clients that can only start a command')
    .option('--verbose', 'tell on stderr what goes on')
    .action((server, options) => run(async () => (await import('./mcp.ts')).mcp(world, server, options)))

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
    .action((options) => run(async () => (await import('./serve.ts')).serve(world, options)))
  make('open', 'open the dashboard of the running Tokentray in a browser')
    .option('--print', 'print its one-time link instead; on a terminal only')
    .action((options) => run(async () => (await import('./open.ts')).open(world, options)))
  make('stop', 'end the running Tokentray').action((options) =>
    run(async () => (await import('./serve.ts')).stop(world, options))
  )
  make('doctor', 'look for what is wrong on this machine').action((options) =>
    run(async () => (await import('./doctor.ts')).doctor(world, options))
  )
  make('demo', 'show it at work with three local servers and a throw-away vault')
    .option('--for <duration>', 'end after this time')
    .action((options) => run(async () => (await import('./demo.ts')).demo(world, options)))
  make('metrics', 'print metrics in the format of Prometheus').action((options) =>
    run(async () => (await import('./metrics.ts')).metrics(world, options))
  )

  addClientCommands(program, make, run, world)

  const vault = program.command('vault').description('create the vault, check it, find it, set it aside')
  make('create', 'create it now, rather than at the first use', vault)
    .option('--ask-passphrase', 'lock it with a passphrase, asked for here, instead of the keychain')
    .action((options) => run(async () => (await import('./vault.ts')).create(world, options)))
  make(
    'unlock',
    'open it in the running Tokentray that waits for it; the passphrase comes unseen or from stdin',
    vault
  ).action((options) => run(async () => (await import('./vault.ts')).unlock(world, options)))
  make('check', 'verify every page and row of it', vault).action((options) =>
    run(async () => (await import('./vault.ts')).check(world, options))
  )
  make('path', 'print where it is', vault).action((options) =>
    run(async () => (await import('./vault.ts')).path(world, options))
  )
  make('backup', 'make an encrypted copy beside it; the newest three are kept', vault).action((options) =>
    run(async () => (await import('./vault.ts')).backup(world, options))
  )
  make('restore', 'put the newest sound copy in its place; what was there is set aside', vault)
    .option('-y, --yes', 'do not ask')
    .action((options) => run(async () => (await import('./vault.ts')).restore(world, options)))
  make('reset', 'set it aside and start anew, for when its key is lost', vault)
    .option('-y, --yes', 'do not ask')
    .action((options) => run(async () => (await import('./vault.ts')).reset(world, options)))

  program
    .command('completion')
    .description('print a script that completes commands in your shell')
    .argument('<shell>', 'bash, zsh or fish')
    .action((shell) => run(async () => (await import('./completion.ts')).completion(world, program, shell)))
  return program
}
