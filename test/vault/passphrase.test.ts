// The passphrase: where it is taken from, that no child can inherit it, and the key made of it.
// Opening vaults with one is in open.test.ts.
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { expose, Secret } from '../../app/base/secret.ts'
import {
  derivePassphraseKey,
  judgePassphraseFile,
  newScryptParameters,
  takePassphrase
} from '../../app/vault/passphrase.ts'
import { readSidecar } from '../../app/vault/sidecar.ts'
import { nobody, reason, runAsNobody } from '../support/nobody.ts'
import { isSkipped } from '../support/skipped.ts'
import { privateFolder } from './vault.fixture.ts'

test('the variable is taken, and no child inherits it', () => {
  process.env.TOKENTRAY_PASSPHRASE = 'canary-passphrase'
  process.env.TOKENTRAY_PASSPHRASE_FILE = '/nowhere'
  expect(expose(takePassphrase()!)).toBe('canary-passphrase')
  expect(execFileSync(process.execPath, ['-p', 'JSON.stringify(process.env)'], { encoding: 'utf8' })).not.toMatch(
    /canary-passphrase|TOKENTRAY_PASSPHRASE/
  )
})

test('a file’s first line is taken, without its line end', () => {
  const file = join(privateFolder(), 'passphrase')
  for (const text of ['pass phrase ', 'pass phrase \n', 'pass phrase \r\nsecond line\n']) {
    writeFileSync(file, text)
    const environment: Record<string, string | undefined> = { TOKENTRAY_PASSPHRASE_FILE: file, OTHER: 'stays' }
    expect(expose(takePassphrase(environment)!)).toBe('pass phrase ')
    expect(environment).toEqual({ OTHER: 'stays' })
  }
})

test('none is none; an empty one or an absent file is an error, never a vault without a passphrase', () => {
  const empty = join(privateFolder(), 'empty')
  writeFileSync(empty, '\n')
  expect(takePassphrase({})).toBeNull()
  for (const environment of [
    { TOKENTRAY_PASSPHRASE: '' },
    { TOKENTRAY_PASSPHRASE_FILE: empty },
    { TOKENTRAY_PASSPHRASE_FILE: `${empty}/none` }
  ]) {
    expect(() => takePassphrase(environment)).toThrow(expect.objectContaining({ code: 'passphraseNeeded' }))
  }
})

/** A folder that others may enter. */
function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tokentray-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  return folder
}

const noModes = process.platform === 'win32'
const take = (file: string) => takePassphrase({ TOKENTRAY_PASSPHRASE_FILE: file })

test.skipIf(isSkipped(noModes, 'Windows has no modes'))(
  'a file that others can write or replace is refused; how far it can be read is its owner’s to say',
  () => {
    const folder = privateFolder()
    const file = join(folder, 'passphrase')
    writeFileSync(file, 'pass')
    for (const mode of [0o666, 0o622, 0o660, 0o620, 0o602]) {
      chmodSync(file, mode)
      expect(() => take(file)).toThrow(
        expect.objectContaining({ code: 'passphraseNeeded', message: expect.stringContaining('chmod go-w') })
      )
    }
    for (const mode of [0o600, 0o400, 0o644, 0o444, 0o640]) {
      chmodSync(file, mode)
      expect(expose(take(file)!)).toBe('pass')
    }
    chmodSync(folder, 0o777)
    expect(() => take(file)).toThrow(/chmod go-w/)
    chmodSync(folder, 0o1777)
    expect(expose(take(file)!)).toBe('pass')
  }
)

test.skipIf(isSkipped(noModes, 'Windows has no modes'))('secrets as Docker and Kubernetes mount them are taken', () => {
  const docker = join(privateFolder(), 'secret')
  writeFileSync(docker, 'pass')
  chmodSync(docker, 0o444)
  // Kubernetes: secret → ..data/secret, ..data → ..2026_11_29, in a folder that is sticky and open to all.
  const mount = privateFolder()
  mkdirSync(join(mount, '..2026_11_29'))
  writeFileSync(join(mount, '..2026_11_29', 'secret'), 'pass', { mode: 0o644 })
  symlinkSync('..2026_11_29', join(mount, '..data'))
  symlinkSync('..data/secret', join(mount, 'secret'))
  chmodSync(mount, 0o1777)
  for (const file of [docker, join(mount, 'secret')]) expect(expose(take(file)!)).toBe('pass')
})

test.skipIf(isSkipped(noModes, 'Windows has no modes'))(
  'a mode says nothing where the file system keeps none, or nobody can write',
  () => {
    const file = join(privateFolder(), 'passphrase')
    writeFileSync(file, 'pass')
    chmodSync(file, 0o777)
    const on = (type: string, isReadOnly = false) =>
      judgePassphraseFile(file, () => ({ mountPoint: '/', type, isReadOnly })).access
    expect([on('ext4'), on('vfat'), on('9p'), on('ext4', true)]).toEqual(['shared', 'unknown', 'unknown', 'safe'])
  }
)

test.skipIf(isSkipped(noModes, 'Windows has no named pipes among its files'))(
  'a pipe, a device and a folder are refused at once, with what to do instead',
  () => {
    const pipe = join(privateFolder(), 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(() => take(pipe)).toThrow(/it is not a regular file.+<\(…\).+mode 0600/)
    expect(() => take('/dev/zero')).toThrow(/it is not a regular file/)
    expect(() => take(dirname(pipe))).toThrow(/it is a folder/)
  }
)

test.skipIf(isSkipped(reason !== null, reason ?? ''))(
  'a file of another user is not believed, as root or as any other',
  async () => {
    const folder = openFolder()
    const file = join(folder, 'passphrase')
    writeFileSync(file, 'pass', { mode: 0o644 })
    chownSync(file, nobody - 1, nobody - 1)
    expect(() => take(file)).toThrow(/belongs to another user \(65533\).+chown 0/)
    const module = JSON.stringify(join(import.meta.dirname, '../../app/vault/passphrase.ts'))
    const judge = () =>
      runAsNobody(`
      const { takePassphrase } = await import(${module})
      try { console.log(JSON.stringify(takePassphrase({ TOKENTRAY_PASSPHRASE_FILE: '${file}' }) !== null)) }
      catch (error) { console.log(JSON.stringify(error.message)) }`)
    expect(await judge()).toMatch(/belongs to another user \(65533\).+chown 65534/)
    // As Docker and Kubernetes mount secrets for a container's own user.
    chownSync(file, 0, 0)
    expect(await judge()).toBe(true)
    chownSync(file, nobody, nobody)
    expect(await judge()).toBe(true)
  }
)

test.skipIf(isSkipped(reason !== null, reason ?? ''))('what a mount says of a file of another user', () => {
  const file = join(privateFolder(), 'passphrase')
  writeFileSync(file, 'pass')
  chownSync(file, nobody, nobody)
  const on = (type: string, isReadOnly = false) =>
    judgePassphraseFile(file, () => ({ mountPoint: '/', type, isReadOnly })).access
  // Compose mounts a secret's file read-only, with the owner that it has outside of the container.
  expect([on('ext4'), on('ext4', true), on('virtiofs')]).toEqual(['foreign', 'safe', 'unknown'])
  expect([on('fuse.sshfs'), on('fuse', true)]).toEqual(['foreign', 'foreign'])
})

test.skipIf(isSkipped(noModes, 'Windows has no modes'))('a file that others can read is one to warn of', () => {
  const folder = openFolder()
  const file = join(folder, 'passphrase')
  writeFileSync(file, 'pass')
  const at = (mode: number, isReadOnly = false) => {
    chmodSync(file, mode)
    return judgePassphraseFile(file, () => ({ mountPoint: '/', type: 'ext4', isReadOnly })).access
  }
  expect([at(0o644), at(0o640), at(0o600), at(0o444, true)]).toEqual(['readable', 'readable', 'safe', 'safe'])
  chmodSync(folder, 0o700)
  expect(at(0o644)).toBe('safe')
})

test('the dearest derivation that a sidecar may ask for stays below 512 MB', () => {
  const sidecar = (N: number, r: number, p: number) => {
    const vault = join(privateFolder(), 'vault.db')
    const scrypt = { salt: '5a'.repeat(16), N, r, p }
    const whole = { format: 1, keySource: 'passphrase', account: null, scrypt, fingerprint: 'x', complete: true }
    writeFileSync(`${vault}.json`, JSON.stringify(whole))
    return () => readSidecar(vault)
  }
  const refused = [
    [2 ** 20, 32, 1],
    [2 ** 20, 8, 1],
    [2 ** 17, 32, 1],
    [2 ** 17, 8, 16],
    [2 ** 13, 8, 1]
  ] as const
  for (const [N, r, p] of refused) expect(sidecar(N, r, p)).toThrow(expect.objectContaining({ code: 'vaultDamaged' }))
  const dearest = { salt: '5a'.repeat(16), N: 2 ** 18, r: 8, p: 1 }
  expect(sidecar(dearest.N, dearest.r, dearest.p)()?.scrypt).toEqual(dearest)
  const module = (name: string) => JSON.stringify(join(import.meta.dirname, '../../app', name))
  const source = `
    const { derivePassphraseKey } = await import(${module('vault/passphrase.ts')})
    const { Secret } = await import(${module('base/secret.ts')})
    await derivePassphraseKey(new Secret('x'), ${JSON.stringify(dearest)})
    console.log(process.resourceUsage().maxRSS)`
  const kilobytes = Number(execFileSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' }))
  expect(kilobytes).toBeGreaterThan(200_000)
  expect(kilobytes).toBeLessThan(512_000)
})

test('the key depends on passphrase and salt, and not on how the keyboard composes letters', async () => {
  const parameters = { ...newScryptParameters(Buffer.alloc(16, 1)), N: 2 ** 14 }
  const derive = async (text: string, salt = parameters.salt) =>
    expose(await derivePassphraseKey(new Secret(text), { ...parameters, salt }))
  const key = await derive('caf\u00e9')
  expect(key).toMatch(/^[0-9a-f]{64}$/)
  expect(await derive('cafe\u0301')).toBe(key)
  expect(await derive('cafe')).not.toBe(key)
  expect(await derive('caf\u00e9', '02'.repeat(16))).not.toBe(key)
})

test('a new vault’s derivation is as costly as promised', () => {
  expect(newScryptParameters(Buffer.alloc(16))).toEqual({ salt: '00'.repeat(16), N: 131_072, r: 8, p: 1 })
})
