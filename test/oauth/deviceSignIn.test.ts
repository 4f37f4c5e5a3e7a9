// The device code (RFC 8628) against a server that is pending, slow, gone, refusing or done, on a held clock.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../app/base/secret.ts'
import { requestDeviceCode } from '../../app/oauth/deviceRequest.ts'
import type { SignIn } from '../../app/oauth/port.ts'
import { type FakeServer, metadataOf, type Received, startFakeServer } from '../fakes/authorizationServer.ts'
import { configOf, never, plain, refusal, setUp, start } from './oauth.fixture.ts'

let fake: FakeServer
let held: ReturnType<typeof setUp>
beforeEach(async () => {
  fake = await startFakeServer()
  held = setUp()
  fake.script('/.well-known/oauth-authorization-server', { body: metadata() })
  fake.script('/device', { body: offer() })
})
afterEach(() => fake.stop())

const metadata = (more: Record<string, unknown> = {}) => ({
  ...metadataOf(fake.origin),
  authorization_endpoint: undefined,
  device_authorization_endpoint: `${fake.origin}/device`,
  ...more
})
const offer = (more: Record<string, unknown> = {}) => ({
  device_code: 'the-device-code',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://example.com/device',
  verification_uri_complete: 'https://example.com/device?user_code=WDJB-MJHT',
  expires_in: 600,
  interval: 5,
  ...more
})
const says = (error: string) => ({ status: 400, body: { error } })

function begin(device?: 'always' | 'offered', config = configOf(fake.mcp)): Promise<SignIn> {
  return held.oauth.beginSignIn(config, { clientSecret: null, onStep: () => {}, signal: never, device })
}

/** Each wait between two polls, in ms, as it begins; `run` lets it pass. */
function waits() {
  const { clock } = held
  const after = clock.after
  const begun: number[] = []
  let heard = Promise.withResolvers<void>()
  clock.after = (length, wake) => {
    // The network's own limit on one exchange.
    if (length !== 30_000) {
      begun.push(length)
      heard.resolve()
    }
    return after(length, wake)
  }
  return {
    begun,
    async run(): Promise<void> {
      await heard.promise
      heard = Promise.withResolvers()
      clock.advance(begun.at(-1) ?? 0)
    }
  }
}

describe('a server that offers only device codes', () => {
  test('is signed in to by its code, with a client that has no redirect URI, kept for the next time', async () => {
    const wait = waits()
    const signIn = await begin()
    expect(signIn).toMatchObject({ url: null, redirectUri: null })
    expect(signIn.device).toEqual({
      userCode: 'WDJB-MJHT',
      verificationUri: 'https://example.com/device',
      verificationUriComplete: 'https://example.com/device?user_code=WDJB-MJHT',
      expiresAt: start + 600_000
    })
    expect(JSON.parse(fake.to('/register')[0]?.body ?? '')).toMatchObject({
      redirect_uris: [],
      response_types: [],
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token']
    })
    expect(Object.fromEntries(fake.to('/device')[0]?.form ?? [])).toMatchObject({
      scope: 'read write',
      resource: fake.mcp,
      client_id: 'client-1'
    })
    await wait.run()
    const grant = await signIn.grant
    expect(plain(grant.accessToken)).toBe('access-2')
    expect(grant.shape).toMatchObject({ clientId: 'client-1', redirectUri: null, registration: 'dynamic' })
    expect(Object.fromEntries(fake.to('/token')[0]?.form ?? [])).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: 'the-device-code',
      resource: fake.mcp
    })
    await begin()
    expect(fake.to('/register')).toHaveLength(1)
  })

  test.each([
    ['at both endpoints', 1],
    ['at the token endpoint alone', 2]
  ])('that reads a secret only in the body, %s, gets it there, now and later', async (where, polls) => {
    const wait = waits()
    const answerOr = (body: unknown) => (request: Received) =>
      request.headers.authorization ? { ...says('invalid_client'), status: 401 } : { body }
    fake.script('/register', { status: 201, body: { client_id: 'c', client_secret: 'a+b' } })
    if (where === 'at both endpoints') fake.script('/device', answerOr(offer()))
    fake.script('/token', answerOr({ access_token: 'a' }))
    const signIn = await begin()
    for (let i = 0; i < polls; i++) await wait.run()
    expect((await signIn.grant).shape.clientAuth).toBe('client_secret_post')
    expect([fake.to('/register').length, fake.to('/token').length]).toEqual([1, polls])
    expect(fake.to('/token').at(-1)?.form.get('client_secret')).toBe('a+b')
    expect(held.registrations.rows).toMatchObject([{ clientAuth: 'client_secret_post' }])
  })

  test('says so where it gives no code that can be read, or none at all', async () => {
    for (const body of [{}, offer({ verification_uri: 'javascript:alert(1)' }), offer({ device_code: 7 }), '<h1>']) {
      fake.script('/device', { body })
      await refusal(begin(), 'responseInvalid')
    }
    fake.script('/device', says('invalid_scope'))
    expect(await refusal(begin(), 'scopeRefused')).toContain('invalid_scope')
    fake.script('/device', { status: 503 })
    await refusal(begin(), 'serverBusy')
  })

  test('gets a new client where it no longer knows the kept one, once', async () => {
    await begin()
    fake.script('/device', says('unauthorized_client'), { body: offer() })
    await begin()
    expect(fake.to('/register')).toHaveLength(2)
    expect(held.registrations.rows).toMatchObject([{ clientId: 'client-2' }])
    fake.script('/device', says('invalid_client'))
    expect(await refusal(begin(), 'clientRefused')).toContain('invalid_client')
  })
})

test('a kept client that is held to other scopes is registered anew for these, once', async () => {
  await begin()
  fake.script('/device', says('invalid_scope'), { body: offer() })
  await begin()
  expect(fake.to('/register')).toHaveLength(2)
  fake.script('/device', says('invalid_scope'))
  await refusal(begin(), 'scopeRefused')
  expect(fake.to('/register')).toHaveLength(3)
})

describe('what a hostile server answers the request for a code with', () => {
  test('a secret that it echoes as its error does not come out', async () => {
    fake.script('/device', ({ form }) => says(form.get('client_secret') ?? ''))
    const config = configOf(fake.mcp, { clientId: 'mine', clientAuth: 'client_secret_post' })
    const clientSecret = new Secret('canary_secret')
    const signIn = held.oauth.beginSignIn(config, { clientSecret, onStep: () => {}, signal: never })
    expect(await refusal(signIn, 'signInFailed')).not.toContain('canary')
    expect(fake.to('/device')[0]?.form.get('client_secret')).toBe('canary_secret')
  })

  test('an address is shown as one line of what can be seen', async () => {
    const address = 'https://example.com/device\nrun: curl evil.example\u202e\u001b[2J'
    fake.script('/device', { body: offer({ verification_uri: address, verification_uri_complete: address }) })
    const { device } = await begin()
    for (const shown of [device?.verificationUri, device?.verificationUriComplete])
      expect(shown).toMatch(/^https:\/\/example\.com\/device[\x21-\x7e]+$/)
    for (const verification_uri of [`https://example.com/${'x'.repeat(2000)}`, 'http://evil.example/device']) {
      fake.script('/device', { body: offer({ verification_uri }) })
      await refusal(begin(), 'responseInvalid')
    }
  })

  test('an address inside the person’s own network is none, where the server is outside', async () => {
    const asked = (reach: 'any' | 'public', verification_uri: string) =>
      requestDeviceCode(
        {
          sendRequest: async () => Response.json(offer({ verification_uri })),
          server: { issuer: 'https://1.1.1.1', device_authorization_endpoint: 'https://1.1.1.1/device' },
          client: { clientId: 'c', clientAuth: 'none', clientSecret: null },
          parameters: {},
          reach,
          signal: never,
          context: { at: start, lastLifetime: null, guessedLifetime: 1 },
          prover: null
        },
        null
      )
    for (const inside of ['http://127.0.0.1:631/', 'https://10.0.0.1/x', 'http://localhost/']) {
      await refusal(asked('public', inside), 'responseInvalid')
      expect((await asked('any', inside)).shown.verificationUri).toBe(inside)
    }
  })

  test('an interval of next to nothing is a second, and a later time that it names is kept', async () => {
    fake.script('/device', { body: offer({ interval: 0.001 }) })
    fake.script('/token', says('authorization_pending'), { status: 429, headers: { 'retry-after': '90' } }, 'cut')
    const wait = waits()
    await begin()
    for (const _ of [1, 2, 3, 4]) await wait.run()
    expect(wait.begun.slice(0, 4)).toEqual([1000, 1000, 90_000, 4000])
  })

  test('a refusal of the resource parameter comes with the proposal to leave it out', async () => {
    const error_description = 'AADSTS901002: The resource request parameter is not supported.'
    fake.script('/device', { status: 400, body: { error: 'invalid_request', error_description } })
    const error = await begin().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'signInFailed', proposals: [{ change: { quirks: { omitResource: true } } }] })
  })
})

describe('polling', () => {
  test('waits as long as it is told, longer when told to slow down or when replies are lost', async () => {
    const replies = [says('authorization_pending'), says('slow_down'), 'cut', { status: 503 }] as const
    fake.script('/token', ...replies, { body: { access_token: 'a' } })
    const wait = waits()
    const signIn = await begin()
    for (const _ of [...replies, 'the last']) await wait.run()
    expect(plain((await signIn.grant).accessToken)).toBe('a')
    expect(wait.begun).toEqual([5_000, 5_000, 10_000, 20_000, 40_000])
  })

  test.each([
    ['access_denied', 'authorizationDenied'],
    ['expired_token', 'signInFailed'],
    ['invalid_grant', 'signInFailed'],
    ['invalid_client', 'clientRefused']
  ] as const)('%s ends it', async (error, code) => {
    fake.script('/token', says(error))
    const wait = waits()
    const signIn = await begin()
    await wait.run()
    await refusal(signIn.grant, code)
    held.clock.advance(600_000)
    expect(fake.to('/token')).toHaveLength(1)
  })

  test('a kept client that the token endpoint alone no longer knows is forgotten: the next sign-in has a new one', async () => {
    fake.script('/token', says('invalid_client'))
    const wait = waits()
    const signIn = await begin()
    await wait.run()
    expect(await refusal(signIn.grant, 'clientRefused')).toContain('Sign in again')
    expect(held.registrations.rows).toEqual([])
  })

  test('ends with the code, and with a cancellation, without another request', async () => {
    fake.script('/device', { body: offer({ expires_in: 4 }) })
    const late = await begin()
    held.clock.advance(5_000)
    expect(await refusal(late.grant, 'signInFailed')).toContain('in time')
    const left = await begin()
    left.cancel()
    await refusal(left.grant, 'signInCancelled')
    held.clock.advance(60_000)
    expect(fake.to('/token')).toHaveLength(0)
  })
})

describe('where a server offers both', () => {
  beforeEach(() => {
    const authorization_endpoint = `${fake.origin}/authorize`
    fake.script('/.well-known/oauth-authorization-server', { body: metadata({ authorization_endpoint }) })
  })

  test('the browser goes first, a door without one takes the code, and a person may demand it', async () => {
    const byBrowser = await begin()
    expect(byBrowser).toMatchObject({ url: expect.stringContaining('/authorize'), device: null })
    byBrowser.cancel()
    expect((await begin('offered')).device?.userCode).toBe('WDJB-MJHT')
    expect((await begin('always')).device?.userCode).toBe('WDJB-MJHT')
  })

  test('and where it offers none, demanding it is refused and preferring it is not', async () => {
    fake.script('/.well-known/oauth-authorization-server', { body: metadataOf(fake.origin) })
    expect(await refusal(begin('always'), 'signInFailed')).toContain('device code')
    const byBrowser = await begin('offered')
    expect(byBrowser.url).toContain('/authorize')
    byBrowser.cancel()
  })
})

test('where the server has forgotten the client of the grant, a kept one is taken for dead too', async () => {
  const given = { clientSecret: null, onStep: () => {}, signal: never }
  const [first, kept] = [await begin(), await begin()]
  expect(fake.to('/register')).toHaveLength(1)
  const anew = await held.oauth.beginSignIn(configOf(fake.mcp), { ...given, isClientDead: true })
  expect(fake.to('/register')).toHaveLength(2)
  for (const { cancel, grant } of [first, kept, anew]) {
    grant.catch(() => {})
    cancel()
  }
})
