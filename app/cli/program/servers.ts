// The options of `add` and `set`, the two commands with an option for each setting of a server.
// Durations and exceptions are listed once, beside the code that reads them, and the help is made from there.
import { InvalidArgumentError, Option } from 'commander'
import { quirkFacts } from '../../contract/quirks.ts'
import type { World } from '../world.ts'
import { collect, dashed, type Make, type Run, redirectHost, whole } from './options.ts'

export function describeAdd(make: Make, run: Run, world: World): void {
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
    .option('--identity-provider-secret-file <file>', 'its secret, if it has one; - reads stdin')
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
    .action((url, options) => run(async () => (await import('../commands/add.ts')).add(world, url, options)))
}

export async function describeSet(make: Make, run: Run, world: World): Promise<void> {
  const { fractions, knobs } = await import('../commands/set.ts')
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
    .option(
      '--client-id <id>',
      'another client of your own, from the next sign-in on; none: registered by itself again'
    )
    .addOption(
      new Option('--client-auth <method>', 'how a client of your own authenticates').choices([
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
    .option('--identity-provider-secret-file <file>', 'its secret, if it has one; - reads stdin')
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
  set.action((server, options) => run(async () => (await import('../commands/set.ts')).set(world, server, options)))
}
