// The protected resource: metadata, the challenge, who is let in, and the little MCP it speaks.
import { afterEach, expect, test } from 'vitest'
import { type Authority, startAuthority } from '../../app/demo/authority.ts'
import { type McpServer, startMcpServer } from '../../app/demo/mcpServer.ts'
import { signIn } from './client.ts'

const started: { stop(): Promise<void> }[] = []
async function serverBehindAuthority(): Promise<{ authority: Authority; mcp: McpServer }> {
  const authority = await startAuthority({ accessTokenTtl: 3600 })
  started.push(authority)
  const mcp = await startMcpServer({ authority, name: 'Test' })
  started.push(mcp)
  return { authority, mcp }
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()))
})

function call(url: string, token: string | null, body: string) {
  const headers = {
    'content-type': 'application/json',
    ...(token === null ? {} : { authorization: `Bearer ${token}` })
  }
  return fetch(url, { method: 'POST', headers, body })
}
const rpc = (method: string, params?: object) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })

test('turns away who has no token, and says where the metadata is', async () => {
  const { authority, mcp } = await serverBehindAuthority()
  const reply = await call(mcp.url, null, rpc('ping'))
  expect(reply.status).toBe(401)
  const { origin } = new URL(mcp.url)
  const metadataUrl = `${origin}/.well-known/oauth-protected-resource/mcp`
  expect(reply.headers.get('www-authenticate')).toBe(`Bearer resource_metadata="${metadataUrl}"`)
  expect(await (await fetch(metadataUrl)).json()).toMatchObject({
    resource: mcp.url,
    authorization_servers: [authority.issuer],
    scopes_supported: ['mcp']
  })
  expect(mcp.counts).toEqual({ accepted: 0, rejected: 1 })
})

test('turns away tokens that are made up, for another resource, or revoked', async () => {
  const { authority, mcp } = await serverBehindAuthority()
  const foreign = await signIn(authority.issuer, { resource: 'http://127.0.0.1:9/other' })
  const own = await signIn(authority.issuer, { resource: mcp.url })
  expect((await call(mcp.url, own.tokens.access_token, rpc('ping'))).status).toBe(200)
  authority.revokeAll({ resource: mcp.url })
  for (const token of ['made-up', foreign.tokens.access_token, own.tokens.access_token]) {
    const reply = await call(mcp.url, token, rpc('ping'))
    expect(reply.status).toBe(401)
    expect(reply.headers.get('www-authenticate')).toContain('error="invalid_token"')
  }
  expect(mcp.counts).toEqual({ accepted: 1, rejected: 3 })
})

test('answers initialize, ping and tools/list', async () => {
  const { authority, mcp } = await serverBehindAuthority()
  const { access_token: token } = (await signIn(authority.issuer, { resource: mcp.url })).tokens
  const result = async (body: string) => (await call(mcp.url, token, body)).json()
  expect(await result(rpc('initialize', { protocolVersion: '2025-06-18' }))).toMatchObject({
    id: 1,
    result: { protocolVersion: '2025-06-18', serverInfo: { name: 'Test' } }
  })
  expect(await result(rpc('ping'))).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
  expect(await result(rpc('tools/list'))).toMatchObject({ result: { tools: [{ name: 'look' }] } })
  expect(await result(rpc('dance'))).toMatchObject({ error: { code: -32601 } })
  expect(await result('{')).toMatchObject({ error: { code: -32700 } })
  const notification = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })
  expect((await call(mcp.url, token, notification)).status).toBe(202)
  expect((await fetch(mcp.url, { headers: { authorization: `Bearer ${token}` } })).status).toBe(405)
  expect((await fetch(`${mcp.url}/elsewhere`)).status).toBe(404)
})
