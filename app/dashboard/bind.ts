// The dashboard's two listeners on one port of loopback: 127.0.0.1, and ::1 where there is one.
// Both or none: a browser may take `localhost` for either, and would bring a stranger on the other one the session.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TokentrayError } from '../contract/errors.ts'

/** Rejects `portInUse`. */
export async function bind(handle: RequestListener, port: number): Promise<Server[]> {
  const first = await open(handle, '127.0.0.1', port).catch((error: unknown) => {
    throw bindError(error, port)
  })
  const bound = (first.address() as AddressInfo).port
  try {
    return [first, await open(handle, '::1', bound)]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return [first]
    first.close()
    throw bindError(error, bound)
  }
}

function open(handle: RequestListener, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    // A missing Host is ours to refuse: Node would do it without our headers.
    const server = createServer({ requireHostHeader: false }, handle)
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, () => resolve(server))
  })
}

function bindError(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return error
  const why = code === 'EACCES' ? 'may not be opened by this user' : 'is in use by another program'
  return new TokentrayError(
    'portInUse',
    `The dashboard's port ${port} ${why}; free it, or choose another: tokentray serve --dashboard-port <port>.`,
    { cause: error }
  )
}
