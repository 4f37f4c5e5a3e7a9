// The passphrase: where it is taken from, that no child can inherit it, and the key made of it.
// Opening vaults with one is in open.test.ts.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expose, Secret } from '../../app/base/secret.ts'
import { derivePassphraseKey, newScryptParameters, takePassphrase } from '../../app/vault/passphrase.ts'
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
