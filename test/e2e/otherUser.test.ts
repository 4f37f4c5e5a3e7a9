// Another user of the same computer, really run as one: what they leave in folders that both can write to is not believed.
// Needs root, which can become another user; elsewhere the tests say that they were skipped.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test as vitestTest } from 'vitest'
import { isSkipped } from '../support/skipped.ts'
import { isRoot, makeHome, nobody } from './harness.ts'

const test = vitestTest.skipIf(isSkipped(!isRoot, 'needs root, to run as another user'))

/** Runs `source` as another user until the test ends; resolves once it says that it is ready. */
async function runAsStranger(source: string): Promise<void> {
  const words = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', process.execPath, '-e', source]
  const child: ChildProcess = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  await once(createInterface(child.stdout!), 'line')
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
