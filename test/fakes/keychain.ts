// A keychain in memory that counts what is asked of it and can fail as a real one does.
// Stands behind the Keychain port; the real one is tested in test/keychain.
import { expose, Secret } from '../../app/base/secret.ts'
import { type ErrorCode, TokentrayError } from '../../app/contract/errors.ts'
import type { Keychain } from '../../app/vault/keychain.ts'

export type FakeKeychain = Keychain & {
  readonly items: Map<string, string>
  readonly calls: { get: number; set: number; delete: number }
  /** While set, every call rejects with this code. */
  failure: ErrorCode | null
  /** While true, set() seems to work and keeps nothing. */
  forgetful: boolean
}

export function fakeKeychain(): FakeKeychain {
  const items = new Map<string, string>()
  const calls = { get: 0, set: 0, delete: 0 }
  function count(call: keyof typeof calls): void {
    calls[call]++
    if (keychain.failure) throw new TokentrayError(keychain.failure, 'The fake keychain fails as told.')
  }
  const keychain: FakeKeychain = {
    items,
    calls,
    failure: null,
    forgetful: false,
    async get(account) {
      count('get')
      const value = items.get(account)
      return value === undefined ? null : new Secret(value)
    },
    async set(account, value) {
      count('set')
      if (!keychain.forgetful) items.set(account, expose(value))
    },
    async delete(account) {
      count('delete')
      items.delete(account)
    }
  }
  return keychain
}
