// What the keeper makes of what was seen of servers: views, history and metrics, and whom it blames where the network is gone.
// A real vault in memory, a clock of the test's own; no request is made.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createMetrics } from '../../app/base/metrics.ts'
import { serverConfig } from '../../app/contract/serverConfig.ts'
import type { Sighting } from '../../app/health/outage.ts'
import type { KeeperOptions } from '../../app/keeper/keeper.ts'
import { openVault } from '../../app/vault/open.ts'
import { fakeClock } from '../fakes/clock.ts'
import { testKeeper } from '../fakes/keeper.ts'
import { fakeOAuth, grantAt } from '../fakes/oauth.ts'

const minute = 60_000
const keychain = { get: async () => null, set: async () => {}, delete: async () => {} }
const refused: Sighting = { kind: 'unreachable', detail: 'ECONNREFUSED' }
const well: Sighting = { kind: 'well' }

afterEach(() => {
  vi.restoreAllMocks()
})

async function setting(urls: Record<string, string>, options: Partial<KeeperOptions> = {}) {
  const clock = fakeClock()
  const vault = await openVault({ path: ':memory:', clock, keychain })
  for (const [id, url] of Object.entries(urls))
    await vault.addServer(serverConfig.parse({ id, name: id, url, grantKind: 'authorizationCode' }), {
      grant: grantAt(clock.now(), 0, 24 * 60 * minute)
    })
  const changed: string[] = []
  const keeper = testKeeper({
    vault,
    oauth: fakeOAuth(clock),
    clock,
    onChange: (id) => void changed.push(id),
    ...options
  })
  await keeper.start()
  await clock.settle()
  changed.length = 0
  const saw = (id: string, sighting: Sighting) => keeper.sightings.note(id, sighting, clock.now())
  const lights = () => Object.keys(urls).map((id) => keeper.roster.view(id).light)
  const history = async (id: string) => {
    await keeper.roster.find(id)?.saving
    return (await vault.events(id, 100)).map(({ kind, detail }) => [kind, detail]).reverse()
  }
  return { clock, vault, keeper, changed, saw, lights, history }
}

const here = (...ids: string[]) => Object.fromEntries(ids.map((id) => [id, `http://127.0.0.1:1/${id}`]))
const away = (...ids: string[]) => Object.fromEntries(ids.map((id) => [id, `https://${id}.test/mcp`]))

test('an outage is amber with words for both facts, in view, history and metrics, until a good answer', async () => {
  const { keeper, saw, lights, history, clock } = await setting(here('one', 'two'))
  const print = () => createMetrics().print(keeper.roster.gauges())
  expect(await print()).not.toContain('tokentray_server_up{')
  const since = clock.now()
  saw('one', refused)
  expect(lights()).toEqual(['amber', 'green'])
  expect(keeper.roster.view('one')).toMatchObject({
    state: 'fresh',
    action: null,
    words: expect.stringMatching(/^Token valid · server unreachable since \d\d:\d\d$/),
    detail: expect.stringContaining('the connection was refused (ECONNREFUSED)'),
    outage: { kind: 'unreachable', since, detail: 'ECONNREFUSED' }
  })
  expect(await print()).toContain('tokentray_server_up{server="one"} 0')
  clock.jump(12 * minute)
  saw('one', well)
  expect(keeper.roster.view('one')).toMatchObject({ light: 'green', words: 'Healthy', detail: '' })
  expect(keeper.roster.view('one').outage).toBeUndefined()
  expect(await print()).toContain('tokentray_server_up{server="one"} 1')
  expect(await history('one')).toEqual([
    ['serverDown', 'The server could not be reached: the connection was refused (ECONNREFUSED).'],
    ['serverUp', 'The server works again after 12m']
  ])
  await keeper.drain()
})

test('only a change of the fact is told and written, however many requests there are', async () => {
  const { keeper, changed, saw, vault } = await setting(here('one'))
  const writes = [vi.spyOn(vault, 'appendEvent'), vi.spyOn(vault, 'saveHealth')]
  const walks = vi.spyOn(keeper.roster, 'all')
  for (let n = 0; n < 1000; n++) saw('one', well)
  expect(changed).toEqual([])
  for (let n = 0; n < 1000; n++) saw('one', refused)
  expect(new Set(changed)).toEqual(new Set(['one']))
  expect(changed.length).toBeLessThan(5)
  await keeper.roster.find('one')?.saving
  expect(writes.map((write) => write.mock.calls.length)).toEqual([1, 0])
  expect(walks).not.toHaveBeenCalled()
  await keeper.drain()
})

test('a server that comes and goes fills no history; one that stays away after that is told', async () => {
  const { keeper, saw, history, clock, lights } = await setting(here('one'))
  for (let n = 0; n < 50; n++) {
    saw('one', refused)
    clock.jump(1000)
    saw('one', well)
    clock.jump(1000)
  }
  expect(await history('one')).toHaveLength(4)
  saw('one', refused)
  expect(lights()).toEqual(['amber'])
  expect(await history('one')).toHaveLength(4)
  clock.jump(5 * minute)
  saw('one', refused)
  const kinds = (await history('one')).map(([kind]) => kind)
  expect(kinds).toEqual(['serverDown', 'serverUp', 'serverDown', 'serverUp', 'serverDown'])
  await keeper.drain()
})

test('paused or signed out, nobody waits for the server', async () => {
  const { keeper, saw, lights } = await setting(here('one', 'two'))
  saw('one', refused)
  saw('two', refused)
  keeper.dispatch('one', { type: 'paused' })
  keeper.signedOut('two')
  expect(lights()).toEqual(['grey', 'grey'])
  expect(keeper.roster.view('two').detail).toBe('')
  keeper.dispatch('one', { type: 'resumed' })
  expect(lights()).toEqual(['amber', 'grey'])
  await keeper.drain()
})

test('at another URL nothing was seen yet', async () => {
  const { keeper, saw, lights } = await setting(here('one'))
  saw('one', refused)
  await keeper.changeConfig('one', (old) => ({ config: { ...old, name: 'renamed' } }))
  expect(lights()).toEqual(['amber'])
  await keeper.changeConfig('one', (old) => ({ config: { ...old, url: 'http://127.0.0.1:2/one' } }))
  expect(lights()).toEqual(['green'])
  await keeper.drain()
})

test('a removed server leaves nothing behind for the next of its name', async () => {
  const { keeper, saw, vault, lights } = await setting(here('one'))
  saw('one', refused)
  await vault.removeServer('one')
  keeper.forget('one')
  saw('one', refused)
  const config = serverConfig.parse({
    id: 'one',
    name: 'one',
    url: 'http://127.0.0.1:2/',
    grantKind: 'authorizationCode'
  })
  await vault.addServer(config, { grant: grantAt(0, 0, 1e15) })
  await keeper.load('one')
  expect(lights()).toEqual(['green'])
  await keeper.drain()
})

describe('where the network here is gone, no server is blamed', () => {
  const timeout: Sighting = { kind: 'unreachable', detail: 'ENOTFOUND' }

  test('one host that cannot be reached is blamed; a second one shows that it is the network', async () => {
    const { keeper, saw, lights, history } = await setting(away('one', 'two', 'three'))
    saw('one', timeout)
    expect(lights()).toEqual(['amber', 'green', 'green'])
    saw('two', timeout)
    saw('three', timeout)
    saw('one', timeout)
    expect(lights()).toEqual(['green', 'green', 'green'])
    expect((await history('one')).at(-1)).toEqual(['serverUp', 'This computer seems to be offline'])
    // Somebody answers: the network is back, and whoever cannot be reached now is blamed.
    saw('three', well)
    saw('one', timeout)
    saw('two', timeout)
    expect(lights()).toEqual(['amber', 'amber', 'green'])
    await keeper.drain()
  })

  test('several servers of one host are one host', async () => {
    const { keeper, saw, lights } = await setting({ one: 'https://host.test/a', two: 'https://host.test/b' })
    saw('one', timeout)
    saw('two', timeout)
    expect(lights()).toEqual(['amber', 'amber'])
    await keeper.drain()
  })

  test.each(['ENETUNREACH', 'ENETDOWN', 'EAI_AGAIN'])('%s speaks of this computer', async (detail) => {
    const { keeper, saw, lights } = await setting(away('one'))
    saw('one', { kind: 'unreachable', detail })
    expect(lights()).toEqual(['green'])
    await keeper.drain()
  })

  test('without any network only servers of this computer are blamed', async () => {
    const { keeper, saw, lights } = await setting({ ...away('one'), ...here('two') }, { isOffline: () => true })
    saw('one', timeout)
    saw('two', refused)
    expect(lights()).toEqual(['green', 'amber'])
    await keeper.drain()
  })
})

test('a recent outage is shown after a restart too, until a good answer, and an old one is not', async () => {
  const { vault, clock, saw, keeper } = await setting(here('one', 'two'))
  saw('one', refused)
  saw('two', refused)
  saw('two', well)
  await keeper.drain()
  const restart = async () => {
    const next = testKeeper({ vault, oauth: fakeOAuth(clock), clock })
    await next.start()
    return next
  }
  const next = await restart()
  expect(['one', 'two'].map((id) => next.roster.view(id).light)).toEqual(['amber', 'green'])
  expect(next.roster.view('one').outage).toMatchObject({ kind: 'unreachable', detail: 'ECONNREFUSED' })
  await next.drain()
  await clock.advance(60 * minute)
  const late = await restart()
  expect(late.roster.view('one').light).toBe('green')
  await late.drain()
  clock.jump(-59 * minute)
  const last = await restart()
  last.sightings.note('one', well, clock.now())
  expect(last.roster.view('one')).toMatchObject({ light: 'green', lastEvent: { kind: 'serverUp' } })
  await last.drain()
})
