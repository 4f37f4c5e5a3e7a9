// A flood of half requests at a gateway that may open few files: admitted clients are answered, and tokens are renewed.
// The flood comes again and again, on real sockets.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { startGateway } from '../../app/gateway/gateway.ts'
import { createSetting } from '../core.fixture.ts'
import { ask } from './gateway.fixture.ts'

test('an admitted client is answered on old and new connections, and refreshing goes on', async () => {
  const s = await createSetting()
  await s.signIn()
  const gateway = await startGateway({
    ...s.core.gateway,
    ...{ clock: systemClock(), port: 0, publicUrl: null, descriptors: 300 }
  })
  const sockets: Socket[] = []
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await gateway.close()
    await s.stop()
  })
  const { key } = await s.call('clients.addKey', { name: 'ci', servers: ['one'] })
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }
  }
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const use = () => ask({ gateway }, '/one', { method: 'POST', key, headers, body: JSON.stringify(initialize) })
  const half = async () => {
    const socket = connect(gateway.port, '127.0.0.1').on('error', () => {})
    sockets.push(socket)
    await once(socket, 'connect')
    socket.write('POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Fill: ')
  }
  for (let round = 0; round < 4; round++) {
    await Promise.all(Array.from({ length: 80 }, half))
    expect((await use()).status).toBe(200)
    await s.call('server.refresh', { server: 'one' })
    expect(s.view().light).toBe('green')
  }
  // The flood dropped itself: what is still open is what the limit allows.
  await expect.poll(() => sockets.filter((socket) => !socket.closed).length).toBeLessThanOrEqual(75)
})
