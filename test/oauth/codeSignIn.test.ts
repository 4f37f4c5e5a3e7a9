// The authorization code grant, from the URL a browser gets to the grant that comes out, and the callback's page.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FakeServer, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'
import { begin, browse, configOf, plain, refusal, setUp, signInFully, start } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

const serverPath = '/.well-known/oauth-authorization-server'
const metadata = (more: Record<string, unknown>) =>
  fake.script(serverPath, { body: { ...metadataOf(fake.origin), ...more } })

/** The callback as a browser would call it, with changes. */
function back(signIn: { url: string | null; redirectUri: string | null }, parameters: Record<string, string>): string {
  const url = new URL(signIn.redirectUri ?? '')
  url.searchParams.set('state', new URL(signIn.url ?? '').searchParams.get('state') ?? '')
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

describe('the authorization request', () => {
  test('PKCE, state, and `resource` verbatim in both requests', async () => {
    const { oauth } = setUp()
    fake.script('/.well-known/oauth-protected-resource/mcp', {
      body: { resource: fake.origin, authorization_servers: [fake.origin] }
    })
    const signIn = await begin(oauth, configOf(fake.mcp))
    const asked = new URL(signIn.url ?? '').searchParams
    expect(Object.fromEntries(asked)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      resource: fake.origin,
      redirect_uri: signIn.redirectUri
    })
    expect(asked.has('scope')).toBe(false)
    expect(asked.get('state')?.length).toBeGreaterThan(40)
    await browse(signIn)
    const exchanged = fake.to('/token')[0]?.form
    expect(exchanged?.get('resource')).toBe(fake.origin)
    const challenge = Buffer.from(
      await crypto.subtle.digest('SHA-256', Buffer.from(exchanged?.get('code_verifier') ?? ''))
    ).toString('base64url')
    expect(asked.get('code_challenge')).toBe(challenge)
    expect((await signIn.grant).shape.resource).toBe(fake.origin)
  })

  test('one of several accounts at an address is asked for by choice, and once it is known by its name', async () => {
    const { oauth } = setUp()
    const asked = async (account?: string) => {
      const config = configOf(fake.mcp, account === undefined ? {} : { account })
      const given = { clientSecret: null, onStep: () => {}, signal: new AbortController().signal }
      const signIn = await oauth.beginSignIn(config, { ...given, isProfile: true })
      signIn.cancel()
      const parameters = new URL(signIn.url ?? '').searchParams
      return [parameters.get('prompt'), parameters.get('login_hint')]
    }
    expect(await asked()).toEqual(['select_account', null])
    expect(await asked('ann@example.com')).toEqual([null, 'ann@example.com'])
    metadata({ scopes_supported: ['offline_access'] })
    expect(await asked()).toEqual(['consent select_account', null])
  })

  test('the account is what the ID token says, in the order people know it by; nonsense is nobody', async () => {
    const { oauth } = setUp()
    const accountIn = async (claims: object) => {
      const idToken = ['{}', JSON.stringify(claims), '']
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.')
      fake.script('/token', { body: { access_token: 'a', id_token: idToken } })
      return (await signInFully(oauth, configOf(fake.mcp))).account
    }
    expect(await accountIn({ name: 'Ann', email: 'ann@example.com' })).toBe('ann@example.com')
    expect(await accountIn({ name: 'Ann', preferred_username: 7 })).toBe('Ann')
    expect(await accountIn({ name: 'A\u0007' })).toBeUndefined()
    expect(await accountIn({ sub: '1' })).toBeUndefined()
  })

  test('extra parameters go into both requests and never over those of the protocol', async () => {
    const { oauth } = setUp()
    const params = {
      audience: 'api',
      access_type: 'offline',
      client_id: 'evil',
      grant_type: 'password',
      state: 'x',
      resource: 'https://evil',
      code: 'x'
    }
    await signInFully(oauth, configOf(fake.mcp, { params }))
    for (const form of [fake.to('/authorize')[0]?.form, fake.to('/token')[0]?.form])
      expect(Object.fromEntries(form ?? [])).toMatchObject({
        audience: 'api',
        access_type: 'offline',
        client_id: 'client-1',
        resource: fake.mcp
      })
    expect(fake.to('/token')[0]?.form.get('grant_type')).toBe('authorization_code')
    expect(fake.to('/token')[0]?.form.get('code')).toBe('the-code')
  })

  test('FM-12 the quirk omitResource leaves `resource` out of every request', async () => {
    const { oauth } = setUp()
    const grant = await signInFully(oauth, configOf(fake.mcp, { quirks: { omitResource: true } }))
    expect(fake.to('/authorize')[0]?.form.has('resource')).toBe(false)
    expect(fake.to('/token')[0]?.form.has('resource')).toBe(false)
    expect(grant.shape.resource).toBeNull()
  })

  test('FM-09 offline_access is requested only if it is listed, with the consent it needs', async () => {
    const { oauth } = setUp()
    const scopeOf = async (scope?: string) => {
      const url = new URL((await begin(oauth, configOf(fake.mcp, scope === undefined ? {} : { scope }))).url ?? '')
      return [url.searchParams.get('scope'), url.searchParams.get('prompt')]
    }
    expect(await scopeOf()).toEqual(['read write', null])
    metadata({ scopes_supported: ['openid', 'offline_access'] })
    expect(await scopeOf()).toEqual(['read write offline_access', 'consent'])
    expect(await scopeOf('mine')).toEqual(['mine offline_access', 'consent'])
  })

  test('FM-09 a reply without a refresh token is recognized, so that a warning is shown', async () => {
    fake.script('/token', { body: { access_token: 'a' } })
    const grant = await signInFully(setUp().oauth, configOf(fake.mcp))
    expect(grant).toMatchObject({ refreshToken: null, scope: 'read write', expirySource: 'none' })
  })

  test('a token without an end and without a refresh token is not guessed to have one, as at GitHub and Intercom', async () => {
    fake.script('/token', { body: { access_token: 'a', token_type: 'bearer' } })
    const config = configOf(fake.mcp)
    expect(await signInFully(setUp().oauth, config)).toMatchObject({ expiresAt: null, expirySource: 'none' })
    fake.script('/token', { body: { access_token: 'a', refresh_token: 'r' } })
    expect(await signInFully(setUp().oauth, config)).toMatchObject({ expirySource: 'guess' })
    fake.script('/token', { body: { access_token: 'a', expires_in: 60 } })
    expect(await signInFully(setUp().oauth, config)).toMatchObject({ expiresAt: start + 60_000 })
    fake.script('/token', { body: { access_token: 'a' } })
    const alone = configOf(fake.mcp, { grantKind: 'clientCredentials', clientId: 'robot' })
    expect(await signInFully(setUp().oauth, alone, 's')).toMatchObject({ expirySource: 'guess' })
  })

  test('a server that does not state PKCE is refused, unless the setting for it was made', async () => {
    const { oauth } = setUp()
    metadata({ code_challenge_methods_supported: undefined })
    expect(await refusal(begin(oauth, configOf(fake.mcp)), 'pkceUnsupported')).toContain('in the settings')
    const quirks = { allowMissingPkceMetadata: true }
    expect((await begin(oauth, configOf(fake.mcp, { quirks }))).url).toContain('code_challenge')
    metadata({ code_challenge_methods_supported: ['plain'] })
    await refusal(begin(oauth, configOf(fake.mcp, { quirks })), 'pkceUnsupported')
  })

  test('the steps are told as they come; FM-15 and no browser is opened', async () => {
    const steps: string[] = []
    const signIn = await begin(setUp().oauth, configOf(fake.mcp), null, steps)
    expect(steps).toEqual(['resource', 'authorizationServer', 'registration', 'browser'])
    expect(fake.to('/authorize')).toHaveLength(0)
    await browse(signIn)
    expect(steps.at(-1)).toBe('exchange')
  })
})

describe('the authorization response', () => {
  test('leads to tokens, a calm page, and a closed listener', async () => {
    const signIn = await begin(setUp().oauth, configOf(fake.mcp))
    const page = await browse(signIn)
    expect(page.status).toBe(200)
    expect(page.text).toContain('You can close this window.')
    expect(page.text).not.toContain('<script')
    expect(page.headers.get('cache-control')).toBe('no-store')
    const grant = await signIn.grant
    expect([plain(grant.accessToken), plain(grant.refreshToken)]).toEqual(['access-2', 'refresh-2'])
    expect(grant).toMatchObject({
      expiresAt: start + 3_600_000,
      shape: { revocationEndpoint: `${fake.origin}/revoke` }
    })
    await expect(fetch(signIn.redirectUri ?? '')).rejects.toThrow()
  })

  test('with a wrong state is answered with 400, and the right one is still waited for', async () => {
    const signIn = await begin(setUp().oauth, configOf(fake.mcp))
    for (const url of [
      back(signIn, { code: 'evil', state: 'guess' }),
      signIn.redirectUri ?? '',
      back(signIn, { error: 'access_denied', state: '' })
    ])
      expect((await fetch(url)).status).toBe(400)
    expect((await fetch(new URL('/favicon.ico', signIn.redirectUri ?? ''))).status).toBe(404)
    expect((await fetch(back(signIn, { code: 'x' }), { method: 'POST' })).status).toBe(404)
    expect(fake.to('/token')).toHaveLength(0)
    expect((await browse(signIn)).status).toBe(200)
    expect(plain((await signIn.grant).accessToken)).toBe('access-2')
  })

  test('the person said no', async () => {
    const signIn = await begin(setUp().oauth, configOf(fake.mcp))
    const page = await fetch(back(signIn, { error: 'access_denied' }))
    expect(page.status).toBe(400)
    expect(await page.text()).toContain('was denied')
    await refusal(signIn.grant, 'authorizationDenied')
  })

  test("another error shows the server's words, as text", async () => {
    const signIn = await begin(setUp().oauth, configOf(fake.mcp))
    const page = await fetch(
      back(signIn, { error: 'invalid_scope', error_description: 'no <script>alert(1)</script>' })
    )
    expect(await page.text()).not.toContain('<script>')
    expect(await refusal(signIn.grant, 'scopeRefused')).toContain('invalid_scope')
  })

  test('of another issuer is neither acted on nor shown', async () => {
    const signIn = await begin(setUp().oauth, configOf(fake.mcp))
    const page = await fetch(
      back(signIn, { error: 'access_denied', error_description: 'SHOWN', iss: 'https://evil.example' })
    )
    expect(await page.text()).not.toContain('SHOWN')
    expect(await refusal(signIn.grant, 'issuerMismatch')).not.toMatch(/SHOWN|declined|evil/)
    expect(fake.to('/token')).toHaveLength(0)
  })

  test('must name its issuer where the metadata says that it will', async () => {
    metadata({ authorization_response_iss_parameter_supported: true })
    const { oauth } = setUp()
    const without = await begin(oauth, configOf(fake.mcp))
    await browse(without)
    await refusal(without.grant, 'responseInvalid')
    expect(fake.to('/token')).toHaveLength(0)
    const named = await begin(oauth, configOf(fake.mcp))
    await fetch(back(named, { code: 'the-code', iss: fake.origin }))
    expect(plain((await named.grant).accessToken)).toMatch(/^access-/)
  })

  test('without a code is refused', async () => {
    const signIn = await begin(setUp().oauth, configOf(fake.mcp))
    await fetch(back(signIn, {}))
    await refusal(signIn.grant, 'responseInvalid')
  })

  test.each([
    [{ status: 400, body: { error: 'invalid_grant' } }, 'signInFailed'],
    [{ status: 503 }, 'serverBusy'],
    ['cut', 'replyLost'],
    [{ body: '<html>' }, 'responseInvalid'],
    [{ status: 400, body: { error: 'invalid_target' } }, 'signInFailed']
  ] as const)('an exchange answered with %j fails as %s, and the page says so', async (reply, code) => {
    fake.script('/token', reply)
    const signIn = await begin(setUp().oauth, configOf(fake.mcp))
    expect((await browse(signIn)).text).toContain('Sign-in failed')
    await refusal(signIn.grant, code)
    expect(fake.to('/token')).toHaveLength(1)
  })
})

describe('by hand, and not at all', () => {
  test('the redirected address can be pasted, whole or its query alone', async () => {
    const { oauth } = setUp()
    const signIn = await begin(oauth, configOf(fake.mcp))
    for (const wrong of ['hello', fake.mcp, back(signIn, { code: 'x', state: 'other' }), ''])
      await refusal(signIn.paste(wrong), 'responseInvalid')
    await signIn.paste(` ${back(signIn, { code: 'the-code' })}\n`)
    expect(plain((await signIn.grant).accessToken)).toBe('access-2')
    const again = await begin(oauth, configOf(fake.mcp))
    await again.paste(new URL(back(again, { code: 'the-code' })).search)
    expect(plain((await again.grant).accessToken)).toBe('access-3')
  })

  test('a code that comes by browser and by hand is exchanged once', async () => {
    const signIn = await begin(setUp().oauth, configOf(fake.mcp))
    const url = back(signIn, { code: 'the-code' })
    await Promise.all([fetch(url), signIn.paste(url)])
    await signIn.grant
    expect(fake.to('/token')).toHaveLength(1)
  })

  test('cancelled, aborted, or left for ten minutes: it ends, and the port is free', async () => {
    const { oauth, clock } = setUp()
    const cancelled = await begin(oauth, configOf(fake.mcp))
    cancelled.cancel()
    await refusal(cancelled.grant, 'signInCancelled')
    await expect(fetch(cancelled.redirectUri ?? '')).rejects.toThrow()

    const abort = new AbortController()
    const given = { clientSecret: null, onStep: () => {}, signal: abort.signal }
    const aborted = await oauth.beginSignIn(configOf(fake.mcp), given)
    abort.abort()
    await refusal(aborted.grant, 'signInCancelled')
    await refusal(oauth.beginSignIn(configOf(fake.mcp), given), 'signInCancelled')

    const left = await begin(oauth, configOf(fake.mcp))
    clock.advance(600_000)
    expect(await refusal(left.grant, 'signInFailed')).toContain('in time')
    await expect(fetch(left.redirectUri ?? '')).rejects.toThrow()
  })

  test('aborted just before the browser: nothing is left open', async () => {
    const { oauth, registrations } = setUp()
    await signInFully(oauth, configOf(fake.mcp))
    const abort = new AbortController()
    const onStep = (step: string) => void (step === 'registration' && abort.abort())
    const given = { clientSecret: null, onStep, signal: abort.signal }
    await refusal(oauth.beginSignIn(configOf(fake.mcp), given), 'signInCancelled')
    await expect(fetch(registrations.rows[0]?.redirectUri ?? '')).rejects.toThrow()
  })

  test.each(['staticToken', 'refreshToken'] as const)(
    'a server that lives on a pasted %s has no sign-in',
    async (grantKind) => {
      expect(await refusal(begin(setUp().oauth, configOf(fake.mcp, { grantKind })), 'signInFailed')).toContain(
        'Replace it'
      )
      expect(fake.requests).toHaveLength(0)
    }
  )
})
