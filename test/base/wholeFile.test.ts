// Writing a file whole: what a failure in the middle leaves, in which order the disk is asked, and whose file it is after.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFile, writeDraft, writeWholeFile } from '../../app/base/wholeFile.ts'
import { isSkipped } from '../support/skipped.ts'

const asked = vi.hoisted(() => [] as string[])
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  return {
    ...fs,
    fsyncSync(handle: number) {
      asked.push(fs.fstatSync(handle).isDirectory() ? 'sync folder' : 'sync file')
      fs.fsyncSync(handle)
    },
    renameSync(from: string, to: string) {
      asked.push('rename')
      fs.renameSync(from, to)
    }
  }
})

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tt-whole-'))
  file = join(folder, 'settings.json')
  asked.length = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const isPosix = process.platform !== 'win32'
const mode = (path: string) => statSync(path).mode & 0o777
/** No text, so that writing fails once the file is open. */
const unwritable = Symbol('no text') as unknown as string

test('a file is replaced, private, with nothing left beside it', () => {
  writeFileSync(file, 'old')
  writeWholeFile(file, 'new')
  expect([readFileSync(file, 'utf8'), readdirSync(folder)]).toEqual(['new', ['settings.json']])
  if (isPosix) expect(mode(file)).toBe(0o600)
})

test('the text is on the disk before it takes the name, and the name after', () => {
  writeWholeFile(file, 'new')
  expect(asked).toEqual(['sync file', 'rename', ...(isPosix ? ['sync folder'] : [])])
})

test('a failure while writing leaves the old file whole and nothing else', () => {
  writeFileSync(file, 'old')
  expect(() => writeWholeFile(file, unwritable)).toThrow()
  expect([readFileSync(file, 'utf8'), readdirSync(folder)]).toEqual(['old', ['settings.json']])
})

test('a failure at the very end leaves what is in the way, and nothing else', () => {
  mkdirSync(join(file, 'full'), { recursive: true })
  expect(() => writeWholeFile(file, 'new')).toThrow()
  expect([existsSync(join(file, 'full')), readdirSync(folder)]).toEqual([true, ['settings.json']])
})

test('a draft changes nothing until it is committed, and discarded it is gone', () => {
  writeFileSync(file, 'old')
  const draft = writeDraft(file, 'new')
  expect(readFileSync(file, 'utf8')).toBe('old')
  draft.discard()
  expect([readFileSync(file, 'utf8'), readdirSync(folder)]).toEqual(['old', ['settings.json']])
})

test.skipIf(isSkipped(!isPosix, 'Windows has no modes'))('a draft gets the mode of the file it is like', () => {
  writeFileSync(file, 'old')
  chmodSync(file, 0o640)
  writeDraft(file, 'new', statSync(file)).commit()
  expect([readFileSync(file, 'utf8'), mode(file)]).toEqual(['new', 0o640])
})

test.skipIf(isSkipped(!isPosix, 'Windows makes links for administrators only'))(
  'a link is replaced, and what it led to stays',
  () => {
    const target = join(folder, 'target')
    writeFileSync(target, 'theirs')
    symlinkSync(target, file)
    writeWholeFile(file, 'ours')
    expect([lstatSync(file).isFile(), readFileSync(target, 'utf8')]).toEqual([true, 'theirs'])
  }
)

test('a new file is never put over another, and is gone where it could not be written', () => {
  createFile(file, 'first')
  expect(() => createFile(file, 'second')).toThrow(/EEXIST/)
  expect(readFileSync(file, 'utf8')).toBe('first')
  expect(() => createFile(join(folder, 'other'), unwritable)).toThrow()
  expect(readdirSync(folder)).toEqual(['settings.json'])
})
