// The command that people are told to type: it must start this very Tokentray, on the vault that is in use.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { commandLineOf } from '../../app/connect/launcher.ts'

/** An installation as npm makes one, run by its script, with `tokentray` in a folder of the PATH. */
function install() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "tokentray it's ")))
  const argv = process.argv[1]
  onTestFinished(() => {
    process.argv[1] = argv!
    rmSync(folder, { recursive: true, force: true })
  })
  const script = join(folder, 'package', 'dist', 'tokentray.js')
  const bin = join(folder, 'package', 'build', 'tokentray.mjs')
  for (const each of ['package/dist', 'package/build', 'bin', 'other/build'])
    mkdirSync(join(folder, each), { recursive: true })
  for (const file of [script, bin, join(folder, 'other', 'build', 'tokentray.mjs')]) writeFileSync(file, '')
  process.argv[1] = script
  return { folder, script, bin, path: join(folder, 'bin') }
}

test('the bare name where that is the one on the PATH', () => {
  const { bin, path } = install()
  symlinkSync(bin, join(path, 'tokentray'))
  expect(commandLineOf({ PATH: `/nowhere:${path}` }, 'linux', 'open')).toBe('tokentray open')
})

test('else Node and the script, quoted for the shell', () => {
  const { folder, script, path } = install()
  const full = `${process.execPath} '${script.replace("'", "'\\''")}' open`
  expect(commandLineOf({ PATH: path }, 'linux', 'open')).toBe(full)
  // Another installation is first on the PATH: it may know nothing of this one.
  symlinkSync(join(folder, 'other', 'build', 'tokentray.mjs'), join(path, 'tokentray'))
  expect(commandLineOf({ PATH: path }, 'linux', 'open')).toBe(full)
})

test('with what chooses the vault', () => {
  const { bin, path } = install()
  symlinkSync(bin, join(path, 'tokentray'))
  const env = { PATH: path, TOKENTRAY_HOME: '/home/ada/my vault' }
  expect(commandLineOf(env, 'linux', 'open')).toBe("TOKENTRAY_HOME='/home/ada/my vault' tokentray open")
  expect(commandLineOf(env, 'win32', 'open')).toBe('set "TOKENTRAY_HOME=/home/ada/my vault" && tokentray open')
})
