// When the system's certificates are read: before the first connection that may speak TLS, once, and not for plain HTTP.
// That they are believed then is in corporate.test.ts.
import tls from 'node:tls'
import { expect, test, vi } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { openDispatcher } from '../../app/net/dispatcher.ts'

test('the system’s certificates are read once, and only where TLS may be spoken', async () => {
  const set = vi.spyOn(tls, 'setDefaultCACertificates').mockImplementation(() => {})
  const open = (origin: string, proxy: string | null = null) =>
    openDispatcher(origin, { connectTimeoutMs: 1000, proxy }).destroy()
  await open('http://127.0.0.1:9')
  expect(set).not.toHaveBeenCalled()
  await open('https://127.0.0.1:9')
  await open('https://127.0.0.1:9', 'http://127.0.0.1:9')
  expect(set).toHaveBeenCalledOnce()
})

test('the gateway reads them before its own first such connection too', async () => {
  const set = vi.spyOn(tls, 'setDefaultCACertificates').mockImplementation(() => {})
  vi.resetModules()
  const { createPools } = await import('../../app/gateway/pools.ts')
  const pools = createPools({ clock: systemClock(), headerTimeoutMs: 1000, resolveProxy: async () => null })
  await pools.of('http://127.0.0.1:9', null)
  expect(set).not.toHaveBeenCalled()
  await pools.of('https://127.0.0.1:9', null)
  expect(set).toHaveBeenCalledOnce()
  await pools.close()
})
