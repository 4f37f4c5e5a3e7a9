// Tokens that rotate under fifty clients: none of them notices, and each rotation is one refresh.
// Also what clients meet while the authorization server is away, and while a server is paused.
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { type Gateway, startGateway } from '../../app/gateway/gateway.ts'
import { createSetting, type Setting } from '../core.fixture.ts'
import { forwardClock } from '../fakes/forwardClock.ts'
import { ask } from './gateway.fixture.ts'

let s: Setting
let gateway: Gateway
afterEach(async () => {
  await gateway.close()
  await s.stop()
})
const list = { method: 'POST', body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' }

test('fifty clients over three rotations of a token', async () => {
  const clock = forwardClock()
  s = await createSetting({ clock })
  await s.signIn()
  gateway = await startGateway({ ...s.core.gateway, clock, port: 0, publicUrl: null })
  const { key } = await s.call('clients.addKey', { name: 'test', servers: ['one'] })
  const refreshes = () => s.authority.events.filter(({ kind }) => kind === 'refreshed').length
  const rejected = s.mcp.counts.rejected
  const answers = new Map<string, number>()
  const answered = Array.from({ length: 50 }, () => 0)
  async function client(n: number): Promise<void> {
    while (refreshes() < 3) {
      const { status, text } = await ask({ gateway }, '/one', { ...list, key })
      const said = status === 200 ? '200' : `${status} ${text}`
      answers.set(said, (answers.get(said) ?? 0) + 1)
      answered[n]! += 1
    }
  }
  const clients = Promise.all(answered.map((_, n) => client(n)))
  for (let rotation = 1; rotation <= 3; rotation++) {
    // Each has asked anew with the token of the last rotation: none is an hour late with the one before.
    const before = [...answered]
    await expect.poll(() => answered.every((count, n) => count >= before[n]! + 2)).toBe(true)
    const { obtainedAt, nextAt } = s.view()
    clock.forward(nextAt! - clock.now())
    await s.until((view) => view.obtainedAt! > obtainedAt! && view.state === 'fresh')
  }
  await clients
  expect([...answers.keys()]).toEqual(['200'])
  // Nobody asked for a second refresh, and no token went up that ended on the way: it is renewed with time to spare.
  expect(refreshes()).toBe(3)
  expect(s.authority.events.filter(({ kind }) => kind === 'reuseDetected' || kind === 'reuseForgiven')).toEqual([])
  expect(s.mcp.counts.rejected - rejected).toBe(0)
  expect(s.view()).toMatchObject({ light: 'green', action: null })
})

test('while the authorization server is down the token that lives is used, and after it a 503 says when to come back', async () => {
  const clock = forwardClock()
  s = await createSetting({ clock })
  await s.signIn()
  gateway = await startGateway({ ...s.core.gateway, clock, port: 0, publicUrl: null })
  const { key } = await s.call('clients.addKey', { name: 'test', servers: ['one'] })
  await s.authority.goDown()
  // validate() is the authority's own and needs no listener.
  expect((await ask({ gateway }, '/one', { ...list, key })).status).toBe(200)
  clock.forward(s.view().expiresAt! - clock.now())
  await s.until(({ state, expiresAt }) => state === 'waiting' && expiresAt! <= clock.now())
  const reply = await ask({ gateway }, '/one', { ...list, key })
  expect([reply.status, JSON.parse(reply.text).error.data.code]).toEqual([503, 'serverUnreachable'])
  expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
  await s.authority.comeBack()
  await s.call('poke', {})
  await s.until(({ state, expiresAt }) => state === 'fresh' && expiresAt! > clock.now())
  expect((await ask({ gateway }, '/one', { ...list, key })).status).toBe(200)
})

test('a paused server says so, and is not refreshed behind the person’s back', async () => {
  s = await createSetting({ authority: { accessTokenTtl: 3600 } })
  await s.signIn()
  gateway = await startGateway({ ...s.core.gateway, clock: systemClock(), port: 0, publicUrl: null })
  const { key } = await s.call('clients.addKey', { name: 'test', servers: ['one'] })
  await s.call('server.pause', { server: 'one' })
  expect((await ask({ gateway }, '/one', { ...list, key })).status).toBe(200)
  s.authority.revokeAll()
  const reply = await ask({ gateway }, '/one', { ...list, key })
  expect([reply.status, JSON.parse(reply.text).error.message]).toEqual([503, expect.stringContaining('paused')])
})

test('a token tells of another sign-in, which may be another account, and not of a refresh', async () => {
  const clock = forwardClock()
  s = await createSetting({ clock })
  await s.signIn()
  gateway = await startGateway({ ...s.core.gateway, clock, port: 0, publicUrl: null })
  const { upstreams } = s.core.gateway.parts()
  const token = () => upstreams.token('one', new AbortController().signal)
  const first = await token()
  await s.call('server.refresh', { server: 'one' })
  const refreshed = await token()
  expect([refreshed.generation > first.generation, refreshed.signInNumber]).toEqual([true, first.signInNumber])
  await s.signInAgain()
  expect((await token()).signInNumber).not.toBe(first.signInNumber)
})
