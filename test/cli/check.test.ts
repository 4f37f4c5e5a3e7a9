// `check`: one line and one exit code for scripts, from what the owner knows and, if asked to, what the servers say.
// The rules themselves are tested in test/health/outlook.test.ts.
import { expect, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import type { ServerView } from '../../app/contract/views.ts'
import { type FakeCore, makeCore, makeView } from '../owner/fakeCore.ts'
import { fail, runIn } from './world.ts'

process.env.TZ = 'Asia/Kathmandu'

const hour = 3_600_000
const well = makeView('well')
const lone = makeView('lone', { renewable: false, expiresAt: Date.now() + hour })
const red = makeView('red', { action: 'signIn', state: 'needsUser', light: 'red', words: 'Not signed in' })
const failing = makeView('failing', { state: 'waiting', words: 'Retrying', expiresAt: Date.now() - hour })
const paused = makeView('paused', { paused: true, words: 'Paused' })

const ids = (core: FakeCore, name: string) =>
  core.calls.filter((call) => call.name === name).map(({ input }) => (input as { server: string }).server)

test.each<[string[], ServerView[], number]>([
  [[], [], 0],
  [[], [well], 0],
  [[], [well, lone], 0],
  [['--for', '30m'], [well, lone], 0],
  [['--for', '8h'], [well, lone], 3],
  [['well', '--for', '8h'], [well, lone], 0],
  [['LONE', '--for', '8h'], [well, lone], 3],
  [[], [well, red], 3],
  [[], [paused], 3],
  [[], [failing], 6],
  [[], [failing, red], 3],
  [['nobody'], [well], 4],
  [['--for', 'soon'], [well], 2]
])('check %j of %#', async (words, servers, code) => {
  expect((await runIn(['check', ...words], { core: makeCore(servers) })).exitCode).toBe(code)
})

test('one line per server, with when it ends here and what to run', async () => {
  const core = makeCore([well, lone, red, paused])
  const { out, err } = await runIn(['check', '--for', '1d'], { core })
  // Those that need a person come first, as in every list.
  const [third, first, second, fourth, rest] = out.split('\n')
  expect(first).toMatch(
    /^PROBLEM {2}lone: Sign in again before \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(in [^)]+\): the token expires, and there is no refresh token\. Run tokentray login lone\.$/
  )
  expect(second).toBe('PROBLEM  paused: Paused. Run tokentray resume paused.')
  expect(third).toBe('PROBLEM  red: Not signed in. Run tokentray login red.')
  expect(fourth).toBe('ok       well: Signed in, no known end.')
  expect(rest).toBe('')
  expect(err).toContain('Tokentray is not running')
  expect(ids(core, 'server.verify')).toEqual([])
})

test('where the last sign-in failed, the line says why', async () => {
  const detail = 'i.example rejected the sign-in (access_denied). Start again.'
  const lastEvent = { at: 0, kind: 'signInFailed', fault: null, detail, expiresAt: null } as const
  const { out } = await runIn(['check'], { core: makeCore([{ ...red, lastEvent }]) })
  expect(out).toBe(`PROBLEM  red: Not signed in. The last sign-in failed: ${detail} Run tokentray login red.\n`)
})

test('--json has every server with its trouble and the end that is known, in milliseconds', async () => {
  const { out, err, exitCode } = await runIn(['check', '--for', '8h', '--json'], { core: makeCore([well, lone]) })
  expect(exitCode).toBe(3)
  expect(err).toBe('')
  expect(out).toContain(`before ${new Date(lone.expiresAt!).toISOString()}: `)
  expect(JSON.parse(out)).toEqual({
    ok: false,
    servers: [
      { id: 'lone', ok: false, trouble: 'tokenEnds', endsAt: lone.expiresAt, words: expect.any(String) },
      { id: 'well', ok: true, trouble: null, endsAt: null, words: expect.any(String) }
    ]
  })
})

test('the refresh token’s own end counts until a refresh since the newest sign-in has moved it', async () => {
  const core = makeCore([makeView('a', { refreshExpiresAt: Date.now() + hour, refreshExtends: true })])
  const { owner, ...rest } = core.snapshot()
  core.on('snapshot', () => ({ ...rest, owner: { ...owner, kind: 'lasting' } }))
  let kinds = ['verified', 'signedIn', 'refreshed']
  core.on('server.history', () => ({ events: kinds.map((kind) => ({ kind })) }))
  expect((await runIn(['check', '--for', '8h'], { core })).exitCode).toBe(3)
  kinds = ['verified', 'refreshed', 'signedIn']
  expect((await runIn(['check', '--for', '8h'], { core })).exitCode).toBe(0)
  expect((await runIn(['check'], { core })).exitCode).toBe(0)
  expect(ids(core, 'server.history')).toHaveLength(2)
})

test('--servers asks each server that is not in trouble already, and no pass-through server', async () => {
  const open = makeView('open', { mode: 'passThrough', obtainedAt: null })
  const core = makeCore([well, red, open, makeView('down'), makeView('refused'), makeView('gone')])
  core.on('server.verify', ({ server }: { server: string }) => {
    if (server === 'gone') fail('serverUnreachable', 'The server could not be reached.')()
    const verdict = { well: 'accepted', down: 'unknown', refused: 'rejected' }[server]
    return { view: makeView(server), verdict, sentence: `It said ${verdict}.` }
  })
  const { out, exitCode } = await runIn(['check', '--servers'], { core })
  const asked = core.calls.filter(({ name }) => name === 'server.verify')
  expect(asked.every(({ input }) => (input as { routine?: boolean }).routine)).toBe(true)
  expect(ids(core, 'server.verify').toSorted()).toEqual(['down', 'gone', 'refused', 'well'])
  expect(out.split('\n').map((line) => line.split(':')[0])).toEqual([
    'PROBLEM  red',
    'PROBLEM  down',
    'PROBLEM  gone',
    'ok       open',
    'PROBLEM  refused',
    'ok       well',
    ''
  ])
  expect(out).toContain('down: It said unknown.\n')
  expect(out).toContain('ok       well: Signed in, no known end; the server answered.\n')
  expect(exitCode).toBe(3)
  for (const [server, code] of Object.entries({ well: 0, open: 0, down: 6, gone: 6, refused: 3 }))
    expect((await runIn(['check', server, '--servers'], { core })).exitCode).toBe(code)
})

test('--servers names the scopes that the server asks for', async () => {
  const core = makeCore([well])
  const missingScope = 'admin files:write'
  core.on('server.verify', () => ({ view: well, verdict: 'rejected', sentence: 'It lacks permission.', missingScope }))
  const { out, exitCode } = await runIn(['check', '--servers'], { core })
  expect(out).toContain("Run tokentray login well --add-scope 'admin files:write'.")
  expect(exitCode).toBe(3)
})

test('--servers: an outage that began while the server was asked is not in the future', async () => {
  const core = makeCore([well])
  let lateMs = 0
  const started = Date.now()
  const clock = { ...systemClock(), now: () => started + lateMs }
  core.on('server.verify', async () => {
    lateMs = 1500
    const outage = { kind: 'failing' as const, since: clock.now(), detail: 'HTTP 500' }
    return { view: makeView('well', { outage }), verdict: 'unknown', sentence: '' }
  })
  const { out } = await runIn(['check', '--servers'], { core, clock })
  expect(out).toContain('(now)')
})

test('a vault that is locked is exit 5 and no server’s fault', async () => {
  const core = makeCore([])
  const { vault, ...rest } = core.snapshot()
  const locked = { ...vault, state: 'locked', errorCode: 'passphraseNeeded', message: 'The vault is locked.' }
  core.on('snapshot', () => ({ ...rest, vault: locked }))
  const { exitCode, out, err } = await runIn(['check'], { core })
  expect([exitCode, out, err]).toEqual([5, '', 'tokentray: The vault is locked.\n'])
})

test('status exits with 0 whatever it shows', async () => {
  for (const words of [['status'], ['status', 'red']])
    expect((await runIn(words, { core: makeCore([red, failing]) })).exitCode).toBe(0)
})
