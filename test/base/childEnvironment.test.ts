// What programs that Tokentray starts are given.
import { expect, test } from 'vitest'
import { childEnvironment } from '../../app/base/childEnvironment.ts'

test('a child never gets the passphrase', () => {
  expect(childEnvironment({ A: '1', TOKENTRAY_PASSPHRASE: 'x', TOKENTRAY_PASSPHRASE_FILE: 'y' })).toEqual({ A: '1' })
})
