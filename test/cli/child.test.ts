// `tokentray run`: a real child gets the token in its environment, and nothing of Tokentray's own besides.
// What it saw it writes into a file, since it has the terminal of whoever runs it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../../app/cli/run.ts'
import { makeCore } from '../owner/fakeCore.ts'
import { fail, makeWorld, runIn } from './world.ts'

const found = { token: 'at-of-a', expiresAt: null, warning: null }

function makeChild(then = '') {
  const folder = mkdtempSync(join(tmpdir(), 'tt-child-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'seen.json')
  const tell = "require('fs').writeFileSync(process.argv[1], JSON.stringify([process.env, process.argv.slice(2)]));"
  const code = then.startsWith('process.on') ? `${then};${tell}` : tell + then
  return {
    command: [process.execPath, '-e', code, file],
    seen: () => JSON.parse(readFileSync(file, 'utf8')) as [Record<string, string>, string[]],
    isStarted: () => existsSync(file)
  }
}

function makeCoreWithToken() {
  const core = makeCore()
  core.on('readToken', () => found)
  return core
}

test('the command gets the token in its environment and its own arguments as they are; its exit code is ours', async () => {
  const child = makeChild('process.exit(7)')
  const env = { KEPT: '1', TOKENTRAY_PASSPHRASE: 'of the vault' }
  const args = ['run', 'a', '--', ...child.command, '--token', 'x', '--env=y']
  const { exitCode, out, err } = await runIn(args, { core: makeCoreWithToken(), env })
  expect([exitCode, out, err]).toEqual([7, '', ''])
  const [environment, given] = child.seen()
  expect(environment).toMatchObject({ TOKENTRAY_TOKEN: 'at-of-a', KEPT: '1' })
  expect(environment).not.toHaveProperty('TOKENTRAY_PASSPHRASE')
  expect(given).toEqual(['--token', 'x', '--env=y'])
})

test('the variable can be another one, and must be one', async () => {
  const child = makeChild()
  await runIn(['run', '--env', 'GITHUB_TOKEN', 'a', '--', ...child.command], { core: makeCoreWithToken() })
  expect(child.seen()[0]).toMatchObject({ GITHUB_TOKEN: 'at-of-a' })
  expect(child.seen()[0]).not.toHaveProperty('TOKENTRAY_TOKEN')
  const refused = await runIn(['run', '--env', 'A=B', 'a', '--', 'true'], { core: makeCoreWithToken() })
  expect(refused.exitCode).toBe(2)
})

test('without a token nothing is started', async () => {
  const child = makeChild()
  const core = makeCore()
  core.on('readToken', fail('signInNeeded', 'The grant was refused.'))
  const { exitCode, err } = await runIn(['run', 'a', '--', ...child.command], { core })
  expect([exitCode, err]).toEqual([3, 'tokentray: The grant was refused: run tokentray login a.\n'])
  expect(child.isStarted()).toBe(false)
})

test('a signal that ended it, and a command that is none, are told', async () => {
  const child = makeChild('process.kill(process.pid, "SIGKILL")')
  expect((await runIn(['run', 'a', '--', ...child.command], { core: makeCoreWithToken() })).exitCode).toBe(137)
  const missing = await runIn(['run', 'a', '--', '/nowhere/at-all'], { core: makeCoreWithToken() })
  expect([missing.exitCode, missing.err]).toEqual([
    2,
    'tokentray: "/nowhere/at-all" could not be started: not found (ENOENT).\n'
  ])
})

test.skipIf(process.platform === 'win32')('being stopped is passed on, and the command ends as it likes', async () => {
  const child = makeChild('process.on("SIGTERM", () => process.exit(9)); setInterval(() => {}, 1000)')
  const { world, interrupt } = makeWorld({ core: makeCoreWithToken() })
  const ended = run(['run', 'a', '--', ...child.command], world)
  await expect.poll(child.isStarted).toBe(true)
  interrupt(143)
  expect(await ended).toBe(9)
})
