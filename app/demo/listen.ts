// Opening and closing the demo's HTTP servers.
// Closing cuts every connection: a demo or test that ends must not wait for idle clients.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TokentrayError } from '../contract/errors.ts'

export type DemoListener = {
  server: Server
  port: number
  /** `http://host:port`, no slash at the end. */
  origin: string
  /** Stops listening; `open` listens again on the same port. */
  close(): Promise<void>
  open(): Promise<void>
}

/** `port` 0: of the system's choice. An answer that throws cuts its connection. Rejects `portInUse`. */
export async function listen(
  { port, host }: { port: number; host: string },
  answer: (request: IncomingMessage, reply: ServerResponse) => Promise<void>
): Promise<DemoListener> {
  const server = createServer((request, reply) => {
    answer(request, reply).catch(() => reply.destroy())
  })
  await open(server, port, host)
  const address = server.address() as AddressInfo
  const printedHost = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    server,
    port: address.port,
    origin: `http://${printedHost}:${address.port}`,
    open: () => open(server, address.port, host),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

function open(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException) => {
      const [code, why] =
        cause.code === 'EADDRINUSE'
          ? (['portInUse', 'the port is in use'] as const)
          : (['unexpected', 'system error'] as const)
      const sentence = `The demo could not listen on ${host}, port ${port}: ${why} (${cause.code}).`
      reject(new TokentrayError(code, sentence, { cause }))
    }
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      resolve()
    })
  })
}

/** The whole body. Rejects when the client goes away before it has sent all. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
