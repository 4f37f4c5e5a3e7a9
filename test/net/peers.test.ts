// Who is at the other end of a loopback connection: on tables as Linux writes them, and on real connections of two users.
// A connection whose other end was closed must never count as anybody's.
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createPeers, createTableReader, type ReadTable } from '../../app/net/peers.ts'
import { nobody, reason, runAsNobody } from '../support/nobody.ts'

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const row = (local: string, remote: string, state: string, uid: number, inode: number) =>
  `   1: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 1 00000000813caf30 100 0 0 10 0\n`
const socketOf = (remoteAddress: string | undefined, localAddress = '127.0.0.1') =>
  ({ remoteAddress, remotePort: 50_000, localAddress, localPort: 4140 }) as Socket

const [client, ours] = ['0100007F:C350', '0100007F:102C']
const [client6, ours6] = ['00000000000000000000000001000000:C350', '00000000000000000000000001000000:102C']
const mapped = (end: string) => `0000000000000000FFFF0000${end}`
const own = row(ours, client, '01', 1000, 7)

test.each<[string, Socket, string, string, unknown]>([
  ['a client of this user', socketOf('127.0.0.1'), own + row(client, ours, '01', 1000, 8), '', 1000],
  ['a uid beyond 31 bits', socketOf('127.0.0.1'), own + row(client, ours, '01', 4_000_000_000, 8), '', 4_000_000_000],
  ['a client over IPv6', socketOf('::1', '::1'), '', row(client6, ours6, '01', 33, 8), 33],
  [
    'an IPv6 socket that calls an IPv4 address',
    socketOf('127.0.0.1'),
    own,
    row(mapped(client), mapped(ours), '01', 33, 8),
    33
  ],
  [
    'a server that listens on all addresses',
    socketOf('::ffff:127.0.0.1', '::ffff:127.0.0.1'),
    own + row(client, ours, '01', 33, 8),
    '',
    33
  ],
  ['a client that half-closed', socketOf('127.0.0.1'), own + row(client, ours, '05', 33, 8), '', 33],
  ['a client that closed, and looks like root', socketOf('127.0.0.1'), own + row(client, ours, '05', 0, 0), '', 'gone'],
  ['a client that closed, under its own uid', socketOf('127.0.0.1'), own + row(client, ours, '04', 33, 0), '', 'gone'],
  ['a client in another network namespace', socketOf('127.0.0.1'), own, '', 'unknown'],
  [
    'a connection that was reset meanwhile',
    socketOf('127.0.0.1'),
    row(ours, '0100007F:C351', '01', 1000, 7),
    '',
    'gone'
  ],
  ['a connection that was reset before', socketOf(undefined), own, '', 'gone'],
  ['rows of other ports', socketOf('127.0.0.1'), own + row('0100007F:C351', ours, '01', 33, 8), '', 'unknown']
])('%s', async (_, socket, tcp, tcp6, expected) => {
  const peers = createPeers(async (table) => Buffer.from(head + (table === 'tcp' ? tcp : tcp6)))
  expect(await peers.of(socket)).toBe(expected)
  expect(peers.of(socket)).toBe(expected)
})

test('where there is no table, nobody is known', async () => {
  const peers = createPeers(async () => Promise.reject(new Error('ENOENT')))
  expect(await peers.of(socketOf('127.0.0.1'))).toBe('unknown')
})

test('a thousand connections share two reads: the one that runs may lack their rows, the next has them all', async () => {
  const reads: ((table: Buffer) => void)[] = []
  const read: ReadTable = () => new Promise((resolve) => reads.push(resolve))
  const peers = createPeers(read)
  const first = peers.of(socketOf('127.0.0.1'))
  await expect.poll(() => reads.length).toBe(1)
  const others = Array.from({ length: 1000 }, () => peers.of(socketOf('127.0.0.1')))
  const table = Buffer.from(own + row(client, ours, '01', 1000, 8))
  reads[0]!(table)
  expect(await first).toBe(1000)
  await expect.poll(() => reads.length).toBe(2)
  reads[1]!(table)
  expect(new Set(await Promise.all(others))).toEqual(new Set([1000]))
  expect(reads).toHaveLength(2)
})

const isLinux = process.platform === 'linux'
if (!isLinux) console.log('Skipped: only Linux tells who is at the other end of a connection.')
if (reason) console.log(reason)

async function listen(host: string): Promise<{ port: number; next(): Promise<Socket> }> {
  const server: Server = createServer().listen(0, host)
  await once(server, 'listening')
  const sockets: Socket[] = []
  server.on('connection', (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, next: async () => (await once(server, 'connection'))[0] }
}

describe.skipIf(!isLinux)('on real connections', () => {
  test.each(['127.0.0.1', '::1'])('this process is known at %s', async (host) => {
    const { port, next } = await listen(host)
    const socket = connect(port, host)
    expect(await createPeers(createTableReader()).of(await next())).toBe(process.getuid!())
    socket.destroy()
  })

  test('a table larger than the buffer it is first read into is read whole', async () => {
    const { port, next } = await listen('127.0.0.1')
    const peers = createPeers(createTableReader())
    const sockets: Socket[] = []
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()))
    const met: Socket[] = []
    for (let count = 0; count < 300; count++) {
      const accepted = next()
      sockets.push(connect(port, '127.0.0.1'))
      met.push(await accepted)
    }
    const own = process.getuid!()
    expect(await Promise.all(met.map((socket) => peers.of(socket)))).toEqual(met.map(() => own))
    for (const socket of met.slice(0, 5)) expect(await createPeers(createTableReader()).of(socket)).toBe(own)
  })

  test.skipIf(reason !== null)('another user is known while connected, and as gone once closed or reset', async () => {
    const { port, next } = await listen('127.0.0.1')
    const peers = createPeers(createTableReader())
    const call = (then: string) =>
      runAsNobody(`import { connect } from 'node:net'
        const socket = connect(${port}, '127.0.0.1', () => socket.write('x', () => { ${then} }))`)
    const met = next()
    const staying = call('socket.on("close", () => {}).on("error", () => {})')
    const socket = await met
    expect(await peers.of(socket)).toBe(nobody)
    socket.destroy()
    await staying
    for (const then of ['socket.destroy()', 'socket.resetAndDestroy()']) {
      const met = next()
      await call(then)
      expect(await peers.of(await met)).toBe('gone')
    }
  })
})
