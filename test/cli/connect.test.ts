// `connect`, `disconnect` and `mcp` against an owner that gives keys: what is asked, shown, written, and how they end.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { linesOf } from '../../app/cli/commands/mcp.ts'
import { run } from '../../app/cli/run.ts'
import { listen } from '../../app/owner/listen.ts'
import { keepPort, loopbackListeners } from '../../app/settings/ports.ts'
import { makeCore, makeView } from '../owner/fakeCore.ts'
import { fail, makePaths, makeWorld, runIn } from './world.ts'

const secret = 'ttk_planted-secret'

function makeOwner() {
  const core = makeCore([makeView('github', { name: 'GitHub' })])
  const keys: { id: string; kind: string; name: string }[] = []
  core.on('snapshot', () => core.snapshot())
  core.on('clients.list', () => ({ clients: keys }))
  core.on('clients.addKey', ({ name }: { name: string }) => {
    const client = { id: `k${keys.length + 1}`, kind: 'key', name }
    keys.push(client)
    return { key: secret, client }
  })
  core.on('clients.revoke', ({ client }: { client: string }) => {
    keys.splice(
      keys.findIndex(({ id }) => id === client),
      1
    )
    return { name: '' }
  })
  const paths = makePaths()
  const env = { HOME: paths.home }
  const cursor = join(paths.home, '.cursor', 'mcp.json')
  return { core, keys, setting: { core, paths, env }, cursor }
}

describe('connect', () => {
  test('with --yes: the change is shown without the key, written with it, and told', async () => {
    const { setting, cursor, keys } = makeOwner()
    mkdirSync(join(setting.env.HOME, '.cursor'))
    writeFileSync(cursor, '{\n    "\u009b31mhostile": 1\n}\n')
    const { exitCode, out, err } = await runIn(['connect', 'cursor', 'GitHub', '--yes'], setting)
    expect(exitCode).toBe(0)
    expect(out).toContain('"Authorization": "Bearer [key]"')
    expect(out).toContain(`Connected Cursor to github: ${cursor}`)
    expect(out + err).not.toContain(secret)
    expect(err).toContain('Tokentray is not running')
    expect(out).not.toContain('\u009b')
    expect(JSON.parse(readFileSync(cursor, 'utf8')).mcpServers.github).toEqual({
      url: 'http://127.0.0.1:4140/github',
      headers: { Authorization: `Bearer ${secret}` }
    })
    expect(keys.map(({ name }) => name)).toEqual(['Cursor: github'])
    const again = await runIn(['connect', 'cursor', 'github', '--yes'], setting)
    expect([again.exitCode, again.out]).toEqual([0, 'Cursor is already connected to github.\n'])
    expect(keys.length).toBe(1)
  })
  test('nobody to ask: only shown, exit 3, nothing written, no key made', async () => {
    const { setting, cursor, keys } = makeOwner()
    const { exitCode, out, err } = await runIn(['connect', 'cursor', 'github'], setting)
    expect([exitCode, existsSync(cursor), keys.length]).toEqual([3, false, 0])
    expect(out).toContain('+++ ')
    expect(err).toContain('add --yes')
    const asked = await runIn(['connect', 'cursor', 'github', '--json'], setting)
    expect([asked.exitCode, JSON.parse(asked.out)]).toMatchObject([
      3,
      {
        client: 'cursor',
        written: false,
        state: 'new',
        error: { code: 'confirmationNeeded', message: expect.any(String) }
      }
    ])
    const removing = await runIn(['remove', 'github', '--json'], setting)
    expect([removing.exitCode, JSON.parse(removing.out).error.code]).toEqual([3, 'confirmationNeeded'])
  })
  test.each([
    ['y\n', true],
    ['n\n', false],
    ['\n', false]
  ])('on a terminal it asks: %j', async (stdin, isWritten) => {
    const { setting, cursor } = makeOwner()
    const { exitCode } = await runIn(['connect', 'cursor', 'github'], { ...setting, stdin, isTTY: true })
    expect([exitCode, existsSync(cursor)]).toEqual([0, isWritten])
  })
  test('--print shows the entry; the key only with --with-key', async () => {
    const { setting, cursor, keys } = makeOwner()
    const shown = await runIn(['connect', 'other', 'github'], setting)
    expect([shown.exitCode, JSON.parse(shown.out).mcpServers.github.headers.Authorization]).toEqual([0, 'Bearer [key]'])
    expect(keys.length).toBe(0)
    const full = await runIn(['connect', 'cursor', 'github', '--print', '--with-key'], setting)
    expect(JSON.parse(full.out).mcpServers.github.headers.Authorization).toBe(`Bearer ${secret}`)
    expect(existsSync(cursor)).toBe(false)
  })
  test('a new key replaces the old one', async () => {
    const { setting, keys } = makeOwner()
    await runIn(['connect', 'cursor', 'github', '-y'], setting)
    await runIn(['connect', 'cursor', 'github', '-y', '--rotate'], setting)
    expect(keys.map(({ name }) => name)).toEqual(['Cursor: github (2)'])
    await runIn(['connect', 'cursor', 'github', '-y', '--rotate'], setting)
    expect(keys.map(({ name }) => name)).toEqual(['Cursor: github'])
  })
  test('without a key: by OAuth, or by the bridge, whose command says which Tokentray', async () => {
    const { setting, cursor, keys } = makeOwner()
    await runIn(['connect', 'cursor', 'github', '-y', '--oauth'], setting)
    expect(JSON.parse(readFileSync(cursor, 'utf8')).mcpServers.github).toEqual({ url: 'http://127.0.0.1:4140/github' })
    const env = { ...setting.env, TOKENTRAY_HOME: '/elsewhere' }
    await runIn(['connect', 'cursor', 'github', '-y', '--stdio', '--replace'], { ...setting, env })
    expect(JSON.parse(readFileSync(cursor, 'utf8')).mcpServers.github).toMatchObject({
      command: process.execPath,
      args: [expect.any(String), 'mcp', 'github'],
      env: { TOKENTRAY_HOME: '/elsewhere' }
    })
    expect(keys.length).toBe(0)
  })
  test.each([
    [['connect', 'emacs', 'github'], 4, 'There is no client named "emacs"'],
    [['connect', 'cursor', 'nowhere'], 4, 'There is no server named "nowhere"'],
    [['connect', 'claude-desktop', 'github', '--oauth'], 2, 'cannot be connected with oauth'],
    [['connect', 'cursor', 'github', '--oauth', '--stdio'], 2, 'either --oauth or --stdio']
  ])('%j ends with %i', async (argv, code, sentence) => {
    const { setting } = makeOwner()
    const { exitCode, err } = await runIn(argv, setting)
    expect([exitCode, err]).toEqual([code, expect.stringContaining(sentence)])
  })
  test('an entry of somebody else is refused, and a file that cannot be read', async () => {
    const { setting, cursor } = makeOwner()
    mkdirSync(join(cursor, '..'))
    const text = '{"mcpServers":{"github":{"command":"docker"}}}'
    writeFileSync(cursor, text)
    const refused = await runIn(['connect', 'cursor', 'github', '-y'], setting)
    expect([refused.exitCode, refused.err]).toEqual([2, expect.stringContaining('--replace')])
    writeFileSync(cursor, '{')
    expect((await runIn(['connect', 'cursor', 'github', '-y'], setting)).exitCode).toBe(1)
    expect(readFileSync(cursor, 'utf8')).toBe('{')
  })
})

test('disconnect takes the entry out, revokes the key, and says so; a second time there is nothing to do', async () => {
  const { setting, cursor, keys } = makeOwner()
  await runIn(['connect', 'cursor', 'github', '-y'], setting)
  const { exitCode, out } = await runIn(['disconnect', 'cursor', 'github', '-y'], setting)
  expect([exitCode, keys.length, JSON.parse(readFileSync(cursor, 'utf8'))]).toEqual([0, 0, { mcpServers: {} }])
  expect(out).toContain('Its key is revoked.')
  expect(out).not.toContain(secret)
  const again = await runIn(['disconnect', 'cursor', 'github', '-y'], setting)
  expect([again.exitCode, again.out]).toEqual([0, 'Cursor was not connected to github.\n'])
})

describe('mcp', () => {
  const request = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })}\n`
  test('nobody keeps tokens: the request and stderr say what to do', async () => {
    const { exitCode, out, err } = await runIn(['mcp', 'github'], { stdin: request })
    expect(exitCode).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ id: 1, error: { message: expect.stringContaining('tokentray serve') } })
    expect(err).toBe(`tokentray: ${JSON.parse(out).error.message}\n`)
  })
  test('a lasting owner lets it in; stderr stays quiet, unless asked', async () => {
    const core = makeCore()
    const paths = makePaths()
    const seen: unknown[] = []
    const server = createServer((incoming, response) => {
      seen.push(incoming.headers['x-tokentray-key'])
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","id":1,"result":{}}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const owner = await listen({ core, paths, kind: 'lasting', version: '1', clock: systemClock() })
    onTestFinished(async () => {
      await owner.close()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    keepPort(paths.ownerFolder, loopbackListeners.gateway, port)
    core.on('snapshot', () => core.snapshot())
    const gateway = { address: `http://127.0.0.1:${port}`, port, publicUrl: null, problem: null }
    core.showGateway({ ...gateway, address: null, problem: 'The port is in use by another program.' })
    const squatted = makeWorld({ core, paths, stdin: request })
    expect(await run(['mcp', 'github'], squatted.world)).toBe(0)
    expect(JSON.parse(squatted.text.out).error.message).toBe('The port is in use by another program.')
    expect([seen, core.calls.map(({ name }) => name)]).toEqual([[], ['snapshot']])
    core.calls.length = 0
    core.showGateway(gateway)
    core.on('clients.bridgeKey', () => ({ key: secret, id: 'bridge.1', server: 'github', expiresAt: 0 }))
    core.on('clients.revoke', () => ({ name: '' }))
    const quiet = makeWorld({ core, paths, stdin: request })
    expect(await run(['mcp', 'github'], quiet.world)).toBe(0)
    expect([quiet.text.out, quiet.text.err]).toEqual(['{"jsonrpc":"2.0","id":1,"result":{}}\n', ''])
    expect(seen).toEqual([secret])
    expect(core.calls.map(({ name, input }) => [name, input])).toEqual([
      ['snapshot', {}],
      ['clients.bridgeKey', { server: 'github', pid: process.pid, run: expect.any(String) }],
      ['clients.revoke', { client: 'bridge.1' }]
    ])
    core.on('clients.bridgeKey', fail('serverUnknown', 'There is no server named "x".'))
    const { text, world } = makeWorld({ core, paths, stdin: request })
    expect(await run(['mcp', 'x', '--verbose'], world)).toBe(0)
    expect(JSON.parse(text.out).error.data).toEqual({ code: 'serverUnknown' })
    expect(text.err).toContain('There is no server named "x".')
  })
  test('lines end at line feeds and nowhere else', async () => {
    const lines: string[] = []
    for await (const line of linesOf(Readable.from([Buffer.from('a\u2028b\r\nc'), Buffer.from('d\n\ne')])))
      lines.push(line)
    expect(lines).toEqual(['a\u2028b\r', 'cd', '', 'e'])
  })
})

test.each([
  ['mcp', ['eventsource-parser']],
  ['complete', []]
])('the way of `tokentray %s` loads nothing heavy', (command, needed) => {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const walk = (file: string) => {
    if (seen.has(file)) return
    seen.add(file)
    const text = readFileSync(file, 'utf8')
    for (const [, from] of text.matchAll(/^import (?!type )[^']*?from '([^']+)'/gm)) {
      if (from!.startsWith('.')) walk(join(file, '..', from!))
      else if (!from!.startsWith('node:')) packages.add(from!)
    }
  }
  walk(join(import.meta.dirname, '..', '..', 'app', 'cli', 'commands', `${command}.ts`))
  expect(seen.size).toBeGreaterThan(10)
  expect([...packages]).toEqual(needed)
})
