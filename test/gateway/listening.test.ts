// A client of the SDK without sessions (2026-07-28) that listens through the gateway: what the server tells comes at once,
// also after the token its stream began with was replaced, and the stream ends with the client's key.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { startGateway } from '../../app/gateway/gateway.ts'
import { createSetting } from '../core.fixture.ts'
import { startSdkServer } from '../e2e/sdkServer.ts'

test('a subscription outlives the token it began with, and ends when its key is revoked', async () => {
  const s = await createSetting()
  const server = await startSdkServer(s)
  await s.signIn({ url: server.url })
  const gateway = await startGateway({ ...s.core.gateway, clock: systemClock(), port: 0, publicUrl: null })
  const { key } = await s.call('clients.addKey', { name: 'listener', servers: ['one'] })
  const client = new Client({ name: 't', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
  onTestFinished(async () => {
    await client.close()
    await gateway.close()
    await s.stop()
  })
  const headers = { 'x-tokentray-key': key }
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${gateway.address}/one`), { requestInit: { headers } })
  )

  let heard = Promise.withResolvers<void>()
  client.setNotificationHandler('notifications/tools/list_changed', () => heard.resolve())
  const subscription = await client.listen({ toolsListChanged: true })
  server.toolsChanged()
  await heard.promise

  heard = Promise.withResolvers()
  await s.call('server.refresh', { server: 'one' })
  server.toolsChanged()
  await heard.promise

  await s.call('clients.revoke', { client: 'listener' })
  expect(await subscription.closed).toBe('remote')
})
