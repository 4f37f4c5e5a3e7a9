// The three ends that the gateway is measured with, each a process of its own: server, bare pipe, and gateway.
// All answer the same requests; for the first, `path` is that of the server, for the others that below the gateway.
import { once } from 'node:events'
import type { Agent, IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { request } from '../../app/net/http.ts'
import { inFolder, type Probed, startProbed } from './bench.fixture.ts'

export type End = { process: Probed; port: number; origin: string; path: string; headers: Record<string, string> }
export type Ends = { direct: End; bare: End; gateway: End }

export async function startEnd(path: string, ...args: string[]): Promise<End> {
  const process = startProbed([join(import.meta.dirname, 'gatewayChild.ts'), ...args])
  process.child.stderr?.on('data', (text) => globalThis.process.stderr.write(text))
  const [line] = await once(createInterface({ input: process.child.stdout! }), 'line')
  const { port, key } = JSON.parse(line)
  const headers = { 'content-type': 'application/json', 'x-tokentray-key': key }
  return { process, port, origin: `http://127.0.0.1:${port}`, path, headers }
}

export async function withEnds<T>(work: (ends: Ends) => Promise<T>): Promise<T> {
  return inFolder(async (home) => {
    const direct = await startEnd('/mcp', 'upstream')
    const bare = await startEnd('/one', 'bare', direct.origin)
    const gateway = await startEnd('/one', 'gateway', direct.origin, home)
    try {
      return await work({ direct, bare, gateway })
    } finally {
      for (const end of [gateway, bare, direct]) await end.process.stop()
    }
  })
}

/** An answer that has begun; asked for below the end's path. */
export async function get(
  { port, path, headers }: Pick<End, 'port' | 'path' | 'headers'>,
  below: string,
  agent: Agent
): Promise<IncomingMessage> {
  const asked = request({ host: '127.0.0.1', port, path: `${path}${below}`, headers, agent }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
  return response
}
