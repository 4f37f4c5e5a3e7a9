// A listener under a flood of connections: who is let in stays, who was not makes room, and some files are always left.
// Real sockets; the limit of open files is the test's own.
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { connectionLimit, keepConnection, readDescriptorLimit } from '../../app/net/connections.ts'
import { bind } from '../../app/net/loopback.ts'

async function open(descriptors: number) {
  const arrived: Socket[] = []
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/in') keepConnection(request.socket)
    response.end()
  }
  const servers: Server[] = await bind(handle, 0, { name: 'gateway', option: '' }, { keepAliveTimeout: 0 }, descriptors)
  for (const server of servers) server.on('connection', (socket) => arrived.push(socket))
  const { port } = servers[0]!.address() as { port: number }
  const sockets: Socket[] = []
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    for (const server of servers) server.close()
  })
  return {
    arrived,
    /** Resolves when the listener has seen the connection, and with `path` when it was answered. */
    async call(path?: string): Promise<{ socket: Socket; closed: Promise<unknown> }> {
      const count = arrived.length
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      sockets.push(socket)
      const closed = once(socket.resume(), 'close')
      if (path) {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
        await once(socket, 'data')
      } else await expect.poll(() => arrived.length).toBeGreaterThan(count)
      return { socket, closed }
    }
  }
}

test.each([
  [1_048_576, 4096, 256],
  [1024, 346, 115],
  [300, 75, 25],
  [64, 12, 8]
])('with %d files, connections and those they need to servers leave some in hand', (files, gateway, dashboard) => {
  expect([connectionLimit('gateway', files), connectionLimit('dashboard', files)]).toEqual([gateway, dashboard])
  expect(2 * gateway + dashboard).toBeLessThan(files)
})

test('the limit of this process is known, or one that every system allows', () => {
  const limits =
    'Limit   Soft Limit   Hard Limit   Units\nMax open files            1024                 4096                 files\n'
  expect(readDescriptorLimit(() => limits)).toBe(1024)
  expect(readDescriptorLimit(() => 'Max open files            unlimited            unlimited            files\n')).toBe(
    Infinity
  )
  expect(readDescriptorLimit()).toBeGreaterThan(0)
})

test('the oldest connection on which nobody was let in makes room, and those that were let in stay', async () => {
  const max = connectionLimit('gateway', 64)
  const listener = await open(64)
  const { socket: admitted } = await listener.call('/in')
  const stranger = await listener.call('/out')
  for (let n = 0; n < 3 * max; n++) await listener.call()
  await stranger.closed
  admitted.write('GET /in HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(String((await once(admitted, 'data'))[0])).toContain('200')
  expect(listener.arrived.filter((socket) => !socket.destroyed)).toHaveLength(max)
})

test('where all were let in, one more is refused', async () => {
  const max = connectionLimit('gateway', 64)
  const listener = await open(64)
  for (let n = 0; n < max; n++) await listener.call('/in')
  await (await listener.call()).closed
  expect(listener.arrived.filter((socket) => !socket.destroyed)).toHaveLength(max)
})

test('half a request ends by itself', async () => {
  const listener = await open(1024)
  const half = await listener.call()
  half.socket.write('GET / HTTP/1.1\r\nHost: a\r\n')
  await half.closed
})
