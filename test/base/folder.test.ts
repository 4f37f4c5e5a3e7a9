// Folders that are made with their parents, and those that cannot be.
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeFolder } from '../../app/base/folder.ts'
import { isSkipped } from '../support/skipped.ts'

function trial(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tt-folder-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('what is missing is made private, what is there stays as it is', () => {
  const folder = trial()
  mkdirSync(join(folder, 'there'), { mode: 0o755 })
  makeFolder(join(folder, 'there', 'a', 'b'))
  makeFolder(join(folder, 'there', 'a', 'b'))
  const modes = ['there', 'there/a', 'there/a/b'].map((each) => statSync(join(folder, each)).mode & 0o777)
  if (process.platform !== 'win32') expect(modes).toEqual([0o755, 0o700, 0o700])
})

test.each(['file', 'broken'])('nothing is made below a %s', (name) => {
  const folder = trial()
  writeFileSync(join(folder, 'file'), '')
  if (process.platform !== 'win32') symlinkSync('nowhere', join(folder, 'broken'))
  for (const path of [join(folder, name), join(folder, name, 'a')]) expect(() => makeFolder(path)).toThrow(/mkdir/)
})

test.skipIf(isSkipped(process.platform !== 'linux', 'needs the file systems of a Linux kernel'))(
  'below /proc and /sys it ends, with an error',
  () => {
    for (const path of ['/proc/a/b', '/proc/self/a', '/sys/a/b']) expect(() => makeFolder(path)).toThrow(/mkdir/)
  }
)
