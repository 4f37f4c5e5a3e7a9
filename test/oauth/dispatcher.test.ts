// When the system's certificates are read: before the first connection that may speak TLS, once, and not for plain HTTP.
// That they are believed then is in corporate.test.ts.
import tls from 'node:tls'
import { expect, test, vi } from 'vitest'
import { openDispatcher } from '../../app/oauth/dispatcher.ts'

test('the system’s certificates are read once, and only where TLS may be spoken', async () => {
  const set = vi.spyOn(tls, 'setDefaultCACertificates').mockImplementation(() => {})
  const open = (origin: string, proxy: string | null = null) =>
    openDispatcher(origin, { connectTimeout: 1000, proxy }).destroy()
  await open('http://127.0.0.1:9')
  expect(set).not.toHaveBeenCalled()
  await open('https://127.0.0.1:9')
  await open('https://127.0.0.1:9', 'http://127.0.0.1:9')
  expect(set).toHaveBeenCalledOnce()
})
