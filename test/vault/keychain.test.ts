// How the keychain's child process is handled: silence, prompts, crashes, and that nothing leaks into its arguments.
// A stand-in for keytar's module is loaded in a real child; the real keytar is in test/keychain.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Clock, systemClock } from '../../app/base/clock.ts'
import { expose, Secret } from '../../app/base/secret.ts'
import { createKeychain } from '../../app/vault/keychain.ts'
import type { LockState } from '../../app/vault/secret-service.ts'
import { failure, privateFolder } from './vault.fixture.ts'

/** A keychain over `module`'s text. `lengths` are the time-outs asked for; those in `due` are over at once. */
function keychainOver(text: string, state: LockState, due: number[] = []) {
  const folder = privateFolder()
  const module = join(folder, 'keytar.cjs')
  writeFileSync(module, text)
  const clock: Clock = {
    ...systemClock(),
    after(length, wake) {
      if (due.includes(length)) queueMicrotask(wake)
      return () => {}
    }
  }
  let waits = 0
  const options = { clock, module, onWaiting: () => waits++, readLockState: async () => state }
  return { keychain: createKeychain(options), folder, waits: () => waits }
}

const silent = 'exports.getPassword = () => new Promise(() => setInterval(() => {}, 1000))'

test.runIf(process.platform === 'linux')('one that asks the person is waited for, and that is said', async () => {
  const slow = `exports.getPassword = () => new Promise(resolve => setTimeout(resolve, 100, 'the key'))`
  const { keychain, waits } = keychainOver(slow, 'locked', [5_000])
  // It answers by itself, unlocked by then or not: only null is ambiguous.
  expect(expose((await keychain.get('a'))!)).toBe('the key')
  expect(waits()).toBe(1)
})

test('a person who never answers finds it locked', async () => {
  const { keychain, waits } = keychainOver(silent, 'locked', [5_000, 120_000])
  expect((await failure(keychain.get('a'))).code).toBe('keychainLocked')
  expect(waits()).toBe(1)
})

test.runIf(process.platform === 'linux')('one that is silent and asks nobody is given up', async () => {
  const { keychain, waits } = keychainOver(silent, 'unknown', [5_000])
  expect((await failure(keychain.get('a'))).code).toBe('keychainUnanswered')
  expect(waits()).toBe(0)
})

test.runIf(process.platform === 'linux')('FM-23 native code that crashes takes nobody along', async () => {
  const { keychain } = keychainOver(`exports.getPassword = () => process.abort()`, 'unknown')
  expect((await failure(keychain.get('a'))).code).toBe('keychainMissing')
})

test.runIf(process.platform === 'linux')('no item is null, unless the collection is locked', async () => {
  const nothing = 'exports.getPassword = async () => null'
  expect(await keychainOver(nothing, 'unlocked').keychain.get('a')).toBeNull()
  expect((await failure(keychainOver(nothing, 'locked').keychain.get('a'))).code).toBe('keychainLocked')
})

test('FM-25 the key reaches the child by pipe, not by arguments or environment, and errors do not repeat it', async () => {
  const module = `exports.setPassword = async (...words) => {
    require('node:fs').writeFileSync(__dirname + '/seen', JSON.stringify([words, process.argv, process.execArgv, process.env]))
    throw new Error('refused ' + words)
  }`
  const { keychain, folder } = keychainOver(module, 'unknown')
  const { message } = await failure(keychain.set('a', new Secret('canary-key')))
  const [words, ...elsewhere] = JSON.parse(readFileSync(join(folder, 'seen'), 'utf8'))
  expect(words).toEqual(['tokentray', 'a', 'canary-key'])
  expect(JSON.stringify(elsewhere) + message).not.toContain('canary-key')
})
