// Both generations of the MCP SDK sign in with their own OAuth client, as the programs built on them do.
// They discover, register, ask, come back with the code, and refresh; consent is given through the contract.
import { auth as authToday, type OAuthClientProvider as ProviderToday } from '@modelcontextprotocol/client'
import {
  auth as authBefore,
  type OAuthClientProvider as ProviderBefore
} from '@modelcontextprotocol/sdk/client/auth.js'
import { describe, expect, test } from 'vitest'
import { allow, browse, decide, type Gateway, startGateway } from './access.fixture.ts'
import { bearer } from './client.ts'

type Kept = { tokens?: { access_token: string; refresh_token?: string }; url?: URL; registered?: unknown }

function makeProvider(kept: Kept) {
  const memory = new Map<string, unknown>()
  return {
    redirectUrl: 'http://localhost:33418/callback',
    clientMetadata: {
      client_name: 'SDK client',
      redirect_uris: ['http://localhost:33418/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none'
    },
    state: () => 'state-1',
    clientInformation: () => memory.get('client'),
    saveClientInformation: (it: unknown) => void memory.set('client', it),
    tokens: () => kept.tokens,
    saveTokens: (it: NonNullable<Kept['tokens']>) => {
      kept.tokens = it
    },
    redirectToAuthorization: (url: URL) => {
      kept.url = url
    },
    saveCodeVerifier: (it: string) => void memory.set('verifier', it),
    codeVerifier: () => memory.get('verifier') as string,
    discoveryState: () => memory.get('discovery'),
    saveDiscoveryState: (it: unknown) => void memory.set('discovery', it),
    invalidateCredentials: (what: string) => {
      if (what === 'all' || what === 'client') memory.delete('client')
      if (what === 'all' || what === 'tokens') delete kept.tokens
    }
  }
}

type Auth = (
  kept: Kept
) => (options: { serverUrl: string; authorizationCode?: string; iss?: string }) => Promise<string>

const generations: [string, Auth][] = [
  [
    '1.x',
    (kept) => {
      const provider = makeProvider(kept) as unknown as ProviderBefore
      return (options) => authBefore(provider, options)
    }
  ],
  [
    '2.x',
    (kept) => {
      const provider = makeProvider(kept) as unknown as ProviderToday
      return (options) => authToday(provider, options)
    }
  ]
]

describe.each(generations)('the OAuth client of the SDK %s', (_, make) => {
  async function signIn(gateway: Gateway, kept: Kept, run: ReturnType<Auth>) {
    const serverUrl = `${gateway.origin}/notes`
    expect(await run({ serverUrl })).toBe('REDIRECT')
    const answer = await decide(gateway, kept.url!.href, allow())
    const { code, iss } = Object.fromEntries(answer.searchParams) as { code: string; iss: string }
    expect(await run({ serverUrl, authorizationCode: code, iss })).toBe('AUTHORIZED')
    return serverUrl
  }

  test('signs in and refreshes, also after the gateway started anew', async () => {
    const gateway = await startGateway()
    const kept: Kept = {}
    const run = make(kept)
    const serverUrl = await signIn(gateway, kept, run)
    const first = kept.tokens!.access_token
    expect((await gateway.use('notes', bearer(first))).status).toBe(200)
    await gateway.restart()
    expect(await run({ serverUrl })).toBe('AUTHORIZED')
    expect(kept.tokens!.access_token).not.toBe(first)
    expect((await gateway.use('notes', bearer(kept.tokens!.access_token))).status).toBe(200)
  })

  test('three refreshes at once leave a living refresh token', async () => {
    const gateway = await startGateway()
    const kept: Kept = {}
    const run = make(kept)
    const serverUrl = await signIn(gateway, kept, run)
    const before = { ...kept.tokens! }
    await Promise.all([1, 2, 3].map(() => run({ serverUrl })))
    expect(kept.tokens!.refresh_token).not.toBe(before.refresh_token)
    expect(await run({ serverUrl })).toBe('AUTHORIZED')
    expect((await gateway.use('notes', bearer(kept.tokens!.access_token))).status).toBe(200)
  })

  test('once revoked, it registers and asks anew', async () => {
    const gateway = await startGateway()
    const kept: Kept = {}
    const run = make(kept)
    const serverUrl = await signIn(gateway, kept, run)
    await gateway.call('clients.revoke', { client: 'SDK client' })
    expect(await run({ serverUrl })).toBe('REDIRECT')
    expect((await browse(kept.url!.href)).ticket).not.toBeNull()
    expect(gateway.access.view().pending).toMatchObject([{ name: 'SDK client', asks: ['notes'] }])
  })
})
