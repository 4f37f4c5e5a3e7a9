// The work for one read of a token and one event must not grow with the number of servers: counted, since times lie.
// And what the keeper starts by its plans is what a walk over all servers would start, whatever happens in between.
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { maxNapMs } from '../../app/base/clock.ts'
import { serverConfig } from '../../app/contract/serverConfig.ts'
import { isDue } from '../../app/health/questions.ts'
import type { KeeperOptions } from '../../app/keeper/keeper.ts'
import { readToken } from '../../app/keeper/readToken.ts'
import { Roster } from '../../app/keeper/roster.ts'
import type { TokenOutcome } from '../../app/oauth/port.ts'
import { openVault } from '../../app/vault/open.ts'
import { fakeClock } from '../fakes/clock.ts'
import { testKeeper } from '../fakes/keeper.ts'
import { fakeOAuth, grantAt, tokensAt } from '../fakes/oauth.ts'
import { times } from '../support/soak.ts'

const calls = vi.hoisted(() => ({ count: 0 }))
vi.mock('../../app/health/questions.ts', async (original) => {
  const real = await original<typeof import('../../app/health/questions.ts')>()
  const counted =
    <Given extends never[], Result>(work: (...given: Given) => Result) =>
    (...given: Given) => {
      calls.count++
      return work(...given)
    }
  return {
    ...real,
    plannedAt: counted(real.plannedAt),
    isDue: counted(real.isDue),
    isAnswered: counted(real.isAnswered)
  }
})

const minute = 60_000
const keychain = { get: async () => null, set: async () => {}, delete: async () => {} }
const configOf = (id: string) =>
  serverConfig.parse({ id, name: id, url: `https://${id}.test/mcp`, grantKind: 'authorizationCode' })

afterEach(() => {
  vi.restoreAllMocks()
})

async function setting(ids: string[], lifetime?: number, options: Partial<KeeperOptions> = {}) {
  const clock = fakeClock()
  const oauth = fakeOAuth(clock)
  const vault = await openVault({ path: ':memory:', clock, keychain })
  for (const id of ids) await vault.addServer(configOf(id), { grant: grantAt(clock.now(), 0, lifetime) })
  const keeper = testKeeper({ vault, oauth, clock, ...options })
  await keeper.start()
  await clock.settle()
  return { clock, oauth, vault, keeper }
}

test('a read of a token, an event, a refresh and a nap look at as many servers among 1,000 as among 10', async () => {
  const looks = async (servers: number) => {
    const ids = Array.from({ length: servers }, (_, n) => `s${n}`)
    const { clock, oauth, keeper } = await setting(ids)
    oauth.succeed()
    const walks = vi.spyOn(Roster.prototype, 'all')
    const views = vi.spyOn(Roster.prototype, 'views')
    const counts: number[] = []
    const count = async (work: () => unknown) => {
      calls.count = 0
      await work()
      await clock.settle()
      counts.push(calls.count)
    }
    await count(() => readToken(keeper, clock, 's3', minute))
    await count(() => keeper.dispatch('s4', { type: 'accepted' }))
    await count(() => keeper.setSignIn('s5', null))
    await count(() => readToken(keeper, clock, 's6', 60 * minute + 1))
    await count(() => keeper.record('s7', 'settingsChanged', 'Changed'))
    await count(() => clock.advance(maxNapMs))
    expect([walks.mock.calls.length, views.mock.calls.length]).toEqual([0, 0])
    vi.restoreAllMocks()
    await keeper.drain()
    return counts
  }
  expect(await looks(1000)).toEqual(await looks(10))
})

const failure: TokenOutcome = { ok: false, fault: 'busy', detail: 'HTTP 503', retryAfter: null }
const server = fc.nat(4)
const event = fc.oneof(
  fc.record({ kind: fc.constant('advance' as const), by: fc.integer({ min: 1, max: 50 * minute }) }),
  fc.record({ kind: fc.constant('jump' as const), by: fc.integer({ min: -9 * 60 * minute, max: 9 * 60 * minute }) }),
  fc.record({ kind: fc.constantFrom('add', 'remove', 'ask', 'asked', 'pause', 'resume', 'signIn', 'fail'), server }),
  fc.record({ kind: fc.constantFrom('poke', 'suspend') })
)

type Event = typeof event extends fc.Arbitrary<infer Of> ? Of : never
/** Found by the property once: due by a clock that went back, and never planned. */
const found: [Event[]][] = [
  [[{ kind: 'jump', by: -70_001 }, { kind: 'suspend' }, { kind: 'ask', server: 0 }]],
  [
    [
      { kind: 'jump', by: -100_001 },
      { kind: 'pause', server: 0 },
      { kind: 'advance', by: maxNapMs },
      { kind: 'resume', server: 0 }
    ]
  ]
]

test.each(['all', 'asked'] as const)(
  'scope %s: within a nap of any events, nothing that a walk over all servers finds due is left waiting',
  async (scope) => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 25 }), async (events) => {
        const { clock, oauth, vault, keeper } = await setting(['s0', 's1', 's2'], 20 * minute, { scope })
        oauth.succeed(20 * minute)
        const asked = new Set<string>()
        const everAsked = new Set<string>()
        const has = (id: string) => keeper.roster.has(id)
        for (const it of events) {
          if (it.kind === 'advance') await clock.advance(it.by)
          else if (it.kind === 'jump') clock.jump(it.by)
          else if (it.kind === 'poke') keeper.poke()
          else if (it.kind === 'suspend') keeper.suspend()
          else if ('server' in it) {
            const id = `s${it.server}`
            if (it.kind === 'add' && !has(id)) {
              await vault.addServer(configOf(id), { grant: grantAt(clock.now(), 0, 20 * minute) })
              await keeper.load(id)
            }
            if (it.kind === 'fail') oauth.answers.push(() => failure)
            if (!has(id)) continue
            if (it.kind === 'remove') {
              await vault.removeServer(id)
              keeper.forget(id)
              asked.delete(id)
            }
            if (it.kind === 'ask' || it.kind === 'asked') {
              keeper.ask(id)
              asked.add(id)
              everAsked.add(id)
            }
            if (it.kind === 'asked') keeper.dispatch(id, { type: 'asked' })
            if (it.kind === 'pause') keeper.dispatch(id, { type: 'paused' })
            if (it.kind === 'resume') keeper.dispatch(id, { type: 'resumed' })
            if (it.kind === 'signIn') {
              await vault.commitSignIn(id, { ...grantAt(clock.now()), ...tokensAt(clock.now(), 50, 20 * minute) })
              await keeper.signedIn(id)
            }
          }
          await clock.settle()
        }
        // The longest suspension, and a nap after it.
        await clock.advance(2 * maxNapMs)
        const due = keeper.roster
          .all()
          .filter(([id]) => scope === 'all' || asked.has(id))
          .filter(([, { health, schedule }]) => isDue(health, clock.now(), schedule))
          .map(([id]) => id)
        expect(due).toEqual([])
        if (scope === 'asked') expect(oauth.renewals.filter(({ server }) => !everAsked.has(server))).toEqual([])
        await keeper.drain()
      }),
      { numRuns: times(60, 3000), examples: found }
    )
  }
)

test('at each moment the servers that are started are those that a walk over all of them finds due', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 3, maxLength: 12 }),
      fc.array(fc.integer({ min: -100, max: 100 }), { maxLength: 10 }),
      async (lifetimes, jumps) => {
        const clock = fakeClock()
        const oauth = fakeOAuth(clock)
        const vault = await openVault({ path: ':memory:', clock, keychain })
        for (const [n, lifetime] of lifetimes.entries())
          await vault.addServer(configOf(`s${n}`), { grant: grantAt(clock.now(), 0, lifetime * minute) })
        const keeper = testKeeper({ vault, oauth, clock, concurrency: 100 })
        await keeper.start()
        for (const jump of [0, ...jumps]) {
          clock.jump(jump * minute)
          const wanted = keeper.roster
            .all()
            .filter(([, { flight, health, schedule }]) => !flight && isDue(health, clock.now(), schedule))
            .map(([id]) => id)
          const before = oauth.renewals.length
          keeper.tick()
          await clock.settle()
          const started = oauth.renewals.slice(before)
          // One within the floor since its last attempt is planned anew for the floor's end.
          const held = wanted.filter((id) => !started.some((renewal) => renewal.server === id))
          for (const id of held) expect(keeper.roster.view(id).nextAt).toBeGreaterThan(clock.now())
          expect(started.map(({ server }) => server).filter((id) => !wanted.includes(id))).toEqual([])
          for (const { answer } of started) answer({ ok: true, tokens: tokensAt(clock.now(), 1, 30 * minute) })
          await clock.settle()
        }
        await keeper.drain()
      }
    ),
    { numRuns: times(60, 3000) }
  )
})
