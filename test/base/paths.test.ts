// Where everything lives, on each system, and the private folder of the socket.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { locate, makePrivateFolder, makeRuntimeFolder } from '../../app/base/paths.ts'

const me = { home: '/home/me', tmp: '/tmp', uid: 4242 }
const folders: string[] = []
function makeFolder(where = tmpdir()): string {
  const folder = mkdtempSync(join(where, 'tt-paths-'))
  folders.push(folder)
  return folder
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

test('Linux: the XDG places, and their variables where they are absolute', () => {
  expect(locate({}, 'linux', me)).toMatchObject({
    vault: '/home/me/.local/share/tokentray/vault.db',
    settings: '/home/me/.config/tokentray/settings.json',
    logs: '/home/me/.local/state/tokentray/logs',
    runtime: '/tmp/tokentray-4242'
  })
  const moved = locate({ XDG_DATA_HOME: '/data', XDG_CONFIG_HOME: 'relative' }, 'linux', me)
  expect(moved).toMatchObject({
    vault: '/data/tokentray/vault.db',
    settings: '/home/me/.config/tokentray/settings.json'
  })
})

test('macOS and Windows: their own places', () => {
  expect(locate({}, 'darwin', me).vault).toBe('/home/me/Library/Application Support/Tokentray/vault.db')
  const windows = locate({ LOCALAPPDATA: 'C:\\Users\\me\\AppData\\Local' }, 'win32', me)
  expect(windows).toMatchObject({
    vault: 'C:\\Users\\me\\AppData\\Local\\Tokentray\\vault.db',
    socket: null,
    runtime: null
  })
})

test('TOKENTRAY_HOME moves everything, TOKENTRAY_VAULT the vault alone', () => {
  const home = makeFolder()
  const paths = locate({ TOKENTRAY_HOME: home, TOKENTRAY_VAULT: join(home, 'deep', 'v.db') }, 'linux', me)
  expect(paths).toMatchObject({ settings: join(home, 'settings.json'), logs: join(home, 'logs') })
  expect(paths).toMatchObject({ vault: join(home, 'deep', 'v.db'), ownerFolder: join(home, 'deep') })
})

test('a vault in memory has a folder of its own for its owner, so it never meets the real one', () => {
  const paths = locate({ TOKENTRAY_VAULT: ':memory:' }, 'linux', me)
  expect(paths.vault).toBe(':memory:')
  expect(paths.ownerFolder).not.toBe(locate({}, 'linux', me).ownerFolder)
  expect(paths.socket).not.toBe(locate({}, 'linux', me).socket)
})

test('two names of one vault lead to one lock and one socket', () => {
  const folder = makeFolder()
  mkdirSync(join(folder, 'real'))
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  const real = locate({ TOKENTRAY_HOME: join(folder, 'real') }, 'linux', me)
  const link = locate({ TOKENTRAY_HOME: join(folder, 'link') }, 'linux', me)
  expect([link.vault, link.ownerFolder, link.socket]).toEqual([real.vault, real.ownerFolder, real.socket])
})

test('XDG_RUNTIME_DIR counts only when it is the user’s own and short enough for a socket', () => {
  // Not where this machine keeps its temporary files, which may itself be too long a name.
  const folder = makeFolder(process.platform === 'win32' ? tmpdir() : '/tmp')
  const { uid } = statSync(folder)
  expect(locate({ XDG_RUNTIME_DIR: folder }, 'linux', { ...me, uid }).runtime).toBe(join(folder, 'tokentray'))
  expect(locate({ XDG_RUNTIME_DIR: folder }, 'linux', { ...me, uid: uid + 1 }).runtime).toBe(
    `/tmp/tokentray-${uid + 1}`
  )
  const long = join(folder, 'x'.repeat(100))
  mkdirSync(long)
  for (const platform of ['linux', 'darwin'] as const) {
    const { socket } = locate({ XDG_RUNTIME_DIR: long }, platform, { ...me, tmp: long, uid })
    expect(socket!.length).toBeLessThanOrEqual(platform === 'linux' ? 107 : 103)
  }
})

test('a name in /tmp that another user took: the folder is in the home instead', () => {
  const folder = makeFolder('/tmp')
  const { uid } = statSync(folder)
  const stranger = { home: folder, tmp: folder, uid: uid + 1 }
  const usual = locate({ TOKENTRAY_HOME: folder }, 'linux', stranger).runtime!
  expect(usual).toBe(join(folder, `tokentray-${uid + 1}`))
  // Made by this user, whom the one of these paths does not know.
  mkdirSync(usual)
  const second = `/tmp/tokentray-${uid + 1}`
  folders.push(second)
  mkdirSync(second, { recursive: true })
  expect(locate({ TOKENTRAY_HOME: folder }, 'linux', stranger).runtime).toBe(join(folder, 'run'))
})

test('the folder of the socket: made private, made private again, refused when it is another’s or a link', () => {
  const folder = makeFolder()
  const { uid } = statSync(folder)
  const paths = { ...locate({}, 'linux', me), runtime: join(folder, 'run') }
  makeRuntimeFolder(paths, uid)
  expect(statSync(paths.runtime).mode & 0o777).toBe(0o700)
  chmodSync(paths.runtime, 0o755)
  makeRuntimeFolder(paths, uid)
  expect(statSync(paths.runtime).mode & 0o777).toBe(0o700)
  expect(() => makeRuntimeFolder(paths, uid + 1)).toThrow(expect.objectContaining({ code: 'vaultNotPrivate' }))
  symlinkSync(paths.runtime, join(folder, 'link'))
  expect(() => makeRuntimeFolder({ ...paths, runtime: join(folder, 'link') }, uid)).toThrow(/belongs to another user/)
})

test('a folder that cannot be made is told with its path', () => {
  expect(() => makePrivateFolder('/dev/null/tokentray')).toThrow(
    expect.objectContaining({ code: 'vaultUnwritable', message: expect.stringContaining('/dev/null/tokentray') })
  )
})
