// What doctor must find: whatever makes the other commands fail. On real vaults in passphrase mode, with the real core.
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import type { Paths } from '../../app/base/paths.ts'
import { run } from '../../app/cli/run.ts'
import { openCore } from '../../app/core/core.ts'
import { listen } from '../../app/owner/listen.ts'
import { makeCore } from '../owner/fakeCore.ts'
import { freePort } from '../support/freePort.ts'
import { isSkipped } from '../support/skipped.ts'
import { plantCheapKey } from '../vault/cheapKey.ts'
import { makePaths, makeWorld, type Setting } from './world.ts'

const passphrase = 's3cr3t-canary'
type Check = { name: string; result: string; words: string }

/** Runs a command with the real core; the passphrase is the right one unless said otherwise. */
async function runReally(words: string[], setting: Setting) {
  const made = makeWorld({ env: { TOKENTRAY_PASSPHRASE: passphrase }, ...setting })
  made.world.hostCore = openCore
  const exitCode = await run([...words, '--json'], made.world)
  return { ...made, exitCode, json: JSON.parse(made.text.out) }
}

async function examine(paths: Paths, setting: Setting = {}) {
  // Whoever has the usual port on this machine is no part of this.
  writeFileSync(join(paths.ownerFolder, 'gateway.json'), JSON.stringify({ port: await freePort() }))
  const done = await runReally(['doctor'], { paths, ...setting })
  const checks = done.json.checks as Check[]
  const check = (name: string) => checks.find((each) => each.name === name)
  const named = (result: string) => checks.filter((each) => each.result === result).map(({ name }) => name)
  return { ...done, check, problems: named('problem'), warnings: named('warning') }
}

async function makeVault(): Promise<Paths> {
  const paths = makePaths()
  await plantCheapKey(paths.vault, passphrase)
  expect((await runReally(['list'], { paths })).exitCode).toBe(0)
  return paths
}

test('before the first use all is well, and nothing is made or opened', async () => {
  const env = { BROWSER: 'my-browser --new', HTTPS_PROXY: passphrase, TOKENTRAY_PASSPHRASE: passphrase }
  const { exitCode, check, text, lock, paths } = await examine(makePaths(), { env })
  expect([exitCode, lock.claims(), existsSync(paths.vault)]).toEqual([0, 0, false])
  expect(check('browser')?.words).toBe('opened with my-browser')
  expect(check('owner')?.words).toContain('not running')
  expect(check('contents')).toBeUndefined()
  expect(text.out).not.toContain(passphrase)
})

test('a sound vault is opened and found sound', async () => {
  const { exitCode, check, lock } = await examine(await makeVault())
  expect([exitCode, check('contents')?.result, lock.isHeld()]).toEqual([0, 'ok', false])
})

test('settings that are refused, in the words of the other commands', async () => {
  const paths = await makeVault()
  writeFileSync(paths.settings, '{"concurrency": 0}')
  const { exitCode, problems, check } = await examine(paths)
  expect([exitCode, problems]).toEqual([1, ['settings']])
  expect(check('settings')?.words).toBe((await runReally(['list'], { paths })).json.error.message)
})

test.each([
  ['missing', (file: string) => rmSync(file), 'is missing'],
  ['not to be understood', (file: string) => writeFileSync(file, '{'), 'is not valid']
])("a vault's sidecar that is %s", async (_, spoil, words) => {
  const paths = await makeVault()
  spoil(`${paths.vault}.json`)
  const { exitCode, problems, warnings, check } = await examine(paths)
  expect([exitCode, problems]).toEqual([1, ['key']])
  expect(check('key')?.words).toContain(words)
  expect(warnings).toContain('contents')
})

test.each([
  ['missing', (file: string) => rmSync(file)],
  ['empty', (file: string) => writeFileSync(file, '')],
  ['overwritten', (file: string) => writeFileSync(file, 'x'.repeat(8192))]
])('a vault that is %s', async (_, spoil) => {
  const paths = await makeVault()
  spoil(paths.vault)
  const { exitCode, problems, check } = await examine(paths)
  expect([exitCode, problems]).toEqual([1, ['contents']])
  expect(check('contents')?.words).toBe((await runReally(['list'], { paths })).json.error.message)
})

test('a wrong passphrase, and a passphrase file that is not there', async () => {
  const paths = await makeVault()
  const wrong = await examine(paths, { env: { TOKENTRAY_PASSPHRASE: 'wrong' } })
  expect([wrong.exitCode, wrong.problems]).toEqual([1, ['contents']])
  expect(wrong.check('contents')?.words).toContain('Wrong passphrase for')
  const none = await examine(makePaths(), { env: { TOKENTRAY_PASSPHRASE_FILE: '/nonexistent/file' } })
  expect([none.exitCode, none.problems]).toEqual([1, ['key']])
})

test('a passphrase nobody is there to give is a warning, and the vault is left alone', async () => {
  const { exitCode, warnings, check, lock } = await examine(await makeVault(), { env: {} })
  expect([exitCode, warnings.includes('contents'), lock.claims()]).toEqual([0, true, 0])
  expect(check('contents')?.words).toContain('TOKENTRAY_PASSPHRASE_FILE')
})

test('keys for the public URL, and files with a key that others can read', async () => {
  const paths = makePaths()
  const cursor = join(paths.home, '.cursor')
  mkdirSync(cursor)
  writeFileSync(join(cursor, 'mcp.json'), '{"headers":{"Authorization":"Bearer ttk_planted"}}', { mode: 0o644 })
  await plantCheapKey(paths.vault, passphrase)
  const env = { HOME: paths.home, TOKENTRAY_PASSPHRASE: passphrase }
  const key = { kind: 'key', redirectUris: [], servers: ['a'], always: [], since: 1, expiresAt: 2, lastUse: null }
  const core = makeCore()
  core.on('vault.check', () => ({ ok: true, problems: [] }))
  core.on('clients.list', () => ({
    clients: [
      { ...key, id: '1', name: 'old', public: true },
      { ...key, id: '2', name: 'new' }
    ],
    ...{ pending: [], locked: false, refused: [] }
  }))
  const listener = await listen({ core, paths, kind: 'lasting', version: '1.2.3', clock: systemClock() })
  const { check } = await examine(paths, { env })
  expect(check('keys')?.words).toMatch(/^old: usable at the public URL/)
  if (process.platform !== 'win32')
    expect(check('Cursor')).toMatchObject({
      result: 'problem',
      words: expect.stringContaining('connect cursor SERVER')
    })
  if (process.platform === 'linux') expect(check('gateway port')?.words).toMatch(/^\d+, in use by nobody$/)
  await listener.close()
})

test.skipIf(isSkipped(process.platform === 'win32', 'Windows has no modes'))(
  'a passphrase file: where it is, or that others can read or change it',
  async () => {
    const paths = await makeVault()
    const file = join(paths.home, 'passphrase')
    writeFileSync(file, passphrase, { mode: 0o600 })
    const env = { TOKENTRAY_PASSPHRASE_FILE: file }
    expect((await examine(paths, { env: { ...env } })).check('passphrase file')).toMatchObject({ words: file })
    chmodSync(file, 0o644)
    chmodSync(paths.home, 0o755)
    const readable = await examine(paths, { env: { ...env } })
    expect(readable.check('passphrase file')).toMatchObject({
      result: 'warning',
      words: expect.stringContaining('Other users can read')
    })
    chmodSync(file, 0o666)
    const { problems, check } = await examine(paths, { env: { ...env } })
    expect(problems).toContain('key')
    expect(check('key')?.words).toContain('Other users can change the passphrase file')
  }
)

test('with an owner running its own check counts, and no passphrase is needed', async () => {
  const paths = await makeVault()
  const core = makeCore()
  core.on('vault.check', () => ({ ok: false, problems: ['Page 3 is damaged.'] }))
  const listener = await listen({ core, paths, kind: 'lasting', version: '1.2.3', clock: systemClock() })
  const { exitCode, check, lock } = await examine(paths, { env: {} })
  await listener.close()
  expect([exitCode, lock.claims()]).toEqual([1, 0])
  expect(check('contents')).toEqual({ name: 'contents', result: 'problem', words: 'Page 3 is damaged.' })
})

test.skipIf(isSkipped(process.platform !== 'linux', 'needs Linux'))(
  'a keychain that is needed and cannot be reached; where it is not needed nothing is said (Linux: by a bus that is not there)',
  async () => {
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', 'unix:path=/nonexistent/bus')
    const { exitCode, problems, check } = await examine(makePaths(), { env: {} })
    expect([exitCode, problems]).toEqual([1, ['keychain']])
    for (const way of ['vault create --ask-passphrase', 'TOKENTRAY_PASSPHRASE_FILE', 'TOKENTRAY_PASSPHRASE.'])
      expect(check('keychain')?.words).toContain(way)
    const paths = await makeVault()
    writeFileSync(
      `${paths.vault}.json`,
      JSON.stringify({
        format: 1,
        keySource: 'keychain',
        account: 'vault-x',
        scrypt: null,
        fingerprint: 'f',
        complete: true
      })
    )
    expect((await examine(paths)).problems).toEqual(['keychain'])
    expect((await examine(await makeVault())).check('keychain')).toBeUndefined()
    vi.unstubAllEnvs()
  }
)

test('what weakens the promises is told: a passphrase in the environment, names that lead elsewhere, a proxy, other users', async () => {
  const paths = await makeVault()
  // Anew each time: a command takes the passphrase out of its environment.
  const usual = () => ({ BROWSER: 'my-browser', TOKENTRAY_PASSPHRASE: passphrase })
  const sound = await examine(paths, { env: usual() })
  expect(sound.warnings).toEqual(['passphrase'])
  expect(sound.check('passphrase')?.words).toContain('TOKENTRAY_PASSPHRASE_FILE')
  expect(sound.check('dashboard')?.words).toBe('names that end in .localhost lead to this computer')

  writeFileSync(paths.settings, '{"gatewayUsers":[33,1001]}')
  const env = { ...usual(), HTTP_PROXY: 'http://proxy:8080' }
  const proxied = await examine(paths, { env })
  expect(proxied.warnings).toEqual(['passphrase', 'dashboard'])
  expect(proxied.check('dashboard')?.words).toContain('NO_PROXY')
  if (process.platform === 'linux') expect(proxied.check('gateway users')?.words).toContain('33, 1001')

  const asked: string[] = []
  const lookUp = async (name: string) => {
    asked.push(name)
    return ['127.0.0.1', '192.0.2.1']
  }
  const elsewhere = await examine(paths, { env: usual(), lookUp })
  expect(elsewhere.check('dashboard')).toMatchObject({ result: 'warning', words: expect.stringContaining('127.0.0.1') })
  expect(asked).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.localhost$/)])
})
