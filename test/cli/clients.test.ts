// `tokentray clients …`, `lock`, `unlock`: what they ask of the contract, what they print, how they refuse.
// The core is a double; what its commands do is tested in test/gateway/access.
import { expect, test } from 'vitest'
import type { ClientView, PendingClient } from '../../app/contract/clients.ts'
import { makeCore } from '../owner/fakeCore.ts'
import { runIn } from './world.ts'

// A quarter of an hour off every zone that is a whole number of hours from UTC.
process.env.TZ = 'Asia/Kathmandu'

const key: ClientView = {
  id: 'k1',
  kind: 'key',
  name: 'ci',
  redirectUris: [],
  servers: ['github', 'linear'],
  always: [],
  since: 0,
  expiresAt: Date.UTC(2027, 0, 1),
  lastUse: null
}
const pending = (change: Partial<PendingClient> = {}): PendingClient => ({
  request: 'r1',
  name: 'Claude Code',
  redirectUri: 'http://localhost:1234/callback',
  source: 'this computer',
  destination: 'a program on this computer',
  asks: ['github'],
  digits: '4821',
  at: 0,
  expiresAt: 1,
  ...change
})

function core(waiting: PendingClient[] = [pending()]) {
  const made = makeCore()
  const refused = [{ kind: 'foreignOrigin', times: 3, lastAt: 0, detail: 'https://evil.example' }]
  made.on('clients.list', () => ({ clients: [key], pending: waiting, locked: false, refused }))
  for (const name of ['clients.allow', 'clients.deny']) made.on(name, () => ({}))
  return made
}
const asked = (made: ReturnType<typeof core>, name: string) =>
  made.calls.filter((call) => call.name === name).map(({ input }) => input)

test('clients stand in aligned columns, whatever script their names are in, and cannot steer the terminal', async () => {
  const made = makeCore()
  const clients: ClientView[] = [
    { ...key, name: '東京\u001b[2J', public: true },
    { ...key, id: 'k22', kind: 'oauth', name: 'Claude Code', servers: [], always: ['github'], expiresAt: null },
    { ...key, id: 'k3', name: 'n'.repeat(60), lastUse: { at: Date.now() - 3_600_000, server: 'linear' } }
  ]
  made.on('clients.list', () => ({ clients, pending: [], locked: false, refused: [] }))
  const { out } = await runIn(['clients', 'list'], { core: made })
  expect(out.trimEnd().split('\n')).toEqual([
    'NAME         KIND    SERVERS         EXPIRES              LAST USED        ID   NOTES',
    '東京         key     github, linear  2027-01-01 05:45:00  never            k1   also at the public URL',
    'Claude Code  client  no server       -                    never            k22  stays signed in while used: github',
    `${'n'.repeat(60)}  key     github, linear  2027-01-01 05:45:00  1h ago (linear)  k3`
  ])
})

test('list shows who waits with digits and destination, and every client with its reach', async () => {
  const { out, err, exitCode } = await runIn(['clients', 'list'], { core: core() })
  expect(exitCode).toBe(0)
  expect(out).toContain(
    '4821 · Claude Code requests access to github · requested from this computer · returns to a program on this computer'
  )
  expect(out).toContain('ci    key   github, linear  2027-01-01 05:45:00  never      k1')
  expect(out).toMatch(/^rejected 3 × sent by another website’s page · last .* \(https:\/\/evil\.example\)$/m)
  expect(err).toContain('clients allow <digits>')
})

test('allow answers the request with these digits, once unless --always is said', async () => {
  const made = core([pending(), pending({ request: 'r2', digits: '1111' })])
  const { out } = await runIn(['clients', 'allow', '1111'], { core: made })
  expect(out).toBe('Claude Code may use github.\n')
  const always = await runIn(['clients', 'allow', '4821', '--always', '--servers', 'a, b'], { core: made })
  expect(always.out).toContain(' may use a, b, and stays signed in while it is used.\n')
  expect(asked(made, 'clients.allow')).toEqual([
    { request: 'r2', always: false },
    { request: 'r1', always: true, servers: ['a', 'b'] }
  ])
})

test('a name, digits nobody shows, and nothing at all are refused: anybody can use a name', async () => {
  const made = core()
  const { err, exitCode } = await runIn(['clients', 'allow', 'claude code'], { core: made })
  expect([exitCode, err]).toEqual([4, expect.stringContaining('by the digits on its page in your browser')])
  expect((await runIn(['clients', 'deny', '0000'], { core: made })).exitCode).toBe(4)
  expect((await runIn(['clients', 'allow'], { core: made })).exitCode).toBe(2)
  expect((await runIn(['clients', 'allow', '1111', '--next', 'x'], { core: made })).exitCode).toBe(2)
  expect(asked(made, 'clients.allow')).toEqual([])
})

test('deny and revoke say who', async () => {
  const made = core()
  made.on('clients.revoke', () => ({ name: 'ci' }))
  expect((await runIn(['clients', 'deny', '4821'], { core: made })).out).toBe('Access denied for Claude Code.\n')
  expect((await runIn(['clients', 'revoke', 'ci'], { core: made })).out).toBe('Access revoked for ci.\n')
  expect(asked(made, 'clients.deny')).toEqual([{ request: 'r1' }])
})

test('consent ahead needs its servers', async () => {
  const made = core()
  made.on('clients.allowNext', () => ({ expiresAt: 0 }))
  expect((await runIn(['clients', 'allow', '--next', 'Robot'], { core: made })).exitCode).toBe(2)
  expect(
    (await runIn(['clients', 'allow', '--next', 'Robot', '--servers', 'a', '--always'], { core: made })).exitCode
  ).toBe(2)
  const options = ['--servers', 'github', '--for', '1h', '--redirect-host', 'app.example']
  const { out } = await runIn(['clients', 'allow', '--next', 'Robot', ...options], { core: made })
  expect(out).toContain('registers as "Robot" is allowed once without asking')
  expect(asked(made, 'clients.allowNext')).toEqual([
    { name: 'Robot', servers: ['github'], redirectHost: 'app.example', validFor: 3_600_000 }
  ])
})

test('add-key prints the key alone on stdout, or the whole answer as JSON', async () => {
  const made = core()
  made.on('clients.addKey', () => ({ key: 'ttk_once', client: key }))
  const command = ['clients', 'add-key', 'ci', '--servers', 'github,linear', '--expires', '90d']
  const { out, err } = await runIn(command, { core: made })
  expect(out).toBe('ttk_once\n')
  expect(err).toContain('github, linear')
  expect(err).not.toContain('ttk_once')
  expect(JSON.parse((await runIn([...command, '--json'], { core: made })).out)).toEqual({
    key: 'ttk_once',
    client: key
  })
  expect(asked(made, 'clients.addKey')[0]).toEqual({
    name: 'ci',
    servers: ['github', 'linear'],
    validFor: 7_776_000_000
  })
  expect((await runIn(['clients', 'add-key', 'ci'], { core: made })).exitCode).toBe(2)
})

test('activity is told oldest first, and the lock says what it did', async () => {
  const made = core()
  const use = { client: 'k1', name: 'ci', kind: 'key', server: 'github', firstAt: 0, lastAt: 60_000, requests: 3 }
  made.on('clients.activity', () => ({ uses: [{ ...use, server: 'linear', requests: 1 }, use] }))
  made.on('gateway.lock', () => ({ locked: true }))
  made.on('gateway.unlock', () => ({ locked: false }))
  const { out } = await runIn(['clients', 'activity', 'ci'], { core: made })
  // Nepal's clocks went ahead by a quarter of an hour in 1986.
  expect(out.trimEnd().split('\n')).toEqual([
    'FROM                 TO                   CLIENT  SERVER  REQUESTS',
    '1970-01-01 05:30:00  1970-01-01 05:31:00  ci      github  3',
    '1970-01-01 05:30:00  1970-01-01 05:31:00  ci      linear  1'
  ])
  expect((await runIn(['lock'], { core: made })).out).toContain('until you run tokentray unlock')
  expect(JSON.parse((await runIn(['unlock', '--json'], { core: made })).out)).toEqual({ locked: false })
})
