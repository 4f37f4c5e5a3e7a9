// Registrations that a server refuses in one form and accepts in another, and refusals in every shape of words.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type FakeServer,
  metadataOf,
  type Received,
  type Reply,
  startFakeServer
} from '../fakes/authorizationServer.ts'
import { begin, configOf, plain, refusal, setUp, signInFully } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

type Asked = { token_endpoint_auth_method: string; grant_types: string[]; scope?: string; redirect_uris: string[] }
const serverPath = '/.well-known/oauth-authorization-server'
const listing = (more: Record<string, unknown>) =>
  fake.script(serverPath, { body: { ...metadataOf(fake.origin), ...more } })
const asked = (): Asked[] => fake.to('/register').map(({ body }) => JSON.parse(body))
const methods = () => asked().map((each) => each.token_endpoint_auth_method)
const refused = (body: unknown, status = 400): Reply => ({ status, body })
const wordless = refused({ error: 'invalid_client_metadata' })

/** Registers whoever `refuses` does not refuse; a confidential client gets a secret. */
function registerUnless(refuses: (asked: Asked) => Reply | null): void {
  fake.script('/register', ({ body }: Received) => {
    const client: Asked = JSON.parse(body)
    const secret = client.token_endpoint_auth_method === 'none' ? {} : { client_secret: 'shh' }
    return (
      refuses(client) ?? { status: 201, body: { ...client, ...secret, client_id: `c-${fake.to('/register').length}` } }
    )
  })
}
const signIn = () => signInFully(setUp().oauth, configOf(fake.mcp))

const refresh = (client: Asked) => client.grant_types.includes('refresh_token')
const isOnNumber = (client: Asked) => client.redirect_uris[0]!.includes('127.0.0.1')

describe('a form that is refused is followed by others', () => {
  test.each<[string, (asked: Asked) => boolean, number]>([
    ['a public client', (it) => it.token_endpoint_auth_method === 'none', 2],
    ['all but client_secret_post', (it) => it.token_endpoint_auth_method !== 'client_secret_post', 3],
    ['refresh_token', refresh, 4],
    ['scopes', (it) => it.scope !== undefined, 5],
    ['the redirect host', isOnNumber, 6]
  ])('%s refused without a word about it', async (_what, isRefused, tries) => {
    listing({ token_endpoint_auth_methods_supported: undefined })
    registerUnless((client) => (isRefused(client) ? wordless : null))
    const { shape } = await signIn()
    expect(asked()).toHaveLength(tries)
    const last = asked().at(-1)!
    expect(shape.clientAuth).toBe(last.token_endpoint_auth_method)
    // What did not help was taken back.
    expect([refresh(last), last.scope, isOnNumber(last)]).toEqual([
      tries !== 4,
      tries === 5 ? undefined : 'read write',
      tries !== 6
    ])
    expect(shape.redirectUri).toBe(last.redirect_uris[0])
  })

  test.each<[string, (asked: Asked) => boolean, unknown, number]>([
    ['a public client', (it) => it.token_endpoint_auth_method === 'none', { message: 'public clients may not' }, 400],
    [
      'refresh_token',
      refresh,
      { error: 'invalid_client_metadata', error_description: 'grant_types: refresh_token' },
      400
    ],
    ['scopes', (it) => it.scope !== undefined, { errors: [{ field: 'scope', message: 'unknown: read' }] }, 422],
    ['the redirect host', isOnNumber, { detail: [{ loc: ['body', 'redirect_uris', 0], msg: 'bad host' }] }, 403],
    ['the redirect host', isOnNumber, 'Only localhost is allowed', 401],
    ['the redirect host', isOnNumber, { error: 'invalid_redirect_uri' }, 400]
  ])('%s refused: what the words name is changed at once', async (_what, isRefused, body, status) => {
    registerUnless((client) => (isRefused(client) ? refused(body, status) : null))
    await signIn()
    expect(asked()).toHaveLength(2)
  })

  test('several faults, one told after the other, are all met in one client', async () => {
    listing({ token_endpoint_auth_methods_supported: undefined })
    registerUnless((client) => {
      if (client.token_endpoint_auth_method === 'none') return refused({ error: 'x', message: 'needs a client secret' })
      if (refresh(client)) return refused({ error: 'x', message: 'no refresh_token' })
      if (client.scope) return refused({ error: 'x', message: 'bad scope' })
      return isOnNumber(client) ? refused({ error: 'x', message: 'bad redirect_uri' }) : null
    })
    const { shape } = await signIn()
    expect(asked()).toHaveLength(5)
    expect(shape).toMatchObject({ clientAuth: 'client_secret_basic' })
    expect(plain(shape.clientSecret)).toBe('shh')
  })

  test('another method that is refused in words of its own is not kept', async () => {
    listing({ token_endpoint_auth_methods_supported: undefined })
    registerUnless((client) => {
      const method = client.token_endpoint_auth_method
      if (method !== 'none')
        return refused({ error: 'invalid_client_metadata', error_description: `${method} is no public method` })
      return refresh(client) ? wordless : null
    })
    expect((await signIn()).shape.clientAuth).toBe('none')
    expect(methods()).toEqual(['none', 'client_secret_basic', 'client_secret_post', 'none'])
  })

  test('refresh_token is not asked for where the metadata lists grant types without it', async () => {
    listing({ grant_types_supported: ['authorization_code'] })
    await signIn()
    expect(asked().map(({ grant_types }) => grant_types)).toEqual([['authorization_code']])
  })

  test('listed methods come before those that are not', async () => {
    listing({ token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'] })
    registerUnless(({ token_endpoint_auth_method: method }) =>
      method === 'none' ? null : refused({ error: 'auth_method' })
    )
    await signIn()
    expect(methods()).toEqual(['client_secret_basic', 'client_secret_post', 'none'])
  })
})

describe('is bounded', () => {
  test('six tries at most; the refusal of the first form is told, and no callback stays open', async () => {
    listing({ token_endpoint_auth_methods_supported: undefined })
    fake.script('/register', wordless)
    await refusal(begin(setUp().oauth, configOf(fake.mcp)), 'registrationRefused')
    expect(asked()).toHaveLength(6)
    for (const { redirect_uris } of asked()) await expect(fetch(redirect_uris[0]!)).rejects.toThrow()
  })

  test.each<[Reply, string]>([
    [{ status: 500, body: 'no public clients' }, 'serverBusy'],
    [{ status: 429, body: 'no public clients' }, 'serverBusy'],
    ['cut', 'replyLost'],
    [{ status: 400, body: '' }, 'registrationRefused'],
    [{ status: 404, body: { error: 'not_found' } }, 'registrationRefused'],
    [{ status: 201, body: {} }, 'responseInvalid']
  ])('%j is no clear refusal, and is not asked again', async (reply, code) => {
    fake.script('/register', reply)
    await refusal(begin(setUp().oauth, configOf(fake.mcp)), code as 'serverBusy')
    expect(asked()).toHaveLength(1)
  })

  test('a busy answer on the way ends the tries', async () => {
    fake.script('/register', wordless, { status: 503 })
    await refusal(begin(setUp().oauth, configOf(fake.mcp)), 'serverBusy')
    expect(asked()).toHaveLength(2)
  })

  test('clients that came of it and cannot be used are deleted where the server offers that', async () => {
    fake.script('/register', ({ body }: Received) => {
      const client: Asked = JSON.parse(body)
      const odd = client.token_endpoint_auth_method === 'none' && { token_endpoint_auth_method: 'tls_client_auth' }
      const managed = { registration_client_uri: `${fake.origin}/manage/1`, registration_access_token: 'rat' }
      return { status: 201, body: { ...client, ...odd, ...managed, client_id: 'c', client_secret: 'shh' } }
    })
    fake.script('/manage/1', { status: 204 })
    const { shape } = await signIn()
    expect(shape.clientAuth).toBe('client_secret_basic')
    expect(fake.to('/manage/1').map(({ method, headers }) => [method, headers.authorization])).toEqual([
      ['DELETE', 'Bearer rat']
    ])
  })
})

describe("a refusal's own words are told, whatever their shape", () => {
  test.each<[unknown, string]>([
    [{ error: 'a', error_description: 'b' }, 'a, b'],
    [{ message: 'no loopback' }, 'no loopback'],
    [{ detail: 'Not here' }, 'Not here'],
    [
      { detail: [{ type: 'missing', loc: ['body', 'client_uri'], msg: 'Field required' }] },
      'body.client_uri: Field required'
    ],
    [{ errors: ['one', 'two'] }, 'one, two'],
    [{ errors: [{ message: 'one', path: ['contacts'] }, { detail: 'two' }] }, 'contacts: one, two'],
    [{ error: { code: 400, message: 'nested' } }, 'nested'],
    [{ contacts: ['This field is required.'] }, 'contacts: This field is required.'],
    [
      { message: 'Given data was invalid.', errors: { contacts: ['is missing'] } },
      'Given data was invalid., contacts: is missing'
    ],
    [{ errorCode: 'E0000001', errorSummary: 'Api validation failed' }, 'E0000001, Api validation failed'],
    [{ type: 'about:blank', title: 'Bad', status: 400, detail: 'more' }, 'Bad, more'],
    ['Registration is closed', 'Registration is closed'],
    ['"quoted"', 'quoted'],
    ['<html><head><title>Access denied &amp; gone</title></head><body>x</body></html>', 'Access denied gone'],
    ['[{"message":"listed"}]', 'listed'],
    [{ message: 'a\u001b[31m\r\nred\u202e' }, 'a?[31m red?'],
    [{}, 'HTTP 400']
  ])('%j', async (body, words) => {
    fake.script('/register', { status: 400, body })
    const sentence = await refusal(begin(setUp().oauth, configOf(fake.mcp)), 'registrationRefused')
    expect(sentence).toContain(`rejected the client registration: ${words}. Create`)
  })

  test('cut where they are long, and never deep', async () => {
    const deep = JSON.parse(`${'{"error":'.repeat(50)}"x"${'}'.repeat(50)}`)
    for (const body of [{ message: 'w'.repeat(90_000) }, deep, { errors: Array(1000).fill({ message: 'm' }) }]) {
      fake.script('/register', { status: 400, body })
      const sentence = await refusal(begin(setUp().oauth, configOf(fake.mcp)), 'registrationRefused')
      expect(sentence.length).toBeLessThan(500)
    }
  })
})

test('a server that takes client ID metadata documents only is told as such, with the setting', async () => {
  listing({ registration_endpoint: undefined, client_id_metadata_document_supported: true })
  const sentence = await refusal(begin(setUp().oauth, configOf(fake.mcp)), 'registrationUnsupported')
  expect(sentence).toMatch(/client ID metadata document.*clientMetadataUrl in settings\.json.*your own client/)
  expect(sentence).toContain('http://127.0.0.1:')
})
