// Connecting: each client's file, what stays as it was, what is refused, and the way back.
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { clients, findClient } from '../../app/connect/clients.ts'
import { makeConnecting, makeKeys } from './connect.fixture.ts'

const read = (file: string) => readFileSync(file, 'utf8')
const withFile = clients.filter(({ file }) => file !== null)
const url = 'http://127.0.0.1:4140/github'
const bearer = { Authorization: 'Bearer ttk_planted-1' }

describe('each client', () => {
  const places = {
    linux: {
      'claude-code': '/h/.claude.json',
      'claude-desktop': '/h/.config/Claude/claude_desktop_config.json',
      cursor: '/h/.cursor/mcp.json',
      vscode: '/h/.config/Code/User/mcp.json',
      'vscode-workspace': '/p/.vscode/mcp.json',
      codex: '/h/.codex/config.toml',
      gemini: '/h/.gemini/settings.json',
      windsurf: '/h/.codeium/windsurf/mcp_config.json',
      zed: '/h/.config/zed/settings.json'
    },
    darwin: {
      'claude-code': '/h/.claude.json',
      'claude-desktop': '/h/Library/Application Support/Claude/claude_desktop_config.json',
      cursor: '/h/.cursor/mcp.json',
      vscode: '/h/Library/Application Support/Code/User/mcp.json',
      'vscode-workspace': '/p/.vscode/mcp.json',
      codex: '/h/.codex/config.toml',
      gemini: '/h/.gemini/settings.json',
      windsurf: '/h/.codeium/windsurf/mcp_config.json',
      zed: '/h/.config/zed/settings.json'
    },
    win32: {
      'claude-code': 'C:\\h\\.claude.json',
      'claude-desktop': 'C:\\h\\AppData\\Roaming\\Claude\\claude_desktop_config.json',
      cursor: 'C:\\h\\.cursor\\mcp.json',
      vscode: 'C:\\h\\AppData\\Roaming\\Code\\User\\mcp.json',
      'vscode-workspace': 'C:\\p\\.vscode\\mcp.json',
      codex: 'C:\\h\\.codex\\config.toml',
      gemini: 'C:\\h\\.gemini\\settings.json',
      windsurf: 'C:\\h\\.codeium\\windsurf\\mcp_config.json',
      zed: 'C:\\h\\AppData\\Roaming\\Zed\\settings.json'
    }
  } as const
  test.each(Object.keys(places) as (keyof typeof places)[])('has its file on %s', (platform) => {
    const root = platform === 'win32' ? 'C:\\' : '/'
    const place = { platform, home: `${root}h`, cwd: `${root}p`, env: {} }
    expect(Object.fromEntries(withFile.map(({ id, file }) => [id, file!(place)]))).toEqual(places[platform])
  })
  test.each([
    ['claude-code', 'CLAUDE_CONFIG_DIR', '/x/.claude.json'],
    ['codex', 'CODEX_HOME', '/x/config.toml'],
    ['gemini', 'GEMINI_CLI_HOME', '/x/.gemini/settings.json'],
    ['vscode', 'XDG_CONFIG_HOME', '/x/Code/User/mcp.json'],
    ['vscode', 'VSCODE_PORTABLE', '/x/user-data/User/mcp.json'],
    ['zed', 'XDG_CONFIG_HOME', '/x/zed/settings.json']
  ])('%s follows %s', (id, name, file) => {
    const place = { platform: 'linux' as const, home: '/h', cwd: '/p' }
    expect(findClient(id)!.file!({ ...place, env: { [name]: '/x' } })).toBe(file)
    expect(findClient(id)!.file!({ ...place, env: { [name]: 'relative' } })).not.toContain('relative')
  })

  const stdio = { command: '/usr/bin/node', args: ['/opt/tokentray.mjs', 'mcp', 'github'] }
  const expected: Record<string, unknown> = {
    'claude-code': { mcpServers: { github: { type: 'http', url, headers: bearer } } },
    'claude-desktop': { mcpServers: { github: stdio } },
    cursor: { mcpServers: { github: { url, headers: bearer } } },
    vscode: { servers: { github: { type: 'http', url, headers: bearer } } },
    'vscode-workspace': { servers: { github: { type: 'http', url } } },
    codex: { mcp_servers: { github: { url, http_headers: bearer } } },
    gemini: { mcpServers: { github: { httpUrl: url, headers: bearer } } },
    windsurf: { mcpServers: { github: { serverUrl: url, headers: bearer } } },
    zed: { context_servers: { github: { url, headers: bearer } } }
  }
  test.each(withFile.map(({ id }) => id))('%s gets its entry, and loses it without a trace', async (client) => {
    const { connector, fileOf, living } = makeConnecting()
    const file = fileOf(client)
    const plan = await connector.plan({ client, server: 'github' })
    expect([plan.state, plan.canWrite]).toEqual(['new', true])
    expect(plan.diff + plan.snippet).not.toContain('ttk_')
    await connector.apply(plan)
    expect(client === 'codex' ? parseToml(read(file)) : JSON.parse(read(file))).toEqual(expected[client])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(living.size).toBe(plan.way === 'key' ? 1 : 0)
    const again = await connector.plan({ client, server: 'github' })
    expect([again.state, again.diff]).toEqual(['connected', ''])
    expect((await connector.undo({ client, server: 'github' })).changed).toBe(true)
    expect(readdirSync(dirname(file)).filter((name) => name !== 'project')).toEqual([])
    expect(living.size).toBe(0)
  })
  test('every row says how we know', () => {
    for (const { id, mark, source } of clients)
      expect([id, source !== null || mark === 'unverified'], id).toEqual([id, true])
    expect(new Set(clients.map(({ id }) => id)).size).toBe(clients.length)
    expect(withFile.length).toBe(clients.length - 1)
  })
})

describe('what is in the file already', () => {
  const zed = `// my settings
{
\t"theme": "One Dark", // dark, token sk-comment-secret
\t"context_servers": {
\t\t/* of mine */
\t\t"other": { "url": "https://x.example", "headers": { "Authorization": "Bearer sk-foreign-secret" } },
\t},
}
`
  test('comments, tabs and trailing commas stay, and the diff shows nobody’s secret', async () => {
    const { connector, put } = makeConnecting()
    const file = put('zed', zed)
    const plan = await connector.plan({ client: 'zed', server: 'github' })
    expect(plan.diff).not.toMatch(/secret|ttk_/)
    expect(plan.diff).toContain('+\t\t\t\t"Authorization": "Bearer [key]"')
    expect(plan.diff).toContain('\t\t/*…*/\n \t\t"other": { "url": "…", "headers": { "Authorization": "…" } },')
    await connector.apply(plan)
    const text = read(file)
    for (const line of zed.split('\n').slice(0, 5)) expect(text).toContain(line)
    expect(text).toContain('sk-foreign-secret')
    const removal = await connector.planRemoval({ client: 'zed', server: 'github' })
    expect(removal.diff).not.toMatch(/secret|ttk_/)
    await connector.remove(removal)
    expect(read(file)).toBe(zed)
  })
  test('a table of TOML is added and taken out; strings that look like tables are not touched', async () => {
    const toml = `# mine\nmodel = "o9" # fast\nprompt = """\n[mcp_servers.github]\nurl = "no"\n"""\n\n[mcp_servers.docs]\ncommand = 'x'\nargs = [\n  ["a"],\n]\n\n# about tools\n[tools]\nweb = true\n`
    const { connector, put } = makeConnecting()
    const file = put('codex', toml)
    await connector.apply(await connector.plan({ client: 'codex', server: 'github' }))
    expect(read(file)).toBe(
      `${toml}\n[mcp_servers.github]\nurl = "${url}"\nhttp_headers = { Authorization = "Bearer ttk_planted-1" }\n`
    )
    await connector.remove(await connector.planRemoval({ client: 'codex', server: 'github' }))
    expect(read(file)).toBe(toml)
  })
  test('a TOML entry in the middle is replaced where it stands, with its sub-tables', async () => {
    const { connector, put } = makeConnecting()
    const file = put(
      'codex',
      `[mcp_servers.github]\nurl = "${url}"\ntool_timeout_sec = 5\n[mcp_servers.github.http_headers]\nAuthorization = "Bearer ttk_old"\n\n# next\n[tools]\nweb = true\n`
    )
    const plan = await connector.plan({ client: 'codex', server: 'github' })
    expect(plan.state).toBe('changed') // Its key lives no more.
    await connector.apply(plan)
    expect(read(file)).toBe(
      `[mcp_servers.github]\nurl = "${url}"\nhttp_headers = { Authorization = "Bearer ttk_planted-1" }\ntool_timeout_sec = 5\n\n# next\n[tools]\nweb = true\n`
    )
  })
  test.each([
    ['inline', 'mcp_servers = { docs = { url = "x" } }\n'],
    ['dotted', 'mcp_servers.github.url = "http://127.0.0.1:4140/github"\n']
  ])('servers in an %s table are refused, not rewritten', async (_how, text) => {
    const { connector, put } = makeConnecting()
    const file = put('codex', text)
    await expect(connector.plan({ client: 'codex', server: 'github' })).rejects.toMatchObject({
      code: 'configUnreadable'
    })
    expect(read(file)).toBe(text)
  })
  test.each([
    ['cursor', '{ "mcpServers": { '],
    ['cursor', '[]'],
    ['cursor', '{ "mcpServers": 5 }'],
    ['cursor', '{ "mcpServers": {}, "mcpServers": { "a": {} } }'],
    ['claude-code', '{ "a": 1 } // no comments here'],
    ['codex', 'model = '],
    ['codex', '[mcp_servers]\n[mcp_servers]\n']
  ])('%s: %s is refused and left alone', async (client, text) => {
    const { connector, put, made } = makeConnecting()
    const file = put(client, text)
    await expect(connector.plan({ client, server: 'github' })).rejects.toMatchObject({ code: 'configUnreadable' })
    expect([read(file), made(), readdirSync(dirname(file)).length]).toEqual([
      text,
      0,
      readdirSync(dirname(file)).length
    ])
  })
  test('bytes that are no UTF-8 are refused', async () => {
    const { connector, put } = makeConnecting()
    writeFileSync(put('cursor', ''), Buffer.from([0x7b, 0xff, 0x7d]))
    await expect(connector.plan({ client: 'cursor', server: 'github' })).rejects.toMatchObject({
      code: 'configUnreadable'
    })
  })
  test('an entry of somebody else is replaced only when told, and brought back by undo', async () => {
    const { connector, put } = makeConnecting()
    const text = '{ "mcpServers": { "github": { "url": "https://api.example/mcp", "timeout": 9 } } }'
    const file = put('cursor', text)
    const plan = await connector.plan({ client: 'cursor', server: 'github' })
    expect([plan.state, plan.canWrite]).toEqual(['foreign', false])
    await expect(connector.apply(plan)).rejects.toMatchObject({ code: 'entryForeign' })
    await expect(
      connector.remove(await connector.planRemoval({ client: 'cursor', server: 'github' }))
    ).rejects.toMatchObject({
      code: 'entryForeign'
    })
    const replacing = await connector.plan({ client: 'cursor', server: 'github', replace: true })
    expect(replacing.diff).not.toContain('api.example')
    await connector.apply(replacing)
    expect(JSON.parse(read(file)).mcpServers.github).toEqual({ url, headers: bearer })
    await connector.undo({ client: 'cursor', server: 'github' })
    expect(read(file)).toBe(text)
  })
  test('what a person added to our entry stays; a new key replaces the old one, which ends soon', async () => {
    const { connector, put, living, ending } = makeConnecting()
    const file = put('cursor', '{}')
    await connector.apply(await connector.plan({ client: 'cursor', server: 'github' }))
    const entry = JSON.parse(read(file)).mcpServers.github
    writeFileSync(file, JSON.stringify({ mcpServers: { github: { ...entry, timeout: 7 } } }))
    expect((await connector.plan({ client: 'cursor', server: 'github' })).state).toBe('connected')
    const plan = await connector.plan({ client: 'cursor', server: 'github', rotate: true })
    await connector.apply(plan)
    expect(JSON.parse(read(file)).mcpServers.github).toEqual({
      url,
      headers: { Authorization: 'Bearer ttk_planted-2' },
      timeout: 7
    })
    // A client that runs goes on with the old one for a while.
    expect([[...living.keys()], [...ending]]).toEqual([['k1', 'k2'], ['k1']])
  })
  test('a key that was revoked is noticed', async () => {
    const { connector, living } = makeConnecting()
    await connector.apply(await connector.plan({ client: 'cursor', server: 'github' }))
    living.clear()
    expect((await connector.plan({ client: 'cursor', server: 'github' })).state).toBe('changed')
  })
})

describe('writing', () => {
  test('keeps the link, the mode and the line ends, and makes a backup', async () => {
    const { connector, home, fileOf } = makeConnecting()
    const real = join(home, 'dotfiles.json')
    writeFileSync(real, '{\r\n    "a": 1\r\n}\r\n', { mode: 0o644 })
    chmodSync(real, 0o640)
    const file = fileOf('cursor')
    mkdirSync(dirname(file), { recursive: true })
    symlinkSync(real, file)
    const plan = await connector.plan({ client: 'cursor', server: 'github', way: 'oauth' })
    expect([plan.path, plan.realPath, plan.diff.includes(real)]).toEqual([file, real, true])
    const { backup } = await connector.apply(plan)
    expect(lstatSync(file).isSymbolicLink()).toBe(true)
    expect(statSync(real).mode & 0o777).toBe(0o640)
    expect(read(real).replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    expect(read(real)).toContain('\r\n    "a": 1')
    expect(backup).toMatch(/dotfiles\.json\.tokentray-backup-/)
    expect(dirname(backup!)).toBe(dirname(real))
    expect([read(backup!), statSync(backup!).mode & 0o777]).toEqual(['{\r\n    "a": 1\r\n}\r\n', 0o600])
  })
  test('a key never stands in a file that others can read: the mode is closed, which is said beforehand', async () => {
    const { connector, put, living } = makeConnecting()
    const file = put('cursor', '{}')
    chmodSync(file, 0o644)
    const plan = await connector.plan({ client: 'cursor', server: 'github' })
    expect(plan.warnings).toEqual([expect.stringContaining('0600')])
    await connector.apply(plan)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    // One that others could read meanwhile is known to them, so it is replaced, not only hidden.
    chmodSync(file, 0o644)
    const opened = await connector.plan({ client: 'cursor', server: 'github' })
    expect([opened.state, opened.warnings.length]).toEqual(['changed', 1])
    await connector.apply(opened)
    expect([statSync(file).mode & 0o777, [...living.keys()]]).toEqual([0o600, ['k2']])
    expect((await connector.plan({ client: 'cursor', server: 'github' })).state).toBe('connected')
    // What holds no key stays as open as it was.
    const open = makeConnecting()
    chmodSync(open.put('cursor', '{}'), 0o644)
    const other = await open.connector.plan({ client: 'cursor', server: 'github', way: 'stdio' })
    expect(other.warnings).toEqual([])
    await open.connector.apply(other)
    expect(statSync(open.fileOf('cursor')).mode & 0o777).toBe(0o644)
  })
  test('M6: no link is followed out of a project, neither of the file nor of its folder', async () => {
    const { connector, home, place, fileOf } = makeConnecting()
    const secret = join(home, '.claude.json')
    writeFileSync(secret, '{"apiKey":"sk-VERY-PRIVATE"}')
    const wish = { client: 'vscode-workspace', server: 'github' }
    const file = fileOf('vscode-workspace')
    mkdirSync(dirname(file), { recursive: true })
    symlinkSync('../../.claude.json', file)
    const refused = { code: 'configUnreadable', message: expect.stringContaining(secret) }
    await expect(connector.plan(wish)).rejects.toMatchObject(refused)
    rmSync(dirname(file), { recursive: true })
    mkdirSync(join(home, 'elsewhere'))
    symlinkSync(join(home, 'elsewhere'), dirname(file))
    await expect(connector.plan(wish)).rejects.toMatchObject({ code: 'configUnreadable' })
    expect([read(secret), readdirSync(join(home, 'elsewhere'))]).toEqual(['{"apiKey":"sk-VERY-PRIVATE"}', []])
    // One that stays within the project is somebody's wish.
    rmSync(dirname(file))
    mkdirSync(dirname(file))
    writeFileSync(join(place.cwd, 'mcp.json'), '{}')
    symlinkSync('../mcp.json', file)
    await connector.apply(await connector.plan(wish))
    expect(JSON.parse(read(join(place.cwd, 'mcp.json'))).servers.github).toEqual({ type: 'http', url })
  })
  test('M6: a link that appears between preview and writing is not followed either', async () => {
    const { connector, home, put } = makeConnecting()
    const file = put('vscode-workspace', '{}')
    const plan = await connector.plan({ client: 'vscode-workspace', server: 'github' })
    const secret = join(home, 'secret.json')
    writeFileSync(secret, '{}')
    rmSync(file)
    symlinkSync(secret, file)
    await expect(connector.apply(plan)).rejects.toMatchObject({ code: 'configUnreadable' })
    expect(read(secret)).toBe('{}')
  })
  test.each(['.git', '.hg'])(
    'no backup is left in a repository (%s): it is in Tokentray’s own folder',
    async (name) => {
      const { connector, home, place, put } = makeConnecting()
      const file = put('vscode-workspace', '{ "mine": 1 }')
      mkdirSync(join(place.cwd, name))
      const { backup } = await connector.apply(await connector.plan({ client: 'vscode-workspace', server: 'github' }))
      expect([dirname(backup!), read(backup!)]).toEqual([join(home, 'backups'), '{ "mine": 1 }'])
      expect([statSync(backup!).mode & 0o777, statSync(dirname(backup!)).mode & 0o777]).toEqual([0o600, 0o700])
      expect(readdirSync(dirname(file))).toEqual(['mcp.json'])
      await connector.undo({ client: 'vscode-workspace', server: 'github' })
      expect(read(file)).toBe('{ "mine": 1 }')
    }
  )
  test('refuses a file that changed since it was shown, and keeps no key', async () => {
    const { connector, put, living, made } = makeConnecting()
    const file = put('cursor', '{}')
    const plan = await connector.plan({ client: 'cursor', server: 'github' })
    writeFileSync(file, '{"a":1}')
    await expect(connector.apply(plan)).rejects.toMatchObject({ code: 'configChanged' })
    expect([read(file), living.size, made()]).toEqual(['{"a":1}', 0, 1])
    expect(readdirSync(dirname(file))).toEqual(['mcp.json'])
  })
  test('refuses a file that came to be since', async () => {
    const { connector, put } = makeConnecting()
    const plan = await connector.plan({ client: 'cursor', server: 'github' })
    put('cursor', '{"mine":1}')
    await expect(connector.apply(plan)).rejects.toMatchObject({ code: 'configChanged' })
  })
  test('refuses a read-only file, and a link that leads nowhere', async () => {
    const { connector, put, fileOf } = makeConnecting()
    const file = put('cursor', '{}')
    chmodSync(file, 0o444)
    const plan = await connector.plan({ client: 'cursor', server: 'github' })
    await expect(connector.apply(plan)).rejects.toMatchObject({ code: 'configUnwritable' })
    expect(read(file)).toBe('{}')
    mkdirSync(dirname(fileOf('gemini')), { recursive: true })
    symlinkSync('/nowhere/at/all', fileOf('gemini'))
    await expect(connector.plan({ client: 'gemini', server: 'github' })).rejects.toMatchObject({
      code: 'configUnreadable'
    })
  })
  test('refuses a file with a second name, which would be left behind', async () => {
    const { connector, home, put, living } = makeConnecting()
    const file = put('cursor', '{}')
    linkSync(file, join(home, 'dotfile.json'))
    const plan = await connector.plan({ client: 'cursor', server: 'github' })
    await expect(connector.apply(plan)).rejects.toMatchObject({ code: 'configUnwritable' })
    expect([read(file), living.size]).toEqual(['{}', 0])
  })
  test('keeps the newest three backups', async () => {
    const { connector, put } = makeConnecting()
    const file = put('cursor', '{}')
    for (let n = 0; n < 5; n++) {
      writeFileSync(`${file}.tokentray-backup-2020010${n}T000000-000Z`, 'old')
    }
    await connector.apply(await connector.plan({ client: 'cursor', server: 'github' }))
    const backups = readdirSync(dirname(file)).filter((name) => name.includes('backup'))
    expect(backups.length).toBe(3)
    expect(backups.some((name) => name.includes('20260102'))).toBe(true)
  })
})

test('a client without a file gets a snippet; a key is in it only when asked for', async () => {
  const { connector, made } = makeConnecting()
  const plan = await connector.plan({ client: 'other', server: 'github' })
  expect([plan.state, plan.canWrite, made()]).toEqual(['manual', false, 0])
  expect(plan.snippet).toContain('Bearer [key]')
  expect(await connector.snippetWithKey(plan)).toContain('Bearer ttk_planted-1')
  await expect(connector.plan({ client: 'emacs', server: 'x' })).rejects.toMatchObject({ code: 'clientUnknown' })
  await expect(connector.plan({ client: 'claude-desktop', server: 'x', way: 'key' })).rejects.toMatchObject({
    code: 'inputInvalid'
  })
})

describe('what happens in between', () => {
  test('undoing the first of two connections in one file leaves the second as it is', async () => {
    const { connector, put, living } = makeConnecting()
    const file = put('cursor', '{ "mine": 1 }')
    for (const server of ['github', 'linear']) await connector.apply(await connector.plan({ client: 'cursor', server }))
    await connector.undo({ client: 'cursor', server: 'github' })
    expect(Object.keys(JSON.parse(read(file)).mcpServers)).toEqual(['linear'])
    expect([...living.values()]).toEqual(['Cursor: linear'])
  })
  test('undoing without the backup takes out the entry, and nothing else', async () => {
    const { connector, put, living } = makeConnecting()
    const file = put('cursor', '{ "mine": 1 }')
    const { backup } = await connector.apply(await connector.plan({ client: 'cursor', server: 'github' }))
    rmSync(backup!)
    await connector.undo({ client: 'cursor', server: 'github' })
    expect(JSON.parse(read(file))).toMatchObject({ mine: 1 })
    expect([read(file).includes('github'), living.size]).toEqual([false, 0])
  })
  test('a second profile of a client has a key of its own', async () => {
    const held = makeKeys()
    const wish = { client: 'claude-code', server: 'github' }
    const usual = makeConnecting({ held })
    const second = makeConnecting({ held, env: { CLAUDE_CONFIG_DIR: join(usual.home, 'work') } })
    for (const { connector } of [usual, second]) await connector.apply(await connector.plan(wish))
    expect([...held.living.keys()]).toEqual(['k1', 'k2'])
    await second.connector.undo(wish)
    expect([...held.living.keys()]).toEqual(['k1'])
    expect((await usual.connector.plan(wish)).state).toBe('connected')
  })
  test('a written key lives on where the old one could not be revoked', async () => {
    const { connector, keys, living } = makeConnecting()
    const connectAnew = async () =>
      connector.apply(await connector.plan({ client: 'cursor', server: 'github', rotate: true }))
    await connectAnew()
    keys.revokeSoon = () => Promise.reject(new Error('gone'))
    await expect(connectAnew()).rejects.toThrow('gone')
    expect([...living.keys()]).toContain('k2')
  })
})

describe('a pass-through server', () => {
  test.each([
    ['cursor', 'headers'],
    ['codex', 'http_headers']
  ])('%s sends the key in a header of its own; a person’s header stays, also with a new key', async (client, field) => {
    const { connector, put, fileOf } = makeConnecting()
    const own = { cursor: '{}', codex: '' }[client]!
    put(client, own)
    const wish = { client, server: 'passed' }
    const plan = await connector.plan(wish)
    expect(plan.diff).toContain('X-Tokentray-Key')
    await connector.apply(plan)
    const written = read(fileOf(client))
    expect([written.includes('Authorization'), written.includes('ttk_planted-1')]).toEqual([false, true])
    const added =
      client === 'cursor'
        ? ['"headers": {', '"headers": { "Authorization": "Bearer mine",']
        : ['{ X', '{ Authorization = "Bearer mine", X']
    writeFileSync(fileOf(client), written.replace(added[0]!, added[1]!))
    expect((await connector.plan(wish)).state).toBe('connected')
    const anew = await connector.plan({ ...wish, rotate: true })
    expect(anew.diff).not.toContain('mine')
    await connector.apply(anew)
    const after = read(fileOf(client))
    expect([after.includes('Bearer mine'), after.includes('ttk_planted-2'), after.includes('ttk_planted-1')]).toEqual([
      true,
      true,
      false
    ])
    expect(after).toContain(field)
  })
  test.each([['claude-desktop'], ['vscode-workspace']])('%s is told that it has no way there', async (client) => {
    const { connector } = makeConnecting()
    await expect(connector.plan({ client, server: 'passed' })).rejects.toMatchObject({ code: 'inputInvalid' })
  })
  test('neither OAuth nor the bridge leads there', async () => {
    const { connector } = makeConnecting()
    for (const way of ['oauth', 'stdio'] as const)
      await expect(connector.plan({ client: 'cursor', server: 'passed', way })).rejects.toMatchObject({
        code: 'inputInvalid'
      })
  })
})
