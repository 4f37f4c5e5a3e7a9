// Names that lead inside: who decides is the whole of what a name resolves to, since its owner writes it.
import { lookup as byCallback } from 'node:dns'
import { beforeEach, expect, test, vi } from 'vitest'
import { createPools } from '../../app/gateway/pools.ts'
import { isPrivateAddress, isPrivateHost, leadsToPrivate } from '../../app/net/privateAddresses.ts'
import { heldClock, testNetwork } from '../oauth/oauth.fixture.ts'

const { lookup } = vi.hoisted(() => ({ lookup: vi.fn() }))
vi.mock('node:dns/promises', () => ({ lookup }))
vi.mock('node:dns', { spy: true })
const resolves = (...addresses: string[]) => lookup.mockResolvedValue(addresses.map((address) => ({ address })))
beforeEach(() => lookup.mockReset())

test('a name leads inside where all of its addresses are private, and not where one is', async () => {
  resolves('10.0.0.1', 'fd00::1')
  expect(await leadsToPrivate('inside.example')).toBe(true)
  // Its owner could name a machine of this network besides its own, and so be trusted with all of them.
  resolves('203.0.113.9', '10.0.0.1')
  expect(await leadsToPrivate('evil.example')).toBe(false)
  resolves()
  expect(await leadsToPrivate('none.example')).toBe(false)
})

test('private addresses behind a translator’s prefix are private too (RFC 6052)', () => {
  expect(['64:ff9b::10.0.0.1', '64:ff9b::7f00:1', 'fec0::1'].map(isPrivateAddress)).toEqual([true, true, true])
  expect(isPrivateAddress('64:ff9b::1.1.1.1')).toBe(false)
})

test.each([
  ['localhost.', true],
  ['x.localhost.', true],
  ['[::7f00:1]', true],
  ['[::ffff:7f00:1]', true],
  ['[::ffff:808:808]', true],
  ['[64:ff9b:1::a00:1]', true],
  ['[2002:a00:1::]', true],
  ['[2001:0:4136:e378::1]', true],
  ['8.8.8.8', false],
  ['[2001:4860::8888]', false],
  ['[2606:4700::1111]', false],
  ['localhost.example', false]
])('%s is a private host: %s', (host, expected) => expect(isPrivateHost(host)).toBe(expected))

const answers = (all: string[]) =>
  vi.mocked(byCallback).mockImplementation(((_: string, __: object, done: (error: null, found: object[]) => void) =>
    done(
      null,
      all.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    )) as never)

test('a name below localhost that DNS leads elsewhere gets nothing in plain HTTP, neither from requests nor from the gateway', async () => {
  const direct = () => testNetwork(heldClock())('http://notes.localhost:1/').catch((error: unknown) => error)
  const pools = createPools({ clock: heldClock(), headerTimeoutMs: 1000, resolveProxy: async () => null })
  const relayed = async () => {
    const pool = await pools.of('http://notes.localhost:1', null)
    return pool.request({ path: '/', method: 'GET' }).catch((error: unknown) => error)
  }
  for (const all of [['192.0.2.2'], ['127.0.0.1', '192.0.2.2'], ['10.0.0.1'], ['fe80::1']]) {
    answers(all)
    expect(await direct()).toMatchObject({ fault: 'offline', detail: 'not_loopback' })
    expect(await relayed()).toMatchObject({ code: 'not_loopback' })
  }
  answers(['127.0.0.1'])
  expect(await direct()).toMatchObject({ detail: 'ECONNREFUSED' })
  expect(await relayed()).toMatchObject({ code: 'ECONNREFUSED' })
  await pools.close()
})

test('a name that led inside and leads outside by now is not spoken to', async () => {
  const asked = (all: string[]) => {
    answers(all)
    return testNetwork(heldClock())('https://inside.example:1/', { reach: 'private' }).catch((error: unknown) => error)
  }
  expect(await asked(['203.0.113.9'])).toMatchObject({ fault: 'offline', detail: 'address_changed' })
  expect(await asked(['127.0.0.1', '203.0.113.9'])).toMatchObject({ detail: 'address_changed' })
  expect(await asked(['127.0.0.1'])).toMatchObject({ detail: 'ECONNREFUSED' })
})
