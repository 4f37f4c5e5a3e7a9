// The log: JSON lines in a private file, rotated, with errors told by code and no secret in any shape.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openLog } from '../../app/base/log.ts'
import { Secret } from '../../app/base/secret.ts'
import { TokentrayError } from '../../app/contract/errors.ts'
import { isSkipped } from '../support/skipped.ts'

const folder = mkdtempSync(join(tmpdir(), 'tokentray-log-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const lines = () =>
  readFileSync(join(folder, 'tokentray.log'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

test('FM-25 writes JSON lines into a private file, and secrets print as [secret]', () => {
  const log = openLog(folder)
  log.info('Refreshed', { server: 'one', token: new Secret('planted') as unknown as string })
  log.error('failed', new TokentrayError('serverBusy', 'The server is busy.', { cause: new Error('socket hang up') }))
  log.error('failed', new Error('unforeseen'))
  log.close()
  expect(lines()).toMatchObject([
    { msg: 'Refreshed', server: 'one', token: '[secret]' },
    { code: 'serverBusy', reason: 'The server is busy.', cause: 'Error: socket hang up' },
    { code: 'unexpected', stack: expect.stringContaining('unforeseen') }
  ])
  expect(statSync(join(folder, 'tokentray.log')).mode & 0o777).toBe(0o600)
})

test.skipIf(isSkipped(!existsSync('/dev/full'), 'no /dev/full here'))(
  'FM-04 a full disk does not make the log throw, or the token held in memory would go with it (needs /dev/full)',
  () => {
    mkdirSync(folder, { recursive: true })
    symlinkSync('/dev/full', join(folder, 'tokentray.log'))
    const log = openLog(folder)
    expect(() => {
      log.error('a new token could not be saved', new TokentrayError('vaultUnwritable', 'The disk is full.'))
      log.info('goes on')
      log.close()
    }).not.toThrow()
  }
)

test('a log that cannot be turned over goes on in its file', () => {
  mkdirSync(join(folder, 'tokentray.log.1', 'in the way'), { recursive: true })
  const log = openLog(folder, 'info', 100)
  for (let n = 0; n < 10; n++) log.info(`line ${n}`)
  log.close()
  expect(lines().at(-1)).toMatchObject({ msg: 'line 9' })
})

test('rotates, keeping three older files', () => {
  const log = openLog(folder, 'info', 500)
  for (let n = 0; n < 100; n++) log.info(`line ${n}`)
  log.close()
  expect(readdirSync(folder).sort()).toEqual(['tokentray.log', 'tokentray.log.1', 'tokentray.log.2', 'tokentray.log.3'])
  expect(lines().at(-1)).toMatchObject({ msg: 'line 99' })
})
