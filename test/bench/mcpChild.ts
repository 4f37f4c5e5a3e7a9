// A small MCP server over Streamable HTTP that answers at once, so that what lies before it is what is measured.
// Lets in one token; whoever has another gets a 403, which no bridge takes for a reason to sign in.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from '../../app/net/http.ts'

const [, , token] = process.argv

async function answerTo(request: IncomingMessage): Promise<object | null> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString())
  if (id === undefined) return null
  const result = () => {
    if (method === 'initialize')
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'bench', version: '1' }
      }
    if (method === 'tools/list') return { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }
    if (method === 'tools/call') return { content: [{ type: 'text', text: params.arguments.text }] }
    return null
  }
  const known = result()
  return { jsonrpc: '2.0', id, ...(known ? { result: known } : { error: { code: -32_601, message: 'unknown' } }) }
}

const server = createServer(async (request, response) => {
  if (request.headers.authorization !== `Bearer ${token}`) return response.writeHead(403).end()
  if (request.method !== 'POST') return response.writeHead(405, { allow: 'POST' }).end()
  const answer = await answerTo(request)
  if (answer === null) return response.writeHead(202).end()
  return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
})
await once(server.listen(0, '127.0.0.1'), 'listening')
console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
