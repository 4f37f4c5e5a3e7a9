// docs/connect.md, made from the table of clients: where each file is, what goes in, and how we know.
// Compared with the page by test/build/docs.test.ts, so that a changed row is a changed page.
import { type ClientRow, clients, type Place } from '../app/connect/clients.ts'

const here = (platform: NodeJS.Platform, home: string): Place => ({ platform, home, env: {}, cwd: 'PROJECT' })
const marks = {
  verified:
    'verified: that version of the client, on Linux, read what Tokentray wrote; Claude Code and Gemini CLI also connected',
  cited: 'cited: its own documents or sources say so',
  unverified: 'unverified'
}
const ways = { key: 'key', oauth: 'OAuth', stdio: 'stdio' }

function filesOf({ file }: ClientRow): string {
  if (!file) return 'shown, to be entered by hand'
  const linux = file(here('linux', '~'))
  const mac = file(here('darwin', '~'))
  const windows = file(here('win32', '%USERPROFILE%')).replace('%USERPROFILE%\\AppData\\Roaming', '%APPDATA%')
  const all = mac === linux ? [`\`${linux}\``] : [`\`${linux}\``, `\`${mac}\` (macOS)`]
  return [...all, `\`${windows}\` (Windows)`].join('<br>')
}

function known({ mark, version, source }: ClientRow): string {
  const words = version ? `${mark} with ${version}` : mark
  return source ? `[${words}](${source})` : words
}

const row = (client: ClientRow) =>
  `| \`${client.id}\` | ${client.name} | ${filesOf(client)} | ${client.ways.map((way) => ways[way]).join(', ')} | ${known(client)} |`

export function makeClientsPage(): string {
  return `# Connecting clients

<!-- Made by build/clients.ts from app/connect/clients.ts: npm run docs -->

\`tokentray connect CLIENT SERVER\` points a client at \`http://127.0.0.1:4140/SERVER\`. It shows the change, asks, keeps a
backup beside the file and writes it in one step; \`tokentray disconnect CLIENT SERVER\` takes exactly that entry out again
and revokes its key. Without a terminal nothing is written unless \`--yes\` is given (exit code 3). \`--print\` only prints
the entry. In the pages, each server has the same under *Connect a client*. It is the loopback address also where
\`serve --public-url\` is on: a client on this machine needs no way round by a proxy ([gateway.md](gateway.md)).

| | Client | File | Ways, the first unless told otherwise | How we know |
| --- | --- | --- | --- | --- |
${clients.map(row).join('\n')}

${Object.values(marks)
  .map((mark) => `- ${mark}`)
  .join('\n')}

A client's own variables move its file: \`CLAUDE_CONFIG_DIR\`, \`CODEX_HOME\`, \`GEMINI_CLI_HOME\`, \`VSCODE_PORTABLE\`,
\`XDG_CONFIG_HOME\`, \`APPDATA\`.

## Ways in

- **key** (the default): a named key for this one server stands in the client's file as a header. No sign-in can start, so
  none can loop. The key opens nothing outside this machine and is revoked at once by \`disconnect\` or \`tokentray clients revoke\`.
- **OAuth** (\`--oauth\`): the file holds the address only; the client signs in to the gateway, with your consent.
- **stdio** (\`--stdio\`): the client starts \`tokentray mcp SERVER\`, which gets a key in memory from the running Tokentray. The
  file holds no secret, and the command names this installation by its whole path.

## Why the key stands in the file

Codex can take the key from an environment variable (\`bearer_token_env_var\`) and VS Code can ask for it (\`inputs\`). Neither
is the default: an editor started from the desktop has no such variable, and a person who must copy a key handles it in
more places than one. The file is the client's own, keeps its mode (0600 where it is new), and what is in it is good for
one server on this machine. A file that is shared with a project (\`vscode-workspace\`) gets no key at all.

## What is refused

A file that cannot be parsed, that is written in a way that cannot be edited without touching something else (an inline
table in TOML), that is read-only, another user's or hard-linked, or that was changed between showing and writing. An entry of the same
name that Tokentray did not write is replaced only with \`--replace\`. Ours are known by address or command; nothing marks them.
`
}
