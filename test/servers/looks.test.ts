// Looks at servers that are on a screen: whom they ask, how often, and that nothing but the light follows from an answer.
// A keeper over a vault in memory and a clock of the test's own; one test goes to a real server.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../app/base/log.ts'
import { serverConfig } from '../../app/contract/serverConfig.ts'
import type { ServerView } from '../../app/contract/views.ts'
import { decideNotices } from '../../app/health/notices.ts'
import type { Verification } from '../../app/oauth/verifyToken.ts'
import { Looks } from '../../app/servers/looks.ts'
import { openVault } from '../../app/vault/open.ts'
import { createSetting } from '../core.fixture.ts'
import { fakeClock } from '../fakes/clock.ts'
import { testKeeper } from '../fakes/keeper.ts'
import { fakeOAuth, grantAt } from '../fakes/oauth.ts'
import { snapshotOf } from '../main/views.ts'

const minute = 60_000
const keychain = { get: async () => null, set: async () => {}, delete: async () => {} }
const taken: Verification = { verdict: 'accepted', sentence: 'Taken.', seen: { kind: 'well' } }
const rejected: Verification = {
  verdict: 'rejected',
  sentence: 'Rejected.',
  seen: { kind: 'rejecting', detail: 'HTTP 401' }
}
const gone: Verification = {
  verdict: 'unknown',
  sentence: 'Gone.',
  seen: { kind: 'unreachable', detail: 'ECONNREFUSED' }
}

async function setting(ids: string[], lifetime = 24 * 60 * minute) {
  const clock = fakeClock()
  const oauth = fakeOAuth(clock)
  const vault = await openVault({ path: ':memory:', clock, keychain })
  for (const id of ids)
    await vault.addServer(
      serverConfig.parse({ id, name: id, url: `http://127.0.0.1:1/${id}`, grantKind: 'authorizationCode' }),
      { grant: grantAt(clock.now(), 0, lifetime) }
    )
  const keeper = testKeeper({ vault, oauth, clock })
  await keeper.start()
  await clock.settle()
  const asked: string[] = []
  const answers: Verification[] = []
  let most = 0
  let under = 0
  oauth.verify = async (config) => {
    asked.push(config.id)
    most = Math.max(most, ++under)
    await Promise.resolve()
    under--
    return answers.shift() ?? taken
  }
  const state = { isLocked: false }
  const looks = new Looks({
    ...{ keeper, vault, oauth, clock, log: silentLog },
    random: () => 0.5,
    isLocked: () => state.isLocked
  })
  onTestFinished(async () => {
    await looks.close()
    await keeper.drain()
  })
  const show = async (...shown: string[]) => {
    looks.shown(shown)
    await clock.advance(10_000)
  }
  return { clock, oauth, vault, keeper, looks, asked, answers, state, show, atOnce: () => most }
}

test('a server in sight is asked once in five minutes, however often it is shown', async () => {
  const { show, asked, clock, looks } = await setting(['one', 'two'])
  looks.shown(['one', 'one'])
  await show('one')
  expect(asked).toEqual(['one'])
  for (let n = 0; n < 4; n++) {
    await clock.advance(minute)
    await show('one')
  }
  expect(asked).toEqual(['one'])
  await clock.advance(minute)
  await show('one')
  expect(asked).toEqual(['one', 'one'])
})

test('one that a client used within five minutes is not asked', async () => {
  const { show, asked, keeper, clock } = await setting(['one'])
  keeper.sightings.note('one', { kind: 'well' }, clock.now())
  await show('one')
  expect(asked).toEqual([])
  await clock.advance(5 * minute)
  await show('one')
  expect(asked).toEqual(['one'])
})

test('its answer is the light, and nothing else: no refresh, no person, no notification', async () => {
  const { show, answers, keeper, clock, oauth } = await setting(['one'])
  const light = () => keeper.roster.view('one')
  answers.push(gone)
  await show('one')
  expect(light()).toMatchObject({ light: 'amber', words: expect.stringContaining('server unreachable') })
  await clock.advance(5 * minute)
  await show('one')
  expect(light()).toMatchObject({ light: 'green', words: 'Healthy' })
  answers.push(rejected)
  await clock.advance(5 * minute)
  await show('one')
  const view = light()
  expect(view).toMatchObject({
    light: 'amber',
    state: 'fresh',
    action: null,
    words: expect.stringMatching(/^Token valid · server rejects it since/)
  })
  expect(oauth.renewals).toEqual([])
  const wanted = { notifications: true, muted: [] }
  expect(decideNotices([], snapshotOf(view as ServerView), clock.now(), wanted, 0).show).toEqual([])
  // A newer token proves nothing until the server took it.
  oauth.succeed()
  keeper.dispatch('one', { type: 'asked' })
  await clock.advance(1000)
  expect(light()).toMatchObject({ light: 'amber', words: expect.stringContaining('server rejects it') })
  await clock.advance(5 * minute)
  await show('one')
  expect(light()).toMatchObject({ light: 'green', words: 'Healthy' })
})

test('an answer counts also where the vault cannot take the name that came with it', async () => {
  const { show, answers, keeper, vault } = await setting(['one'])
  vault.updateServer = async () => Promise.reject(new Error('the disk is full'))
  keeper.sightings.note('one', { kind: 'unreachable', detail: 'ECONNREFUSED' }, 0, true)
  answers.push({ ...taken, info: { name: 'Its own name' } as never })
  await show('one')
  expect(keeper.roster.view('one')).toMatchObject({ light: 'green', words: 'Healthy' })
})

test('what a server asks of a look is not noted: scopes are for a request that a client made', async () => {
  const { show, answers, keeper } = await setting(['one'])
  answers.push({ verdict: 'scopeNeeded', scopes: 'admin', sentence: 'More.', seen: { kind: 'reached' } })
  await show('one')
  expect(keeper.roster.view('one')).toMatchObject({ light: 'green', action: null })
  expect(keeper.roster.config('one').addedScope).toBeUndefined()
})

test('nobody is asked without a valid token, while paused, locked, asleep, passed through or unknown', async () => {
  const { show, asked, keeper, state, clock, oauth } = await setting(['one', 'off', 'out', 'through'], 60 * minute)
  keeper.dispatch('off', { type: 'paused' })
  keeper.signedOut('out')
  await keeper.changeConfig('through', (old) => ({ config: { ...old, mode: 'passThrough' } }))
  await show('off', 'out', 'through', 'nobody')
  state.isLocked = true
  await show('one')
  state.isLocked = false
  keeper.suspend()
  await show('one')
  keeper.poke()
  expect(asked).toEqual([])
  await show('one')
  expect(asked).toEqual(['one'])
  // The authorization server cannot be reached, and the token ends.
  oauth.renew = async () => ({ ok: false, fault: 'offline', detail: 'ECONNREFUSED', retryAfter: null })
  await clock.advance(61 * minute)
  await show('one')
  expect(asked).toEqual(['one'])
})

test('what changes between sight and question counts', async () => {
  const { looks, asked, keeper, clock } = await setting(['one', 'two'])
  looks.shown(['one', 'two'])
  keeper.dispatch('one', { type: 'paused' })
  keeper.forget('two')
  await clock.advance(10_000)
  expect(asked).toEqual([])
})

test('a screen full of servers is asked a few at a time', async () => {
  const ids = Array.from({ length: 40 }, (_, n) => `s${n}`)
  const { looks, asked, clock, atOnce } = await setting(ids)
  looks.shown(ids)
  await clock.advance(1000)
  expect(asked.length).toBeLessThanOrEqual(4)
  await clock.advance(60_000)
  expect(asked.toSorted()).toEqual(ids.toSorted())
  expect(atOnce()).toBeLessThanOrEqual(4)
})

test('once it is closed it asks nobody, and waits for nobody', async () => {
  const { looks, asked, clock } = await setting(['one', 'two'])
  looks.shown(['one'])
  await looks.close()
  looks.shown(['two'])
  await clock.advance(10_000)
  expect(asked).toEqual([])
})

test('a page tells what is in sight: the server gets one initialize with the token and the end of its session', async () => {
  const seen: string[] = []
  const ended = Promise.withResolvers<void>()
  const server = createServer(async (request, reply) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const what = body ? JSON.parse(body).method : request.headers['mcp-session-id']
    seen.push(`${request.method} ${what} ${request.headers.authorization}`)
    reply.writeHead(200, { 'mcp-session-id': 's-1' }).end('{"jsonrpc":"2.0","id":1,"result":{}}')
    if (request.method === 'DELETE') ended.resolve()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const s = await createSetting({ core: { random: () => 0 } })
  onTestFinished(s.stop)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  await s.call('server.add', { url, id: 'one', accessToken: 'given' })
  const show = (door: 'window' | 'browser' | 'cli') => s.core.handle(door, 'servers.shown', { servers: ['one'] })
  expect(await show('cli')).toMatchObject({ ok: false, code: 'notAllowedHere' })
  const isWell = s.until(({ light, acceptedAt }) => light === 'green' && acceptedAt !== null)
  expect(await show('browser')).toEqual({ ok: true, value: {} })
  expect(await show('window')).toEqual({ ok: true, value: {} })
  await ended.promise
  expect(await isWell).toMatchObject({ words: 'Healthy' })
  expect(seen).toEqual(['POST initialize Bearer given', 'DELETE s-1 Bearer given'])
})
