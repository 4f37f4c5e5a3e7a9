// The options of `add` and `set`, the two commands with an option for each setting of a server.
// Durations and exceptions are listed once, beside the code that reads them, and the help is made from there.
import { InvalidArgumentError, Option } from 'commander'
import { quirkFacts } from '../../contract/quirks.ts'
import type { World } from '../world.ts'
import { collect, dashed, type Make, type Run, redirectHost, whole } from './options.ts'

export function describeAdd(make: Make, run: Run, world: World): void {
  make('add <url>', 'add an MCP server and sign in to it')
    .option('--id <id>', 'short name used in commands (default: derived from the URL)')
    .option('--name <name>', 'display name')
    .option('--client-id <id>', 'ID of your own client')
    .option('--client-secret-file <file>', 'secret of your own client; - reads stdin')
    .option('--scope <scopes>', 'scopes to request, separated by spaces')
    .option(
      '--param <name=value>',
      'extra parameter for authorization and token requests, left out if empty (prompt=); repeatable',
      collect
    )
    .option('--client-credentials', 'sign in as the client itself, without a person')
    .option('--private-key-jwt', 'the client authenticates with a key, created here and stored in the vault')
    .option('--client-key-file <file>', 'the client authenticates with this existing key, PEM or JWK; - reads stdin')
    .option('--assertion-file <file>', 'sign in with an assertion from this file, read again each time (RFC 7523)')
    .option(
      '--assertion-command <command>',
      'sign in with an assertion that this command prints; it runs each time, without a shell'
    )
    .option('--identity-provider <url>', 'token endpoint that exchanges the assertion, an ID token, for an ID-JAG')
    .option('--identity-provider-client <id>', 'client ID at the identity provider')
    .option('--identity-provider-secret-file <file>', 'client secret at the identity provider, if any; - reads stdin')
    .addOption(
      new Option('--dpop <switch>', 'bind tokens to a key (RFC 9449; default: if the server asks for it)').choices([
        'on',
        'off'
      ])
    )
    .option('--token-file <file>', 'a token that cannot be refreshed; - reads stdin')
    .option('--refresh-token-file <file>', 'an existing refresh token; - reads stdin')
    .option('--token-endpoint <url>', 'token endpoint for that refresh token')
    .option('--issuer <url>', 'the authorization server to use, so that nobody is asked about its site')
    .option(
      '--from-env <prefix>',
      'import once from PREFIX_REFRESH_TOKEN and similar variables; afterwards the vault takes precedence'
    )
    .addOption(redirectHost())
    .option('--redirect-port <port>', 'port of the redirect URI, if the registration requires one', whole(1, 65_535))
    .option('--client-certificate <file>', 'certificate for mutual TLS, PEM')
    .option('--client-certificate-key <file>', 'key of the certificate, PEM; read again for each request')
    .option('--device', 'sign in with a code you enter on another device, if the server supports it')
    .option('--pass-through', 'for the gateway: each client signs in itself, and no token is stored')
    .option('--keep', 'add the server even if it cannot be found now, to sign in later')
    .option('--no-login', 'do not sign in now')
    .action((url, options) => run(async () => (await import('../commands/add.ts')).add(world, url, options)))
}

export async function describeSet(make: Make, run: Run, world: World): Promise<void> {
  const { fractions, durations } = await import('../commands/set.ts')
  const set = make('set <server>', 'change the settings of a server')
    .option('--name <name>', 'display name')
    .option('--url <url>', 'its new URL at the same host, where it moved to; the sign-in stays')
    .addOption(new Option('--scope <scopes>', 'scopes to request at the next sign-in').conflicts('defaultScope'))
    .option('--default-scope', 'request the server’s own scopes')
    .option('--decline-scopes', 'do not request the scopes that the server asked for since the last sign-in')
    .option(
      '--param <name=value>',
      'extra parameter, left out if empty (prompt=), replacing all previous ones; repeatable',
      collect
    )
    .option('--token-file <file>', 'replace a pasted token; - reads stdin')
    .option('--refresh-token-file <file>', 'replace a pasted refresh token; - reads stdin')
    .addOption(redirectHost())
    .option('--redirect-port <port>', 'port of the redirect URI; "any" lets the system choose', (text: string) =>
      text === 'any' ? text : whole(1, 65_535)(text)
    )
    .option('--issuer <url>', 'the authorization server to use; "none" uses the one that the server names')
    .option('--client-id <id>', 'use your own client from the next sign-in on; "none" registers automatically again')
    .addOption(
      new Option('--client-auth <method>', 'how your own client authenticates').choices([
        'auto',
        'none',
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt'
      ])
    )
    .option('--client-secret-file <file>', 'new secret of your own client; - reads stdin')
    .option(
      '--client-key-file <file>',
      'key of your own client for private_key_jwt, PEM or JWK (default: created here); - reads stdin'
    )
    .addOption(
      new Option('--dpop <switch>', 'bind tokens to a key (RFC 9449); auto: if the server asks for it').choices([
        'on',
        'off',
        'auto'
      ])
    )
    .option('--assertion-file <file>', 'read the assertion from this file')
    .option('--assertion-command <command>', 'read the assertion from the output of this command')
    .option(
      '--identity-provider <url>',
      'token endpoint that exchanges the assertion; requires an assertion file or command'
    )
    .option('--identity-provider-client <id>', 'client ID at the identity provider')
    .option('--identity-provider-secret-file <file>', 'client secret at the identity provider, if any; - reads stdin')
    .option('--client-certificate <file>', 'certificate for mutual TLS, PEM; "none" removes it')
    .option('--client-certificate-key <file>', 'key of the certificate, PEM; read again for each request')
    .addOption(
      new Option('--pass-through <switch>', 'each client signs in itself, through the gateway').choices(['on', 'off'])
    )
    .option('--reason <text>', 'why a compatibility setting below is set; stored and shown with it')
  for (const { option, does, isForIssuer } of Object.values(quirkFacts))
    if (isForIssuer) set.option(`${option} <issuer>`, `${does}; "off" ends it`)
    else set.addOption(new Option(`${option} <switch>`, does).choices(['on', 'off']))
  for (const [field, words] of Object.entries(durations)) set.option(`--${dashed(field)} <duration>`, words)
  for (const [field, words] of Object.entries(fractions)) set.option(`--${dashed(field)} <share>`, words)
  set.addOption(
    new Option('--default <setting>', 'reset this setting to its default; repeatable').argParser(
      (text: string, before: string[] = []) => {
        const field = [...Object.keys(durations), ...Object.keys(fractions)].find((name) => dashed(name) === text)
        if (field) return [...before, field]
        throw new InvalidArgumentError(
          'Use one of the schedule options above without its dashes, such as refresh-margin.'
        )
      }
    )
  )
  set.action((server, options) => run(async () => (await import('../commands/set.ts')).set(world, server, options)))
}
