// One owner: among processes that start at once exactly one holds the lock, and it dies with its process.
// In real processes, since POSIX locks do not exist within one.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { readHolder } from '../../app/owner/endpoint.ts'
import { claimOwnership } from '../../app/owner/lock.ts'
import { privateFolder } from '../vault/vault.fixture.ts'

/** Starts a claimant; resolves with its first line and the process that may hold the lock. */
async function claimant(folder: string): Promise<{ said: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'vault', 'child.ts'), 'claim', folder], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const ended = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const [said] = await once(createInterface(child.stdout!), 'line')
  return { said, child }
}

async function end(child: ChildProcess, by: () => void): Promise<void> {
  const ended = once(child, 'exit')
  by()
  await ended
}

test('FM-01 of two processes that start at once, one becomes the owner, ten times in a row', async () => {
  const folder = privateFolder()
  for (let round = 0; round < 10; round++) {
    const both = await Promise.all([claimant(folder), claimant(folder)])
    expect(both.map((it) => it.said).sort()).toEqual(['busy', 'owner'])
    for (const { child } of both) await end(child, () => child.stdin?.end())
  }
})

test('the lock dies with its process', async () => {
  const folder = privateFolder()
  const { child, said } = await claimant(folder)
  expect(said).toBe('owner')
  expect(claimOwnership(folder)).toBeNull()
  // So that a message about it can name it.
  expect(readHolder(folder)).toBe(child.pid)
  await end(child, () => child.kill('SIGKILL'))
  const ownership = claimOwnership(folder)
  expect(ownership).not.toBeNull()
  expect(readHolder(folder)).toBe(process.pid)
  ownership?.release()
  expect(readHolder(folder)).toBeNull()
})

test('released, it can be claimed again; a second release does nothing', () => {
  const folder = privateFolder()
  const first = claimOwnership(folder)
  expect(claimOwnership(folder)).toBeNull()
  first?.release()
  const second = claimOwnership(folder)
  first?.release()
  expect(second).not.toBeNull()
  expect(claimOwnership(folder)).toBeNull()
  second?.release()
})

test('file and folder are private', () => {
  const folder = join(privateFolder(), 'deep', 'home')
  claimOwnership(folder)?.release()
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(statSync(join(folder, 'owner.db')).mode & 0o777).toBe(0o600)
})

test('garbage in owner.db keeps nobody out, and is dropped in place', async () => {
  const folder = privateFolder()
  const path = join(folder, 'owner.db')
  writeFileSync(path, 'garbage '.repeat(1000))
  const inode = statSync(path).ino
  const ownership = claimOwnership(folder)
  expect(ownership).not.toBeNull()
  expect(statSync(path)).toMatchObject({ ino: inode, size: 0 })
  expect((await claimant(folder)).said).toBe('busy')
  ownership?.release()
})
