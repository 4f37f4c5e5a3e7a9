// Whether this computer has a network, told by its interfaces.
// They are given as Node lists them: only those that are up and running.
import { expect, test } from 'vitest'
import { isOffline } from '../../app/net/offline.ts'

const lo = [{ address: '127.0.0.1', internal: true }]

test.each([
  ['none but this computer', { lo }, true],
  ['none at all', {}, true],
  [
    'addresses that nobody gave',
    { lo, wlan: [{ address: 'fe80::1', internal: false }], eth: [{ address: '169.254.9.9', internal: false }] },
    true
  ],
  ['a network', { lo, eth: [{ address: '192.168.1.7', internal: false }] }, false],
  [
    'IPv6 alone',
    {
      lo,
      eth: [
        { address: 'fe80::1', internal: false },
        { address: '2001:db8::7', internal: false }
      ]
    },
    false
  ]
])('%s', (_, interfaces, expected) => {
  expect(isOffline(interfaces)).toBe(expected)
})

test('the interfaces of this computer can be read', () => {
  expect(typeof isOffline()).toBe('boolean')
})
