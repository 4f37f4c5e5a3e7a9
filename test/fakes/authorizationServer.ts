// A small authorization server and MCP server in one, made to misbehave: every endpoint can be scripted per request.
// Unscripted it does the right thing, so that a test says only what is different.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerBy } from './answerBy.ts'

export type Received = {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: string
  form: URLSearchParams
}

/**
 * `cut`: the connection dies after the request arrived; `cutBody`: within the reply's body; `hang`: no reply at all;
 * `endless`: a body that goes on until nobody reads it. A Buffer goes out as it is, anything but text as JSON.
 */
export type Reply =
  | { status?: number; headers?: Record<string, string | string[]>; body?: unknown }
  | 'cut'
  | 'cutBody'
  | 'hang'
  | 'endless'
export type Handler = (request: Received) => Reply

export type FakeServer = {
  origin: string
  /** The URL of the protected MCP server. */
  mcp: string
  requests: Received[]
  /** Requests to one path so far. */
  to(path: string): Received[]
  /** From now on `path` answers so; several replies are used up one by one, the last one stays. */
  script(path: string, ...replies: (Reply | Handler)[]): void
  /** Resolves when the next request to `path` has arrived completely. */
  arrived(path: string): Promise<Received>
  stop(): Promise<void>
}

export async function startFakeServer(): Promise<FakeServer> {
  const scripts = new Map<string, (Reply | Handler)[]>()
  const waiting = new Map<string, ((request: Received) => void)[]>()
  const requests: Received[] = []
  let count = 0

  const defaults: Record<string, Handler> = {
    '/mcp': ({ headers }) =>
      headers.authorization
        ? { body: { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-11-25' } } }
        : {
            status: 401,
            headers: {
              'www-authenticate': `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`
            }
          },
    '/.well-known/oauth-protected-resource/mcp': () => ({
      body: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['read', 'write'] }
    }),
    '/.well-known/oauth-authorization-server': () => ({ body: metadataOf(origin) }),
    '/register': ({ body }) => ({ status: 201, body: { ...JSON.parse(body), client_id: `client-${++count}` } }),
    '/token': () => ({
      body: {
        access_token: `access-${++count}`,
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: `refresh-${count}`
      }
    }),
    '/revoke': () => ({}),
    '/authorize': ({ form }) => {
      const back = new URL(form.get('redirect_uri') ?? '')
      back.searchParams.set('code', 'the-code')
      back.searchParams.set('state', form.get('state') ?? '')
      return { status: 302, headers: { location: back.href } }
    }
  }

  const server = createServer(
    answerBy(async (incoming, response) => {
      let body = ''
      for await (const chunk of incoming) body += chunk
      const url = new URL(incoming.url ?? '/', 'http://fake')
      const form = new URLSearchParams(incoming.method === 'GET' ? url.search : body)
      const request = { method: incoming.method ?? '', path: url.pathname, headers: incoming.headers, body, form }
      requests.push(request)
      for (const wake of waiting.get(url.pathname)?.splice(0) ?? []) wake(request)
      const script = scripts.get(url.pathname)
      const next = script ? (script.length > 1 ? script.shift() : script[0]) : defaults[url.pathname]
      const reply = typeof next === 'function' ? next(request) : next
      answer(response, reply ?? { status: 404, body: 'not here' })
    })
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    mcp: `${origin}/mcp`,
    requests,
    to: (path) => requests.filter((request) => request.path === path),
    script: (path, ...replies) => void scripts.set(path, replies),
    arrived: (path) => new Promise((resolve) => waiting.set(path, [...(waiting.get(path) ?? []), resolve])),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

/** Sound metadata for an issuer, to be spread and bent. */
export function metadataOf(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    revocation_endpoint: `${issuer}/revoke`,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post']
  }
}

function answer(response: ServerResponse, reply: Reply): void {
  if (reply === 'hang') return
  if (reply === 'cut') return void response.socket?.destroy()
  if (reply === 'cutBody') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
    response.write('{"access_token":', () => response.socket?.destroy())
    return
  }
  if (reply === 'endless') {
    response.writeHead(200, { 'content-type': 'application/json' })
    const more = () => {
      while (!response.destroyed && response.write(' '.repeat(65_536)));
    }
    response.on('drain', more)
    more()
    return
  }
  const { status = 200, headers = {}, body = '' } = reply
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
  const text = isRaw ? body : JSON.stringify(body)
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/html' : 'application/json',
    ...headers
  })
  response.end(text)
}
