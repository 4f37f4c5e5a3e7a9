// The MCP clients of the end-to-end tests: both generations of the SDK, the newer one with either kind of protocol.
// Each signs in to Tokentray by OAuth as an editor would, and tells how often it was given tokens or sent to a browser.
import {
  auth as authToday,
  Client as ClientToday,
  StreamableHTTPClientTransport as HttpToday
} from '@modelcontextprotocol/client'
import { auth as authBefore } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as ClientBefore } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as HttpBefore } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { expect, onTestFinished } from 'vitest'
import type { Home } from './harness.ts'

/** What the generations have in common; their own types differ in nothing that matters here. */
export type Client = {
  connect(transport: unknown): Promise<void>
  callTool(params: object): Promise<unknown>
  close(): Promise<void>
}
type Run = (
  provider: unknown,
  options: { serverUrl: string; authorizationCode?: string; iss?: string }
) => Promise<string>
type Http = new (url: URL, options: object) => unknown

export type Kind = { name: string; hasSessions: boolean; run: Run; make(): Client; Http: Http }

const me = { name: 't', version: '1' }
const today = { run: authToday as unknown as Run, Http: HttpToday as unknown as Http }
export const kinds: readonly Kind[] = [
  {
    name: 'SDK 1.x',
    hasSessions: true,
    run: authBefore as unknown as Run,
    make: () => new ClientBefore(me) as unknown as Client,
    Http: HttpBefore as unknown as Http
  },
  {
    name: 'SDK 2.x with sessions',
    hasSessions: true,
    make: () => new ClientToday(me, { versionNegotiation: { mode: 'legacy' } }) as unknown as Client,
    ...today
  },
  {
    name: 'SDK 2.x without sessions',
    hasSessions: false,
    // Pinned: nothing but this revision will do, so no connection can be of the other kind unnoticed.
    make: () => new ClientToday(me, { versionNegotiation: { mode: { pin: '2026-07-28' } } }) as unknown as Client,
    ...today
  }
]

const redirectUri = 'http://localhost:33418/callback'

function makeProvider(name: string) {
  const kept = new Map<string, unknown>()
  const count = { saved: 0, redirected: 0 }
  const provider = {
    redirectUrl: redirectUri,
    clientMetadata: { client_name: name, redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' },
    state: () => 'state',
    clientInformation: () => kept.get('client'),
    saveClientInformation: (it: unknown) => void kept.set('client', it),
    tokens: () => kept.get('tokens'),
    saveTokens(it: unknown) {
      count.saved += 1
      kept.set('tokens', it)
    },
    redirectToAuthorization(url: URL) {
      count.redirected += 1
      kept.set('url', url)
    },
    saveCodeVerifier: (it: string) => void kept.set('verifier', it),
    codeVerifier: () => kept.get('verifier'),
    discoveryState: () => kept.get('discovery'),
    saveDiscoveryState: (it: unknown) => void kept.set('discovery', it)
  }
  return { provider, url: () => kept.get('url') as URL, count }
}

export type SignedIn = {
  /** Another connection with the same local token. */
  open(): Promise<Client>
  /** Tokens it was given, and how often it wanted a browser: 1 and 1 where it signed in once and was never asked again. */
  count: { saved: number; redirected: number }
}

/** Signs a client of this kind in at the gateway for one server; the owner of `home` was told to expect it. */
export async function signIn(kind: Kind, home: Home, origin: string, server: string): Promise<SignedIn> {
  const { name, run, make, Http } = kind
  await (await home.client()).call('clients.allowNext', { name, servers: [server] })
  const serverUrl = `${origin}/${server}`
  const { provider, url, count } = makeProvider(name)
  expect(await run(provider, { serverUrl })).toBe('REDIRECT')
  const reply = await fetch(url(), { redirect: 'manual' })
  const back = new URL(reply.headers.get('location') ?? '', origin)
  const { code = '', iss = '' } = Object.fromEntries(back.searchParams)
  expect(await run(provider, { serverUrl, authorizationCode: code, iss })).toBe('AUTHORIZED')
  return {
    count,
    async open() {
      const client = make()
      onTestFinished(() => client.close())
      await client.connect(new Http(new URL(serverUrl), { authProvider: provider }))
      return client
    }
  }
}
