// Where the vault's passphrase comes from, for a process that opens the vault more than once.
import { expect, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { locate } from '../../app/base/paths.ts'
import { Secret } from '../../app/base/secret.ts'
import { unlockOptions } from '../../app/vault/unlock.ts'

test('the passphrase is out of the environment at once, and known to whoever opens the vault again', () => {
  const environment: Record<string, string | undefined> = { TOKENTRAY_PASSPHRASE: 'correct horse' }
  const unlocking = { home: locate({ TOKENTRAY_HOME: '/nowhere' }, 'linux'), clock: systemClock(), environment }
  const opened = [unlockOptions(unlocking, { notice: () => {} }), unlockOptions(unlocking, { notice: () => {} })]
  expect(opened.map(({ passphrase }) => passphrase && Secret.reveal(passphrase))).toEqual([
    'correct horse',
    'correct horse'
  ])
  expect(environment).toEqual({})
  expect(unlockOptions({ ...unlocking, environment: {} }, { notice: () => {} }).passphrase).toBeNull()
})
