// Another user of the same computer, really run as one: what they leave in folders that both can write to is not believed.
// Needs root, which can become another user; elsewhere the tests say that they were skipped.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test as vitestTest } from 'vitest'
import { freePort } from '../support/freePort.ts'
import { isSkipped } from '../support/skipped.ts'
import { isRoot, makeHome, nobody } from './harness.ts'

const test = vitestTest.skipIf(isSkipped(!isRoot, 'needs root, to run as another user'))

function readAsStranger(file: string): string {
  const source = `process.stdout.write(require('node:fs').readFileSync(${JSON.stringify(file)}))`
  const words = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', process.execPath, '-e', source]
  return execFileSync('setpriv', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Runs `source` as another user until the test ends; resolves once it says that it is ready, with what ends it. */
async function runAsStranger(source: string): Promise<() => Promise<void>> {
  const words = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', process.execPath, '-e', source]
  const child: ChildProcess = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(stop)
  await once(createInterface(child.stdout!), 'line')
  return stop
}

test('a note and a socket that a stranger put beside the vault first: no token is sent there', async () => {
  const home = await makeHome()
  chmodSync(home.folder, 0o755)
  const shared = join(home.folder, 'shared')
  mkdirSync(shared)
  // As /tmp is: everybody may make files, and only their owner may replace them.
  chmodSync(shared, 0o1777)
  const vault = join(shared, 'vault.db')
  const loot = join(shared, 'loot')
  await runAsStranger(`
    const fs = require('node:fs')
    const socket = '${shared}/s.sock'
    require('node:http').createServer((request, response) => {
      if (request.url === '/') return response.end('{"ok":true,"value":{}}')
      request.on('data', (chunk) => fs.appendFileSync('${loot}', chunk))
      request.on('end', () => response.end('{"ok":true,"value":{"view":{}}}'))
    }).listen(socket, () => {
      fs.chmodSync(socket, 0o777)
      const note = { pid: process.pid, socket, key: 'k', kind: 'lasting', version: '0.1.0', vault: '${vault}' }
      fs.writeFileSync('${shared}/owner.json', JSON.stringify(note), { mode: 0o644 })
      console.log('ready')
    })`)
  const add = ['add', 'https://mcp.example.com/mcp', '--token-file', '-']
  const said = await home.tokentray(add, { input: 'MY-SECRET-TOKEN', env: { TOKENTRAY_VAULT: vault } })
  expect(said).toMatchObject({ code: 5, out: '', err: expect.stringContaining('owner.json belongs to another user') })
  expect(existsSync(loot) ? readFileSync(loot, 'utf8') : '').toBe('')
})

test('a home of another user is refused before anything is put there, also to root', async () => {
  const home = await makeHome()
  const foreign = join(home.folder, 'foreign')
  mkdirSync(foreign, { mode: 0o755 })
  chownSync(foreign, nobody, nobody)
  const own = join(home.folder, 'own', 'vault.db')
  for (const command of [['serve'], ['add', 'https://mcp.example.com/mcp', '--no-login']])
    for (const env of [
      { TOKENTRAY_HOME: foreign },
      { TOKENTRAY_HOME: foreign, TOKENTRAY_VAULT: own },
      { TOKENTRAY_VAULT: join(foreign, 'vault.db') }
    ])
      expect(await home.tokentray(command, { env })).toMatchObject({
        code: 5,
        err: expect.stringMatching(/foreign belongs to another user \(65534\).+chown -R 0/)
      })
  expect(readdirSync(foreign)).toEqual([])
  // As a container's user finds a volume of root's.
  const ofRoot = join(home.folder, 'of-root')
  mkdirSync(ofRoot)
  chmodSync(ofRoot, 0o1777)
  chmodSync(home.folder, 0o755)
  const said = await home.tokentray(['list', '--json'], { env: { TOKENTRAY_HOME: ofRoot }, unprivileged: true })
  expect(said.err).not.toContain('belongs to another user')
})

test('a stranger at the gateway’s port is named, and no key works again before a person says so', async () => {
  const home = await makeHome()
  const port = await freePort()
  const serve = () => home.start(['serve', '--no-dashboard', '--gateway-port', String(port)])
  const first = serve()
  await first.line(/is running/)
  for (const id of ['one', 'two'])
    await home.tokentray(['add', `https://${id}.example.com/mcp`, '--id', id, '--token-file', '-'], { input: 'token' })
  const key = (await home.tokentray(['clients', 'add-key', 'ci', '--servers', 'one'])).out.trim()
  const use = async () => (await fetch(`http://127.0.0.1:${port}/two`, { headers: { 'x-tokentray-key': key } })).status
  expect(await use()).toBe(403)
  first.kill('SIGTERM')
  await first.ended
  const stop = await runAsStranger(
    `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('ready'))`
  )
  const looked = (await home.tokentray(['doctor'])).out
  expect(looked).toMatch(
    new RegExp(`PROBLEM {2}gateway port: ${port}, in use by process \\d+ \\(.*\\) of user ${nobody}`)
  )
  const second = serve()
  expect(await second.line(/in use by another program/)).toMatch(
    new RegExp(`of user ${nobody}\\).*the gateway is locked`)
  )
  await second.line(/is running/)
  await stop()
  second.kill('SIGTERM')
  await second.ended
  const third = serve()
  await third.line(/is running/)
  expect(await use()).toBe(503)
  expect((await home.tokentray(['unlock'])).code).toBe(0)
  expect(await use()).toBe(403)
  third.kill('SIGTERM')
  await third.ended
})

test('a client’s file that strangers could read is closed before a key is written there', async () => {
  const home = await makeHome()
  chmodSync(home.folder, 0o755)
  const file = join(home.folder, '.cursor', 'mcp.json')
  mkdirSync(join(home.folder, '.cursor'))
  writeFileSync(file, '{}')
  chmodSync(file, 0o644)
  await home.tokentray(['add', 'https://one.example.com/mcp', '--id', 'one', '--token-file', '-'], { input: 'token' })
  expect(readAsStranger(file)).toBe('{}')
  const connected = await home.tokentray(['connect', 'cursor', 'one', '--yes'])
  expect(connected).toMatchObject({ code: 0, err: expect.stringContaining('only you can read it afterwards (0600)') })
  expect(readFileSync(file, 'utf8')).toContain('ttk_')
  for (const name of readdirSync(join(home.folder, '.cursor')))
    expect(() => readAsStranger(join(home.folder, '.cursor', name))).toThrow(/EACCES/)
})

test('a stranger who takes the name of the folder for the socket stops no command', async () => {
  const home = await makeHome()
  chmodSync(home.folder, 0o755)
  const tmp = join(home.folder, 'tmp')
  mkdirSync(tmp)
  chmodSync(tmp, 0o1777)
  await runAsStranger(
    `require('node:fs').mkdirSync('${tmp}/tokentray-0'); console.log('ready'); setInterval(() => {}, 1e9)`
  )
  const env = { TMPDIR: tmp, XDG_RUNTIME_DIR: undefined }
  expect(await home.tokentray(['list', '--json'], { env })).toMatchObject({ code: 0, out: '{"servers":[]}\n' })
})
