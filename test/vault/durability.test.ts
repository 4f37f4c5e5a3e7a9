// What the file must survive: kill -9 at any moment, a full disk, flipped bits. On real files, in real processes.
// Real power loss cannot be tested here; synchronous=FULL is asserted instead.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { expose, Secret } from '../../app/base/secret.ts'
import { connect } from '../../app/vault/connection.ts'
import { migrate } from '../../app/vault/migrations.ts'
import { createSqliteVault } from '../../app/vault/sqlite.ts'
import { times } from '../support/soak.ts'
import { failure, privateFolder, sampleGrant, sampleServer, sampleTokens } from './vault.fixture.ts'

const kills = times(8, 20)
const key = new Secret('5a'.repeat(32))

function openFile(path: string) {
  const db = connect(path, key)
  migrate(db, path, () => {})
  return { db, vault: createSqliteVault(db, path, 'throwaway') }
}

async function filledFile() {
  const path = join(privateFolder(), 'vault.db')
  writeFileSync(path, '')
  const { vault } = openFile(path)
  await vault.addServer(sampleServer(), { grant: sampleGrant() })
  await vault.close()
  return path
}

test('FM-04 kill -9 at any moment loses no committed token and damages nothing', async () => {
  const path = await filledFile()
  let acknowledged = 1
  for (let round = 0; round < kills; round++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'child.ts'), 'write', path], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const ended = once(child, 'exit')
    const target = acknowledged + 3 + round * 2
    for await (const line of createInterface(child.stdout)) {
      acknowledged = Number(line)
      if (acknowledged === target) child.kill('SIGKILL')
    }
    // Its output ends before its locks do.
    await ended
    expect(acknowledged).toBeGreaterThanOrEqual(target)
    const { vault } = openFile(path)
    const grant = (await vault.readGrant('notes'))!
    expect(grant.generation).toBeGreaterThanOrEqual(acknowledged)
    expect(expose(grant.accessToken)).toBe(`token-${grant.generation}`)
    expect(await vault.check()).toEqual([])
    await vault.close()
    acknowledged = grant.generation
  }
})

test('each commit reaches the disk: WAL with synchronous=FULL, and nothing spills into temporary files', async () => {
  const { db, vault } = openFile(await filledFile())
  const pragma = (name: string) => db.pragma(name, { simple: true })
  expect([pragma('journal_mode'), pragma('synchronous'), pragma('temp_store')]).toEqual(['wal', 2, 2])
  await vault.close()
})

test('FM-04 on a full disk, the write fails, the old data is kept, and the save succeeds once there is space', async () => {
  const path = await filledFile()
  const { db, vault } = openFile(path)
  const pages = Number(db.pragma('page_count', { simple: true }))
  db.pragma(`max_page_count=${pages}`)
  const tokens = sampleTokens({ accessToken: new Secret('x'.repeat(40_000)) })
  expect((await failure(vault.commitRefresh('notes', 1, tokens))).code).toBe('vaultUnwritable')
  expect(await vault.readGrant('notes')).toMatchObject({ generation: 1 })
  db.pragma('max_page_count=100000')
  expect(await vault.commitRefresh('notes', 1, tokens)).toBe('committed')
  expect(await vault.check()).toEqual([])
  await vault.close()
})

test('a write that another process blocks is refused, and nothing was changed', async () => {
  const path = await filledFile()
  const { vault } = openFile(path)
  const other = connect(path, key)
  other.exec('BEGIN IMMEDIATE')
  expect((await failure(vault.beginRefresh('notes', 5))).code).toBe('vaultUnwritable')
  other.exec('ROLLBACK')
  other.close()
  expect((await vault.readGrant('notes'))?.startedAt).toBeNull()
  await vault.close()
})

test('a single flipped bit anywhere is found, at opening or by check()', async () => {
  const path = await filledFile()
  // Pages that a migration left free are read by nothing, not even before they are used again.
  const { db } = openFile(path)
  db.exec('VACUUM')
  db.close()
  const sound = readFileSync(path)
  const flipped = join(privateFolder(), 'flipped.db')
  let rounds = 0
  // A prime step visits every page and every part of a page: salt, data, and what authenticates it.
  for (let at = 0; at < sound.length; at += 1009, rounds++) {
    const bytes = Buffer.from(sound)
    bytes[at]! ^= 1 << (at % 8)
    writeFileSync(flipped, bytes)
    const found = await (async () => {
      try {
        const { vault } = openFile(flipped)
        const problems = await vault.check()
        await vault.close()
        return problems.join()
      } catch (error) {
        return (error as { code: string }).code
      }
    })()
    expect(found, `byte ${at}`).toMatch(/vaultDamaged|damaged|cannot be read/)
  }
  expect(rounds).toBeGreaterThan(40)
})
