// Servers shaped like well-known providers: each fails by the standard, says what would cure it, and works once that is set.
// Nothing is relaxed without the recorded quirk. The shapes are hand-made from what the sources of the table say.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TokentrayError } from '../../app/contract/errors.ts'
import type { Proposal } from '../../app/contract/proposal.ts'
import type { ServerConfig } from '../../app/contract/serverConfig.ts'
import type { SendRequest } from '../../app/net/request.ts'
import { NetworkFault } from '../../app/net/request.ts'
import { createOAuth } from '../../app/oauth/engine.ts'
import { type FakeServer, type Handler, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'
import { begin, browse, configOf, never, plain, setUp, signInFully } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

const serverPath = '/.well-known/oauth-authorization-server'
const resourcePath = '/.well-known/oauth-protected-resource/mcp'
const tokens = (more = {}) => ({
  access_token: 'a1',
  token_type: 'Bearer',
  expires_in: 3600,
  refresh_token: 'r1',
  ...more
})

/** The proposals that the failed sign-in carries, with its code. */
async function failure(work: Promise<unknown>): Promise<{ code: string; changes: Proposal['change'][] }> {
  const error = await work.then(
    () => Promise.reject(new Error('it did not fail')),
    (reason: unknown) => reason
  )
  if (!(error instanceof TokentrayError)) throw error
  for (const { reason, givesUp } of error.proposals) expect([reason, givesUp]).not.toContain('')
  return { code: error.code, changes: error.proposals.map(({ change }) => change) }
}

/** A sign-in to the end and a refresh with what came of it. */
async function signInAndRefresh(config: ServerConfig) {
  const { oauth } = setUp()
  const grant = await signInFully(oauth, config)
  return oauth.renew(config, { ...grant, generation: 1, startedAt: null, restored: false }, never)
}

describe('like Microsoft Entra: no word of PKCE, and no resource', () => {
  const refuse: Handler = ({ form }) =>
    form.has('resource')
      ? { status: 400, body: { error: 'invalid_request', error_description: 'AADSTS901002: no resource here.' } }
      : { body: tokens() }

  beforeEach(() => {
    fake.script(serverPath, { body: { ...metadataOf(fake.origin), code_challenge_methods_supported: undefined } })
    fake.script('/token', refuse)
  })

  test('each failure proposes its cure, and with both set the sign-in and the refresh work', async () => {
    const { oauth } = setUp()
    expect(await failure(begin(oauth, configOf(fake.mcp)))).toEqual({
      code: 'pkceUnsupported',
      changes: [{ quirks: { allowMissingPkceMetadata: true } }]
    })
    const quirks = { allowMissingPkceMetadata: true }
    expect(await failure(signInFully(oauth, configOf(fake.mcp, { quirks })))).toEqual({
      code: 'signInFailed',
      changes: [{ quirks: { omitResource: true } }]
    })
    const outcome = await signInAndRefresh(configOf(fake.mcp, { quirks: { ...quirks, omitResource: true } }))
    expect(outcome).toMatchObject({ ok: true })
    expect(fake.to('/token').at(-1)?.form.get('grant_type')).toBe('refresh_token')
  })

  test('a refusal on the authorization page proposes the same', async () => {
    const signIn = await begin(setUp().oauth, configOf(fake.mcp, { quirks: { allowMissingPkceMetadata: true } }))
    const back = new URL(signIn.redirectUri ?? '')
    const state = new URL(signIn.url ?? '').searchParams.get('state') ?? ''
    back.search = `${new URLSearchParams({ state, error: 'invalid_request', error_description: 'AADSTS9010010: it does not match' })}`
    await fetch(back)
    expect(await failure(signIn.grant)).toEqual({ code: 'signInFailed', changes: [{ quirks: { omitResource: true } }] })
  })
})

describe('like Google: the issuer differs by a slash', () => {
  beforeEach(() => {
    fake.script(resourcePath, { body: { resource: fake.mcp, authorization_servers: [`${fake.origin}/`] } })
    fake.script(serverPath, {
      body: { ...metadataOf(fake.origin), authorization_response_iss_parameter_supported: true }
    })
  })
  const quirks = { acceptIssuerSlash: true }

  test('fails with the proposal, works with it, and only for a slash', async () => {
    const { oauth } = setUp()
    expect(await failure(begin(oauth, configOf(fake.mcp)))).toEqual({
      code: 'issuerMismatch',
      changes: [{ quirks: { acceptIssuerSlash: true } }]
    })
    expect((await begin(oauth, configOf(fake.mcp, { quirks }))).url).toContain(fake.origin)
    for (const issuer of [`${fake.origin}//`, `${fake.origin}/x`, 'https://evil.example']) {
      fake.script(serverPath, { body: metadataOf(issuer) })
      expect((await failure(begin(oauth, configOf(fake.mcp, { quirks })))).code).toBe('issuerMismatch')
    }
  })

  test('the answer must name the issuer as the metadata spells it (RFC 9207)', async () => {
    const { oauth } = setUp()
    const answered = async (iss: string) => {
      const signIn = await begin(oauth, configOf(fake.mcp, { quirks }))
      const back = new URL(signIn.redirectUri ?? '')
      const state = new URL(signIn.url ?? '').searchParams.get('state') ?? ''
      back.search = `${new URLSearchParams({ state, code: 'the-code', iss })}`
      await fetch(back)
      return signIn.grant
    }
    expect((await answered(fake.origin)).shape.issuer).toBe(fake.origin)
    expect(await failure(answered(`${fake.origin}/`))).toEqual({ code: 'issuerMismatch', changes: [] })
  })

  test('access_type and prompt go into the authorization request', async () => {
    const params = { access_type: 'offline', prompt: 'consent' }
    const signIn = await begin(setUp().oauth, configOf(fake.mcp, { quirks, params }))
    expect(Object.fromEntries(new URL(signIn.url ?? '').searchParams)).toMatchObject(params)
  })
})

test('like GitHub: 200 with an error is the refusal that it is, and proposes nothing', async () => {
  fake.script('/token', { body: { error: 'bad_verification_code', error_description: 'The code is incorrect.' } })
  expect(await failure(signInFully(setUp().oauth, configOf(fake.mcp)))).toEqual({ code: 'signInFailed', changes: [] })
})

test('like Salesforce: the redirect address must be at localhost', async () => {
  fake.script('/register', ({ body }) => {
    const { redirect_uris } = JSON.parse(body) as { redirect_uris: string[] }
    return redirect_uris.every((uri) => new URL(uri).hostname === 'localhost')
      ? { status: 201, body: { client_id: 'c' } }
      : { status: 400, body: { error: 'invalid_redirect_uri' } }
  })
  for (const redirectHost of ['127.0.0.1', 'localhost'] as const) {
    const signIn = await begin(setUp().oauth, configOf(fake.mcp, { redirectHost }))
    expect(new URL(signIn.redirectUri ?? '').hostname).toBe('localhost')
    await browse(signIn)
    expect(plain((await signIn.grant).accessToken)).toMatch(/^access-/)
  }
  expect(fake.to('/register')).toHaveLength(3)
})

test('metadata of a public server that leads to a private address is followed only where that was allowed', async () => {
  const setting = setUp()
  const asked: string[] = []
  // A public name for the fake MCP server: the network is asked as it would be, and refuses as it would.
  const network: SendRequest = (url, request = {}) => {
    const { pathname, hostname, host } = new URL(url)
    asked.push(`${hostname === '127.0.0.1' ? 'private' : 'public'} ${request.reach ?? 'any'}`)
    if (request.reach === 'public' && hostname === '127.0.0.1')
      return Promise.reject(new NetworkFault('misconfigured', 'private_address', host))
    return setting.network(hostname === '127.0.0.1' ? url : `${fake.origin}${pathname}`, { ...request, reach: 'any' })
  }
  const mcp = 'https://192.0.2.1/mcp'
  fake.script('/mcp', { status: 401, headers: { 'www-authenticate': 'Bearer' } })
  fake.script(resourcePath, { body: { resource: mcp, authorization_servers: [fake.origin] } })
  const oauth = createOAuth({ ...setting, network })
  expect(await failure(begin(oauth, configOf(mcp)))).toEqual({
    code: 'metadataInvalid',
    changes: [{ quirks: { allowPrivateAddresses: true } }]
  })
  expect(asked.at(-1)).toBe('private public')
  const signIn = await begin(oauth, configOf(mcp, { quirks: { allowPrivateAddresses: true } }))
  expect(signIn.url).toContain(fake.origin)
  signIn.cancel()
})
