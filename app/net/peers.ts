// Finds the user at the other end of a loopback connection, in Linux's table of connections; elsewhere nobody can tell.
// Each connection is looked up once, from its acceptance on, without holding up the others; all that wait share one read.
import { readFile } from 'node:fs/promises'
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
/** Fails where the system has no such table. */
export type ReadTable = (table: Table) => Promise<string>

export const readTable: ReadTable = (table) => readFile(`/proc/self/net/${table}`, 'latin1')

/** What the table has on the connections of one local address: both ends, by the address of the other one. */
type Ends = { theirs: Map<string, { uid: number; isOpen: boolean }>; ours: Set<string> }

export function createPeers(read: ReadTable = readTable): Peers {
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
      const ends = (await tables[isV4 ? 'tcp' : 'tcp6']()).endsAt(writeEnd(ours, !isV4))
      let row = ends.theirs.get(writeEnd(theirs, !isV4))
      // A client's IPv6 socket that calls an IPv4 address is in the other table.
      if (!row && isV4) row = (await tables.tcp6()).endsAt(writeEnd(ours, true)).theirs.get(writeEnd(theirs, true))
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

/** Reads never overlap. Who asks during one waits for the next, since the running one may lack the row that is wanted. */
function shareReads(read: () => Promise<string>): () => Promise<ReturnType<typeof parseTable>> {
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<ReturnType<typeof parseTable>> | null = null
  return () => {
    next ??= running.then(() => {
      const reading = read().then(parseTable)
      next = null
      running = reading.catch(() => {})
      return reading
    })
    return next
  }
}

/** Only rows of one local address are taken apart: a machine may have ten thousand others. */
function parseTable(text: string) {
  const byEnd = new Map<string, Ends>()
  return {
    endsAt(end: string): Ends {
      const found = byEnd.get(end)
      if (found) return found
      const ends: Ends = { theirs: new Map(), ours: new Set() }
      const wanted = ` ${end} `
      for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
        const line = text.slice(text.lastIndexOf('\n', at) + 1, (text.indexOf('\n', at) + 1 || text.length + 1) - 1)
        const { local, remote, uid, inode } = readRow(line)
        const isOpen = inode !== '0'
        if (remote === end) ends.theirs.set(local, { uid, isOpen })
        else if (isOpen) ends.ours.add(remote)
      }
      byEnd.set(end, ends)
      return ends
    }
  }
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
