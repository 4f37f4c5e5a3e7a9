// The real keychain: keytar against gnome-keyring in a session of its own, never the person's.
// Each failure has its own code, and the vault's files stay as they were.
import { describe, expect, test } from 'vitest'
import { runInSession, whyNot } from './session.ts'

const untouched = (code: string) => ({ code, untouched: true, message: expect.stringMatching(/^[^\n]{20,}\.$/) })

describe.skipIf(whyNot)('gnome-keyring', () => {
  test('keeps, answers and forgets one item', async () => {
    expect(await runInSession('lifecycle')).toEqual([null, '0f'.repeat(32), null])
  })

  test('FM-22 the first start creates the key, and the second finds it', async () => {
    expect(await runInSession('starts')).toEqual({
      first: { servers: [], keySource: 'keychain' },
      second: { servers: ['notes'], keySource: 'keychain' },
      sameKey: true,
      length: 64
    })
  })

  test('locked, it is told from one without the key', async () => {
    expect(await runInSession('locked')).toEqual({
      before: 'unlocked',
      after: 'locked',
      attempt: untouched('keychainLocked')
    })
  })

  test('locked at the first start, it gets no key and there is no vault', async () => {
    expect(await runInSession('lockedAtFirst')).toMatchObject({ code: 'keychainLocked' })
  })

  test('without the key, an existing vault gets no new one', async () => {
    expect(await runInSession('missing')).toEqual({ attempt: untouched('vaultKeyMissing'), stillNone: true })
  })

  test('with another key, the vault says so', async () => {
    expect(await runInSession('wrong')).toEqual(untouched('vaultKeyWrong'))
  })

  test('frozen, it is given up after a while, and holds neither the answer nor the exit back', async () => {
    expect(await runInSession('frozen')).toEqual(untouched('keychainUnanswered'))
  })

  test.each(['none', 'noBus'] as const)('FM-23 absent (%s), it is an error that names the way out', async (kind) => {
    expect(await runInSession('attempt', kind)).toMatchObject({
      code: 'keychainMissing',
      message: expect.stringContaining('TOKENTRAY_PASSPHRASE_FILE')
    })
  })

  test('FM-23 a library that does not load is an error when it is needed, not before', async () => {
    expect(await runInSession('noLibrary', 'noBus')).toBe('keychainMissing')
  })

  test('with a passphrase no keychain is needed, and a wrong one is told', async () => {
    expect(await runInSession('passphrase', 'noBus')).toEqual({
      right: { servers: ['notes'], keySource: 'passphrase' },
      wrong: untouched('passphraseWrong'),
      none: untouched('passphraseNeeded')
    })
  })
})
