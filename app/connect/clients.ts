// The MCP clients that can be connected, one row each: where its file is, what an entry looks like, and its source.
// Data only: nothing here reads or writes a file, so a client that changes its format costs one row.
import { posix, win32 } from 'node:path'

/** What the path of a client's file depends on; passed in, so that tests cover every platform. */
export type Place = {
  platform: NodeJS.Platform
  home: string
  env: Readonly<Record<string, string | undefined>>
  /** The folder of the project, for clients that keep a file in it. */
  cwd: string
}

/** How a client reaches the gateway: a named key in a header, an OAuth sign-in at the gateway, or `tokentray mcp`. */
export type Way = 'key' | 'oauth' | 'stdio'

export type Launcher = { command: string; args: readonly string[]; env?: Readonly<Record<string, string>> }

export type Entry = Record<string, unknown>

/** 'verified': the client was run and read the entry. 'cited': its documentation says so. */
export type Mark = 'verified' | 'cited' | 'unverified'

export type ClientRow = {
  id: string
  name: string
  /** 'jsonc' allows comments and trailing commas; null: its file is unknown. */
  format: 'json' | 'jsonc' | 'toml' | null
  file: ((place: Place) => string) | null
  /** The table of servers within the file. */
  table: readonly string[]
  /** The ways it can be connected; the first is the default. */
  ways: readonly Way[]
  http: ((url: string, headers: Record<string, string> | null) => Entry) | null
  stdio: ((launcher: Launcher) => Entry) | null
  mark: Mark
  /** With which version of the client it was verified, on Linux. */
  version?: string
  source: string | null
  /** What a person should know, in a sentence; empty when there is nothing. */
  note: string
  /** Its file lies in the folder of a project, and is shared with it. */
  isPerProject?: boolean
}

const pathOf = ({ platform }: Place) => (platform === 'win32' ? win32 : posix)
const inHome = (place: Place, ...names: string[]) => pathOf(place).join(place.home, ...names)
/** The folder a variable names; a relative one is ignored, since it depends on where the client is started. */
const moved = (place: Place, name: string) => {
  const value = place.env[name]
  return value && pathOf(place).isAbsolute(value) ? value : undefined
}
const roaming = (place: Place) => moved(place, 'APPDATA') ?? inHome(place, 'AppData', 'Roaming')
const xdgConfig = (place: Place) => moved(place, 'XDG_CONFIG_HOME') ?? inHome(place, '.config')

/** The folder of desktop applications' settings. */
function applications(place: Place): string {
  if (place.platform === 'win32') return roaming(place)
  if (place.platform === 'darwin') return inHome(place, 'Library', 'Application Support')
  return xdgConfig(place)
}

const withHeaders = (entry: Entry, headers: Record<string, string> | null): Entry =>
  headers ? { ...entry, headers } : entry
const command = ({ command, args, env }: Launcher): Entry => ({ command, args: [...args], ...(env && { env }) })
const restart = (name: string) => `Restart ${name} to load the change.`

export const clients: readonly ClientRow[] = [
  {
    id: 'claude-code',
    name: 'Claude Code',
    format: 'json',
    file: (place) => pathOf(place).join(moved(place, 'CLAUDE_CONFIG_DIR') ?? place.home, '.claude.json'),
    table: ['mcpServers'],
    ways: ['key', 'oauth', 'stdio'],
    http: (url, headers) => withHeaders({ type: 'http', url }, headers),
    stdio: (launcher) => ({ type: 'stdio', ...command(launcher) }),
    mark: 'verified',
    version: '2.1.329',
    source: 'https://code.claude.com/docs/en/mcp',
    note: 'Claude Code also writes this file while it runs. Close it first, or check with /mcp that the entry is still there.'
  },
  {
    id: 'claude-desktop',
    name: 'Claude Desktop',
    format: 'json',
    file: (place) => pathOf(place).join(applications(place), 'Claude', 'claude_desktop_config.json'),
    table: ['mcpServers'],
    ways: ['stdio'],
    http: null,
    stdio: command,
    mark: 'cited',
    source: 'https://modelcontextprotocol.io/docs/develop/connect-local-servers',
    note: `Its configuration file supports commands only, so it starts the bridge. ${restart('Claude Desktop')}`
  },
  {
    id: 'cursor',
    name: 'Cursor',
    format: 'jsonc',
    file: (place) => inHome(place, '.cursor', 'mcp.json'),
    table: ['mcpServers'],
    ways: ['key', 'oauth', 'stdio'],
    http: (url, headers) => withHeaders({ url }, headers),
    stdio: command,
    mark: 'cited',
    source: 'https://cursor.com/docs/mcp',
    note: ''
  },
  {
    id: 'vscode',
    name: 'VS Code',
    format: 'jsonc',
    file: (place) => {
      const portable = moved(place, 'VSCODE_PORTABLE')
      const data = portable
        ? pathOf(place).join(portable, 'user-data')
        : pathOf(place).join(applications(place), 'Code')
      return pathOf(place).join(data, 'User', 'mcp.json')
    },
    table: ['servers'],
    ways: ['key', 'oauth', 'stdio'],
    http: (url, headers) => withHeaders({ type: 'http', url }, headers),
    stdio: (launcher) => ({ type: 'stdio', ...command(launcher) }),
    mark: 'cited',
    source: 'https://code.visualstudio.com/docs/copilot/reference/mcp-configuration',
    note: 'This is the file of the default profile. “MCP: Open User Configuration” opens the one in use.'
  },
  {
    id: 'vscode-workspace',
    name: 'VS Code, this workspace',
    format: 'jsonc',
    file: (place) => pathOf(place).join(place.cwd, '.vscode', 'mcp.json'),
    table: ['servers'],
    // No key: this file is made to be committed and shared.
    ways: ['oauth', 'stdio'],
    http: (url, headers) => withHeaders({ type: 'http', url }, headers),
    stdio: (launcher) => ({ type: 'stdio', ...command(launcher) }),
    mark: 'cited',
    source: 'https://code.visualstudio.com/docs/copilot/reference/mcp-configuration',
    note: 'The file is shared with the project, so it contains no key. Instead, VS Code requests access once.',
    isPerProject: true
  },
  {
    id: 'codex',
    name: 'Codex',
    format: 'toml',
    file: (place) => pathOf(place).join(moved(place, 'CODEX_HOME') ?? inHome(place, '.codex'), 'config.toml'),
    table: ['mcp_servers'],
    ways: ['key', 'oauth', 'stdio'],
    http: (url, headers) => ({ url, ...(headers && { http_headers: headers }) }),
    stdio: command,
    mark: 'verified',
    version: '0.169.0',
    source: 'https://github.com/openai/codex/blob/main/codex-rs/config/src/mcp_types.rs',
    note: 'For OAuth, run “codex mcp login” to request access.'
  },
  {
    id: 'gemini',
    name: 'Gemini CLI',
    format: 'jsonc',
    file: (place) => pathOf(place).join(moved(place, 'GEMINI_CLI_HOME') ?? place.home, '.gemini', 'settings.json'),
    table: ['mcpServers'],
    ways: ['key', 'oauth', 'stdio'],
    http: (url, headers) => withHeaders({ httpUrl: url }, headers),
    stdio: command,
    mark: 'verified',
    version: '0.61.0',
    source: 'https://github.com/google-gemini/gemini-cli/blob/main/docs/tools/mcp-server.md',
    note: ''
  },
  {
    id: 'windsurf',
    name: 'Windsurf',
    format: 'json',
    file: (place) => inHome(place, '.codeium', 'windsurf', 'mcp_config.json'),
    table: ['mcpServers'],
    ways: ['key', 'oauth', 'stdio'],
    http: (url, headers) => withHeaders({ serverUrl: url }, headers),
    stdio: command,
    mark: 'cited',
    source: 'https://docs.windsurf.com/windsurf/cascade/mcp',
    note: 'Click the refresh button in its MCP settings. The JetBrains plugin reads ~/.codeium/mcp_config.json instead.'
  },
  {
    id: 'zed',
    name: 'Zed',
    format: 'jsonc',
    file: (place) =>
      place.platform === 'win32'
        ? pathOf(place).join(roaming(place), 'Zed', 'settings.json')
        : pathOf(place).join(
            place.platform === 'darwin' ? inHome(place, '.config') : xdgConfig(place),
            'zed',
            'settings.json'
          ),
    table: ['context_servers'],
    ways: ['key', 'oauth', 'stdio'],
    http: (url, headers) => withHeaders({ url }, headers),
    stdio: command,
    mark: 'cited',
    source: 'https://zed.dev/docs/ai/mcp',
    note: ''
  },
  {
    id: 'other',
    name: 'another client',
    format: null,
    file: null,
    table: ['mcpServers'],
    ways: ['key', 'oauth', 'stdio'],
    http: (url, headers) => withHeaders({ type: 'http', url }, headers),
    stdio: command,
    mark: 'unverified',
    source: null,
    note: 'Most clients use this format. See the client’s documentation for where to put it.'
  }
]

export function findClient(id: string): ClientRow | undefined {
  return clients.find((row) => row.id === id)
}
