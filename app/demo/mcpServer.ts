// A small MCP server as protected resource (RFC 9728): accepts requests with a valid token, and counts accepted and refused ones.
// Enough of MCP's Streamable HTTP for a client to connect: initialize, ping, tools/list.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Authority } from './authority.ts'
import { demoScope } from './interaction.ts'
import { listen, readBody } from './listen.ts'

export type McpServerOptions = {
  authority: Pick<Authority, 'issuer' | 'validate'>
  name?: string
  path?: string
  port?: number
  host?: string
}

export type McpServer = {
  /** Also its resource identifier (RFC 8707). */
  readonly url: string
  /** Requests with a valid token, and those turned away with 401. */
  readonly counts: { readonly accepted: number; readonly rejected: number }
  stop(): Promise<void>
}

type RpcRequest = { id?: string | number; method?: string; params?: { protocolVersion?: string } }

/** Rejects `portInUse`. */
export async function startMcpServer(options: McpServerOptions): Promise<McpServer> {
  const { authority, name = 'demo', path = '/mcp', port = 0, host = '127.0.0.1' } = options
  const metadataPath = `/.well-known/oauth-protected-resource${path}`
  const counts = { accepted: 0, rejected: 0 }

  const listener = await listen({ port, host }, async (request, reply) => {
    const { pathname } = new URL(request.url ?? '/', listener.origin)
    if (pathname === metadataPath && request.method === 'GET') {
      return sendJson(reply, 200, {
        resource: url,
        resource_name: name,
        authorization_servers: [authority.issuer],
        scopes_supported: [demoScope],
        bearer_methods_supported: ['header']
      })
    }
    if (pathname !== path) return sendJson(reply, 404, { error: 'not found' })

    const token = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined || !(await authority.validate(token, url))) {
      counts.rejected += 1
      const error = token === undefined ? '' : ', error="invalid_token"'
      reply.setHeader('www-authenticate', `Bearer resource_metadata="${listener.origin}${metadataPath}"${error}`)
      return sendJson(reply, 401, { error: 'invalid_token' })
    }
    counts.accepted += 1
    if (request.method !== 'POST') return sendJson(reply.setHeader('allow', 'POST'), 405, { error: 'POST only' })
    await answerRpc(request, reply, name)
  })
  const url = `${listener.origin}${path}`
  return { url, counts, stop: listener.close }
}

async function answerRpc(request: IncomingMessage, reply: ServerResponse, name: string): Promise<void> {
  const call = parseRpc((await readBody(request)).toString())
  if (call === null) return sendError(reply, 400, null, -32700, 'Parse error')
  if (call.id === undefined) {
    reply.writeHead(202).end()
    return
  }
  const results: Record<string, unknown> = {
    initialize: {
      protocolVersion: call.params?.protocolVersion ?? '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name, version: '1.0.0' }
    },
    ping: {},
    'tools/list': {
      tools: [{ name: 'look', description: 'Looks around.', inputSchema: { type: 'object', properties: {} } }]
    }
  }
  const result = results[call.method ?? '']
  if (result === undefined) return sendError(reply, 200, call.id, -32601, 'Method not found')
  sendJson(reply, 200, { jsonrpc: '2.0', id: call.id, result })
}

function parseRpc(text: string): RpcRequest | null {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && !Array.isArray(parsed) ? parsed : null
  } catch {
    return null
  }
}

function sendError(reply: ServerResponse, status: number, id: unknown, code: number, message: string): void {
  sendJson(reply, status, { jsonrpc: '2.0', id, error: { code, message } })
}

function sendJson(reply: ServerResponse, status: number, body: unknown): void {
  reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
