// The whole promise with real processes: SDK clients that signed in to Tokentray call tools while tokens rotate under them,
// servers are started anew, and the owner is killed, also with a refresh on its way. Their local tokens are never replaced.
import { expect, test } from 'vitest'
import type { ServerView, Snapshot } from '../../app/contract/views.ts'
import { freePort } from '../support/freePort.ts'
import { isSoak } from '../support/soak.ts'
import { type Command, type Home, makeHome, makeUpstream, type Upstream, until } from './harness.ts'
import { type Client, type Kind, kinds, type SignedIn, signIn } from './sdkClients.ts'
import { type SdkServer, startSdkServer } from './sdkServer.ts'

const ok = { content: [{ type: 'text', text: 'ok' }] }
const call = (client: Client) => client.callTool({ name: 'add' })

type Scene = {
  upstream: Upstream
  server: SdkServer
  home: Home
  origin: string
  owner: Command
  /** Starts an owner again, on the port that was kept. */
  serve(): Promise<Command>
}
type Guest = Kind & SignedIn & { client: Client }

async function makeScene(schedule: object, authority: Parameters<typeof makeUpstream>[0]): Promise<Scene> {
  const upstream = await makeUpstream(authority)
  const server = await startSdkServer(upstream)
  const home = await makeHome({ settings: { schedule } })
  const start = async (...port: string[]) => {
    const owner = home.start(['serve', '--no-dashboard', ...port])
    return { owner, line: await owner.line(/gateway: +http/) }
  }
  const { owner, line } = await start('--gateway-port', `${await freePort()}`)
  expect((await home.tokentray(['add', server.url, '--id', 'one'])).code).toBe(0)
  return {
    ...{ upstream, server, home, owner, origin: /http:\/\/[\d.:]+/.exec(line)?.[0] ?? '' },
    serve: async () => (await start()).owner
  }
}

const stateOf = ({ servers }: Snapshot): ServerView['state'] | undefined => servers[0]?.state
const lastAt = ({ servers }: Snapshot) => (servers[0]?.lastEvent?.kind === 'refreshed' ? servers[0].lastEvent.at : 0)

/** The next refresh waits at the authorization server; `arrived` resolves when it is there. */
function holdRefresh(upstream: Upstream) {
  const { promise, resolve } = Promise.withResolvers<void>()
  const arrived = upstream.reached('faultMade', upstream.count('faultMade') + 1)
  upstream.authority.faults.next('slow', 1, { until: promise, match: { grantType: 'refresh_token' } })
  return { arrived, release: () => resolve() }
}

/** Kills the owner when the server has rotated its token and the answer is on the way to it. */
async function killInFlight({ upstream }: Scene, owner: Command): Promise<void> {
  const held = holdRefresh(upstream)
  await held.arrived
  // Stopped first, so that it certainly does not hear the answer.
  owner.kill('SIGSTOP')
  const rotated = upstream.reached('refreshed', upstream.count('refreshed') + 1)
  held.release()
  await rotated
  owner.kill('SIGKILL')
  await owner.ended
}

/** One client of each kind, each signed in by itself. */
async function signInAll({ home, origin }: Scene): Promise<Guest[]> {
  const guests: Guest[] = []
  for (const kind of kinds) {
    const signedIn = await signIn(kind, home, origin, 'one')
    guests.push({ ...kind, ...signedIn, client: await signedIn.open() })
  }
  return guests
}

const all = (guests: Guest[], work: (guest: Guest) => Promise<void>) => Promise.all(guests.map(work))
const works = ({ name, client }: Guest) => expect(call(client), name).resolves.toMatchObject(ok)
const isTold =
  (sentence: string | RegExp) =>
  ({ name, client }: Guest) =>
    expect(call(client), name).rejects.toThrow(sentence)

/** Calls until there were `times` more refreshes. */
async function callThrough({ upstream }: Scene, guests: Guest[], times: number): Promise<void> {
  const wanted = upstream.count('refreshed') + times
  while (upstream.count('refreshed') < wanted) await all(guests, works)
}

/** Each was given tokens once and sent to a browser once, when it signed in. */
function expectSignedInOnce(guests: Pick<Guest, 'count'>[]): void {
  expect(guests.map(({ count }) => count)).toEqual(guests.map(() => ({ saved: 1, redirected: 1 })))
}

test('clients of every kind keep their local tokens through rotations, a restarted upstream and an owner killed twice', async () => {
  // As most real servers do, this one takes a used refresh token once more for a while.
  const scene = await makeScene({ floor: 1000, backoffFirst: 1000 }, { accessTokenTtl: 5, reuseGrace: 60_000 })
  const { upstream, server, home } = scene
  const guests = await signInAll(scene)
  await callThrough(scene, guests, 2)

  await Promise.all([server.goDown(), upstream.authority.goDown()])
  await until(home, (snapshot) => stateOf(snapshot) === 'waiting')
  // Of the server while the token lives, of its authorization server after that.
  await all(guests, isTold(/(cannot|could not) be reached/))
  await Promise.all([server.comeBack(), upstream.authority.comeBack()])
  await until(home, (snapshot) => stateOf(snapshot) === 'fresh')
  // The server's own 404 for a session it does not know comes down as it is; the client begins a new one.
  for (const guest of guests.filter(({ hasSessions }) => hasSessions)) {
    await isTold(/No session/)(guest)
    guest.client = await guest.open()
  }
  await callThrough(scene, guests, 1)

  // Between two refreshes: nothing is on its way, so no token is spent twice.
  const before = lastAt(await until(home, (snapshot) => lastAt(snapshot) > 0))
  await until(home, (snapshot) => lastAt(snapshot) > before)
  scene.owner.kill('SIGKILL')
  await scene.owner.ended
  await all(guests, isTold(/./))
  const second = await scene.serve()
  await callThrough(scene, guests, 1)
  expect(upstream.count('reuseForgiven')).toBe(0)

  // With one on its way: what the dead owner noted makes the next one try the same token once more.
  await killInFlight(scene, second)
  await scene.serve()
  await callThrough(scene, guests, 2)
  expect([upstream.count('reuseForgiven'), upstream.count('reuseDetected')]).toEqual([1, 0])
  const { out: history } = await home.tokentray(['history', 'one', '--limit', '1000'])
  expect(history.match(/Tokentray stopped before the reply arrived/g)).toHaveLength(1)
  expectSignedInOnce(guests)
})

test('clients of every kind are told of a lock, and to sign in where a killed owner lost its last token; then they go on', async () => {
  const scene = await makeScene({ floor: 1000 }, { accessTokenTtl: 5 })
  const { upstream, home } = scene
  const guests = await signInAll(scene)
  const person = await home.client()
  await person.call('gateway.lock', {})
  await all(guests, isTold('Tokentray is locked'))
  await person.call('gateway.unlock', {})
  await all(guests, works)

  await killInFlight(scene, scene.owner)
  await scene.serve()
  const { servers } = await until(home, (snapshot) => stateOf(snapshot) === 'needsUser')
  expect(servers[0]).toMatchObject({ light: 'red', action: 'signIn', fault: 'refused' })
  expect(upstream.count('reuseDetected')).toBe(1)
  // A 503 and no 401: clients neither drop their tokens nor open a browser.
  await all(guests, isTold('Sign in to one: open Tokentray or run `tokentray login one`.'))
  expect((await home.tokentray(['login', 'one'])).code).toBe(0)
  await all(guests, works)
  expectSignedInOnce(guests)
})

const accessTokenTtl = 20
// Not of five seconds, as above: the token at hand must outlive what fifty requests take on a busy machine.
const paces: [string, { floor?: number; earliestFraction: number }, number][] = [
  ['3', { floor: 1000, earliestFraction: 3 / accessTokenTtl }, 3]
]
// As by default, where more of the time is waiting.
if (isSoak) paces.push(['10', { earliestFraction: 0.5 }, 2])
test.each(paces)(
  'fifty clients, of every kind, with 20-second tokens refreshed every %s seconds: no request fails, one refresh for each',
  async (_, schedule, rotations) => {
    const scene = await makeScene(schedule, { accessTokenTtl })
    const { upstream, server, home, owner } = scene
    const guests = await signInAll(scene)
    const opened = Array.from({ length: 50 }, (_, n) => guests[n % guests.length]!.open())
    const clients = await Promise.all(opened)
    const callAll = async () => {
      const answers = await Promise.all(clients.map(call))
      expect(answers.filter((answer) => (answer as typeof ok).content[0]?.text !== 'ok')).toEqual([])
    }
    const refused = server.unauthorized()
    for (let rotation = 1; rotation <= rotations; rotation++) {
      const held = holdRefresh(upstream)
      await Promise.all([callAll(), held.arrived])
      const done = upstream.reached('refreshed', upstream.count('refreshed') + 1)
      // While the next token is on its way, and the one at hand still lives.
      const meanwhile = callAll()
      held.release()
      await Promise.all([meanwhile, done])
      await callAll()
    }
    owner.kill('SIGTERM')
    await owner.ended
    const seen = new Set(upstream.authority.events.map(({ kind }) => kind))
    expect([...seen].sort()).toEqual(['faultMade', 'issued', 'refreshed', 'registered'])
    expect(server.unauthorized() - refused).toBe(0)
    expectSignedInOnce(guests)

    // Each is stored, and they lie as far apart as it is due: one for each time, however busy the machine.
    const { events } = JSON.parse((await home.tokentray(['history', 'one', '--json', '--limit', '1000'])).out)
    const ends: number[] = events.flatMap(({ expiresAt }: { expiresAt: number | null }) => expiresAt ?? []).reverse()
    expect(ends.length).toBe(upstream.count('refreshed') + 1)
    const apart = ends.slice(1).map((end, n) => end - (ends[n] ?? 0))
    expect(Math.min(...apart)).toBeGreaterThanOrEqual(accessTokenTtl * 1000 * schedule.earliestFraction - 1)
  }
)
