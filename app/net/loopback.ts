// Opens one loopback port for an HTTP server: on 127.0.0.1, and on ::1 where the machine has IPv6.
// On both or not at all: clients resolve `localhost` to either, and another program on the other one would get their secrets.
import type { RequestListener, Server, ServerOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TokentrayError } from '../contract/errors.ts'
import { connectionLimit, limitConnections, readDescriptorLimit } from './connections.ts'
import { createServer } from './http.ts'
import { describeHolder, findPortHolder } from './portHolder.ts'

/** What listens, and the option that chooses its port: both stand in the error of a port that is taken. */
export type Listener = { name: 'dashboard' | 'gateway'; option: string }

/** Half a request ends within twice this time: Node looks only every so often. */
const halfRequestMs = 5000
const limits: ServerOptions = { headersTimeout: halfRequestMs, connectionsCheckingInterval: halfRequestMs }

/** `port` 0: of the system's choice, the same for both. Its connections are limited. Rejects `portInUse`. */
export async function bind(
  handle: RequestListener,
  port: number,
  listener: Listener,
  options: ServerOptions = {},
  descriptors = readDescriptorLimit()
): Promise<Server[]> {
  const servers = await bindBoth(handle, port, listener, { ...limits, ...options })
  limitConnections(servers, connectionLimit(listener.name, descriptors))
  return servers
}

async function bindBoth(
  handle: RequestListener,
  port: number,
  listener: Listener,
  options: ServerOptions
): Promise<Server[]> {
  const first = await open(handle, '127.0.0.1', port, options).catch((error: unknown) => {
    throw bindError(error, port, listener)
  })
  const bound = (first.address() as AddressInfo).port
  try {
    return [first, await open(handle, '::1', bound, options)]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return [first]
    first.close()
    throw bindError(error, bound, listener)
  }
}

function open(handle: RequestListener, host: string, port: number, options: ServerOptions): Promise<Server> {
  return new Promise((resolve, reject) => {
    // Requests without a Host header are refused by our own handler: Node's refusal lacks our security headers.
    const server = createServer({ ...options, requireHostHeader: false }, handle)
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, () => resolve(server))
  })
}

function bindError(error: unknown, port: number, { name, option }: Listener): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return error
  const holder = code === 'EACCES' ? null : findPortHolder(port)
  const who = holder ? ` (${describeHolder(holder)})` : ''
  const why = code === 'EACCES' ? 'requires more permissions' : `is in use by another program${who}`
  return new TokentrayError(
    'portInUse',
    `Port ${port} for the ${name} ${why}. Free it, or choose another with tokentray serve ${option} <port>.`,
    { cause: error }
  )
}
