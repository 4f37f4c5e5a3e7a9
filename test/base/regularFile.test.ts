// Named pipes, devices and folders in the place of files: refused at once by whatever reads such a file.
// A child of its own reads them, since a process that waits for a pipe's writer cannot even end its own test.
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test as vitestTest } from 'vitest'
import { readRegularFile, readRegularFileSync } from '../../app/base/regularFile.ts'
import { isSkipped } from '../support/skipped.ts'
import { privateFolder } from '../vault/vault.fixture.ts'

const test = vitestTest.skipIf(isSkipped(process.platform === 'win32', 'Windows has no named pipes among its files'))
const app = join(import.meta.dirname, '../../app')

function makePipe(folder: string, name: string): string {
  const file = join(folder, name)
  execFileSync('mkfifo', ['-m', '600', file])
  return file
}

/** What `source` prints, as lines. It has `load(module)`, and `say(work)`, which prints the code and the words of its error. */
async function run(source: string, env: Record<string, string> = {}, piped = ''): Promise<string[]> {
  const whole = `
    const load = (name) => import(${JSON.stringify(app)} + '/' + name)
    const say = async (work) => {
      try { console.log('read', JSON.stringify(await work())) }
      catch (error) { console.log(error.code, error.message, error.cause?.code ?? '') }
    }
    ${source}`
  // A shell's pipe: Node's own would be a socket.
  const child = execFile(
    'sh',
    ['-c', 'printf %s "$PIPED" | "$0" "$@"', process.execPath, '--input-type=module', '-e', whole],
    {
      env: { ...process.env, ...env, PIPED: piped }
    }
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  let [out, err] = ['', '']
  child.stdout!.on('data', (text) => (out += text))
  child.stderr!.on('data', (text) => (err += text))
  await once(child, 'close')
  expect(err).toBe('')
  return out.trim().split('\n')
}

test('pipes, devices, sockets and folders are refused by their kind', async () => {
  const folder = privateFolder()
  const pipe = makePipe(folder, 'pipe')
  symlinkSync(pipe, join(folder, 'link'))
  mkdirSync(join(folder, 'folder'))
  const socket = createServer().listen(join(folder, 'socket'))
  onTestFinished(() => void socket.close())
  await once(socket, 'listening')
  const codes = { pipe: 'not_regular', link: 'not_regular', folder: 'EISDIR', socket: 'ENXIO' }
  for (const [name, code] of Object.entries(codes)) {
    expect(() => readRegularFileSync(join(folder, name))).toThrow(expect.objectContaining({ code }))
    await expect(readRegularFile(join(folder, name))).rejects.toMatchObject({ code })
  }
  expect(() => readRegularFileSync('/dev/zero')).toThrow(expect.objectContaining({ code: 'not_regular' }))
})

test('nothing that Tokentray reads waits for the writer of a pipe', async () => {
  const folder = privateFolder()
  const names = ['settings.json', 'owner.json', 'gateway.json', 'vault.db.json', 'assertion', 'cert', 'client.json']
  for (const name of names) makePipe(folder, name)
  makePipe(folder, 'tokentray.log')
  const said = await run(
    `
    const folder = process.env.FOLDER
    const at = (name) => folder + '/' + name
    const { readJson } = await load('settings/settings.ts')
    const { readPort, loopbackListeners } = await load('settings/ports.ts')
    const { readEndpoint } = await load('owner/endpoint.ts')
    const { readSidecar } = await load('vault/sidecar.ts')
    const { assertionReader } = await load('oauth/assertion.ts')
    const { readIdentity } = await load('net/dispatcher.ts')
    const { readConfig } = await load('connect/file.ts')
    const { openLog } = await load('base/log.ts')
    await say(() => readJson(at('settings.json')))
    await say(() => readPort(folder, loopbackListeners.gateway))
    await say(() => readEndpoint(folder))
    await say(() => readSidecar(at('vault.db')))
    await say(() => assertionReader({})({ file: at('assertion') }))
    await say(() => readIdentity({ certificateFile: at('cert'), keyFile: at('cert') }))
    await say(() => readConfig(at('client.json')))
    await say(() => openLog(folder))`,
    { FOLDER: folder }
  )
  expect(said.map((line) => line.split(' ')[0])).toEqual([
    'settingsUnreadable',
    'settingsUnreadable',
    'ownerUnreachable',
    'vaultUnwritable',
    'assertion_unreadable',
    'not_regular',
    'configUnreadable',
    'vaultUnwritable'
  ])
})

test('a secret of a command may come from a pipe that has a writer; one without is empty', async () => {
  const abandoned = makePipe(privateFolder(), 'abandoned')
  const read = `
    const { readSecret } = await load('cli/secrets.ts')
    await say(() => readSecret({}, process.env.FILE, 'token'))`
  expect((await run(read, { FILE: abandoned }))[0]).toMatch(/^inputInvalid There is no token in /)
  expect(await run(read, { FILE: '/dev/stdin' }, 'token')).toEqual(['read "token"'])
})
