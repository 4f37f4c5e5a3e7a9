// Settings changed while an owner runs: in the file, in force at once, and nothing lost that somebody wrote there by hand.
// A whole core with a real file; what cannot be read or written changes nothing.
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { asTokentrayError } from '../../app/contract/errors.ts'
import { defaultSchedule } from '../../app/health/schedule.ts'
import { readSettings } from '../../app/settings/settings.ts'
import { createSetting, type Setting } from '../core.fixture.ts'
import { isSkipped } from '../support/skipped.ts'

const minute = 60_000
let setting: Setting | undefined
afterEach(async () => {
  await setting?.stop()
  setting = undefined
})
const open = async () => {
  setting = await createSetting()
  return { ...setting, file: join(setting.home, 'settings.json') }
}
const read = async (file: string) => JSON.parse(await readFile(file, 'utf8'))
const codeOf = (error: unknown) => asTokentrayError(error).code

describe('a change', () => {
  test('is in the file, private, and found there by the next start', async () => {
    const { call, file } = await open()
    const set = await call('settings.set', { schedule: { backoffMax: minute }, theme: 'dark', logLevel: 'warn' })
    expect(set).toMatchObject({ theme: 'dark', logLevel: 'warn', overrides: { backoffMax: minute } })
    expect(set.schedule).toEqual({ ...defaultSchedule, backoffMax: minute })
    expect(await call('settings.read', {})).toEqual(set)
    expect(await read(file)).toEqual({ schedule: { backoffMax: minute }, theme: 'dark', logLevel: 'warn' })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readSettings(file)).toMatchObject(set)
  })

  test('null takes a field out again', async () => {
    const { call, file } = await open()
    await call('settings.set', { schedule: { backoffMax: minute, jitter: 0 } })
    const set = await call('settings.set', { schedule: { backoffMax: null } })
    expect(set.overrides).toEqual({ jitter: 0 })
    await call('settings.set', { schedule: { jitter: null } })
    expect(await read(file)).toEqual({})
  })

  test('what was written by hand meanwhile stays as it was written, and counts', async () => {
    const { call, file } = await open()
    await writeFile(file, '{"schedule": {"refreshMargin": "10m"}, "concurrency": 3}', { mode: 0o644 })
    const set = await call('settings.set', { theme: 'light' })
    expect(set).toMatchObject({ concurrency: 3, overrides: { refreshMargin: 10 * minute } })
    expect(await read(file)).toEqual({ schedule: { refreshMargin: '10m' }, concurrency: 3, theme: 'light' })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  test('several at once lose nothing', async () => {
    const { call, file } = await open()
    await Promise.all([
      call('settings.set', { theme: 'dark' }),
      call('settings.set', { concurrency: 2 }),
      call('settings.set', { schedule: { jitter: 0 } })
    ])
    expect(await read(file)).toEqual({ theme: 'dark', concurrency: 2, schedule: { jitter: 0 } })
  })

  test.skipIf(isSkipped(process.platform === 'win32', 'links on Windows need rights of their own'))(
    'a linked file stays a link',
    async () => {
      const { call, file, home } = await open()
      const real = join(home, 'dotfiles.json')
      await writeFile(real, '{}')
      await symlink(real, file)
      await call('settings.set', { theme: 'dark' })
      expect(await read(real)).toEqual({ theme: 'dark' })
    }
  )

  test('is in force at once: plans move, and every door is told the theme', async () => {
    const { call, signIn, until, core } = await open()
    const before = await signIn()
    await call('settings.set', { schedule: { refreshMargin: 20 * minute, jitter: 0 }, theme: 'dark' })
    const after = await until(({ nextAt }) => nextAt !== before.nextAt)
    expect(after.nextAt).toBe(after.expiresAt! - 20 * minute)
    expect(core.snapshot().theme).toBe('dark')
  })

  test('a server’s own setting wins, and is taken back with null', async () => {
    const { call, signIn, view } = await open()
    await signIn()
    await call('settings.set', { schedule: { refreshMargin: 20 * minute, jitter: 0 } })
    await call('server.set', { server: 'one', schedule: { refreshMargin: 25 * minute } })
    expect(view().nextAt).toBe(view().expiresAt! - 25 * minute)
    await call('server.set', { server: 'one', schedule: { refreshMargin: null } })
    expect(view()).toMatchObject({ schedule: {}, nextAt: view().expiresAt! - 20 * minute })
  })
})

describe('what is not as it should be changes nothing', () => {
  test.each(['{"theme": "dark"', '{"unknown": 1}', '[]', '{"schedule": {"floor": "soon"}}'])(
    'a file that holds %s',
    async (text) => {
      const { call, file } = await open()
      await writeFile(file, text)
      const before = await call('settings.read', {})
      expect(await call('settings.set', { theme: 'light' }).catch(codeOf)).toBe('settingsUnreadable')
      expect(await readFile(file, 'utf8')).toBe(text)
      expect(await call('settings.read', {})).toEqual(before)
    }
  )

  test('a file that is a folder, or lies below a file', async () => {
    const { call, file } = await open()
    await mkdir(file)
    expect(await call('settings.set', { theme: 'light' }).catch(codeOf)).toBe('settingsUnreadable')
  })

  test.skipIf(
    isSkipped(
      process.getuid?.() === 0 || process.platform === 'win32',
      'root may write to every folder, and Windows has no modes'
    )
  )('a folder nobody may write to', async () => {
    const { call, home } = await open()
    await chmod(home, 0o500)
    const said = await call('settings.set', { theme: 'light' }).catch(codeOf)
    await chmod(home, 0o700)
    expect(said).toBe('settingsUnwritable')
    expect((await call('settings.read', {})).theme).toBe('system')
  })

  test('a value out of its bounds is refused by name', async () => {
    const { call } = await open()
    const refused = await call('settings.set', { schedule: { floor: 1 } }).catch(asTokentrayError)
    expect(refused).toMatchObject({ code: 'inputInvalid', message: expect.stringContaining('schedule.floor') })
  })
})

describe('parameters', () => {
  test.each(['client_secret', 'password', 'refresh_token', 'api-key', 'client_assertion'])(
    '%s is no parameter, since parameters are shown',
    async (name) => {
      const { call, signIn } = await open()
      await signIn()
      const params = { [name]: 'planted-value' }
      const refused = await call('server.set', { server: 'one', params }).catch(asTokentrayError)
      expect(refused).toMatchObject({ code: 'inputInvalid', message: expect.not.stringContaining('planted') })
      expect(await call('server.add', { url: 'https://x.example/mcp', params }).catch(codeOf)).toBe('inputInvalid')
    }
  )

  test('others are, and are seen, as is the redirect address', async () => {
    const { call, signIn } = await open()
    expect(await signIn()).toMatchObject({ params: {}, redirectHost: '127.0.0.1', redirectPort: null })
    const params = { audience: 'a', token_access_type: 'offline' }
    const { view } = await call('server.set', { server: 'one', params, redirectHost: 'localhost', redirectPort: 8123 })
    expect(view).toMatchObject({ params, redirectHost: 'localhost', redirectPort: 8123 })
  })
})
