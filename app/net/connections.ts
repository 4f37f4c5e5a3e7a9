// Limits the connections of a listener, well below the files this process may have open: refreshing always has some left.
// A full listener drops its oldest connection that nobody was let in on, so strangers cannot keep clients out.
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** For the vault, the log, the local socket, and refreshes. */
const reservedDescriptors = 100
const maxConnections = { gateway: 4096, dashboard: 256 } as const
/** Of what is left. Each connection of an admitted client may need another one to its server. */
const shares = { gateway: 3 / 8, dashboard: 1 / 8 } as const

/** How many connections `name` may have, where this process may have `descriptors` open. */
export function connectionLimit(name: keyof typeof maxConnections, descriptors: number): number {
  const left = Math.max(descriptors - reservedDescriptors, descriptors / 2)
  return Math.min(maxConnections[name], Math.max(8, Math.floor(left * shares[name])))
}

/** The limit of open files; where the system does not tell it, one that all systems allow. */
export function readDescriptorLimit(read = () => readFileSync('/proc/self/limits', 'latin1')): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(read())?.[1] ?? Number.POSITIVE_INFINITY)
  } catch {
    return process.platform === 'win32' ? Number.POSITIVE_INFINITY : 10_240
  }
}

const strangersOf = new WeakMap<Socket, Set<Socket>>()

/** `servers`: those of one listener, which share the limit. */
export function limitConnections(servers: readonly Server[], max: number): void {
  const all = new Set<Socket>()
  const strangers = new Set<Socket>()
  const limit = (socket: Socket) => {
    if (all.size >= max) {
      const [oldest] = strangers
      if (!oldest) return void socket.destroy()
      leave(oldest)
      oldest.destroy()
    }
    all.add(socket)
    strangers.add(socket)
    strangersOf.set(socket, strangers)
    socket.once('close', () => leave(socket))
  }
  const leave = (socket: Socket) => {
    all.delete(socket)
    strangers.delete(socket)
  }
  for (const server of servers) server.on('connection', limit)
}

/** Somebody was let in on this connection, which is not dropped for another one from now on. */
export function keepConnection(socket: Socket): void {
  strangersOf.get(socket)?.delete(socket)
}
