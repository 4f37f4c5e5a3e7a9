// One process of the gateway's benchmark: the upstream, the bare pipe that does nothing but forward, or the gateway.
// Prints one line of JSON when it listens: `{port, key}`. Each loads only what it needs: their memory is compared.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { createServer } from '../../app/net/http.ts'

const [role, target = '', home = ''] = process.argv.slice(2)
const megabyte = Buffer.alloc(1_048_576)
const eventStream = { 'content-type': 'text/event-stream' }

/**
 * POST: the body is read and as much comes back. GET /mcp/stream: 100 MB. GET /mcp/events: one event, then open.
 * GET /mcp/ticks: every 5 ms an event with the moment it is written, on the clock that all processes share.
 */
function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url?.endsWith('/events')) {
    response.writeHead(200, eventStream).write('data: 1\n\n')
    return
  }
  if (request.url?.endsWith('/ticks')) {
    response.writeHead(200, eventStream)
    const ticking = setInterval(() => response.write(`data: ${process.hrtime.bigint()}\n\n`), 5)
    response.on('close', () => clearInterval(ticking))
    return
  }
  if (request.url?.endsWith('/stream')) {
    let left = 100
    const write = () => {
      let isOpen = true
      while (isOpen && left-- > 0) isOpen = response.write(megabyte)
      if (isOpen) response.end()
      else response.once('drain', write)
    }
    write()
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => response.setHeader('content-type', 'application/json').end(Buffer.concat(chunks)))
}

/** What any proxy of node:http and undici costs. */
async function bare(): Promise<(request: IncomingMessage, response: ServerResponse) => void> {
  const { Pool } = await import('undici')
  const pool = new Pool(target, { allowH2: false })
  return (request, response) => {
    const path = `/mcp${(request.url ?? '').slice('/one'.length)}`
    const headers = { ...request.headers, host: new URL(target).host }
    delete headers.connection
    pool
      .request({ method: request.method as 'GET', path, headers, body: request.method === 'GET' ? null : request })
      .then((reply) => {
        response.writeHead(reply.statusCode, reply.headers)
        pipeline(reply.body, response, () => {})
      })
      .catch(() => response.destroy())
  }
}

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<void> {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port, key: 'none' }))
}

async function gateway(): Promise<void> {
  const { systemClock, systemRandom } = await import('../../app/base/clock.ts')
  const { openCore } = await import('../../app/core/core.ts')
  const { startGateway } = await import('../../app/gateway/gateway.ts')
  const { silentLog } = await import('../../app/base/log.ts')
  const { spareMemory } = await import('../../app/base/v8.ts')
  const { locate } = await import('../../app/base/paths.ts')
  spareMemory() // As serve does.
  const clock = systemClock()
  const core = await openCore({
    home: locate({ TOKENTRAY_HOME: home }, process.platform),
    kind: 'lasting',
    version: '0.0.0',
    clock,
    random: systemRandom,
    environment: {},
    log: silentLog,
    ephemeral: true
  })
  const call = async (name: string, input: unknown) => {
    const reply = await core.handle('cli', name, input)
    if (!reply.ok) throw new Error(reply.message)
    return reply.value
  }
  await call('server.add', { url: `${target}/mcp`, id: 'one', grantKind: 'staticToken', accessToken: 'a'.repeat(1600) })
  const { key } = (await call('clients.addKey', { name: 'bench', servers: ['one'] })) as { key: string }
  const { port } = await startGateway({ ...core.gateway, clock, port: 0, publicUrl: null })
  console.log(JSON.stringify({ port, key }))
}

if (role === 'upstream') await listen(answer)
else if (role === 'bare') await listen(await bare())
else await gateway()
