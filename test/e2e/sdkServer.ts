// A real MCP server on the SDK, with sessions and streams, behind the authorization server of the tests.
// Its tools show what a bridge must carry: a plain answer, progress while one waits, and a question back to the client.
import { randomUUID } from 'node:crypto'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { onTestFinished } from 'vitest'
import { listen } from '../../app/demo/listen.ts'
import { demoScope } from '../../app/demo/provider.ts'
import type { Upstream } from './harness.ts'

export type SdkServer = {
  url: string
  sessions(): number
  forget(): void
  unauthorized(): number
  /** Refuses connections until `comeBack`, on the same port and with its sessions. */
  goDown(): Promise<void>
  comeBack(): Promise<void>
}

function makeServer(): McpServer {
  const server = new McpServer({ name: 'sdk', version: '1.0.0' })
  server.registerTool('add', { description: 'Answers at once.' }, async () => ({
    content: [{ type: 'text', text: 'ok' }]
  }))
  server.registerTool('slow', { description: 'Tells how far it is.' }, async (extra) => {
    const progressToken = extra._meta?.progressToken
    for (let progress = 1; progress <= 3 && progressToken !== undefined; progress++)
      await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress, total: 3 } })
    return { content: [{ type: 'text', text: 'done' }] }
  })
  return server
}

export async function startSdkServer({ authority }: Upstream): Promise<SdkServer> {
  const transports = new Map<string, StreamableHTTPServerTransport>()
  let unauthorized = 0
  const metadata = '/.well-known/oauth-protected-resource/mcp'
  const listener = await listen({ port: 0, host: '127.0.0.1' }, async (request, reply) => {
    const send = (status: number, body: unknown) =>
      reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const url = `${listener.origin}/mcp`
    if (request.url === metadata)
      return void send(200, { resource: url, authorization_servers: [authority.issuer], scopes_supported: [demoScope] })
    const token = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (!token || !(await authority.validate(token, url))) {
      unauthorized += 1
      reply.setHeader('www-authenticate', `Bearer resource_metadata="${listener.origin}${metadata}"`)
      return void send(401, { error: 'invalid_token' })
    }
    const id = request.headers['mcp-session-id']
    const known = typeof id === 'string' ? transports.get(id) : undefined
    if (known) return known.handleRequest(request, reply)
    if (id !== undefined)
      return void send(404, { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'No session' } })
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (made) => void transports.set(made, transport),
      onsessionclosed: (closed) => void transports.delete(closed)
    })
    await makeServer().connect(transport as Parameters<McpServer['connect']>[0])
    await transport.handleRequest(request, reply)
  })
  onTestFinished(async () => {
    for (const transport of transports.values()) await transport.close()
    await listener.close()
  })
  return {
    url: `${listener.origin}/mcp`,
    sessions: () => transports.size,
    forget: () => transports.clear(),
    unauthorized: () => unauthorized,
    goDown: listener.close,
    comeBack: listener.open
  }
}
