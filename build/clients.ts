// Makes docs/connect.md from the table of clients: where each client's file is, what is written into it, and the source.
// test/build/docs.test.ts compares the two, so the page cannot fall behind the table.
import { type ClientRow, clients, type Place } from '../app/connect/clients.ts'

const here = (platform: NodeJS.Platform, home: string): Place => ({ platform, home, env: {}, cwd: 'PROJECT' })
const marks = {
  verified:
    'verified: that version of the client, on Linux, read what Tokentray wrote; Claude Code and Gemini CLI also connected',
  cited: 'cited: according to the client’s own documentation or source code',
  unverified: 'unverified: not tested with a client'
}
const ways = { key: 'key', oauth: 'OAuth', stdio: 'stdio' }

function filesOf({ file }: ClientRow): string {
  if (!file) return 'none; Tokentray shows the entry for you to copy'
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

\`tokentray connect CLIENT SERVER\` points a client at \`http://127.0.0.1:4140/SERVER\`. It shows the change, asks, saves a backup next
to the file (in a repository: in Tokentray's own folder \`backups\`), and writes the file in one step. \`tokentray disconnect CLIENT
SERVER\` removes exactly that entry and revokes its key.
Without a terminal, nothing is written unless you add \`--yes\` (exit code 3). \`--print\` only prints the entry. In the pages, each
server has the same under *Connect a client*. The entry uses the loopback URL even with \`serve --public-url\`, because a client on
this computer does not need the proxy ([gateway.md](gateway.md)).

| | Client | File | Ways to connect (the first is the default) | How we know |
| --- | --- | --- | --- | --- |
${clients.map(row).join('\n')}

${Object.values(marks)
  .map((mark) => `- ${mark}`)
  .join('\n')}

A client's own environment variables can move its file: \`CLAUDE_CONFIG_DIR\`, \`CODEX_HOME\`, \`GEMINI_CLI_HOME\`, \`VSCODE_PORTABLE\`,
\`XDG_CONFIG_HOME\`, \`APPDATA\`.

## Ways to connect

- **key** (the default): the client's file contains a header with a named key for this one server. The client never starts a
  sign-in, so it cannot get stuck in one. It ends 90 days after its last use, works on this computer only, and \`disconnect\` or
  \`tokentray clients revoke\` revokes it immediately.
- **OAuth** (\`--oauth\`): the file contains only the URL, and the client signs in to the gateway with your approval.
- **stdio** (\`--stdio\`): the client starts \`tokentray mcp SERVER\`, which gets a key in memory from the running Tokentray. The
  file contains no secret, and the command uses the full path of this installation.

## Why the key is in the file

Codex can take the key from an environment variable (\`bearer_token_env_var\`) and VS Code can ask for it (\`inputs\`). Neither
is the default, because an editor started from the desktop does not have such a variable, and a key that you copy ends up in more
places than one. A file with a key is readable by its owner only: if others could read it, \`connect\` says so before you agree, writes
a new key and closes the file (0600). Its key works for one server. A file that is shared with a project (\`vscode-workspace\`) never
contains a key.

## Links

A client's file may be a link, to your dotfiles for example: the link stays, and \`connect\` shows where it leads. A link in a project is
not followed out of that project, because whoever wrote the project could have one of your private files changed or copied.

## What Tokentray does not change

Tokentray does not change a file that it cannot parse, that it cannot edit without changing something else (such as an inline table
in TOML), that is read-only, belongs to another user or has hard links, or that changed after the preview. An entry with the same
name that Tokentray did not write is replaced only with \`--replace\`. Tokentray recognizes its own entries by their URL or command;
they carry no other mark.
`
}
