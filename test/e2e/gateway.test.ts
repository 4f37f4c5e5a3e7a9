// The whole promise with real processes: SDK clients that signed in to Tokentray call tools while five-second tokens rotate,
// the server goes away and comes back, and the owner is killed and started again. Their local tokens are never replaced.
import { type AddressInfo, createServer } from 'node:net'
import {
  auth as authToday,
  Client as ClientToday,
  StreamableHTTPClientTransport as HttpToday
} from '@modelcontextprotocol/client'
import { auth as authBefore } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as ClientBefore } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as HttpBefore } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { expect, onTestFinished, test } from 'vitest'
import type { Snapshot } from '../../app/contract/views.ts'
import { makeHome, makeUpstream, until } from './harness.ts'
import { startSdkServer } from './sdkServer.ts'

type Client = {
  connect(transport: unknown): Promise<void>
  callTool(params: object): Promise<unknown>
  close(): Promise<void>
}
type Run = (
  provider: unknown,
  options: { serverUrl: string; authorizationCode?: string; iss?: string }
) => Promise<string>
type Http = new (url: URL, options: object) => unknown
const generations: [string, Run, () => Client, Http][] = [
  [
    '1.x',
    authBefore as unknown as Run,
    () => new ClientBefore({ name: 't', version: '1' }) as unknown as Client,
    HttpBefore as unknown as Http
  ],
  [
    '2.x',
    authToday as unknown as Run,
    () => new ClientToday({ name: 't', version: '1' }) as unknown as Client,
    HttpToday as unknown as Http
  ]
]
async function freePort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}

const redirectUri = 'http://localhost:33418/callback'

function makeProvider(name: string) {
  const kept = new Map<string, unknown>()
  let saved = 0
  const provider = {
    redirectUrl: redirectUri,
    clientMetadata: { client_name: name, redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' },
    state: () => 'state',
    clientInformation: () => kept.get('client'),
    saveClientInformation: (it: unknown) => void kept.set('client', it),
    tokens: () => kept.get('tokens'),
    saveTokens(it: unknown) {
      saved += 1
      kept.set('tokens', it)
    },
    redirectToAuthorization: (url: URL) => void kept.set('url', url),
    saveCodeVerifier: (it: string) => void kept.set('verifier', it),
    codeVerifier: () => kept.get('verifier'),
    discoveryState: () => kept.get('discovery'),
    saveDiscoveryState: (it: unknown) => void kept.set('discovery', it)
  }
  return { provider, url: () => kept.get('url') as URL, saved: () => saved }
}

test.each(generations)(
  'SDK %s keeps its local token through rotations, an outage and a killed owner',
  async (name, run, make, Http) => {
    const upstream = await makeUpstream({ accessTokenTtl: 5 })
    const server = await startSdkServer(upstream)
    const home = await makeHome({ settings: { schedule: { floor: 1000 } } })
    const serve = async (...port: string[]) => {
      const owner = home.start(['serve', '--no-dashboard', ...port])
      const line = await owner.line(/gateway: +http/)
      return { owner, origin: /http:\/\/[\d.:]+/.exec(line)?.[0] ?? '' }
    }
    const port = await freePort()
    const { owner, origin } = await serve('--gateway-port', port)
    expect((await home.tokentray(['add', server.url, '--id', 'one'])).code).toBe(0)

    await (await home.client()).call('clients.allowNext', { name, servers: ['one'] })
    const serverUrl = `${origin}/one`
    const { provider, url, saved } = makeProvider(name)
    expect(await run(provider, { serverUrl })).toBe('REDIRECT')
    const reply = await fetch(url(), { redirect: 'manual' })
    const back = new URL(reply.headers.get('location') ?? '', origin)
    const { code = '', iss = '' } = Object.fromEntries(back.searchParams)
    expect(await run(provider, { serverUrl, authorizationCode: code, iss })).toBe('AUTHORIZED')

    const client = make()
    onTestFinished(() => client.close())
    await client.connect(new Http(new URL(serverUrl), { authProvider: provider }))
    const ok = { content: [{ type: 'text', text: 'ok' }] }
    const call = () => client.callTool({ name: 'add' })
    const callUntil = async (refreshes: number) => {
      while (upstream.count('refreshed') < refreshes) expect(await call()).toMatchObject(ok)
    }
    await callUntil(2)

    await server.goDown()
    await expect(call()).rejects.toThrow(/cannot be reached/)
    await server.comeBack()
    await callUntil(upstream.count('refreshed') + 1)

    // Not while a refresh is on its way: an answer that nobody stored costs the grant where reuse is punished.
    const lastAt = ({ servers }: Snapshot) =>
      servers[0]?.lastEvent?.kind === 'refreshed' ? servers[0].lastEvent.at : 0
    const before = lastAt(await until(home, (snapshot) => lastAt(snapshot) > 0))
    await until(home, (snapshot) => lastAt(snapshot) > before)
    owner.kill('SIGKILL')
    await owner.ended
    await expect(call()).rejects.toThrow()
    await serve()
    await callUntil(upstream.count('refreshed') + 1)
    expect(saved()).toBe(1)
    expect(upstream.count('reuseDetected')).toBe(0)
  },
  90_000
)
