// Which client we are: kept, pre-registered or registered anew, and on which callback port.
import { createPublicKey, verify } from 'node:crypto'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../app/base/secret.ts'
import { createOAuth } from '../../app/oauth/engine.ts'
import type { ClientRegistration } from '../../app/oauth/grant.ts'
import { type FakeServer, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'
import { freePort } from '../support/freePort.ts'
import { begin, browse, configOf, never, plain, refusal, setUp, signInFully, start } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

const serverPath = '/.well-known/oauth-authorization-server'
const registered = (at = 0) => JSON.parse(fake.to('/register')[at]?.body ?? '{}')

function occupy(): Promise<{ port: number; free: () => void }> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      resolve({ port: (server.address() as { port: number }).port, free: () => server.close() })
    })
  })
}

const keptAt = (port: number, more: Partial<ClientRegistration> = {}): ClientRegistration => ({
  issuer: fake.origin,
  redirectUri: `http://127.0.0.1:${port}/callback`,
  clientId: 'kept',
  clientSecret: null,
  clientSecretExpiresAt: null,
  clientAuth: 'none',
  registeredAt: start,
  site: '127.0.0.1',
  ...more
})

describe('dynamic registration', () => {
  test('as a native public client that will refresh', async () => {
    const { oauth, registrations } = setUp()
    const grant = await signInFully(oauth, configOf(fake.mcp))
    expect(registered()).toMatchObject({
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      redirect_uris: [grant.shape.redirectUri],
      scope: 'read write'
    })
    expect(registrations.rows).toMatchObject([{ clientId: 'client-1', clientAuth: 'none', registeredAt: start }])
    expect(grant.shape).toMatchObject({ clientId: 'client-1', registration: 'dynamic', clientSecret: null })
  })

  test('is not shared with a server of another site, which might ask with it where the person has agreed before', async () => {
    const { oauth, registrations } = setUp()
    await signInFully(oauth, configOf(fake.mcp))
    // The same server under another name, which is another site.
    const mcp = fake.mcp.replace('127.0.0.1', 'localhost')
    fake.script('/.well-known/oauth-protected-resource/mcp', {
      body: { resource: mcp, authorization_servers: [fake.origin], scopes_supported: ['read'] }
    })
    const other = await signInFully(oauth, configOf(mcp))
    expect(other.shape.clientId).not.toBe('client-1')
    expect(registrations.rows.map(({ site }) => site)).toEqual(['127.0.0.1', 'localhost'])
    await signInFully(oauth, configOf(mcp))
    expect(fake.to('/register')).toHaveLength(2)
  })

  test('FM-13 happens once and is kept, with its port', async () => {
    const { oauth, registrations } = setUp()
    const first = await signInFully(oauth, configOf(fake.mcp))
    const second = await signInFully(oauth, configOf(fake.mcp))
    expect(fake.to('/register')).toHaveLength(1)
    expect(second.shape.redirectUri).toBe(first.shape.redirectUri)
    expect(registrations.rows).toHaveLength(1)
  })

  test('FM-13 two sign-ins at once share one registration and one port', async () => {
    const { oauth } = setUp()
    const [one, two] = await Promise.all([
      begin(oauth, configOf(fake.mcp)),
      begin(oauth, configOf(fake.mcp, { id: 'other' }))
    ])
    expect(fake.to('/register')).toHaveLength(1)
    expect(one.redirectUri).toBe(two.redirectUri)
    await browse(one)
    await browse(two)
    expect((await one.grant).shape.clientId).toBe((await two.grant).shape.clientId)
  })

  test('answered with 200 and a secret without an end; the method is the one the server chose', async () => {
    fake.script(serverPath, {
      body: { ...metadataOf(fake.origin), token_endpoint_auth_methods_supported: ['client_secret_post'] }
    })
    fake.script('/register', { status: 200, body: { client_id: 'c', client_secret: 'shh' } })
    const { oauth, registrations } = setUp()
    const { shape } = await signInFully(oauth, configOf(fake.mcp))
    expect(registered().token_endpoint_auth_method).toBe('client_secret_post')
    expect(shape).toMatchObject({ clientAuth: 'client_secret_post' })
    expect(plain(shape.clientSecret)).toBe('shh')
    expect(fake.to('/token')[0]?.form.get('client_secret')).toBe('shh')
    expect(registrations.rows[0]?.clientSecretExpiresAt).toBeNull()
  })

  test('a secret whose end is a fraction of a second, or absurd, is kept with a time the vault can hold', async () => {
    for (const end of [start / 1000 + 60.12345, 1e300]) {
      const body = { client_id: 'c', client_secret: 'shh', client_secret_expires_at: end }
      fake.script('/register', { status: 201, body })
      const { oauth, registrations } = setUp()
      await signInFully(oauth, configOf(fake.mcp))
      expect(Number.isSafeInteger(registrations.rows[0]?.clientSecretExpiresAt)).toBe(true)
    }
  })

  test('with a key of its own, made for it, where the server takes nothing else', async () => {
    let token_endpoint_auth_signing_alg_values_supported = ['RS256', 'ES256']
    const takes = (...methods: string[]) => {
      const body = { ...metadataOf(fake.origin), token_endpoint_auth_methods_supported: methods }
      fake.script(serverPath, { body: { ...body, token_endpoint_auth_signing_alg_values_supported } })
    }
    takes('private_key_jwt', 'tls_client_auth')
    const { oauth, registrations } = setUp()
    const { shape } = await signInFully(oauth, configOf(fake.mcp))
    expect(registered()).toMatchObject({
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [{ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' }] }
    })
    expect(Object.keys(registered().jwks.keys[0])).not.toContain('d')
    const form = fake.to('/token')[0]!.form
    const [key] = registered().jwks.keys
    const [header = '', claims = '', signature = ''] = (form.get('client_assertion') ?? '').split('.')
    const isOurs = verify(
      'sha256',
      Buffer.from(`${header}.${claims}`),
      { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url')
    )
    expect([isOurs, form.has('client_secret'), shape.clientAuth]).toEqual([true, false, 'private_key_jwt'])
    const said = JSON.parse(Buffer.from(claims, 'base64url').toString())
    expect(said).toMatchObject({ aud: fake.origin, iat: start / 1000, exp: start / 1000 + 60 })
    // A clock that is a moment fast must not make it one that is not valid yet.
    expect(said).not.toHaveProperty('nbf')
    expect(registrations.rows[0]).toMatchObject({ clientAuth: 'private_key_jwt', clientSecretExpiresAt: null })
    await signInFully(oauth, configOf(fake.mcp))
    expect(fake.to('/register')).toHaveLength(1)
    for (const [index, more] of ['none', 'client_secret_post'].entries()) {
      takes('private_key_jwt', more)
      await signInFully(setUp().oauth, configOf(fake.mcp))
      expect([registered(index + 1).token_endpoint_auth_method, registered(index + 1).jwks]).toEqual([more, undefined])
    }
    // Signed as the server can check it; where it cannot, it is not asked.
    for (const [index, [alg, kty]] of Object.entries({ RS256: 'RSA', EdDSA: 'OKP', ES384: 'EC' }).entries()) {
      token_endpoint_auth_signing_alg_values_supported = ['PS512', alg]
      takes('private_key_jwt')
      await signInFully(setUp().oauth, configOf(fake.mcp))
      expect(registered(3 + index)).toMatchObject({
        token_endpoint_auth_signing_alg: alg,
        jwks: { keys: [{ alg, kty }] }
      })
      const [head = ''] = (fake.to('/token').at(-1)?.form.get('client_assertion') ?? '').split('.')
      expect(JSON.parse(Buffer.from(head, 'base64url').toString()).alg).toBe(alg)
    }
    // An empty list says as little as none.
    token_endpoint_auth_signing_alg_values_supported = []
    takes('private_key_jwt')
    await signInFully(setUp().oauth, configOf(fake.mcp))
    expect(registered(6).token_endpoint_auth_signing_alg).toBe('ES256')
    token_endpoint_auth_signing_alg_values_supported = ['PS512', 'HS256']
    takes('private_key_jwt')
    const sentence = await refusal(begin(setUp().oauth, configOf(fake.mcp)), 'registrationUnsupported')
    expect(sentence).toMatch(/PS512, HS256.*ES256, EdDSA, ES384, RS256/)
    expect(fake.to('/register')).toHaveLength(7)
  })

  test("refused: the server's reason is told, and nothing stays open or kept", async () => {
    fake.script('/register', {
      status: 400,
      body: { error: 'invalid_redirect_uri', error_description: 'no loopback here' }
    })
    const { oauth, registrations } = setUp()
    const sentence = await refusal(begin(oauth, configOf(fake.mcp)), 'registrationRefused')
    expect(sentence).toContain('invalid_redirect_uri, no loopback here')
    const port = Number(new URL(registered().redirect_uris[0]).port)
    await expect(fetch(`http://127.0.0.1:${port}/callback`)).rejects.toThrow()
    expect(registrations.rows).toEqual([])
  })

  test('busy, garbled, of an unknown method, or not offered at all', async () => {
    const { oauth } = setUp()
    fake.script(
      '/register',
      { status: 503 },
      { status: 200, body: 'hello' },
      { body: { client_id: 'c', token_endpoint_auth_method: 'private_key_jwt' } }
    )
    await refusal(begin(oauth, configOf(fake.mcp)), 'serverBusy')
    await refusal(begin(oauth, configOf(fake.mcp)), 'responseInvalid')
    expect(await refusal(begin(oauth, configOf(fake.mcp)), 'registrationUnsupported')).toContain('private_key_jwt')
    fake.script(serverPath, { body: { ...metadataOf(fake.origin), registration_endpoint: undefined } })
    expect(await refusal(begin(oauth, configOf(fake.mcp)), 'registrationUnsupported')).toContain('your own client')
  })

  test('FM-13 an expired client secret leads to a new registration in its place', async () => {
    const { oauth, registrations } = setUp()
    registrations.rows.push(keptAt(1, { clientSecret: new Secret('old'), clientSecretExpiresAt: start }))
    expect((await signInFully(oauth, configOf(fake.mcp))).shape.clientId).toBe('client-1')
    expect(registrations.rows.map(({ clientId }) => clientId)).toEqual(['client-1'])
  })

  describe('FM-13 a client that the server no longer knows', () => {
    const unknown = { status: 401, body: { error: 'invalid_client' } }
    const sound = { body: { access_token: 'a' } }
    const setUpKept = async () => {
      const set = setUp()
      set.registrations.rows.push(keptAt(await freePort()))
      return set
    }
    const asked = (form: URLSearchParams) => [form.get('client_id'), form.get('redirect_uri')]

    test('at the exchange: the same page of the browser goes on as a client registered anew', async () => {
      const { oauth, registrations } = await setUpKept()
      const { redirectUri } = registrations.rows[0]!
      fake.script('/token', unknown, sound)
      const steps: string[] = []
      const urls: string[] = []
      const signIn = await beginTold(oauth, steps, urls)
      const page = await browse(signIn)
      expect(page.text).toContain('Signed in')
      expect((await signIn.grant).shape).toMatchObject({ clientId: 'client-1', redirectUri })
      expect(fake.to('/authorize').map(({ form }) => asked(form))).toEqual([
        ['kept', redirectUri],
        ['client-1', redirectUri]
      ])
      expect(urls).toEqual([expect.stringContaining('client_id=client-1')])
      expect(steps.slice(-5)).toEqual(['browser', 'exchange', 'registration', 'browser', 'exchange'])
      const [first, second] = fake.to('/authorize').map(({ form }) => [form.get('state'), form.get('code_challenge')])
      expect(first?.filter((part) => second?.includes(part))).toEqual([])
      expect(registrations.rows.map(({ clientId }) => clientId)).toEqual(['client-1'])
      await expect(fetch(redirectUri)).rejects.toThrow()
    })

    test.each(['invalid_client', 'unauthorized_client'])('at the authorization endpoint, by %s', async (error) => {
      const { oauth } = await setUpKept()
      refuseAtAuthorize(error)
      expect((await signInFully(oauth, configOf(fake.mcp))).shape.clientId).toBe('client-1')
      expect(fake.to('/token')).toHaveLength(1)
    })

    test('is replaced once: where the new one is refused, too, and none with a secret is given out, it ends', async () => {
      const { oauth, registrations } = await setUpKept()
      fake.script('/token', unknown)
      expect(await refusal(signInFully(oauth, configOf(fake.mcp)), 'clientRefused')).toContain('it has just registered')
      const asked = fake.to('/register').map(({ body }) => JSON.parse(body).token_endpoint_auth_method)
      expect([asked, fake.to('/authorize').length]).toEqual([['none', 'client_secret_basic'], 2])
      expect(registrations.rows).toEqual([])
    })

    test('is told of where a new one cannot be had, and nothing stays open', async () => {
      const { oauth, registrations } = await setUpKept()
      fake.script('/token', unknown)
      fake.script('/register', { status: 400, body: { error: 'access_denied' } })
      const signIn = await begin(oauth, configOf(fake.mcp))
      expect((await browse(signIn)).text).toContain('rejected the client registration')
      await refusal(signIn.grant, 'registrationRefused')
      expect(registrations.rows).toEqual([])
      await expect(fetch(signIn.redirectUri ?? '')).rejects.toThrow()
    })

    test('by a pasted address: the person is told to open the new one', async () => {
      const { oauth } = await setUpKept()
      fake.script('/token', unknown, sound)
      const urls: string[] = []
      const signIn = await beginTold(oauth, [], urls)
      const ended = await fetch(signIn.url ?? '', { redirect: 'manual' })
      await refusal(signIn.paste(ended.headers.get('location') ?? ''), 'clientReplaced')
      await fetch(urls[0] ?? '')
      expect((await signIn.grant).shape.clientId).toBe('client-1')
    })

    test('on a page that says so only to the person: replaced when asked for, once', async () => {
      const { oauth, registrations } = await setUpKept()
      const signIn = await begin(oauth, configOf(fake.mcp))
      const [one, two] = await Promise.all([signIn.replaceClient?.(), signIn.replaceClient?.()])
      expect([one === two, fake.to('/register').length]).toEqual([true, 1])
      await fetch(one ?? '')
      expect((await signIn.grant).shape.clientId).toBe('client-1')
      expect(registrations.rows).toHaveLength(1)
      expect((await begin(oauth, configOf(fake.mcp, { clientId: 'mine' }))).replaceClient).toBeNull()
    })

    test('a client of the settings is never replaced', async () => {
      refuseAtAuthorize('unauthorized_client')
      const promise = signInFully(setUp().oauth, configOf(fake.mcp, { clientId: 'mine' }))
      expect(await refusal(promise, 'signInFailed')).toContain('unauthorized_client')
      expect(fake.to('/register')).toHaveLength(0)
    })
  })
})

describe('several servers behind one authorization server, each with scopes of its own', () => {
  const scopes = new Map<string, string[]>()
  const list = (scope: string | null | undefined) => (scope ?? '').split(' ').filter(Boolean)
  const asked = () => fake.to('/register').map(({ body }) => JSON.parse(body).scope)
  /** A server that holds clients to the scopes they registered for; `most` at a time. */
  function holdToScopes(most: number): void {
    fake.script('/register', ({ body }) => {
      const { scope, ...client } = JSON.parse(body)
      if (list(scope).length > most) return { status: 400, body: { error: 'invalid_client_metadata' } }
      const client_id = `held-${scopes.size}`
      scopes.set(client_id, list(scope))
      return { status: 201, body: { ...client, client_id } }
    })
    fake.script('/authorize', ({ form }) => {
      const back = new URL(form.get('redirect_uri') ?? '')
      const known = scopes.get(form.get('client_id') ?? '') ?? []
      const isHeld = list(form.get('scope')).every((scope) => known.includes(scope))
      back.search = new URLSearchParams({
        ...(isHeld ? { code: 'the-code' } : { error: 'invalid_scope' }),
        state: form.get('state') ?? ''
      }).toString()
      return { status: 302, headers: { location: back.href } }
    })
  }
  const signInFor = (oauth: ReturnType<typeof setUp>['oauth'], scope: string) =>
    signInFully(oauth, configOf(fake.mcp, { scope }))

  test('are registered for all of them, once for each that is new', async () => {
    holdToScopes(9)
    const { oauth, registrations } = setUp()
    for (const scope of ['a', 'b', 'a', 'b', 'c d', 'a', 'b']) await signInFor(oauth, scope)
    expect(asked()).toEqual(['a', 'b a', 'c d b a'])
    expect(fake.to('/authorize').map(({ form }) => form.get('scope'))).toEqual([
      'a',
      'b',
      'b',
      'a',
      'b',
      'c d',
      'c d',
      'a',
      'b'
    ])
    expect(registrations.rows).toMatchObject([{ scope: 'c d b a' }])
  })

  test('where a server takes no client for all of them, it is registered for those that are asked for now', async () => {
    holdToScopes(1)
    const { oauth, registrations } = setUp()
    for (const scope of ['a', 'b']) await signInFor(oauth, scope)
    expect(asked()).toEqual(['a', 'b a', 'b'])
    expect(registrations.rows).toMatchObject([{ scope: 'b' }])
  })

  test('but not for more than a request for a code could hold: what servers ask for does not pile up', async () => {
    holdToScopes(9)
    const { oauth } = setUp()
    const [long, longer] = ['x'.repeat(3000), 'y'.repeat(3000)] as const
    for (const scope of [long, longer]) await signInFor(oauth, scope)
    expect(asked()).toEqual([long, longer])
  })

  test('a client that died is replaced for the scopes of all as well', async () => {
    holdToScopes(9)
    const { oauth, registrations } = setUp()
    await signInFor(oauth, 'a')
    fake.script('/token', { status: 401, body: { error: 'invalid_client' } }, { body: { access_token: 'x' } })
    await signInFor(oauth, 'a')
    registrations.rows[0]!.clientSecretExpiresAt = start
    await signInFor(oauth, 'b')
    expect(asked()).toEqual(['a', 'a', 'b a'])
  })
})

/** A sign-in that tells its steps, and the addresses at which it goes on. */
function beginTold(oauth: ReturnType<typeof setUp>['oauth'], steps: string[], urls: string[]) {
  return oauth.beginSignIn(configOf(fake.mcp), {
    clientSecret: null,
    onStep: (step) => steps.push(step),
    onReplaced: (url) => urls.push(url),
    signal: new AbortController().signal
  })
}

/** The first request for a code ends in this error; those after it are answered as ever. */
function refuseAtAuthorize(error: string): void {
  const answer =
    (parameters: Record<string, string>) =>
    ({ form }: { form: URLSearchParams }) => {
      const back = new URL(form.get('redirect_uri') ?? '')
      back.search = new URLSearchParams({ ...parameters, state: form.get('state') ?? '' }).toString()
      return { status: 302, headers: { location: back.href } }
    }
  fake.script('/authorize', answer({ error }), answer({ code: 'the-code' }))
}

describe('FM-14 the callback port', () => {
  test('a fixed one that is taken is named', async () => {
    const { port, free } = await occupy()
    const sentence = await refusal(begin(setUp().oauth, configOf(fake.mcp, { redirectPort: port })), 'portInUse')
    expect(sentence).toContain(`Port ${port}`)
    expect(fake.to('/register')).toHaveLength(0)
    free()
  })

  test('a fixed one is used, and a registration of another port is replaced', async () => {
    const port = await freePort()
    const { oauth, registrations } = setUp()
    registrations.rows.push(keptAt(port === 50_000 ? 50_001 : 50_000))
    const grant = await signInFully(oauth, configOf(fake.mcp, { redirectPort: port }))
    expect(grant.shape.redirectUri).toBe(`http://127.0.0.1:${port}/callback`)
    expect(registrations.rows).toHaveLength(1)
  })

  test('a kept one that is taken leads to a registration for another', async () => {
    const { port, free } = await occupy()
    const { oauth, registrations } = setUp()
    registrations.rows.push(keptAt(port))
    const grant = await signInFully(oauth, configOf(fake.mcp))
    expect(grant.shape).toMatchObject({ clientId: 'client-1' })
    expect(grant.shape.redirectUri).not.toContain(`:${port}/`)
    expect(registrations.rows).toHaveLength(1)
    free()
  })

  test('on localhost where the server wants that name, apart from the registration for 127.0.0.1', async () => {
    const { oauth, registrations } = setUp()
    await signInFully(oauth, configOf(fake.mcp))
    const grant = await signInFully(oauth, configOf(fake.mcp, { redirectHost: 'localhost' }))
    expect(grant.shape.redirectUri).toMatch(/^http:\/\/localhost:\d+\/callback$/)
    expect(registrations.rows).toHaveLength(2)
  })
})

describe('a pre-registered client', () => {
  test('is used as it is, by the method the server takes', async () => {
    fake.script(serverPath, { body: { ...metadataOf(fake.origin), token_endpoint_auth_methods_supported: undefined } })
    const { oauth, registrations } = setUp()
    const { shape } = await signInFully(oauth, configOf(fake.mcp, { clientId: 'my-app' }), 'se-cret+/ ü')
    expect(shape).toMatchObject({
      clientId: 'my-app',
      clientAuth: 'client_secret_basic',
      registration: 'preRegistered'
    })
    const basic = Buffer.from(`${fake.to('/token')[0]?.headers.authorization}`.slice(6), 'base64').toString()
    expect(basic).toBe('my-app:se-cret%2B%2F+%C3%BC')
    expect(fake.to('/register')).toHaveLength(0)
    expect(registrations.rows).toEqual([])
  })

  test('without a secret is public; with a chosen method, that one', async () => {
    const { oauth } = setUp()
    expect((await signInFully(oauth, configOf(fake.mcp, { clientId: 'my-app' }))).shape.clientAuth).toBe('none')
    await signInFully(oauth, configOf(fake.mcp, { clientId: 'my-app', clientAuth: 'client_secret_post' }), 'shh')
    expect(fake.to('/token').map(({ form }) => form.get('client_secret'))).toEqual([null, 'shh'])
  })

  test('refused by the server keeps its settings and says what to check', async () => {
    fake.script('/token', { status: 401, body: { error: 'invalid_client' } })
    const promise = signInFully(setUp().oauth, configOf(fake.mcp, { clientId: 'my-app' }), 'wrong')
    expect(await refusal(promise, 'clientRefused')).toContain('the client ID and its secret or key')
  })
})

describe('the client ID metadata document', () => {
  const published = 'https://client.example/tokentray.json'
  const oauthWith = (clientMetadataUrl: string | null) => {
    const { network, clock, registrations } = setUp()
    return createOAuth({ network, clock, registrations, clientMetadataUrl })
  }

  test('is our client id where the server reads such documents, before any registration', async () => {
    fake.script(serverPath, { body: { ...metadataOf(fake.origin), client_id_metadata_document_supported: true } })
    const grant = await signInFully(oauthWith(published), configOf(fake.mcp))
    expect(grant.shape).toMatchObject({ clientId: published, registration: 'metadataDocument', clientAuth: 'none' })
    expect(fake.to('/register')).toHaveLength(0)
    expect(fake.to('/token')[0]?.form.get('client_id')).toBe(published)
  })

  test('gives way to a client of the settings, and to registration where nothing is published or read', async () => {
    expect((await signInFully(oauthWith(published), configOf(fake.mcp))).shape.registration).toBe('dynamic')
    fake.script(serverPath, { body: { ...metadataOf(fake.origin), client_id_metadata_document_supported: true } })
    expect((await signInFully(oauthWith(null), configOf(fake.mcp))).shape.registration).toBe('dynamic')
    const own = await signInFully(oauthWith(published), configOf(fake.mcp, { clientId: 'mine' }))
    expect(own.shape).toMatchObject({ clientId: 'mine', registration: 'preRegistered' })
  })
})

test.each([
  ['authorizationCode', 'always'],
  ['authorizationCode', undefined],
  ['clientCredentials', undefined]
] as const)('a client of another authorization server is not sent (%s, device code %s)', async (grantKind, device) => {
  const body = { ...metadataOf(fake.origin), device_authorization_endpoint: `${fake.origin}/device` }
  fake.script(serverPath, { body })
  const { oauth } = setUp()
  const config = configOf(fake.mcp, { grantKind, clientId: 'mine', clientIssuer: 'https://before.example' })
  const given = { clientSecret: new Secret('shh'), onStep: () => {}, signal: never, device }
  expect(await refusal(oauth.beginSignIn(config, given), 'issuerMismatch')).toContain('https://before.example')
  for (const path of ['/device', '/token', '/authorize', '/register']) expect(fake.to(path)).toEqual([])
  const same = { ...config, clientIssuer: fake.origin }
  if (!device) (await oauth.beginSignIn(same, given)).cancel()
})
