// The transport of 2024-11-05 (HTTP+SSE) through the gateway, with client and server of the official SDK and a real core.
// The token is refused in the middle of a session, and nobody notices.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { demoScope } from '../../app/demo/interaction.ts'
import { startGateway } from '../../app/gateway/gateway.ts'
import { makeBridge } from '../bridge/bridge.fixture.ts'
import { createSetting } from '../core.fixture.ts'
import { answerBy } from '../fakes/answerBy.ts'

async function start(path: string, messages: (origin: string) => string) {
  const s = await createSetting()
  const transports = new Map<string, SSEServerTransport>()
  const seen: string[] = []
  const upstream = { url: '', seen, refuseNext: 0 }
  const http = createServer(
    answerBy(async (request, response) => {
      const url = new URL(request.url ?? '', upstream.url)
      const metadata = `/.well-known/oauth-protected-resource${path}`
      seen.push(`${request.method} ${url.pathname}`)
      if (url.pathname === metadata)
        return void response.setHeader('content-type', 'application/json').end(
          JSON.stringify({
            resource: upstream.url,
            authorization_servers: [s.authority.issuer],
            scopes_supported: [demoScope]
          })
        )
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
      if (upstream.refuseNext-- > 0 || !(await s.authority.validate(token, upstream.url)))
        return void response
          .writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${url.origin}${metadata}"` })
          .end()
      if (request.method === 'GET' && url.pathname === path) {
        const transport = new SSEServerTransport(messages(url.origin), response)
        transports.set(transport.sessionId, transport)
        const server = new McpServer({ name: 'old', version: '1.0.0' })
        server.registerTool('greet', { description: 'Greets.' }, async () => ({
          content: [{ type: 'text', text: 'hello' }]
        }))
        return server.connect(transport)
      }
      const transport = transports.get(url.searchParams.get('sessionId') ?? '')
      if (request.method === 'POST' && url.pathname.endsWith('/messages') && transport)
        return transport.handlePostMessage(request, response)
      response.writeHead(url.pathname === path ? 405 : 404).end()
    })
  )
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  upstream.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}${path}`
  await s.signIn({ url: upstream.url })
  const gateway = await startGateway({ ...s.core.gateway, clock: systemClock(), port: 0, publicUrl: null })
  onTestFinished(async () => {
    await gateway.close()
    await s.stop()
    http.closeAllConnections()
    http.close()
  })
  const { key } = await s.call('clients.addKey', { name: 'test', servers: ['one'] })
  const url = new URL(`${gateway.address}/one`)
  const options = { requestInit: { headers: { 'x-tokentray-key': key } } }
  return { s, upstream, url, key, options }
}

const greet = async (client: Client) => (await client.callTool({ name: 'greet' })).content

test.each<[string, string, (origin: string) => string]>([
  ['from the root', '/sse', () => '/messages'],
  ['absolute', '/api/sse', (origin) => `${origin}/api/messages`],
  ['below the server', '/mcp', () => '/mcp/messages']
])(
  'a server whose address for messages is %s works, and a refused token is renewed meanwhile',
  async (_, path, messages) => {
    const { s, upstream, url, options } = await start(path, messages)
    const client = new Client({ name: 'client', version: '1.0.0' })
    onTestFinished(() => client.close())
    await client.connect(new SSEClientTransport(url, options))
    expect(await greet(client)).toEqual([{ type: 'text', text: 'hello' }])
    upstream.refuseNext = 1
    expect(await greet(client)).toEqual([{ type: 'text', text: 'hello' }])
    const view = await s.until(({ acceptedAt }) => acceptedAt !== null)
    expect(view.light).toBe('green')
  }
)

test('a client that falls back as the SDK says finds it too', async () => {
  const { url, options } = await start('/sse', () => '/messages')
  const client = new Client({ name: 'client', version: '1.0.0' })
  await expect(client.connect(new StreamableHTTPClientTransport(url, options) as never)).rejects.toThrow()
  const again = new Client({ name: 'client', version: '1.0.0' })
  onTestFinished(() => again.close())
  await again.connect(new SSEClientTransport(url, options))
  expect(await greet(again)).toEqual([{ type: 'text', text: 'hello' }])
})

test('`tokentray mcp` falls back by itself, and its refused token is renewed too', async () => {
  const { upstream, url, key } = await start('/sse', () => '/messages')
  const bridge = makeBridge({ url: () => url.href, key: () => key })
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  bridge.send({ id: 0, method: 'initialize', params })
  expect((await bridge.answered(0)).result).toMatchObject({ serverInfo: { name: 'old' } })
  bridge.send({ method: 'notifications/initialized' })
  upstream.refuseNext = 1
  bridge.send({ id: 1, method: 'tools/call', params: { name: 'greet', arguments: {} } })
  expect((await bridge.answered(1)).result).toEqual({ content: [{ type: 'text', text: 'hello' }] })
})
