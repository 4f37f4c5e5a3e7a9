// `login --all`: who is signed in to, in which order and with what said, and what one that fails does to the others.
// The core is a double; a sign-in itself is tested in test/servers and test/e2e.
import { expect, test } from 'vitest'
import { run } from '../../app/cli/run.ts'
import type { ServerView } from '../../app/contract/views.ts'
import { makeCore, makeView } from '../owner/fakeCore.ts'
import { makeWorld, runIn } from './world.ts'

const red = (id: string, change: Partial<ServerView> = {}) =>
  makeView(id, { action: 'signIn', state: 'needsUser', light: 'red', words: 'Sign-in needed', ...change })

/** A core with these servers; `end` says how a sign-in ends: with a code, never, or well. */
function makeSigningIn(given: ServerView[], end: (id: string) => string | Promise<never> | null = () => null) {
  const core = makeCore(given)
  const servers = new Map(given.map((view) => [view.id, view]))
  const cancelled = new Map<string, (error: object) => void>()
  const change = (view: ServerView) => {
    servers.set(view.id, view)
    core.publish([...servers.values()])
  }
  core.on('snapshot', () => ({ ...core.snapshot(), servers: [...servers.values()] }))
  core.on('signIn.start', ({ server }: { server: string }) => ({
    signIn: server,
    url: `https://i.example/authorize?server=${server}`,
    redirectUri: null
  }))
  core.on('signIn.wait', async ({ signIn }: { signIn: string }) => {
    const code = await Promise.race([end(signIn), new Promise<never>((_, reject) => cancelled.set(signIn, reject))])
    if (code) throw { code, message: `It ended with ${code}.` }
    const view = makeView(signIn)
    change(view)
    return { view }
  })
  core.on('signIn.cancel', ({ signIn }: { signIn: string }) => {
    cancelled.get(signIn)?.({ code: 'signInCancelled', message: 'Cancelled.' })
    return {}
  })
  const opened: string[] = []
  const openBrowser = async (url: string) => opened.push(new URL(url).searchParams.get('server')!) > 0
  return { core, change, opened, openBrowser }
}

const paths = (err: string) => err.match(/Signing in to .*$/gm)

test('each server that needs it, one page at a time, with how many are left; no page for the others', async () => {
  const lone = { renewable: false, expiresAt: Date.now() - 1000 }
  const { core, opened, openBrowser } = makeSigningIn([
    red('a'),
    makeView('well'),
    red('b'),
    red('off', { paused: true }),
    makeView('over', lone),
    makeView('later', { ...lone, expiresAt: Date.now() + 60_000 }),
    makeView('open', { mode: 'passThrough', obtainedAt: null, state: 'signedOut' })
  ])
  const { exitCode, out, err } = await runIn(['login', '--all'], { core, openBrowser })
  expect(opened).toEqual(['a', 'b', 'over'])
  expect(paths(err)).toEqual([
    'Signing in to a, 2 left after it.',
    'Signing in to b, 1 left after it.',
    'Signing in to over, none left after it.'
  ])
  expect(out).toBe('a: Healthy\nb: Healthy\nover: Healthy\n')
  expect(exitCode).toBe(0)
  const order = core.calls.map(({ name }) => name).filter((name) => /^signIn\.(start|wait)$/.test(name))
  expect(order).toEqual(Array(3).fill(['signIn.start', 'signIn.wait']).flat())
})

test('scopes that a server wants are a question of their own: no page opens for them', async () => {
  const { core, opened, openBrowser } = makeSigningIn([red('a', { action: 'grantMore', missingScope: 'files:write' })])
  const { exitCode, err } = await runIn(['login', '--all'], { core, openBrowser })
  expect([exitCode, opened]).toEqual([3, []])
  expect(err).toContain('Run tokentray login a --add-scope files:write.')
})

test('the end says why the last sign-in of those that are left failed', async () => {
  const detail = 'i.example rejected the sign-in (access_denied). Start again.'
  const lastEvent = { at: 0, kind: 'signInFailed', fault: null, detail, expiresAt: null } as const
  const { core, openBrowser } = makeSigningIn([red('a', { lastEvent })], () => 'signInFailed')
  const { err } = await runIn(['login', '--all'], { core, openBrowser })
  expect(err).toContain(`\na: Sign-in needed. The last sign-in failed: ${detail} Run tokentray login a.\n`)
})

test('where none needs it, no page opens and nothing is wrong', async () => {
  const { core, opened, openBrowser } = makeSigningIn([makeView('a')])
  const { exitCode, out, err } = await runIn(['login', '--all'], { core, openBrowser })
  expect([exitCode, out, err, opened]).toEqual([0, '', 'No server needs a sign-in.\n', []])
})

test('one that fails does not stop the others, and the exit code says that a person is still needed', async () => {
  const { core, opened, openBrowser } = makeSigningIn([red('a'), red('b'), red('c')], (id) =>
    id === 'b' ? 'authorizationDenied' : null
  )
  const { exitCode, out, err } = await runIn(['login', '--all'], { core, openBrowser })
  expect(opened).toEqual(['a', 'b', 'c'])
  expect(out).toBe('a: Healthy\nc: Healthy\n')
  expect(err).toContain('tokentray: b: It ended with authorizationDenied.')
  expect(err).toContain('b: Sign-in needed. Run tokentray login b.')
  expect(exitCode).toBe(3)
})

test('a page that was closed is left by Enter, and an empty line in a pipe skips nothing', async () => {
  const never = () => new Promise<never>(() => {})
  const { core, opened, openBrowser } = makeSigningIn([red('a'), red('b')], (id) => (id === 'a' ? never() : null))
  const made = makeWorld({ core, openBrowser, isTTY: true })
  const isAsked = new Promise<void>((resolve) =>
    made.world.stderr.on('data', () => made.text.err.includes('press Enter') && resolve())
  )
  const ended = run(['login', '--all'], made.world)
  await isAsked
  made.stdin.write('\n')
  expect(await ended).toBe(3)
  expect(made.text.err).toContain('tokentray: a: You skipped it.')
  expect(opened).toEqual(['a', 'b'])
  expect(made.text.out).toBe('b: Healthy\n')

  const piped = makeSigningIn([red('a')])
  const { exitCode, err } = await runIn(['login', '--all'], { ...piped, stdin: '\n\n' })
  expect(exitCode).toBe(0)
  expect(err).not.toContain('press Enter')
  expect(piped.core.calls.map(({ name }) => name)).not.toContain('signIn.cancel')
})

test('one that was signed in to meanwhile opens no page', async () => {
  const made = makeSigningIn([red('a'), red('b')], (id) => {
    if (id === 'a') made.change(makeView('b'))
    return null
  })
  expect((await runIn(['login', '--all'], made)).exitCode).toBe(0)
  expect(made.opened).toEqual(['a'])
})

test('Ctrl-C ends all of it', async () => {
  const { core, opened } = makeSigningIn([red('a'), red('b')], () => new Promise<never>(() => {}))
  const made = makeWorld({
    core,
    openBrowser: async (url) => {
      opened.push(url)
      made.interrupt()
      return true
    }
  })
  expect(await run(['login', '--all'], made.world)).toBe(130)
  expect(opened).toHaveLength(1)
})

test('what no sign-in helps is told with its own remedy, and counts as a person who is needed', async () => {
  const { core, opened, openBrowser } = makeSigningIn([
    red('byHand', { grantKind: 'staticToken' }),
    red('broken', { action: 'fixSettings' })
  ])
  const { exitCode, err } = await runIn(['login', '--all'], { core, openBrowser })
  expect([exitCode, opened]).toEqual([3, []])
  expect(err).toContain('byHand: Sign-in needed. Run tokentray set byHand --token-file FILE.')
  expect(err).toContain('broken: Sign-in needed. Run tokentray status broken')
})

test('--json tells who was tried, alone on stdout', async () => {
  const { core, openBrowser } = makeSigningIn([red('a'), red('b')], (id) => (id === 'a' ? 'signInFailed' : null))
  const { out, exitCode } = await runIn(['login', '--all', '--json'], { core, openBrowser })
  expect(exitCode).toBe(3)
  expect(JSON.parse(out)).toEqual({
    servers: [
      { id: 'a', ok: false, error: { code: 'signInFailed', message: 'It ended with signInFailed.' } },
      { id: 'b', ok: true, error: null }
    ]
  })
})

test.each([
  [['login'], 'Specify a server, or use --all'],
  [['login', 'a', '--all'], 'Use --all alone'],
  [['login', '--all', '--add-scope', 'x'], 'Use --all alone'],
  [['login', '--all', '--new-client'], 'Use --all alone']
])('%j is refused before anything is opened', async (words, sentence) => {
  const { exitCode, err, lock } = await runIn(words)
  expect([exitCode, lock.claims()]).toEqual([2, 0])
  expect(err).toContain(sentence)
})
