// A port of loopback that nobody uses, for programs that must be told theirs, or come back to it after an end.
// Below those that systems give to connections and to listeners on port 0: another test would take one of them meanwhile.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

const isFree = async (host: string, port: number) => {
  const server = createServer().listen({ host, port, exclusive: true })
  try {
    await once(server, 'listening')
  } catch (error) {
    // A machine without IPv6 has nobody there.
    return (error as NodeJS.ErrnoException).code !== 'EADDRINUSE'
  }
  server.close()
  await once(server, 'close')
  return true
}

export async function freePort(): Promise<number> {
  const port = randomInt(15_000, 32_000)
  return (await isFree('127.0.0.1', port)) && (await isFree('::1', port)) ? port : freePort()
}
