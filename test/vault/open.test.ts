// Opening: first start, second start, and each thing that can be wrong, with the right code and the vault untouched.
// The keychain is a fake; the real one is in test/keychain.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { expose, Secret } from '../../app/base/secret.ts'
import { connect } from '../../app/vault/connection.ts'
import { accountOf } from '../../app/vault/key.ts'
import { openVault } from '../../app/vault/open.ts'
import { readMount } from '../../app/vault/place.ts'
import { sidecarPath } from '../../app/vault/sidecar.ts'
import {
  digestFolder,
  failure,
  hasSetpriv,
  isRoot,
  plantedTokens,
  privateFolder,
  runChild,
  type Setting,
  sampleGrant,
  sampleServer,
  vaultSetting
} from './vault.fixture.ts'

/** A vault with one server and its grant, closed again. */
async function filledVault(change: Parameters<typeof vaultSetting>[0] = {}): Promise<Setting> {
  const setting = vaultSetting(change)
  const vault = await openVault(setting)
  await vault.addServer(sampleServer(), { grant: sampleGrant(), clientSecret: new Secret(plantedTokens[2]!) })
  await vault.close()
  return setting
}

/** Opening fails with `code`, in one sentence that holds no token, and every file is as it was. */
async function refused(setting: Setting, code: string): Promise<string> {
  const before = digestFolder(setting.folder)
  const failed = await failure(openVault(setting))
  expect(failed.code).toBe(code)
  expect(failed.message.replaceAll(setting.folder, '')).toMatch(/^[^\n]{20,400}\.$/)
  for (const token of plantedTokens) expect(failed.message).not.toContain(token)
  expect(digestFolder(setting.folder)).toEqual(before)
  return failed.message
}

const mode = (path: string) => statSync(path).mode & 0o777

describe('with the keychain', () => {
  test('FM-22 the first start stores one 32-byte key in one item, then creates the vault', async () => {
    const setting = await filledVault()
    expect([...setting.keychain.items.keys()]).toEqual([accountOf(setting.path)])
    expect([...setting.keychain.items.values()][0]).toMatch(/^[0-9a-f]{64}$/)
    expect(existsSync(setting.path)).toBe(true)
  })

  test('FM-21 each later start reads the item once and writes nothing to it', async () => {
    const setting = await filledVault()
    const { calls } = setting.keychain
    Object.assign(calls, { get: 0, set: 0, delete: 0 })
    const vault = await openVault(setting)
    expect(expose((await vault.readGrant('notes'))!.accessToken)).toBe(plantedTokens[0])
    expect(vault.keySource).toBe('keychain')
    await vault.close()
    expect(calls).toEqual({ get: 1, set: 0, delete: 0 })
  })

  test('a vault without its key never gets a new one', async () => {
    const setting = await filledVault()
    setting.keychain.items.clear()
    await refused(setting, 'vaultKeyMissing')
    rmSync(sidecarPath(setting.path))
    await refused(setting, 'vaultKeyMissing')
    expect(setting.keychain.items.size).toBe(0)
  })

  test('another key is told from a damaged file', async () => {
    const setting = await filledVault()
    const [account, key] = [...setting.keychain.items][0]!
    for (const wrong of ['ab'.repeat(32), 'not a key at all', key.slice(2)]) {
      setting.keychain.items.set(account, wrong)
      await refused(setting, 'vaultKeyWrong')
    }
    setting.keychain.items.set(account, key)
    const bytes = readFileSync(setting.path)
    bytes[100]! ^= 1
    writeFileSync(setting.path, bytes)
    await refused(setting, 'vaultDamaged')
  })

  test.each(['keychainMissing', 'keychainLocked', 'keychainUnanswered'] as const)(
    'FM-23 %s is an error, and nothing is made, neither before nor after the first start',
    async (code) => {
      const setting = vaultSetting()
      setting.keychain.failure = code
      await refused(setting, code)
      expect(existsSync(setting.path)).toBe(false)
      expect(existsSync(sidecarPath(setting.path))).toBe(false)
      setting.keychain.failure = null
      await (await openVault(setting)).close()
      setting.keychain.failure = code
      await refused(setting, code)
    }
  )

  test('a keychain that keeps nothing gets no vault', async () => {
    const setting = vaultSetting()
    setting.keychain.forgetful = true
    await refused(setting, 'keychainLocked')
    expect(existsSync(setting.path)).toBe(false)
  })

  test('a lost sidecar is written again', async () => {
    const setting = await filledVault()
    const sidecar = readFileSync(sidecarPath(setting.path), 'utf8')
    rmSync(sidecarPath(setting.path))
    const vault = await openVault(setting)
    expect(await vault.servers()).toHaveLength(1)
    await vault.close()
    expect(readFileSync(sidecarPath(setting.path), 'utf8')).toBe(sidecar)
  })
})

describe('what is left of a vault is never taken for a new one', () => {
  test('an emptied file', async () => {
    const setting = await filledVault()
    writeFileSync(setting.path, '')
    await refused(setting, 'vaultDamaged')
    rmSync(sidecarPath(setting.path))
    await refused(setting, 'vaultDamaged')
  })

  test('a sidecar whose vault is gone', async () => {
    const setting = await filledVault()
    rmSync(setting.path)
    await refused(setting, 'vaultDamaged')
    expect(existsSync(setting.path)).toBe(false)
  })

  test('an unreadable sidecar, or one from the future', async () => {
    const setting = await filledVault()
    writeFileSync(sidecarPath(setting.path), '{"format":')
    await refused(setting, 'vaultDamaged')
    writeFileSync(sidecarPath(setting.path), '{"format":99}')
    await refused(setting, 'vaultFromFuture')
  })

  test('but a first start that was cut off is finished', async () => {
    const setting = await filledVault()
    const sidecar = JSON.parse(readFileSync(sidecarPath(setting.path), 'utf8'))
    writeFileSync(sidecarPath(setting.path), JSON.stringify({ ...sidecar, complete: false }))
    for (const leave of [() => rmSync(setting.path), () => writeFileSync(setting.path, '')]) {
      leave()
      writeFileSync(sidecarPath(setting.path), JSON.stringify({ ...sidecar, complete: false }))
      const vault = await openVault(setting)
      expect(await vault.servers()).toEqual([])
      await vault.close()
      expect(JSON.parse(readFileSync(sidecarPath(setting.path), 'utf8'))).toEqual(sidecar)
    }
  })
})

describe('with a passphrase', () => {
  const passphrase = new Secret('correct horse battery staple')

  test('the vault opens again with the same one only, and the keychain is never asked', async () => {
    const setting = await filledVault({ passphrase })
    expect((await openVault(setting).then((vault) => vault.close().then(() => vault))).keySource).toBe('passphrase')
    await refused({ ...setting, passphrase: new Secret('wrong') }, 'passphraseWrong')
    await refused({ ...setting, passphrase: null }, 'passphraseNeeded')
    expect(setting.keychain.calls).toEqual({ get: 0, set: 0, delete: 0 })
    rmSync(sidecarPath(setting.path))
    await refused(setting, 'vaultDamaged')
  })

  test('a first start that fails for good is not tried again, and the person is asked once', async () => {
    let asked = 0
    const ask = async () => {
      asked++
      return passphrase
    }
    const setting = vaultSetting({ ask, askForNew: true, migrations: [{ version: 1, sql: 'nonsense' }] })
    await expect(openVault(setting)).rejects.toThrow(/nonsense/)
    expect(asked).toBe(1)
    // What was begun is finished by the next start.
    const vault = await openVault(vaultSetting({ ask, path: setting.path }))
    expect(await vault.check()).toEqual([])
    await vault.close()
  })

  test('asked for on the terminal it is a new one at first and the old one later', async () => {
    const asked: boolean[] = []
    const ask = async (isNew: boolean) => {
      asked.push(isNew)
      return passphrase
    }
    const setting = await filledVault({ ask, askForNew: true })
    await (await openVault({ ...setting, askForNew: false })).close()
    expect(asked).toEqual([true, false])
  })

  test('one that is set does not replace a key in the keychain', async () => {
    const setting = await filledVault()
    const vault = await openVault({ ...setting, passphrase })
    expect(vault.keySource).toBe('keychain')
    await vault.close()
    expect(setting.notices.join()).toContain('passphrase was ignored')
  })

  test('two first starts at once end with one vault that both have open', async () => {
    const setting = vaultSetting({ passphrase })
    const both = await Promise.all([openVault(setting), openVault(setting)])
    await both[0].addServer(sampleServer(), {})
    expect(await both[1].servers()).toHaveLength(1)
    for (const vault of both) await vault.close()
  })
})

describe('without a lasting key', () => {
  test('a throw-away vault takes no existing file and leaves no sidecar', async () => {
    const setting = vaultSetting({ throwaway: true })
    const vault = await openVault(setting)
    expect(vault.keySource).toBe('throwaway')
    await vault.close()
    expect(existsSync(sidecarPath(setting.path))).toBe(false)
    await refused(setting, 'vaultUnsuitable')
    expect(setting.keychain.calls.get).toBe(0)
  })

  test('a vault in memory needs neither file nor keychain', async () => {
    const setting = vaultSetting({ path: ':memory:' })
    const vault = await openVault(setting)
    await vault.addServer(sampleServer(), {})
    expect(await vault.servers()).toHaveLength(1)
    expect(setting.keychain.calls.get).toBe(0)
    await vault.close()
  })
})

describe('the place', () => {
  test('folder and file are private from the first moment, whatever the umask', async () => {
    const old = process.umask(0)
    try {
      const setting = vaultSetting({ path: join(privateFolder(), 'tokentray', 'vault.db') })
      const vault = await openVault(setting)
      await vault.addServer(sampleServer(), {})
      expect(mode(join(setting.path, '..'))).toBe(0o700)
      for (const suffix of ['', '-wal', '-shm', '.json']) expect(mode(setting.path + suffix)).toBe(0o600)
      await vault.close()
    } finally {
      process.umask(old)
    }
  })

  test('what became readable by others is made private again, and said', async () => {
    const folder = join(privateFolder(), 'tokentray')
    const setting = await filledVault({ path: join(folder, 'vault.db') })
    for (const [path, open] of [
      [setting.path, 0o644],
      [sidecarPath(setting.path), 0o640],
      [folder, 0o755]
    ] as const) {
      chmodSync(path, open)
    }
    await (await openVault(setting)).close()
    expect([setting.path, sidecarPath(setting.path), folder].map(mode)).toEqual([0o600, 0o600, 0o700])
    expect(setting.notices).toHaveLength(3)
  })

  test('a folder in which others can replace files is refused and left alone', async () => {
    const folder = join(privateFolder(), 'shared')
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    await refused({ ...vaultSetting(), folder, path: join(folder, 'vault.db') }, 'vaultNotPrivate')
    expect(mode(folder)).toBe(0o777)
  })

  test.each(['nfs4', 'cifs', 'smb3', '9p', 'fuse.sshfs'])('a vault on %s is refused', async (type) => {
    const message = await refused(vaultSetting({ mountOf: () => ({ mountPoint: '/', type }) }), 'vaultUnsuitable')
    expect(message).toContain(type)
  })

  test('so is one on a Windows drive, but not on a disk of one’s own mounted there', async () => {
    const onDrive = vaultSetting({
      path: '/mnt/c/Users/me/vault.db',
      mountOf: () => ({ mountPoint: '/', type: 'ext4' })
    })
    await refused(onDrive, 'vaultUnsuitable')
    const onDisk = vaultSetting({ mountOf: () => ({ mountPoint: '/mnt/d', type: 'ext4' }) })
    await (await openVault(onDisk)).close()
    expect(existsSync(onDisk.path)).toBe(true)
  })

  test.runIf(process.platform === 'linux')('the file system of a folder is the one mounted nearest above it', () => {
    expect(readMount('/proc/self')).toMatchObject({ mountPoint: '/proc', type: 'proc' })
    expect(readMount('/process-that-only-begins-like-it')).toMatchObject({ mountPoint: '/' })
  })

  const canDrop = isRoot && hasSetpriv
  if (!canDrop) console.warn('Tests as another user are skipped: they need root and setpriv (util-linux).')
  const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath]

  test.skipIf(!canDrop)('an unwritable folder, and a vault of another user, are said to be so', async () => {
    const setting = await filledVault()
    chmodSync(setting.folder, 0o755)
    const before = digestFolder(setting.folder)
    const child = join(import.meta.dirname, 'child.ts')
    expect((await runChild([...asNobody, child, 'open', setting.path])).out).toMatch(/^vaultUnwritable: [^\n]+\n$/)
    chmodSync(setting.folder, 0o1777)
    expect((await runChild([...asNobody, child, 'open', setting.path])).out).toMatch(/^vaultNotPrivate: [^\n]+\n$/)
    expect((await runChild([...asNobody, child, 'claim', join(setting.folder, 'none')])).out).toBe('owner\n')
    chmodSync(setting.folder, 0o755)
    expect((await runChild([...asNobody, child, 'claim', setting.folder])).out).toBe('vaultUnwritable\n')
    expect(digestFolder(setting.folder)).toMatchObject(before)
  })
})

test('FM-25 no file holds a token or looks like plain SQLite, while open, after closing and in the sidecar', async () => {
  const setting = vaultSetting()
  const vault = await openVault(setting)
  await vault.addServer(sampleServer(), { grant: sampleGrant(), clientSecret: new Secret(plantedTokens[2]!) })
  const key = [...setting.keychain.items.values()][0]!
  const everything = () =>
    Object.keys(digestFolder(setting.folder)).map((name) => [name, readFileSync(join(setting.folder, name))] as const)
  const open = everything()
  await vault.close()
  expect(open.map(([name]) => name)).toContain('vault.db-wal')
  for (const [, bytes] of [...open, ...everything()]) {
    for (const text of [...plantedTokens, 'SQLite format 3', 'CREATE TABLE', key])
      expect(bytes.includes(text)).toBe(false)
    expect(bytes.includes(Buffer.from(key, 'hex'))).toBe(false)
  }
})

test('a key that SQLite would take as a passphrase, or none, opens nothing', () => {
  const path = join(privateFolder(), 'vault.db')
  writeFileSync(path, '')
  for (const key of [null, new Secret(''), new Secret('ab'), new Secret('AB'.repeat(32))]) {
    expect(() => connect(path, key)).toThrow(expect.objectContaining({ code: 'vaultKeyWrong' }))
  }
  expect(statSync(path).size).toBe(0)
})
