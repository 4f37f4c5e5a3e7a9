// Real clients through real processes: the stdio transports of both SDK generations, `tokentray mcp`, the gateway of
// `serve`, an SDK server with sessions, and tokens that rotate. And a key that `connect` wrote, used until `disconnect`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client as ClientToday } from '@modelcontextprotocol/client'
import { StdioClientTransport as StdioToday } from '@modelcontextprotocol/client/stdio'
import { Client as ClientBefore } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as StdioBefore } from '@modelcontextprotocol/sdk/client/stdio.js'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../support/freePort.ts'
import { type Command, type Home, makeHome, makeUpstream } from './harness.ts'
import { startSdkServer } from './sdkServer.ts'

async function serve(home: Home, port: number): Promise<Command> {
  const command = home.start(['serve', '--no-dashboard', '--gateway-port', `${port}`])
  await command.line(/gateway: +http/)
  return command
}

async function makeHouse() {
  const home = await makeHome()
  const upstream = await makeUpstream()
  const server = await startSdkServer(upstream)
  const port = await freePort()
  const owner = await serve(home, port)
  const added = await home.tokentray(['add', server.url, '--id', 'one'])
  expect([added.code, added.err]).toEqual([0, expect.any(String)])
  return { home, server, port, owner }
}

type Client = {
  connect(transport: unknown): Promise<void>
  callTool(params: object): Promise<unknown>
  listTools(): Promise<{ tools: { name: string }[] }>
  close(): Promise<void>
}
const generations: [string, () => Client, typeof StdioBefore | typeof StdioToday][] = [
  ['1.x', () => new ClientBefore({ name: 't', version: '1' }) as unknown as Client, StdioBefore],
  ['2.x', () => new ClientToday({ name: 't', version: '1' }) as unknown as Client, StdioToday]
]

test.each(generations)(
  'SDK %s over stdio: calls, progress, a forgotten session, a killed owner',
  async (_, make, Stdio) => {
    const { home, server, port, owner } = await makeHouse()
    const transport = new Stdio({
      command: process.execPath,
      args: [home.entry, 'mcp', 'one'],
      env: home.env,
      stderr: 'pipe'
    })
    let said = ''
    transport.stderr?.on('data', (chunk) => {
      said += chunk
    })
    const client = make()
    onTestFinished(() => client.close())
    await client.connect(transport)
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['add', 'slow'])
    const ok = { content: [{ type: 'text', text: 'ok' }] }
    expect(await client.callTool({ name: 'add' })).toMatchObject(ok)

    // Counted on the wire: the SDK forgets a request's listener as soon as the answer is read.
    let progress = 0
    const heard = transport.onmessage as ((message: object) => void) | undefined
    transport.onmessage = (message: object) => {
      if ('method' in message && message.method === 'notifications/progress') progress += 1
      heard?.(message)
    }
    const _meta = { progressToken: 'far' }
    expect(await client.callTool({ name: 'slow', _meta })).toMatchObject({ content: [{ text: 'done' }] })
    expect(progress).toBe(3)

    server.forget()
    expect(await client.callTool({ name: 'add' })).toMatchObject(ok)

    owner.kill('SIGKILL')
    await owner.ended
    const call = client.callTool({ name: 'add' })
    await serve(home, port)
    expect(await call).toMatchObject(ok)
    expect(said).toBe('')

    const clients = await home.tokentray(['clients', 'list', '--json'])
    expect(clients.out).toContain('tokentray mcp (process')
    await client.close()
    await expect.poll(() => server.sessions()).toBe(0)
    await expect
      .poll(async () => (await home.tokentray(['clients', 'list', '--json'])).out)
      .not.toContain('tokentray mcp (process')
  }
)

test('SDK 2.x over stdio without sessions: calls and a subscription, also through a killed owner', async () => {
  const { home, server, port, owner } = await makeHouse()
  const transport = new StdioToday({ command: process.execPath, args: [home.entry, 'mcp', 'one'], env: home.env })
  const client = new ClientToday({ name: 't', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
  onTestFinished(() => client.close())
  await client.connect(transport)
  const ok = { content: [{ type: 'text', text: 'ok' }] }
  expect(await client.callTool({ name: 'add' })).toMatchObject(ok)
  const listen = async () => {
    const heard = Promise.withResolvers<void>()
    client.setNotificationHandler('notifications/tools/list_changed', () => heard.resolve())
    const subscription = await client.listen({ toolsListChanged: true })
    server.toolsChanged()
    await heard.promise
    return subscription
  }
  const subscription = await listen()
  owner.kill('SIGKILL')
  await owner.ended
  // Its stream is gone with the owner, and the client hears so: it asks for another one.
  expect(await subscription.closed).toBe('remote')
  const call = client.callTool({ name: 'add' })
  await serve(home, port)
  expect(await call).toMatchObject(ok)
  await listen()
  expect(server.sessions()).toBe(0)
})

test('nobody signed in: the client is told what to run', async () => {
  const { home } = await makeHouse()
  await home.tokentray(['logout', 'one'])
  const transport = new StdioToday({
    command: process.execPath,
    args: [home.entry, 'mcp', 'one'],
    env: home.env,
    stderr: 'pipe'
  })
  const client = new ClientToday({ name: 't', version: '1' })
  onTestFinished(() => client.close())
  await expect(client.connect(transport)).rejects.toThrow(/login one/)
})

test('a key that connect wrote opens one server until disconnect', async () => {
  const { home } = await makeHouse()
  const written = await home.tokentray(['connect', 'cursor', 'one', '--yes'])
  expect(written.code).toBe(0)
  const file = join(home.folder, '.cursor', 'mcp.json')
  const { url, headers } = JSON.parse(readFileSync(file, 'utf8')).mcpServers.one
  expect(written.out + written.err).not.toContain(headers.Authorization.slice('Bearer '.length))
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } }
  })
  const ask = async () => {
    const accept = 'application/json, text/event-stream'
    const reply = await fetch(url, {
      method: 'POST',
      headers: { ...headers, accept, 'content-type': 'application/json' },
      body
    })
    await reply.body?.cancel()
    return reply.status
  }
  expect(await ask()).toBe(200)
  const again = await home.tokentray(['connect', 'cursor', 'one', '--yes'])
  expect(again.out).toContain('already')
  expect((await home.tokentray(['disconnect', 'cursor', 'one', '--yes'])).code).toBe(0)
  expect(await ask()).toBe(401)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ mcpServers: {} })
})
