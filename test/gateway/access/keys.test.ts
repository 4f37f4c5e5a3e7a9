// Keys, activity, streams and the lock: what a person gives without a sign-in, sees, and takes away at once.
// All through the contract's commands.
import { expect, test } from 'vitest'
import { TokentrayError } from '../../../app/contract/errors.ts'
import type { Caller } from '../../../app/gateway/port.ts'
import { fakeClock } from '../../fakes/clock.ts'
import { allow, browse, decide, type Gateway, startGateway, wait } from './access.fixture.ts'
import { bearer, redirectUri, TestClient } from './client.ts'

const minute = 60_000
const day = 24 * 3_600_000
const header = (key: string) => ({ 'x-tokentray-key': key })

/** A stream as the forwarder holds one, and whether it was cut. */
async function stream(gateway: Gateway, server: string, headers: Record<string, string>) {
  const admitted = await gateway.access.admission.admit(headers, server, false)
  if (!admitted.ok) throw new Error(admitted.description)
  const state = { isCut: false, caller: admitted.caller, stop: () => {} }
  state.stop = gateway.access.admission.onRevoked(admitted.caller, server, () => {
    state.isCut = true
  })
  return state
}

test('a key works as Bearer and as X-Tokentray-Key, for its servers, until its end, also after a restart', async () => {
  const clock = fakeClock()
  const gateway = await startGateway(clock)
  const { key, client } = await gateway.call('clients.addKey', { name: 'ci', servers: ['notes'], validFor: 90 * day })
  expect(client).toMatchObject({
    kind: 'key',
    name: 'ci',
    servers: ['notes'],
    expiresAt: clock.now() + 90 * day,
    lastUse: null
  })
  await gateway.restart()
  for (const headers of [header(key), bearer(key)]) {
    expect(await gateway.use('notes', headers)).toMatchObject({ status: 200, caller: { name: 'ci', kind: 'key' } })
    // Signing in would not help here, so no client is sent to do it.
    expect((await gateway.use('other', headers)).status).toBe(403)
  }
  expect((await gateway.use('notes', header('ttk_guess'))).status).toBe(401)
  expect((await gateway.use('notes', header('a key, with spaces'))).status).toBe(400)
  await clock.advance(90 * day)
  expect((await gateway.use('notes', header(key))).status).toBe(401)
})

test('a key without a chosen end lives on while it is used, and for 90 days after', async () => {
  const clock = fakeClock()
  const gateway = await startGateway(clock)
  const { key, client } = await gateway.call('clients.addKey', { name: 'ci', servers: ['notes'] })
  expect(client.expiresAt).toBe(clock.now() + 90 * day)
  const open = await stream(gateway, 'notes', header(key))
  for (let quarter = 0; quarter < 3; quarter++) {
    // As if the computer had slept: time that runs would sweep the vault thousands of times.
    clock.jump(80 * day)
    gateway.access.admission.noteUse(open.caller, 'notes')
    await clock.advance(11 * minute)
  }
  expect([(await gateway.use('notes', header(key))).status, open.isCut]).toEqual([200, false])
  clock.jump(90 * day)
  expect((await gateway.use('notes', header(key))).status).toBe(401)
  await clock.advance(11 * minute)
  expect([open.isCut, (await gateway.call('clients.list', {})).clients]).toEqual([true, []])
})

test('a key works on this computer only, unless it was made for the public URL', async () => {
  const gateway = await startGateway()
  const { admission } = gateway.access
  const own = await gateway.call('clients.addKey', { name: 'own', servers: ['notes'] })
  const remote = await gateway.call('clients.addKey', { name: 'remote', servers: ['notes'], public: true })
  expect([own.client.public, remote.client.public]).toEqual([undefined, true])
  const afar = [{ host: 'gate.example' }, { host: '127.0.0.1:4140', 'x-forwarded-for': '203.0.113.7' }]
  for (const headers of afar) {
    expect(await admission.admit({ ...headers, ...header(own.key) }, 'notes', false)).toMatchObject({
      status: 403,
      description: expect.stringContaining('"own" works on the computer that runs Tokentray only')
    })
    expect(await admission.admit({ ...headers, ...bearer(remote.key) }, 'notes', false)).toMatchObject({ ok: true })
  }
  for (const host of ['127.0.0.1:4140', 'localhost:14140', '[::1]:4140'])
    expect(await admission.admit({ host, ...header(own.key) }, 'notes', false)).toMatchObject({ ok: true })
  const metrics = await gateway.call('clients.addKey', { name: 'prometheus', metrics: true })
  const reads = (headers: object) => gateway.access.admitsToMetrics({ ...headers, ...bearer(metrics.key) })
  expect([await reads({ host: 'localhost:4140' }), await reads(afar[0]!)]).toEqual([true, false])
})

test('a key that is rotated stays good for as long as its programs need to read the new one', async () => {
  const clock = fakeClock()
  const gateway = await startGateway(clock)
  const { key, client } = await gateway.call('clients.addKey', { name: 'ci', servers: ['notes'] })
  const open = await stream(gateway, 'notes', header(key))
  await gateway.call('clients.revoke', { client: client.id, inMs: 60 * minute })
  gateway.access.admission.noteUse(open.caller, 'notes')
  await clock.advance(59 * minute)
  expect((await gateway.use('notes', header(key))).status).toBe(200)
  await clock.advance(minute)
  expect((await gateway.use('notes', header(key))).status).toBe(401)
  await clock.advance(10 * minute)
  expect(open.isCut).toBe(true)
})

test('names of keys are unique and servers must exist', async () => {
  const { call } = await startGateway()
  await call('clients.addKey', { name: 'ci', servers: ['notes'] })
  await expect(call('clients.addKey', { name: 'CI', servers: ['notes'] })).rejects.toMatchObject({
    code: 'clientExists'
  })
  await expect(call('clients.addKey', { name: 'b', servers: ['x'] })).rejects.toMatchObject({ code: 'serverUnknown' })
  await expect(call('clients.addKey', { name: 'b', servers: [] })).rejects.toMatchObject({ code: 'inputInvalid' })
  await expect(call('clients.revoke', { client: 'nobody' })).rejects.toMatchObject({ code: 'clientUnknown' })
})

test('revoking a key counts at the next request and cuts its streams, nobody else’s', async () => {
  const gateway = await startGateway()
  const { key } = await gateway.call('clients.addKey', { name: 'ci', servers: ['notes', 'other'] })
  const second = await gateway.call('clients.addKey', { name: 'other', servers: ['notes'] })
  const streams = [
    await stream(gateway, 'notes', header(key)),
    await stream(gateway, 'other', header(key)),
    await stream(gateway, 'notes', header(second.key)),
    await stream(gateway, 'notes', header(key))
  ]
  streams[3]!.stop()
  await gateway.call('clients.revoke', { client: 'ci' })
  expect(streams.map(({ isCut }) => isCut)).toEqual([true, true, false, false])
  expect((await gateway.use('notes', header(key))).status).toBe(401)
  expect((await gateway.use('notes', header(second.key))).status).toBe(200)
})

test('a revoked sign-in cuts its own streams, not those of another sign-in of the same client', async () => {
  const gateway = await startGateway()
  const client = await TestClient.register(gateway)
  const [one, two] = [await client.signIn(), await client.signIn()]
  const streams = [
    await stream(gateway, 'notes', bearer(one.access)),
    await stream(gateway, 'notes', bearer(two.access))
  ]
  await client.revoke(one.refresh)
  expect(streams.map(({ isCut }) => isCut)).toEqual([true, false])
  await gateway.call('clients.revoke', { client: client.client.client_id })
  expect(streams[1]!.isCut).toBe(true)
})

test('a sign-in that ended by time ends its streams, one that is refreshed keeps them', async () => {
  const clock = fakeClock()
  const gateway = await startGateway(clock)
  const client = await TestClient.register(gateway)
  const [left, kept] = [await client.signIn(allow(true)), await client.signIn(allow(true))]
  const streams = [
    await stream(gateway, 'notes', bearer(left.access)),
    await stream(gateway, 'notes', bearer(kept.access))
  ]
  await clock.advance(29 * day)
  await client.refresh(kept.refresh)
  expect(streams.map(({ isCut }) => isCut)).toEqual([false, false])
  await clock.advance(day + 10 * minute)
  expect(streams.map(({ isCut }) => isCut)).toEqual([true, false])
})

test('the lock cuts everything, lets nobody in or ask, survives a restart, and ends when a person says so', async () => {
  const gateway = await startGateway()
  const client = await TestClient.register(gateway)
  const tokens = await client.signIn(allow(true))
  const { key } = await gateway.call('clients.addKey', { name: 'ci', servers: ['notes'] })
  const open = [await stream(gateway, 'notes', bearer(tokens.access)), await stream(gateway, 'notes', header(key))]
  const asked = await browse(await client.authorizationUrl({ resource: undefined }))
  const answer = client.read(
    await decide(gateway, await client.authorizationUrl(), async ({ call, access }) => {
      await call('clients.allow', { request: access.view().pending[1]!.request, always: false })
    })
  )
  expect(await gateway.call('gateway.lock', {})).toEqual({ locked: true })
  expect(open.map(({ isCut }) => isCut)).toEqual([true, true])
  const denied = await wait(gateway.origin, asked.ticket)
  expect(new URL(denied.location!).searchParams.get('error')).toBe('access_denied')
  await gateway.restart()
  expect(gateway.access.view()).toMatchObject({ locked: true, pending: [] })
  for (const headers of [bearer(tokens.access), header(key), {}])
    expect((await gateway.use('notes', headers as Record<string, string>)).status).toBe(503)
  for (const path of ['token', 'register'])
    expect((await fetch(`${gateway.origin}/${path}`, { method: 'POST' })).status).toBe(503)
  const { verifier } = client
  const refused = new URL((await browse(await client.authorizationUrl())).location!)
  expect(refused.searchParams.get('error')).toBe('temporarily_unavailable')
  expect(await gateway.call('gateway.unlock', {})).toEqual({ locked: false })
  expect((await gateway.use('notes', bearer(tokens.access))).status).toBe(200)
  await client.exchange(answer, redirectUri, verifier)
  await client.refresh(tokens.refresh)
})

test('the lock holds where it cannot be written, and is written at the next try', async () => {
  const gateway = await startGateway()
  const { key } = await gateway.call('clients.addKey', { name: 'ci', servers: ['notes'] })
  const open = await stream(gateway, 'notes', header(key))
  const { local } = gateway.vault
  const { setLock } = local
  local.setLock = () => Promise.reject(new TokentrayError('vaultUnwritable', 'The disk is full.'))
  await expect(gateway.call('gateway.lock', {})).rejects.toMatchObject({ code: 'vaultUnwritable' })
  expect([open.isCut, gateway.access.view().locked]).toEqual([true, true])
  expect((await gateway.use('notes', header(key))).status).toBe(503)
  local.setLock = setLock
  await gateway.call('gateway.lock', {})
  await gateway.restart()
  expect(gateway.access.view().locked).toBe(true)
})

test('who used what when is kept in stretches, written once a minute and at the end, and told with the last use', async () => {
  const clock = fakeClock()
  const gateway = await startGateway(clock)
  const begun = clock.now()
  const { client } = await gateway.call('clients.addKey', { name: 'ci', servers: ['notes', 'other'] })
  const caller: Caller = { client: client.id, name: 'ci', kind: 'key', signIn: null }
  let writes = 0
  const { local } = gateway.vault
  const { noteUses } = local
  local.noteUses = (uses) => {
    writes++
    return noteUses(uses)
  }
  for (let n = 0; n < 1000; n++) gateway.access.admission.noteUse(caller, 'notes')
  expect(writes).toBe(0)
  await clock.advance(minute)
  expect(writes).toBe(1)
  await clock.advance(2 * minute)
  gateway.access.admission.noteUse(caller, 'notes')
  gateway.access.admission.noteUse(caller, 'other')
  await gateway.restart()
  const { uses } = await gateway.call('clients.activity', { client: 'ci' })
  expect(uses).toMatchObject([
    { server: 'other', requests: 1, firstAt: begun + 3 * minute },
    { server: 'notes', requests: 1001, firstAt: begun, lastAt: begun + 3 * minute }
  ])
  expect((await gateway.call('clients.list', {})).clients).toMatchObject([
    { name: 'ci', lastUse: { at: begun + 3 * minute, server: 'other' } }
  ])
  await gateway.call('clients.revoke', { client: 'ci' })
  expect((await gateway.call('clients.activity', { client: client.id })).uses).toHaveLength(2)
})

test('two doors that answer at once: the first counts, the second is told it is over', async () => {
  const gateway = await startGateway()
  const client = await TestClient.register(gateway)
  const answer = await decide(gateway, await client.authorizationUrl(), async ({ call, access }) => {
    const { request } = access.view().pending[0]!
    const ended = await Promise.allSettled([
      call('clients.allow', { request, always: false }),
      call('clients.deny', { request }),
      call('clients.allow', { request, always: true })
    ])
    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
  })
  await client.exchange(client.read(answer))
  expect((await gateway.call('clients.list', {})).clients).toMatchObject([{ always: [] }])
})

test('a stream that opens while its caller is revoked, or outlives its key or its server, is cut', async () => {
  const clock = fakeClock()
  const gateway = await startGateway(clock)
  const { admission } = gateway.access
  const late = await gateway.call('clients.addKey', { name: 'late', servers: ['notes'] })
  const admitted = await admission.admit(header(late.key), 'notes', false)
  await gateway.call('clients.revoke', { client: 'late' })
  let isCut = false
  if (admitted.ok)
    admission.onRevoked(admitted.caller, 'notes', () => {
      isCut = true
    })
  expect(isCut).toBe(true)
  const short = await gateway.call('clients.addKey', { name: 'short', servers: ['notes'], validFor: minute })
  const long = await gateway.call('clients.addKey', { name: 'long', servers: ['notes', 'other'] })
  const [ended, first, second] = [
    await stream(gateway, 'notes', header(short.key)),
    await stream(gateway, 'notes', header(long.key)),
    await stream(gateway, 'other', header(long.key))
  ]
  await clock.advance(11 * minute)
  expect([ended, first, second].map((it) => it.isCut)).toEqual([true, false, false])
  gateway.access.serverRemoved('notes')
  expect([first, second].map((it) => it.isCut)).toEqual([true, false])
})
