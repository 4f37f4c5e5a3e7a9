// The demo's three servers and their tempers.
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { type DemoUpstream, flakiness, startDemoUpstream } from '../../app/demo/upstream.ts'
import { refresh, signIn, type TokenReply } from './client.ts'

const resource = 'http://127.0.0.1:9/flaky'
const facts = { path: '/token', clientId: 'a', resource, grantType: 'refresh_token' }
let upstream: DemoUpstream | undefined
afterEach(() => upstream?.stop())

/** Real time plus what the test moved it by. */
function movableClock() {
  const system = systemClock()
  let ahead = 0
  return { clock: { ...system, now: () => system.now() + ahead }, move: (length: number) => (ahead += length) }
}

test('three servers, each with a resource of its own behind one authority', async () => {
  upstream = await startDemoUpstream({ clock: systemClock(), random: () => 0 })
  expect(upstream.servers.map(({ id, name }) => [id, name])).toEqual([
    ['steady', 'Steady'],
    ['flaky', 'Flaky'],
    ['ending', 'Ending']
  ])
  for (const { url, mcp } of upstream.servers) {
    const { tokens } = await signIn(upstream.authority.issuer, { resource: url })
    expect(tokens.expires_in).toBe(20)
    const headers = { authorization: `Bearer ${tokens.access_token}` }
    await fetch(url, { method: 'POST', headers, body: '{"id":1,"method":"ping"}' })
    expect(mcp.counts).toEqual({ accepted: 1, rejected: 0 })
  }
})

test('ending: its refresh token dies after a while, the steady one lives on', async () => {
  const { clock, move } = movableClock()
  upstream = await startDemoUpstream({ clock, random: () => 0.9, endsAfter: 60 })
  const { issuer } = upstream.authority
  const [steady, , ending] = await Promise.all(upstream.servers.map(({ url }) => signIn(issuer, { resource: url })))
  move(61_000)
  const dead = await refresh(issuer, ending?.clientId ?? '', ending?.tokens.refresh_token)
  expect(await dead.json()).toMatchObject({ error: 'invalid_grant' })
  expect((await refresh(issuer, steady?.clientId ?? '', steady?.tokens.refresh_token)).status).toBe(200)
})

test('flaky: a reply lost after rotation is forgiven', async () => {
  upstream = await startDemoUpstream({ clock: systemClock(), random: () => 0.9 })
  const { issuer, faults } = upstream.authority
  const url = upstream.servers[1]?.url ?? ''
  const { clientId, tokens } = await signIn(issuer, { resource: url })
  faults.decide(null)
  faults.next('cutAfter')
  await expect(refresh(issuer, clientId, tokens.refresh_token)).rejects.toThrow('fetch failed')
  await upstream.authority.seen(({ kind }) => kind === 'refreshed')
  const again = (await (await refresh(issuer, clientId, tokens.refresh_token)).json()) as TokenReply
  expect(again.refresh_token).toEqual(expect.any(String))
})

test('flaky: only its own refreshes fail, at most two in a row, in every way there is', () => {
  const always = flakiness(resource, () => 0.5)
  expect(always({ ...facts, resource: 'http://127.0.0.1:9/steady' })).toBeNull()
  expect(always({ ...facts, grantType: 'authorization_code' })).toBeNull()
  expect([1, 2, 3, 4].map(() => always(facts) !== null)).toEqual([true, true, false, true])

  const kinds = [0, 0.2, 0.4, 0.6, 0.8].map((whim) => {
    const dice = [0.5, whim]
    return flakiness(resource, () => dice.shift() ?? 0)(facts)?.kind
  })
  expect(kinds).toEqual(['503', '500', 'cutBefore', 'cutAfter', 'slow'])
})

test('flaky: lucky dice mean no faults', () => {
  expect(flakiness(resource, () => 0.49)(facts)).toBeNull()
})
