// Bad input: one sentence on stderr, the documented exit code, no stack trace, no secret repeated.
// In this process, and one case of each kind as a process of its own.
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { locate } from '../../app/base/paths.ts'
import { askLine } from '../../app/cli/prompt.ts'
import { listen } from '../../app/owner/listen.ts'
import { makeReference } from '../../build/reference.ts'
import { makeCore } from '../owner/fakeCore.ts'
import { compileCache } from '../support/compileCache.ts'
import { isSkipped } from '../support/skipped.ts'
import { fail, makePaths, makeWorld, runIn } from './world.ts'

const root = join(import.meta.dirname, '../..')
const secret = 's3cr3t-canary'

function runProcess(
  argv: string[],
  env: Record<string, string> = {},
  stdin = ''
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const whole = { ...compileCache, PATH: process.env.PATH, HOME: '/nonexistent', ...env }
    const child = execFile(
      process.execPath,
      [join(root, 'app/cli/main.ts'), ...argv],
      { env: whole },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err })
    )
    child.stdin?.on('error', () => {}).end(stdin)
  })
}

const url = 'https://a.example/mcp'
const cases: [string[], number, string][] = [
  [['lst'], 2, 'Did you mean list?'],
  [['vault', 'open'], 2, "Unknown command 'open'"],
  [['add'], 2, "Missing required argument 'url'. Usage: tokentray add [options] <url>"],
  [['keys'], 2, 'Usage: tokentray keys [options] <server>'],
  [['clients', 'revoke'], 2, 'Usage: tokentray clients revoke [options] <client>'],
  [['run', 'a', 'sh', '-c', 'true'], 2, '"-c" stands behind a command. Put -- before a command that has options'],
  [['run', 'a', 'docker', 'run', '--env', 'X', 'image'], 2, '"--env" stands behind a command. Put -- before'],
  [['run', '--env', 'X', 'a', 'npm', '--help'], 2, 'Put -- before'],
  [['run', 'a', 'sh', `--oops=${secret}`], 2, '"--oops" stands behind a command. Put -- before'],
  [['run', 'a', '-c', 'sh'], 2, "Unknown option '-c'. Put -- before"],
  [['add', 'not a url'], 2, 'is not the URL of an MCP server'],
  [['add', 'ftp://a.example'], 2, 'is not the URL of an MCP server'],
  [['add', url, '--param', 'novalue'], 2, 'Use name=value'],
  [['add', url, '--redirect-port', '99999'], 2, 'from 1 to 65535'],
  [['add', url, '--redirect-host', 'example.com'], 2, 'Allowed choices'],
  [['add', url, '--client-credentials'], 2, 'requires --client-id'],
  [['add', url, '--client-secret-file', '/x'], 2, 'requires --client-id'],
  [['add', url, '--refresh-token-file', '-'], 2, 'requires --token-endpoint'],
  [
    ['add', url, '--token-file', '/nonexistent/file'],
    2,
    'could not be read from /nonexistent/file: not found (ENOENT)'
  ],
  [['add', url, '--token-file', '-'], 2, 'There is no access token in stdin'],
  [['add', url, '--token-file', '-', '--client-id', 'x', '--client-secret-file', '-'], 2, 'Only one secret'],
  [['add', url, '--from-env', 'NOPE'], 2, 'NOPE_ACCESS_TOKEN is not set'],
  [['add', url, '--from-env', 'HALF'], 2, 'HALF_TOKEN_ENDPOINT is not set'],
  [['add', url, '--from-env', 'a b'], 2, 'is not a valid prefix'],
  [['add', url, '--client-secret', secret], 2, '--client-secret is not accepted'],
  [['add', url, `--token=${secret}`], 2, '--token is not accepted'],
  [['add', url, '--refresh-token', secret], 2, 'Use --refresh-token-file FILE'],
  [['list', `--oops=${secret}`], 2, "Unknown option '--oops'"],
  [['list', '--expiring', '10'], 2, '"10" is not a duration'],
  [['list', '--state', 'odd'], 2, 'Allowed choices'],
  [['token', 'a', '--min-valid', 'soon'], 2, '"soon" is not a duration'],
  [['token'], 2, "Missing required argument 'server'"],
  [['set', 'a'], 2, 'No setting was given'],
  [['set', 'a', '--jitter', '2'], 2, 'a number from 0 to 1'],
  [['set', 'a', '--default', 'florr'], 2, 'one of the schedule options'],
  [['set', 'a', '--default', 'floor', '--floor', '9s'], 2, 'Choose one'],
  [['history', 'a', '--limit', '0'], 2, 'from 1 to 1000'],
  [['completion', 'tcsh'], 2, 'Choose bash, zsh or fish'],
  [['remove', 'a'], 3, 'requires confirmation'],
  [['vault', 'reset'], 3, 'requires confirmation'],
  [['help', 'nothing'], 2, 'There is no such command']
]

describe('one sentence, the right exit code, no stack trace', () => {
  const env = { HALF_REFRESH_TOKEN: secret, TOKENTRAY_HOME: '/nonexistent/tokentray' }

  function expectSentence(said: { code: number; out: string; err: string }, code: number, words: string): void {
    expect(said.err).toContain(words)
    expect(said.err).toMatch(/^tokentray: [^\n]+\n$/)
    expect([said.code, said.out]).toEqual([code, ''])
    expect(said.err).not.toContain(secret)
  }

  test.each(cases)('%j', async (argv, code, words) => {
    const { exitCode, out, err, lock } = await runIn(argv, { env, paths: locate(env, process.platform), stdin: '' })
    expectSentence({ code: exitCode, out, err }, code, words)
    expect(lock.claims()).toBe(0)
  })

  // One of each kind: an unknown command, a secret, a number that is none, a missing confirmation.
  const asProcesses = [['lst'], ['add', url, '--client-secret', secret], ['list', '--expiring', '10'], ['remove', 'a']]
  test.concurrent.each(asProcesses.map((argv) => cases.find(([each]) => each.join() === argv.join())!))(
    'the same as a process: %j',
    async (argv, code, words) => {
      expectSentence(await runProcess(argv, env), code, words)
    }
  )
})

test('without a command there is help, in groups; a group of commands alone prints its own, and neither is an error', async () => {
  const { exitCode, out, err } = await runIn([])
  expect([exitCode, err]).toEqual([0, ''])
  expect(out.match(/^\w+:$/gm)).toEqual(['Options:', 'Servers:', 'Tokens:', 'Clients:', 'Vault:', 'System:'])
  expect(out).toBe((await runIn(['--help'])).out)
  for (const group of ['clients', 'vault']) {
    const alone = await runIn([group])
    expect([alone.exitCode, alone.err]).toEqual([0, ''])
    expect(alone.out).toContain(`Usage: tokentray ${group} `)
    expect(alone.out).toBe((await runIn([group, '--help'])).out)
  }
})

test('with --json the same failure is JSON on stdout too', async () => {
  const { code, out } = await runProcess(['list', '--expiring', '10', '--json'])
  expect(code).toBe(2)
  expect(JSON.parse(out).error).toMatchObject({ code: 'inputInvalid', message: expect.stringContaining('"10"') })
})

// Node's recursive mkdir never returns below /proc and /sys.
const impossible = process.platform === 'linux' ? ['/dev/null/home', '/proc/home/a', '/sys/home'] : ['/dev/null/home']

test.each(impossible)('a home that cannot be made ends at once, with exit 5 and its name: %s', async (home) => {
  for (const command of ['list', 'serve']) {
    const { code, err } = await runProcess([command], { TOKENTRAY_HOME: home })
    expect(code).toBe(5)
    expect(err).toMatch(/^tokentray: [^\n]+\n$/)
    expect(err).toContain(home)
  }
  const { code, out } = await runProcess(['doctor'], { TOKENTRAY_HOME: home })
  expect(code).toBe(1)
  expect(out).toMatch(new RegExp(`PROBLEM {2}folder: .*${home}`))
})

test('so does any other folder that cannot be made', async () => {
  const { code, err } = await runProcess(['list'], {
    TOKENTRAY_VAULT: join(makePaths().home, 'vault.db'),
    XDG_STATE_HOME: impossible.at(-1)!
  })
  expect(code).toBe(5)
  expect(err).toMatch(/^tokentray: The folder \/[^\n]+ could not be created [^\n]+\n$/)
})

test('FM-06 a real `token` against a real socket: the token if there is one, otherwise exit 3 with the command to run', async () => {
  const paths = makePaths()
  const core = makeCore()
  const listener = await listen({ core, paths, kind: 'lasting', version: '1', clock: systemClock() })
  const env = { TOKENTRAY_HOME: paths.home, XDG_RUNTIME_DIR: paths.home }
  core.on('readToken', fail('signInNeeded', 'The grant was refused.'))
  expect(await runProcess(['token', 'a'], env)).toEqual({
    code: 3,
    out: '',
    err: 'tokentray: The grant was refused: run tokentray login a.\n'
  })
  core.on('readToken', () => ({ token: 'abc', tokenType: 'Bearer', expiresAt: null, warning: null }))
  expect(await runProcess(['token', 'a'], env)).toEqual({ code: 0, out: 'abc\n', err: '' })
  await listener.close()
})

test.skipIf(isSkipped(process.platform === 'win32', 'not on Windows'))(
  'Ctrl-C ends a watching command with 130, a closed pipe without a word',
  async () => {
    const paths = makePaths()
    const core = makeCore()
    const listener = await listen({ core, paths, kind: 'lasting', version: '1', clock: systemClock() })
    const env = { PATH: process.env.PATH, TOKENTRAY_HOME: paths.home, XDG_RUNTIME_DIR: paths.home }
    const start = () => {
      const ended = Promise.withResolvers<{ code: unknown; err: string }>()
      const words = [join(root, 'app/cli/main.ts'), 'status', '--watch', '--json']
      const child = execFile(process.execPath, words, { env }, (error, _out, err) =>
        ended.resolve({ code: error?.code ?? 0, err })
      )
      return { child, ended: ended.promise }
    }
    const interrupted = start()
    interrupted.child.stdout?.once('data', () => interrupted.child.kill('SIGINT'))
    expect(await interrupted.ended).toEqual({ code: 130, err: '' })
    const piped = start()
    piped.child.stdout?.once('data', () => {
      piped.child.stdout?.destroy()
      core.publish([])
      core.publish([])
    })
    expect(await piped.ended).toEqual({ code: 0, err: '' })
    await listener.close()
  }
)

test('the browser gets a private file as its last argument, never the URL and never the passphrase', async () => {
  const paths = makePaths()
  const core = makeCore()
  const listener = await listen({ core, paths, kind: 'lasting', version: '1', clock: systemClock() })
  const folder = join(paths.home, 'my tools')
  const seen = join(paths.home, 'seen')
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'browser'),
    `#!${process.execPath}\nconst { TOKENTRAY_PASSPHRASE = null } = process.env\nconst fs = require('node:fs')\nfs.writeFileSync('${seen}.new', JSON.stringify([process.argv.slice(2), TOKENTRAY_PASSPHRASE]))\nfs.renameSync('${seen}.new', '${seen}')\n`
  )
  chmodSync(join(folder, 'browser'), 0o755)
  const address = 'https://i.example/authorize?a=1&b=$(touch%20x);c'
  core.on('signIn.start', () => ({ signIn: 's', url: address, redirectUri: null }))
  core.on('signIn.wait', async () => {
    await expect.poll(() => readSeen(seen)).not.toBeNull()
    throw { code: 'signInFailed', message: 'Over.' }
  })
  const env = {
    TOKENTRAY_HOME: paths.home,
    XDG_RUNTIME_DIR: paths.home,
    BROWSER: `"${folder}/browser" --new 'a b'`,
    TOKENTRAY_PASSPHRASE: secret
  }
  const { code } = await runProcess(['login', 'a'], env)
  expect(code).toBe(1)
  expect(readSeen(seen)).toEqual([
    ['--new', 'a b', expect.stringMatching(/^file:\/\/\/.*\/open-[\da-f]{16}\.html$/)],
    null
  ])
  await listener.close()
})

function readSeen(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}

test('docs/cli.md is what the program says of itself (npm run docs)', async () => {
  expect(readFileSync(join(root, 'docs/cli.md'), 'utf8')).toBe(await makeReference())
})

test('a question shows no control characters: what a folder or a server is called must not command the terminal', async () => {
  const made = makeWorld({ isTTY: true, stdin: 'y\ny\n' })
  expect(await askLine(made.world, 'Write this to /a/\u001b]0;x\u0007\u001b[2J\u202eb\nfake: [y/N]?')).toBe('y')
  // What follows is the terminal's own echo of the answer.
  expect(made.text.err.startsWith('Write this to /a/]0;x[2Jb fake: [y/N]? ')).toBe(true)
})
