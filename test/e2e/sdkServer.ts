// A real MCP server on both SDKs behind the authorization server of the tests: sessions and streams for older clients,
// no session at all for those of 2026-07-28. Its tools: a plain answer, and progress while one waits.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createMcpHandler, McpServer as StatelessServer } from '@modelcontextprotocol/server'
import { onTestFinished } from 'vitest'
import { demoScope } from '../../app/demo/interaction.ts'
import { listen } from '../../app/demo/listen.ts'
import { freePort } from '../support/freePort.ts'
import type { Upstream } from './harness.ts'

export type SdkServer = {
  url: string
  sessions(): number
  forget(): void
  unauthorized(): number
  /** Ends as a process does: refuses connections until `comeBack`, and then knows none of its sessions. */
  goDown(): Promise<void>
  /** Tells every client without a session that listens. */
  toolsChanged(): void
  comeBack(): Promise<void>
}

/** The first revision without sessions; older clients say another one, or none yet. */
const stateless = '2026-07-28'
const ok = { content: [{ type: 'text' as const, text: 'ok' }] }

function makeServer(): McpServer {
  const server = new McpServer({ name: 'sdk', version: '1.0.0' })
  server.registerTool('add', { description: 'Answers at once.' }, async () => ok)
  server.registerTool('slow', { description: 'Tells how far it is.' }, async (extra) => {
    const progressToken = extra._meta?.progressToken
    for (let progress = 1; progress <= 3 && progressToken !== undefined; progress++)
      await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress, total: 3 } })
    return { content: [{ type: 'text', text: 'done' }] }
  })
  return server
}

/** Serves requests of the current revision, each on its own. */
function makeStateless() {
  const { fetch, notify } = createMcpHandler(() => {
    const server = new StatelessServer({ name: 'sdk', version: '2.0.0' })
    server.registerTool('add', { description: 'Answers at once.' }, async () => ok)
    return server
  })
  const answer = async (request: IncomingMessage, reply: ServerResponse, url: string) => {
    const body = request.method === 'POST' ? (Readable.toWeb(request) as NonNullable<RequestInit['body']>) : null
    const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)])
    const response = await fetch(new Request(url, { method: request.method ?? '', headers, body, duplex: 'half' }))
    reply.writeHead(response.status, Object.fromEntries(response.headers)).flushHeaders()
    if (!response.body) return void reply.end()
    await pipeline(Readable.fromWeb(response.body as ReadableStream), reply)
  }
  return { answer, toolsChanged: notify.toolsChanged }
}

export async function startSdkServer({ authority }: Pick<Upstream, 'authority'>): Promise<SdkServer> {
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const modern = makeStateless()
  let unauthorized = 0
  const metadata = '/.well-known/oauth-protected-resource/mcp'
  const listener = await listen({ port: await freePort(), host: '127.0.0.1' }, async (request, reply) => {
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
    if (request.headers['mcp-protocol-version'] === stateless) return modern.answer(request, reply, url)
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
  async function goDown(): Promise<void> {
    await listener.close()
    for (const transport of transports.values()) await transport.close()
    transports.clear()
  }
  onTestFinished(goDown)
  return {
    url: `${listener.origin}/mcp`,
    sessions: () => transports.size,
    forget: () => transports.clear(),
    unauthorized: () => unauthorized,
    goDown,
    toolsChanged: modern.toolsChanged,
    comeBack: listener.open
  }
}
