// Writes docs/cli.md, the reference of the command line, from commander's own tree and the table of exit codes.
// A test compares the file with what this makes, so the reference cannot fall behind.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { Command } from 'commander'
import { createProgram, installation } from '../app/cli/program/program.ts'
import type { World } from '../app/cli/world.ts'
import { exitCodes } from '../app/contract/errors.ts'

const meanings: Record<number, string> = {
  0: 'done',
  1: 'failed',
  2: 'the command line, a setting or an input is not valid',
  3: 'a person is needed, to sign in or to confirm',
  4: 'there is no such server or sign-in',
  5: 'the vault or its key cannot be used',
  6: 'the network failed or a server did not respond; trying again later may help',
  130: 'stopped by Ctrl-C (143: by SIGTERM). `serve` and `demo` then exit with 0, because that is how they are stopped (`demo`: 1 if the steady server had a gap)'
}

const exits: Record<string, string> = {
  login:
    'With `--all`, exits with 0 if no server needs a person any more, and with 3 if one still does: a sign-in that failed or was skipped does not stop the others. A paused server is left alone',
  status:
    'Exits with 0 whatever the health is, as long as it can be shown. Scripts that want an exit code use `tokentray check`',
  check:
    'Exits with 0 if all is well, with 3 if a person is needed now or within `--for` (to sign in, to resume, to fix settings), and with 6 if only something is wrong that may pass by itself: refreshes fail and the token expires, or with `--servers` a server does not work. A vault that is locked or cannot be opened exits with 5. What is known counts: the end of the refresh token, or of an access token without one. An end that the server never stated counts as well, and the line says that there is no known end. Without `--servers`, no server is asked; with it, each gets one `initialize`, as from `verify`'
}

const json: Record<string, string> = {
  check:
    '`{"ok": boolean, "servers": [{"id", "ok": boolean, "trouble": string or null, "endsAt": number or null, "words": string}]}`; the troubles are listed in `app/health/outlook.ts`',
  add: '`{"view": View, "existed": boolean}`; `existed` is true only with `--from-env`, for a server imported before',
  list: '`{"servers": [View]}`',
  status: 'the whole snapshot; with a server `{"view": View}`; with `--watch` one per line',
  login:
    '`{"view": View}`; with `--all` `{"servers": [{"id", "ok": boolean, "error": {"code", "message"} or null}]}`, those that were tried',
  logout: '`{"view": View, "revoked": string}`',
  refresh: '`{"view": View}`',
  pause: '`{"view": View}`',
  resume: '`{"view": View}`',
  verify: '`{"view": View, "verdict": "accepted", "rejected" or "unknown", "sentence": string}`; exit code 0, 1 or 6',
  remove: '`{"revoked": string}`',
  set: '`{"view": View}`',
  token: '`{"token": string, "tokenType": string, "expiresAt": number or null, "warning": string or null}`',
  history: '`{"events": [Event]}`, newest first',
  serve:
    '`{"pid", "version", "vault", "socket", "logs", "settings", "dashboard": string or null, "gateway": string or null, "publicUrl": string or null}`, printed once, when Tokentray is ready',
  open: '`{"address": string}`; the one-time link is never part of it',
  stop: '`{"stopped": boolean, "pid": number or null}`',
  doctor: '`{"version": string, "checks": [{"name", "result": "ok", "warning" or "problem", "words"}]}`',
  demo: 'one snapshot per line, and at the end `{"summary": {"steady": {"gapMs", "refreshes"}, …}}`',
  metrics: '`{"text": string}`',
  'clients list': '`{"clients": [Client], "pending": [Pending], "locked": boolean}`, as in `app/contract/clients.ts`',
  'clients allow': '`{"name": string, "servers": [string], "always": boolean}`; with `--next` `{"expiresAt": number}`',
  'clients deny': '`{"name": string}`',
  'clients revoke': '`{"name": string}`',
  'clients add-key': '`{"key": string, "client": Client}`; the key is never shown again',
  'clients activity': '`{"uses": [Use]}`, newest first',
  lock: '`{"locked": true}`',
  unlock: '`{"locked": false}`',
  create: '`{"path": string, "keySource": string}`',
  backup: '`{"path": string}`',
  restore: '`{"restored": string}`',
  'vault check': '`{"ok": boolean, "problems": [string]}`',
  path: '`{"path": string}`',
  reset: '`{"keptAs": string or null}`'
}

const cell = (text: string) => text.replaceAll('|', '\\|')

function describe(command: Command, path: string): string[] {
  const help = command.createHelp()
  const own = help.visibleCommands(command)
  const options = help
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help')
    .map((option) => `| \`${cell(option.flags)}\` | ${cell(help.optionDescription(option))} |`)
  const usage = `${path} ${help.commandUsage(command).replace(/^\S+( \S+)*? (?=\[|<)/, '')}`
  const lines = [`### ${path}`, '', `${help.commandDescription(command)}.`, '', '```', usage, '```']
  if (options.length > 0) lines.push('', '| Option | |', '|---|---|', ...options)
  if (path === 'tokentray completion') lines.push('', 'To install it:', '', '```', installation, '```')
  const exit = exits[path.replace(/^tokentray /, '')]
  if (exit) lines.push('', `${exit}.`)
  const shape = json[path.replace(/^tokentray /, '')] ?? json[command.name()]
  if (shape) lines.push('', `With \`--json\`: ${shape}.`)
  return [
    ...(own.length > 0 ? [] : [lines.join('\n')]),
    ...own.flatMap((each) => describe(each, `${path} ${each.name()}`))
  ]
}

/** The whole page. */
export async function makeReference(): Promise<string> {
  const world = { version: '', stdout: new PassThrough() } as unknown as World
  const program = await createProgram(world, () => {})
  const codes = Object.entries(meanings).map(([code, words]) => {
    const names = Object.entries(exitCodes).filter(([, exit]) => exit === Number(code))
    return `| ${code} | ${words} | ${names.map(([name]) => `\`${name}\``).join(' ')} |`
  })
  return `# The command line

Generated from the program by \`npm run docs\`. Do not edit.

- Results go to stdout, and messages for people to stderr.
- Durations are written 90s, 5m, 1h, 2d or 1h30m.
- Times are shown in your time zone (\`TZ\`).
- You can refer to a server by its ID or its name.
- Secrets are not accepted as arguments. With \`-\` as a file name, a secret is read from stdin, or hidden on a terminal.
- With \`--json\`, which every command except \`completion\` and \`help\` accepts, stdout contains only JSON. Times are
  milliseconds since 1970 (UTC). \`View\`, \`Event\` and the snapshot are defined in \`app/contract/views.ts\`; fields may
  be added, but are never renamed. A failure is
  \`{"error": {"code": string, "message": string}}\` on stdout, in addition to the message on stderr.

## Exit codes

| Exit code | Meaning | Error codes |
|---|---|---|
${codes.join('\n')}

## Environment variables

| Variable | |
|---|---|
| \`TOKENTRAY_HOME\` | folder for all files, instead of the system's default folders |
| \`TOKENTRAY_VAULT\` | file of the vault; \`:memory:\` keeps it in memory only, until Tokentray stops |
| \`TOKENTRAY_PASSPHRASE\`, \`TOKENTRAY_PASSPHRASE_FILE\` | unlock the vault with a passphrase instead of the keychain |
| \`BROWSER\` | command that opens a URL, which it receives in place of \`%s\` or as its last argument. Several, separated by colons (except on Windows), are tried in order. For a sign-in this is a private file (\`file:\`) that leads there, and if that is not read, a link that works once |
| \`NO_COLOR\` | do not use colors |
| \`TOKENTRAY_DEBUG\` | show details of unexpected errors |

\`tokentray add --from-env PREFIX\` reads \`PREFIX_ACCESS_TOKEN\` (or \`PREFIX_BEARER_TOKEN\`), \`PREFIX_REFRESH_TOKEN\`,
\`PREFIX_TOKEN_ENDPOINT\`, \`PREFIX_CLIENT_ID\`, \`PREFIX_CLIENT_SECRET\`, \`PREFIX_AUDIENCE\`, \`PREFIX_SCOPE\` and
\`PREFIX_EXPIRES_AT\` (ISO 8601 or seconds since 1970).

## Commands

${describe(program, 'tokentray').join('\n\n')}
`
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/cli.md'), await makeReference())
