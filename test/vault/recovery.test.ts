// Migrations, the encrypted copies made before them, and the way back from a vault that no longer opens.
// The steps after the first schema are made up here, so that the path is tested whatever real ones there are.
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import type { Clock } from '../../app/base/clock.ts'
import { expose, Secret } from '../../app/base/secret.ts'
import { listBackups } from '../../app/vault/backups.ts'
import { connect } from '../../app/vault/connection.ts'
import type { Migration } from '../../app/vault/migrations/migration.ts'
import { migrations } from '../../app/vault/migrations.ts'
import { openVault } from '../../app/vault/open.ts'
import { goodBackups, restoreBackup, setAside } from '../../app/vault/recovery.ts'
import { sidecarPath } from '../../app/vault/sidecar.ts'
import { plantCheapKey } from './cheapKey.ts'
import {
  digestFolder,
  failure,
  plantedTokens,
  type Setting,
  sampleGrant,
  sampleServer,
  vaultSetting
} from './vault.fixture.ts'

/** The schema every test here begins with: today's, in one step. */
const first: Migration[] = [{ version: 1, sql: migrations.map(({ sql }) => sql).join(';\n') }]
const start = Date.UTC(2026, 10, 20, 12)

function settingAt(): Setting & { time: { now: number } } {
  const setting = vaultSetting({ migrations: first })
  const time = { now: start }
  const clock: Clock = { ...setting.clock, now: () => time.now }
  return Object.assign(setting, { clock, time })
}

async function filled() {
  const setting = settingAt()
  const vault = await openVault(setting)
  await vault.addServer(sampleServer(), { grant: sampleGrant() })
  await vault.close()
  return setting
}

const added = (version: number): Migration => ({ version, sql: `CREATE TABLE added_${version} (a TEXT) STRICT` })
const upTo = (version: number) => [...first, ...Array.from({ length: version - 1 }, (_, i) => added(i + 2))]

test('FM-24 a new vault is migrated without copies; an existing one is copied first, once for all steps, and keeps its grants', async () => {
  const setting = await filled()
  expect(listBackups(setting.path)).toEqual([])
  const vault = await openVault({ ...setting, migrations: upTo(3) })
  expect(expose((await vault.readGrant('notes'))!.refreshToken!)).toBe(plantedTokens[1])
  await vault.close()
  const [backup, ...others] = listBackups(setting.path)
  expect(others).toEqual([])
  expect(backup).toMatchObject({ version: 1, madeAt: '2026-11-20T12-00-00.000Z' })
  for (const path of [backup!.path, sidecarPath(backup!.path)]) expect(statSync(path).mode & 0o777).toBe(0o600)
  const bytes = readFileSync(backup!.path)
  for (const text of [...plantedTokens, 'SQLite format 3']) expect(bytes.includes(text)).toBe(false)
  // Opened again at the same version, nothing is copied.
  await (await openVault({ ...setting, migrations: upTo(3) })).close()
  expect(listBackups(setting.path)).toHaveLength(1)
})

test('the newest three copies are kept', async () => {
  const setting = await filled()
  for (let version = 2; version <= 6; version++) {
    setting.time.now += 1000
    await (await openVault({ ...setting, migrations: upTo(version) })).close()
  }
  expect(listBackups(setting.path).map((it) => it.version)).toEqual([5, 4, 3])
  expect(readdirSync(setting.folder).filter((name) => name.endsWith('.backup.json'))).toHaveLength(3)
})

test('a copy made while the clock was set back is not the one that goes', async () => {
  const setting = await filled()
  const vault = await openVault(setting)
  for (let n = 0; n < 3; n++) {
    setting.time.now += 1000
    await vault.backup(setting.time.now)
  }
  const made = await vault.backup(setting.time.now - 86_400_000)
  await vault.close()
  expect(existsSync(made)).toBe(true)
  expect(existsSync(sidecarPath(made))).toBe(true)
  expect(listBackups(setting.path)).toHaveLength(3)
})

test('a step that fails leaves the vault at the version before it', async () => {
  const setting = await filled()
  const broken: Migration = {
    version: 2,
    sql: 'CREATE TABLE half (a TEXT) STRICT; DROP TABLE grants; SELECT nonsense('
  }
  await expect(openVault({ ...setting, migrations: [...first, broken] })).rejects.toThrow()
  const vault = await openVault(setting)
  expect((await vault.readGrant('notes'))?.generation).toBe(1)
  await vault.close()
})

test('FM-24 a vault from a newer version is not opened and not changed', async () => {
  const setting = await filled()
  await (await openVault({ ...setting, migrations: upTo(2) })).close()
  const before = digestFolder(setting.folder)
  expect((await failure(openVault(setting))).code).toBe('vaultFromFuture')
  expect(digestFolder(setting.folder)).toEqual(before)
})

test('set aside, the vault keeps its bytes and its key, and a new one takes its place', async () => {
  const setting = await filled()
  const before = readFileSync(setting.path)
  const aside = setAside(setting.path, setting.clock)
  expect(readFileSync(aside)).toEqual(before)
  expect(existsSync(setting.path)).toBe(false)
  const vault = await openVault(setting)
  expect(await vault.servers()).toEqual([])
  await vault.close()
  const old = await openVault({ ...setting, path: aside })
  expect(await old.servers()).toHaveLength(1)
  await old.close()
})

test('setting aside twice in the same moment overwrites nothing', async () => {
  const setting = await filled()
  const aside = setAside(setting.path, setting.clock)
  const before = readFileSync(aside)
  await (await openVault(setting)).close()
  expect(() => setAside(setting.path, setting.clock)).toThrow(expect.objectContaining({ code: 'vaultUnwritable' }))
  expect(readFileSync(aside)).toEqual(before)
})

test('interrupted between two files, setting aside goes on where it was', async () => {
  const setting = await filled()
  rmSync(setting.path)
  expect((await failure(openVault(setting))).code).toBe('vaultDamaged')
  setAside(setting.path, setting.clock)
  const vault = await openVault(setting)
  expect(await vault.servers()).toEqual([])
  await vault.close()
})

async function damagedWithBackups() {
  const setting = await filled()
  for (const version of [2, 3]) {
    setting.time.now += 1000
    await (await openVault({ ...setting, migrations: upTo(version) })).close()
  }
  setting.time.now += 1000
  writeFileSync(setting.path, Buffer.alloc(8192, 7))
  return { ...setting, migrations: upTo(3) }
}

test('FM-24 a damaged vault is set aside, the newest intact backup is restored, and its grants are marked', async () => {
  const setting = await damagedWithBackups()
  const [newest, older] = listBackups(setting.path)
  writeFileSync(newest!.path, Buffer.alloc(8192, 7))
  expect((await failure(openVault(setting))).code).toBe('vaultDamaged')
  const good = await goodBackups(setting)
  expect(good).toEqual([older])
  await restoreBackup(setting, good[0]!)

  const vault = await openVault(setting)
  const grant = (await vault.readGrant('notes'))!
  expect(grant).toMatchObject({ restored: true, startedAt: null })
  expect(expose(grant.refreshToken!)).toBe(plantedTokens[1])
  await vault.close()
  const aside = readdirSync(dirname(setting.path)).find((name) => /set-aside\.[^/]*Z$/.test(name))!
  expect(readFileSync(`${dirname(setting.path)}/${aside}`)).toEqual(Buffer.alloc(8192, 7))
})

test('a restore cut off earlier leaves nothing behind that gets into the next one, of another backup', async () => {
  const setting = await filled()
  const vault = await openVault(setting)
  const older = await vault.backup(setting.time.now)
  for (let n = 0; n < 50; n++) await vault.addServer(sampleServer(`later-${n}`), { grant: sampleGrant() })
  setting.time.now += 1000
  await vault.backup(setting.time.now)
  await vault.close()
  const [newest] = listBackups(setting.path)

  const cutOff = `${setting.path}.restoring`
  copyFileSync(older, cutOff)
  const db = connect(cutOff, new Secret([...setting.keychain.items.values()][0]!))
  db.prepare('UPDATE grants SET restored = 1').run()
  copyFileSync(`${cutOff}-wal`, `${cutOff}.kept`)
  db.close()
  renameSync(`${cutOff}.kept`, `${cutOff}-wal`)

  await restoreBackup(setting, newest!)
  const restored = await openVault(setting)
  expect(await restored.check()).toEqual([])
  expect(await restored.servers()).toHaveLength(51)
  await restored.close()
})

test('backups do not depend on the vault’s own sidecar, and one with another key is not offered', async () => {
  const setting = await damagedWithBackups()
  setAside(setting.path, setting.clock)
  expect(await goodBackups(setting)).toHaveLength(2)
  const [account] = [...setting.keychain.items.keys()]
  setting.keychain.items.set(account!, 'cd'.repeat(32))
  expect(await goodBackups(setting)).toEqual([])
  setting.keychain.failure = 'keychainLocked'
  expect((await failure(goodBackups(setting))).code).toBe('keychainLocked')
})

test('with a passphrase the person is asked once for all backups', async () => {
  const setting = settingAt()
  const passphrase = new Secret('open sesame')
  await plantCheapKey(setting.path, 'open sesame')
  for (const version of [1, 2, 3]) {
    setting.time.now += 1000
    await (await openVault({ ...setting, passphrase, migrations: upTo(version) })).close()
  }
  let asked = 0
  const ask = async () => {
    asked++
    return passphrase
  }
  expect(await goodBackups({ ...setting, ask })).toHaveLength(2)
  expect(asked).toBe(1)
})
