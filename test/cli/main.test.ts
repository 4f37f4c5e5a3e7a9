// The real process around the commands: what it does when nobody can read what it writes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { compileCache } from '../support/compileCache.ts'
import { isSkipped } from '../support/skipped.ts'

const main = join(import.meta.dirname, '../../app/cli/main.ts')

function start(words: string[], stdio: ('ignore' | 'pipe' | number)[]) {
  const home = mkdtempSync(join(tmpdir(), 'tokentray-main-'))
  const places = { TOKENTRAY_HOME: home, XDG_RUNTIME_DIR: home }
  const env = { ...compileCache, PATH: process.env.PATH, ...places, TOKENTRAY_PASSPHRASE: 'for this test' }
  const child = spawn(process.execPath, [main, ...words], { env, stdio })
  const exitCode = new Promise<number | null>((resolve) => child.on('close', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exitCode
    rmSync(home, { recursive: true, force: true })
  })
  return { home, child, exitCode }
}

test.skipIf(isSkipped(!existsSync('/dev/full'), 'no /dev/full here'))(
  'FM-04 an owner whose messages cannot be written (terminal closed, disk full) still ends drained (needs /dev/full)',
  async () => {
    const { home, child, exitCode } = start(
      ['serve', '--no-dashboard', '--no-gateway'],
      ['ignore', 'pipe', openSync('/dev/full', 'w')]
    )
    let out = ''
    for await (const part of child.stdout!) {
      out += part
      if (out.includes('socket:')) child.kill('SIGTERM')
    }
    expect(await exitCode).toBe(0)
    expect(readFileSync(join(home, 'logs', 'tokentray.log'), 'utf8')).toContain('"stopped"')
    expect(existsSync(join(home, 'vault.db-wal'))).toBe(false)
  }
)

test.skipIf(isSkipped(!existsSync('/dev/full'), 'no /dev/full here'))(
  'an answer that could not be written is no success (needs /dev/full)',
  async () => {
    const { exitCode } = start(['list', '--json'], ['ignore', openSync('/dev/full', 'w'), 'pipe'])
    expect(await exitCode).toBe(1)
  }
)

test('a signal that comes twice at once, as npm and shells pass it on, does not cut the end short', async () => {
  const { home, child, exitCode } = start(['serve', '--no-dashboard', '--no-gateway'], ['ignore', 'pipe', 'pipe'])
  let out = ''
  let isTold = false
  for await (const part of child.stdout!) {
    out += part
    const socket = /socket: +(\S+)\n/.exec(out)?.[1]
    if (!socket || isTold) continue // a later piece of output must not tell it twice
    isTold = true
    // An open connection is what makes the end take its time.
    const open = connect(socket)
    open.on('error', () => {}) // an owner that ends may well reset it
    onTestFinished(() => void open.destroy())
    await once(open, 'connect')
    child.kill('SIGHUP')
    await once(child.stderr!, 'data')
    child.kill('SIGTERM')
    setImmediate(() => open.end())
  }
  expect(await exitCode).toBe(0)
  expect(existsSync(join(home, 'owner.json'))).toBe(false)
})
