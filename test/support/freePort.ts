// A port of loopback that nobody uses, for programs that must be told theirs, or come back to it after an end.
// Below those that systems give to connections and to listeners on port 0: another test would take one of them meanwhile.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

// Tests at work at the same time each have a thousand of their own, and none of them is given out twice.
const first = 12_000 + (Number(process.env.VITEST_POOL_ID ?? 0) % 20) * 1000
let given = randomInt(1000)

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
  const port = first + (given++ % 1000)
  return (await isFree('127.0.0.1', port)) && (await isFree('::1', port)) ? port : freePort()
}
