// The launchers of a fresh clone, with an npm that only writes down that it ran: what is installed, when, and never twice
// at a time. The real npm and the real Node 24 are what every run of these tests goes through anyway.
import { spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isNewEnough } from '../../build/node.mjs'
import { isSkipped } from '../support/skipped.ts'

/** A clone of the launchers alone; its npm notes "start" and "end" and makes what npm leaves behind. */
function makeClone() {
  const root = mkdtempSync(join(tmpdir(), 'tokentray-clone-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  cpSync(join(import.meta.dirname, '..', '..', 'build'), join(root, 'build'), { recursive: true })
  const lock = join(root, 'package-lock.json')
  writeFileSync(lock, '{}')
  utimesSync(lock, 1, 1)
  mkdirSync(join(root, 'bin'))
  const npm = join(root, 'bin', 'npm')
  writeFileSync(
    npm,
    `#!/bin/sh\necho start >> '${root}/npm.log'\nmkdir -p node_modules\necho {} > node_modules/.package-lock.json\necho end >> '${root}/npm.log'\n`
  )
  chmodSync(npm, 0o755)
  const run = (...args: string[]) =>
    new Promise<{ code: number | null; out: string }>((resolve) => {
      const env = { ...process.env, PATH: `${join(root, 'bin')}${delimiter}${process.env.PATH}` }
      const child = spawn(process.execPath, [join(root, 'build', 'with-node.mjs'), ...args], { env })
      let out = ''
      child.stdout.on('data', (chunk) => {
        out += chunk
      })
      child.on('close', (code) => resolve({ code, out }))
    })
  const npmRuns = () => (existsSync(join(root, 'npm.log')) ? readFileSync(join(root, 'npm.log'), 'utf8') : '')
  return { root, lock, run, npmRuns }
}

describe.skipIf(isSkipped(process.platform === 'win32', 'not on Windows'))('a fresh clone', () => {
  test('installs once, though many commands start at the same moment', async () => {
    const { run, npmRuns } = makeClone()
    const done = await Promise.all(Array.from({ length: 6 }, () => run('-p', '6 * 7')))
    expect(done).toEqual(Array.from({ length: 6 }, () => ({ code: 0, out: '42\n' })))
    expect(npmRuns()).toBe('start\nend\n')
  })

  test('installs again when the lockfile changed, and not otherwise', async () => {
    const { lock, run, npmRuns } = makeClone()
    await run('-p', '1')
    await run('-p', '1')
    expect(npmRuns()).toBe('start\nend\n')
    writeFileSync(lock, '{"changed":true}')
    await run('-p', '1')
    expect(npmRuns()).toBe('start\nend\nstart\nend\n')
  })

  test('a claim left by a process that died does not stop it', async () => {
    const { root, run, npmRuns } = makeClone()
    writeFileSync(join(root, '.installing'), '999999999')
    expect((await run('-p', '1')).code).toBe(0)
    expect(npmRuns()).toBe('start\nend\n')
  })

  test('ends as its child ends', async () => {
    const { run } = makeClone()
    expect((await run('-e', 'process.exit(7)')).code).toBe(7)
  })
})

test.each([
  ['20.20.2', false],
  ['22.18.0', false],
  ['22.19.0', true],
  ['24.0.0', true],
  ['26.10.0', true]
])('Node %s is new enough: %s', (version, expected) => {
  expect(isNewEnough(version)).toBe(expected)
})
