// Whether a server or the network on this computer is to blame where no connection is made. Pure, at times of the test's own.
// The same with a keeper, its views and its history: test/keeper/sightings.test.ts.
import { expect, test } from 'vitest'
import type { Sighting } from '../../app/health/outage.ts'
import { judgeNetwork, type Network, unknownNetwork } from '../../app/health/ownNetwork.ts'

const now = Date.UTC(2026, 10, 29)
const minute = 60_000
const unreachable = (detail = 'ENOTFOUND'): Sighting => ({ kind: 'unreachable', detail })
const judge = (sighting: Sighting, before: Network = unknownNetwork, id = 'one') =>
  judgeNetwork(before, { id, host: `${id}.test` }, sighting, false, now)

test.each([
  ['ENETUNREACH', false],
  ['ENETDOWN', false],
  ['EAI_AGAIN', false],
  ['EADDRNOTAVAIL', false],
  ['ECONNREFUSED', true],
  ['ENOTFOUND', true],
  ['CERT_HAS_EXPIRED', true],
  ['UND_ERR_CONNECT_TIMEOUT', true]
])('%s speaks of the server: %s', (detail, expected) => {
  expect(judge(unreachable(detail)).isAboutServer).toBe(expected)
})

test('a second host that cannot be reached clears the first, unless somebody answered within a minute', () => {
  const { network } = judge(unreachable())
  expect(judge(unreachable(), network, 'two')).toMatchObject({ isAboutServer: false, cleared: 'one' })
  expect(judge(unreachable(), { ...network, answeredAt: now - minute }, 'two').cleared).toBe('one')
  const answered = { ...network, answeredAt: now - minute + 1 }
  expect(judge(unreachable(), answered, 'two')).toMatchObject({ isAboutServer: true, cleared: null })
})

test('a server that takes a request and never answers shows nothing of the network', () => {
  const { network } = judge(unreachable())
  expect(judge({ kind: 'silent', detail: 'timeout', tool: null }, network, 'two').network).toBe(network)
  expect(judge({ kind: 'reached' }, network, 'two').network).toEqual({ answeredAt: now, unreachable: null })
})
