// The whole house: an SDK client signs in through the gateway of a real core and calls a tool behind it, tokens renewed
// on both sides meanwhile, the owner replaced in the middle; then it is revoked, and its server removed.
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../app/base/clock.ts'
import { type Gateway, startGateway } from '../../../app/gateway/gateway.ts'
import { createSetting, type Setting } from '../../core.fixture.ts'
import { browse, wait } from './access.fixture.ts'

/** Signs in as programs on the SDK do; what it keeps outlives the transport. */
function makeProvider() {
  const memory = new Map<string, unknown>()
  return {
    memory,
    redirectUrl: 'http://127.0.0.1:3999/callback',
    clientMetadata: { client_name: 'Agent', redirect_uris: ['http://127.0.0.1:3999/callback'] },
    clientInformation: () => memory.get('client') as never,
    saveClientInformation: (it: unknown) => void memory.set('client', it),
    tokens: () => memory.get('tokens') as never,
    saveTokens: (it: unknown) => void memory.set('tokens', it),
    redirectToAuthorization: (url: URL) => void memory.set('url', url.href),
    saveCodeVerifier: (it: string) => void memory.set('verifier', it),
    codeVerifier: () => memory.get('verifier') as string
  }
}

async function open(setting: Setting, port = 0): Promise<Gateway> {
  return startGateway({ ...setting.core.gateway, clock: systemClock(), port, publicUrl: null })
}

test('sign in, call, be restarted under, be revoked', async () => {
  const setting = await createSetting()
  await setting.signIn()
  let gateway = await open(setting)
  onTestFinished(async () => {
    await gateway.close()
    await setting.stop()
  })
  const provider = makeProvider()
  const address = new URL(`${gateway.address}/one`)
  const connect = async () => {
    const client = new Client({ name: 'agent', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(address, { authProvider: provider }))
    return client
  }

  const first = new StreamableHTTPClientTransport(address, { authProvider: provider })
  const asking = new Client({ name: 'agent', version: '1.0.0' }).connect(first)
  await expect(asking).rejects.toBeInstanceOf(UnauthorizedError)
  const { ticket } = await browse(String(provider.memory.get('url')))
  const [pending] = setting.core.snapshot().clients.pending
  expect(pending).toMatchObject({ name: 'Agent', asks: ['one'] })
  await setting.call('clients.allow', { request: pending!.request, always: false })
  const answer = new URL((await wait(gateway.address, ticket)).location!)
  await first.finishAuth(answer.searchParams)

  const client = await connect()
  expect((await client.listTools()).tools.length).toBeGreaterThan(0)
  await setting.call('server.refresh', { server: 'one' })
  await client.listTools()
  await client.close()
  expect((await setting.call('clients.list', {})).clients).toMatchObject([
    { name: 'Agent', servers: ['one'], lastUse: { server: 'one' } }
  ])

  const { port } = gateway
  await gateway.close()
  await setting.restart()
  gateway = await open(setting, port)
  const again = await connect()
  expect((await again.listTools()).tools.length).toBeGreaterThan(0)

  await setting.call('gateway.lock', {})
  await expect(again.listTools()).rejects.toThrow(/locked/i)
  await setting.call('gateway.unlock', {})
  await again.listTools()

  await setting.call('clients.revoke', { client: 'Agent' })
  await expect(again.listTools()).rejects.toThrow()
  expect((await setting.call('clients.activity', {})).uses[0]).toMatchObject({ name: 'Agent', server: 'one' })
  await again.close()
})

test('a key at a server it is not for starts no sign-in, and the sentence is seen', async () => {
  const setting = await createSetting()
  await setting.signIn()
  await setting.call('server.add', { url: 'https://two.example/mcp', name: 'two' })
  const gateway = await open(setting)
  onTestFinished(async () => {
    await gateway.close()
    await setting.stop()
  })
  const { key } = await setting.call('clients.addKey', { name: 'ci', servers: ['two'] })
  const provider = makeProvider()
  const transport = new StreamableHTTPClientTransport(new URL(`${gateway.address}/one`), {
    authProvider: provider,
    requestInit: { headers: { 'X-Tokentray-Key': key } }
  })
  const asking = new Client({ name: 'agent', version: '1.0.0' }).connect(transport)
  await expect(asking).rejects.toThrow('is not for one')
  expect(provider.memory.get('url')).toBeUndefined()
})
