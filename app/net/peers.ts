// Finds the user at the other end of a loopback connection, in Linux's table of connections; elsewhere nobody can tell.
// Each connection is looked up once, from its acceptance on, without holding up the others; all that wait share one read.
import { open } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { endianness } from 'node:os'
import { readRow } from './socketTable.ts'

/**
 * A uid; 'unknown': the other end is in another network namespace, or nobody can tell; 'gone': it has closed, so that
 * nobody would read an answer. Linux tells a wrong uid for sockets that were closed, often 0.
 */
export type Peer = number | 'unknown' | 'gone'

export type Peers = {
  /** Begins to look; to be called when the connection was accepted. */
  meet(socket: Socket): void
  /** The other end, once it is known without a promise. */
  of(socket: Socket): Peer | Promise<Peer>
}

type Table = 'tcp' | 'tcp6'
/** The bytes of the whole table, good until it is read again. Fails where the system has no such table. */
export type ReadTable = (table: Table) => Promise<Buffer>

/**
 * The kernel hands out a page at a time whatever is asked for, and Node's own readFile takes a new 64 kB for each: a thousand
 * connections in a row would leave gigabytes to collect. So each table has one buffer, which is filled again and again.
 */
export function createTableReader(): ReadTable {
  const buffers = { tcp: Buffer.alloc(65_536), tcp6: Buffer.alloc(65_536) }
  return async (table) => {
    const file = await open(`/proc/self/net/${table}`)
    try {
      for (let length = 0; ; ) {
        if (buffers[table].length === length) buffers[table] = Buffer.concat([buffers[table], Buffer.alloc(length)])
        const { bytesRead } = await file.read(buffers[table], length, buffers[table].length - length, null)
        if (bytesRead === 0) return buffers[table].subarray(0, length)
        length += bytesRead
      }
    } finally {
      await file.close()
    }
  }
}

/** What the table has on the connections of one local address: both ends, by the address of the other one. */
type Ends = { theirs: Map<string, { uid: number; isOpen: boolean }>; ours: Set<string> }

export function createPeers(read: ReadTable = createTableReader()): Peers {
  const known = new WeakMap<Socket, Peer | Promise<Peer>>()
  const tables = { tcp: shareReads(() => read('tcp')), tcp6: shareReads(() => read('tcp6')) }

  async function look(socket: Socket): Promise<Peer> {
    const { remoteAddress, remotePort, localAddress, localPort } = socket
    // Reset before it was accepted: its request would be answered all the same.
    if (remoteAddress === undefined || localAddress === undefined) return 'gone'
    const theirs = `${remoteAddress}:${remotePort}`
    const ours = `${localAddress}:${localPort}`
    const isV4 = !withoutMapping(localAddress).includes(':')
    // A table that changes while it is read may lack a row, so one that is missing is looked for twice.
    for (let round = 1; ; round++) {
      const ends = await tables[isV4 ? 'tcp' : 'tcp6'](writeEnd(ours, !isV4))
      let row = ends.theirs.get(writeEnd(theirs, !isV4))
      // A client's IPv6 socket that calls an IPv4 address is in the other table.
      if (!row && isV4) row = (await tables.tcp6(writeEnd(ours, true))).theirs.get(writeEnd(theirs, true))
      if (row) return row.isOpen ? row.uid : 'gone'
      if (round < 2) continue
      // Where our own end is missing too, the connection was reset.
      return ends.ours.has(writeEnd(theirs, !isV4)) ? 'unknown' : 'gone'
    }
  }

  function meet(socket: Socket): void {
    const looking = look(socket)
      .catch((): Peer => 'unknown')
      .then((peer) => {
        known.set(socket, peer)
        return peer
      })
    known.set(socket, looking)
  }

  return {
    meet,
    of(socket) {
      if (!known.has(socket)) meet(socket)
      return known.get(socket)!
    }
  }
}

/**
 * The connections of one local address, from a read that began after this was called. Reads never overlap: who asks during one
 * waits for the next, since the running one may lack the row that is wanted.
 */
function shareReads(read: () => Promise<Buffer>): (end: string) => Promise<Ends> {
  let running: Promise<unknown> = Promise.resolve()
  let next: { wanted: Set<string>; found: Promise<Map<string, Ends>> } | null = null

  async function readAll(wanted: Set<string>): Promise<Map<string, Ends>> {
    await running
    next = null
    const reading = read().then((table) => new Map([...wanted].map((end) => [end, readEnds(table, end)])))
    running = reading.then(
      () => {},
      () => {}
    )
    return reading
  }

  return async (end) => {
    if (!next) {
      const wanted = new Set<string>()
      next = { wanted, found: readAll(wanted) }
    }
    next.wanted.add(end)
    return (await next.found).get(end)!
  }
}

/** Only rows of this local address are taken apart: a machine may have ten thousand others. */
function readEnds(table: Buffer, end: string): Ends {
  const ends: Ends = { theirs: new Map(), ours: new Set() }
  const wanted = ` ${end} `
  for (let at = table.indexOf(wanted); at >= 0; at = table.indexOf(wanted, at + 1)) {
    const from = table.lastIndexOf('\n', at) + 1
    const to = table.indexOf('\n', at)
    const { local, remote, uid, inode } = readRow(table.toString('latin1', from, to < 0 ? table.length : to))
    const isOpen = inode !== '0'
    if (remote === end) ends.theirs.set(local, { uid, isOpen })
    else if (isOpen) ends.ours.add(remote)
  }
  return ends
}

const withoutMapping = (address: string) => address.replace(/^::ffff:(?=[\d.]+$)/i, '')

/** "address:port" as the table writes it: each 32 bits in the machine's own byte order. */
function writeEnd(end: string, isV6: boolean): string {
  const at = end.lastIndexOf(':')
  const address = withoutMapping(end.slice(0, at))
  const bytes = address.includes(':') ? readV6(address) : readV4(address)
  const all = isV6 && bytes.length === 4 ? Buffer.concat([Buffer.alloc(10), Buffer.from([255, 255]), bytes]) : bytes
  const written = endianness() === 'LE' ? Buffer.from(all).swap32() : all
  const port = Number(end.slice(at + 1))
    .toString(16)
    .padStart(4, '0')
  return `${written.toString('hex')}:${port}`.toUpperCase()
}

const readV4 = (address: string) => Buffer.from(address.split('.').map(Number))

function readV6(address: string): Buffer {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const words = (text: string) => (text === '' ? [] : text.split(':'))
  const zeros = tail === undefined ? [] : Array(8 - words(head).length - words(tail).length).fill('0')
  return Buffer.from(
    [...words(head), ...zeros, ...words(tail ?? '')].map((word) => word.padStart(4, '0')).join(''),
    'hex'
  )
}
