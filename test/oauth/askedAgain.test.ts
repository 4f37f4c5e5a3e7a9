// Requests for a code that are made once more, with another prompt, secret method or scope, on the same page of the browser.
// Each has a state, a verifier and a code of its own: no code and no device code is sent where it may have been used up.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ServerConfig } from '../../app/contract/serverConfig.ts'
import {
  type FakeServer,
  metadataOf,
  type Received,
  type Reply,
  startFakeServer
} from '../fakes/authorizationServer.ts'
import { begin, browse, configOf, refusal, setUp, signInFully } from './oauth.fixture.ts'

let fake: FakeServer
let codes = 0
beforeEach(async () => {
  fake = await startFakeServer()
  codes = 0
})
afterEach(() => fake.stop())

const serverPath = '/.well-known/oauth-authorization-server'
const listing = (more: Record<string, unknown>) =>
  fake.script(serverPath, { body: { ...metadataOf(fake.origin), ...more } })
const asked = (name: string) => fake.to('/authorize').map(({ form }) => form.get(name))
const unknown: Reply = { status: 401, body: { error: 'invalid_client' } }

/** Sends the browser back with a new code, or with what `refuses` says. */
function authorizeUnless(refuses: (form: URLSearchParams) => Record<string, string> | null): void {
  fake.script('/authorize', ({ form }) => {
    const back = new URL(form.get('redirect_uri') ?? '')
    const said = refuses(form) ?? { code: `code-${++codes}` }
    back.search = new URLSearchParams({ ...said, state: form.get('state') ?? '' }).toString()
    return { status: 302, headers: { location: back.href } }
  })
}
const registerWith = (more: Record<string, unknown>) =>
  fake.script('/register', ({ body }) => ({ status: 201, body: { ...JSON.parse(body), client_id: 'c', ...more } }))
/** The secret as it comes in, by a server that does not decode what Basic carries. */
function secretIn({ headers, form }: Received): string | null {
  const pair = Buffer.from(String(headers.authorization ?? '').slice(6), 'base64').toString()
  return headers.authorization ? pair.slice(pair.indexOf(':') + 1) : form.get('client_secret')
}
const tokenIf = (accepts: (request: Received) => boolean, refused: Reply = unknown) =>
  fake.script('/token', (request) =>
    accepts(request) ? { body: { access_token: 'a', refresh_token: 'r', expires_in: 60 } } : refused
  )

describe('a secret that the server reads in one place only', () => {
  const secret = 'a+b/c=d'
  const basic = { token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'] }

  test.each<[string, Reply]>([
    ['invalid_client', unknown],
    ['unauthorized_client', { status: 400, body: { error: 'unauthorized_client' } }],
    [
      'invalid_request',
      { status: 400, body: { error: 'invalid_request', error_description: 'client_secret missing' } }
    ],
    ['a bare 401', { status: 401, body: 'Unauthorized' }]
  ])('goes by post with a new code where Basic is refused by %s, and later at once', async (_what, refused) => {
    listing(basic)
    registerWith({ client_secret: secret })
    authorizeUnless(() => null)
    tokenIf((request) => secretIn(request) === secret, refused)
    const { oauth, registrations } = setUp()
    const signIn = await begin(oauth, configOf(fake.mcp))
    expect((await browse(signIn)).text).toContain('Signed in')
    expect((await signIn.grant).shape.clientAuth).toBe('client_secret_post')
    const sent = fake.to('/token').map(({ form }) => form.get('code'))
    expect(sent).toEqual(['code-1', 'code-2'])
    for (const name of ['state', 'code_challenge']) expect(new Set(asked(name)).size).toBe(2)
    expect(registrations.rows).toMatchObject([{ clientId: 'c', clientAuth: 'client_secret_post' }])
    await signInFully(oauth, configOf(fake.mcp))
    expect([fake.to('/register').length, fake.to('/token').length]).toEqual([1, 3])
  })

  test('beside "none" is used; a server that takes none after all gets none', async () => {
    registerWith({ client_secret: secret, token_endpoint_auth_method: 'none' })
    authorizeUnless(() => null)
    tokenIf((request) => secretIn(request) !== null)
    expect((await signInFully(setUp().oauth, configOf(fake.mcp))).shape.clientAuth).toBe('client_secret_basic')
    tokenIf((request) => secretIn(request) === null)
    const { oauth, registrations } = setUp()
    expect((await signInFully(oauth, configOf(fake.mcp))).shape.clientAuth).toBe('none')
    expect(registrations.rows).toMatchObject([{ clientAuth: 'none' }])
  })

  test('refused in each place ends the sign-in after three codes at most, and the client is deleted', async () => {
    const managed = { registration_client_uri: `${fake.origin}/manage/c`, registration_access_token: 'rat' }
    registerWith({ client_secret: secret, token_endpoint_auth_method: 'none', ...managed })
    authorizeUnless(() => null)
    tokenIf(() => false)
    await refusal(signInFully(setUp().oauth, configOf(fake.mcp)), 'clientRefused')
    const sent = fake.to('/token').map(({ form }) => form.get('code'))
    expect(sent).toEqual(['code-1', 'code-2', 'code-3'])
    expect(fake.to('/register')).toHaveLength(1)
    expect(fake.to('/manage/c').map(({ method }) => method)).toEqual(['DELETE'])
  })

  test('of a client of the settings: tried where listed, noted for the settings; a chosen method stays', async () => {
    const config = (more: Partial<ServerConfig> = {}) => configOf(fake.mcp, { clientId: 'mine', ...more })
    listing(basic)
    authorizeUnless(() => null)
    tokenIf((request) => secretIn(request) === secret)
    const grant = await signInFully(setUp().oauth, config(), secret)
    expect(grant).toMatchObject({ learned: { clientAuth: 'client_secret_post' } })
    const chosen = config({ clientAuth: 'client_secret_basic' })
    await refusal(signInFully(setUp().oauth, chosen, secret), 'clientRefused')
    listing({ token_endpoint_auth_methods_supported: ['client_secret_basic'] })
    await refusal(signInFully(setUp().oauth, config(), secret), 'clientRefused')
    expect(fake.to('/token')).toHaveLength(4)
  })

  test('of a client without a person: asked for a token once more, by the other method', async () => {
    listing(basic)
    tokenIf((request) => secretIn(request) === secret)
    const config = configOf(fake.mcp, { clientId: 'mine', grantKind: 'clientCredentials' })
    const grant = await signInFully(setUp().oauth, config, secret)
    expect(grant).toMatchObject({
      shape: { clientAuth: 'client_secret_post' },
      learned: { clientAuth: 'client_secret_post' }
    })
    expect(fake.to('/token')).toHaveLength(2)
  })
})

describe('a client registered without a secret that the server refuses for lack of one', () => {
  const managed = (id: string) => ({
    registration_client_uri: `${fake.origin}/manage/${id}`,
    registration_access_token: 'rat'
  })
  let clients = 0
  /** What the reply to a client with a secret says of it; `refused`: that such a client is not registered. */
  const register = (change: Record<string, unknown> = {}, refused?: Reply) =>
    fake.script('/register', ({ body }) => {
      const wanted = JSON.parse(body)
      const id = `c${++clients}`
      const isPublic = wanted.token_endpoint_auth_method === 'none'
      if (!isPublic && refused) return refused
      const given = isPublic ? {} : { client_secret: 'shh', ...change }
      return { status: 201, body: { ...wanted, client_id: id, ...managed(id), ...given } }
    })
  const methods = () => fake.to('/register').map(({ body }) => JSON.parse(body).token_endpoint_auth_method)
  const deleted = () => ['c1', 'c2', 'c3'].filter((id) => fake.to(`/manage/${id}`).length > 0)
  beforeEach(() => {
    clients = 0
    listing({ token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'] })
    authorizeUnless(() => null)
    register()
    tokenIf((request) => secretIn(request) === 'shh')
  })

  test.each<[string, Reply]>([
    ['invalid_client', unknown],
    ['unauthorized_client', { status: 400, body: { error: 'unauthorized_client' } }],
    ['invalid_request', { status: 400, body: { error: 'invalid_request', error_description: 'no client_secret' } }],
    ['a bare 401', { status: 401, body: 'Unauthorized' }]
  ])('by %s: one with a secret is registered, in the same tab, and the useless one deleted', async (_what, refused) => {
    tokenIf((request) => secretIn(request) === 'shh', refused)
    const { oauth, registrations } = setUp()
    const signIn = await begin(oauth, configOf(fake.mcp))
    expect((await browse(signIn)).text).toContain('Signed in')
    expect((await signIn.grant).shape).toMatchObject({ clientId: 'c2', clientAuth: 'client_secret_basic' })
    expect(fake.to('/token').map(({ form }) => form.get('code'))).toEqual(['code-1', 'code-2'])
    for (const name of ['state', 'code_challenge', 'client_id']) expect(new Set(asked(name)).size).toBe(2)
    expect(new Set(asked('redirect_uri')).size).toBe(1)
    expect([methods(), deleted()]).toEqual([['none', 'client_secret_basic'], ['c1']])
    expect(registrations.rows.map(({ clientId }) => clientId)).toEqual(['c2'])
    await signInFully(oauth, configOf(fake.mcp))
    expect([methods().length, fake.to('/token').length]).toEqual([2, 3])
  })

  test.each([
    ['lists none of them', undefined, ['none', 'client_secret_basic']],
    ['lists post alone', ['none', 'client_secret_post'], ['none', 'client_secret_post']],
    ['lists "none" alone', ['none'], ['none', 'client_secret_basic']]
  ])('the method is one that the metadata lists: it %s', async (_what, listed, expected) => {
    listing({ token_endpoint_auth_methods_supported: listed })
    await signInFully(setUp().oauth, configOf(fake.mcp))
    expect(methods()).toEqual(expected)
  })

  test('already when a code is asked for', async () => {
    authorizeUnless((form) => (form.get('client_id') === 'c1' ? { error: 'unauthorized_client' } : null))
    await signInFully(setUp().oauth, configOf(fake.mcp))
    expect(methods()).toEqual(['none', 'client_secret_basic'])
    expect(fake.to('/token')).toHaveLength(1)
  })

  test('with a prompt that was refused before: the request goes on without it, and so it is noted', async () => {
    const scopes_supported = ['offline_access']
    listing({ token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'], scopes_supported })
    authorizeUnless((form) => (form.has('prompt') ? { error: 'invalid_prompt' } : null))
    const grant = await signInFully(setUp().oauth, configOf(fake.mcp))
    expect(asked('prompt')).toEqual(['consent', null, null])
    expect(grant.learned).toEqual({ prompt: '' })
  })

  test('a kept one is replaced by one without a secret first, then by one with it', async () => {
    const { oauth } = setUp()
    tokenIf(() => true)
    await signInFully(oauth, configOf(fake.mcp))
    tokenIf((request) => secretIn(request) === 'shh')
    await signInFully(oauth, configOf(fake.mcp))
    expect([methods(), deleted()]).toEqual([['none', 'none', 'client_secret_basic'], ['c2']])
    expect(fake.to('/token').map(({ form }) => form.get('code'))).toEqual(['code-1', 'code-2', 'code-3', 'code-4'])
  })

  test('the same id again is not deleted: it is the new client', async () => {
    register({ client_id: 'c1' })
    const { oauth, registrations } = setUp()
    await signInFully(oauth, configOf(fake.mcp))
    expect(registrations.rows).toMatchObject([{ clientId: 'c1', clientAuth: 'client_secret_basic' }])
    expect(deleted()).toEqual([])
  })

  test('it is tried once: refused with its secret, too, the sign-in ends and no client is left', async () => {
    tokenIf(() => false)
    const { oauth, registrations } = setUp()
    await refusal(signInFully(oauth, configOf(fake.mcp)), 'clientRefused')
    expect([methods(), deleted()]).toEqual([
      ['none', 'client_secret_basic'],
      ['c1', 'c2']
    ])
    expect(fake.to('/token').map(({ form }) => form.get('code'))).toEqual(['code-1', 'code-2', 'code-3'])
    expect(registrations.rows).toEqual([])
  })

  test('a server that gives out no secret even then is told of, without another request for a code', async () => {
    register({ client_secret: undefined, token_endpoint_auth_method: 'none' })
    const { oauth, registrations } = setUp()
    const said = await refusal(signInFully(oauth, configOf(fake.mcp)), 'clientRefused')
    expect(said).toContain('does not recognize the client it has just registered')
    expect([deleted(), asked('state').length, registrations.rows]).toEqual([['c1', 'c2'], 1, []])
  })

  test('a server that registers none with a secret is told in its own words', async () => {
    register({}, { status: 400, body: { error: 'invalid_client_metadata', error_description: 'only public' } })
    const { oauth, registrations } = setUp()
    expect(await refusal(signInFully(oauth, configOf(fake.mcp)), 'registrationRefused')).toContain('only public')
    expect(methods().length).toBeLessThanOrEqual(7)
    expect(new Set(methods().slice(1))).toEqual(new Set(['client_secret_basic', 'client_secret_post']))
    expect([deleted(), registrations.rows]).toEqual([['c1'], []])
  })
})

describe('a prompt that the server refuses', () => {
  beforeEach(() => listing({ scopes_supported: ['offline_access'] }))
  const unsupported = (values: RegExp, said: Record<string, string>) =>
    authorizeUnless((form) => (values.test(form.get('prompt') ?? '') ? said : null))

  test.each<Record<string, string>>([
    { error: 'invalid_request', error_description: 'unsupported prompt value requested' },
    { error: 'invalid_request' },
    { error: 'access_denied', error_description: 'Approval required by your administrator' },
    { error: 'approval_required', error_description: 'This application requires the approval of an administrator' },
    { error: 'access_denied', error_description: 'AADSTS90094: The grant requires admin consent.' },
    { error: 'invalid_prompt' }
  ])('%j: the request is made once more without it, in the same tab, and so it is noted', async (said) => {
    unsupported(/consent/, said)
    const grant = await signInFully(setUp().oauth, configOf(fake.mcp))
    expect(asked('prompt')).toEqual(['consent', null])
    expect(new Set(asked('state')).size).toBe(2)
    expect(grant).toMatchObject({ learned: { prompt: '' } })
  })

  test('other refusals are not about the prompt, and one without it ends the sign-in', async () => {
    const denials = ['The user said no.', 'The user did not approve the request', 'Consent prompt declined', '']
    for (const error_description of denials) {
      unsupported(/./, { error: 'access_denied', error_description })
      await refusal(signInFully(setUp().oauth, configOf(fake.mcp)), 'authorizationDenied')
    }
    authorizeUnless(() => ({ error: 'invalid_request', error_description: 'bad prompt' }))
    await refusal(signInFully(setUp().oauth, configOf(fake.mcp)), 'signInFailed')
    expect(asked('prompt')).toEqual([...denials.map(() => 'consent'), 'consent', null])
  })

  test('a choice of accounts: a new sign-in is asked for in its place, then nothing', async () => {
    const given = { clientSecret: null, onStep: () => {}, signal: new AbortController().signal, isProfile: true }
    const signIn = async () => {
      const begun = await setUp().oauth.beginSignIn(configOf(fake.mcp), given)
      await browse(begun)
      return (await begun.grant).learned?.prompt
    }
    unsupported(/select_account/, { error: 'invalid_request', error_description: 'unsupported prompt' })
    expect(await signIn()).toBe('login consent')
    unsupported(/./, { error: 'invalid_request', error_description: 'unsupported prompt' })
    expect(await signIn()).toBe('')
    expect(asked('prompt').slice(-3)).toEqual(['consent select_account', 'login consent', null])
  })

  test('one of the settings is never replaced: leaving it out is proposed', async () => {
    unsupported(/./, { error: 'invalid_request', error_description: 'unsupported prompt' })
    const promise = signInFully(setUp().oauth, configOf(fake.mcp, { params: { prompt: 'login' } }))
    await expect(promise).rejects.toMatchObject({ proposals: [{ change: { params: { prompt: '' } } }] })
    expect(asked('prompt')).toEqual(['login'])
  })

  test('an empty one in the settings means none; in token requests there is never one', async () => {
    for (const prompt of ['', 'consent']) {
      const { oauth } = setUp()
      const config = configOf(fake.mcp, { params: { prompt, audience: '', access_type: 'offline' } })
      const { learned: _, ...grant } = await signInFully(oauth, config)
      await oauth.renew(
        config,
        { ...grant, generation: 1, startedAt: null, restored: false },
        new AbortController().signal
      )
    }
    expect(asked('prompt')).toEqual([null, 'consent'])
    expect(asked('audience')).toEqual([null, null])
    const sent = fake
      .to('/token')
      .map(({ form }) => [form.get('prompt'), form.get('audience'), form.get('access_type')])
    expect(sent).toEqual(Array(4).fill([null, null, 'offline']))
  })

  test('a pasted address leads to the new one', async () => {
    unsupported(/consent/, { error: 'invalid_prompt' })
    const urls: string[] = []
    const given = { clientSecret: null, onStep: () => {}, signal: new AbortController().signal }
    const signIn = await setUp().oauth.beginSignIn(configOf(fake.mcp), {
      ...given,
      onAskedAgain: (url) => urls.push(url)
    })
    const ended = await fetch(signIn.url ?? '', { redirect: 'manual' })
    expect(await refusal(signIn.paste(ended.headers.get('location') ?? ''), 'clientReplaced')).toContain(
      'Open the new URL'
    )
    await fetch(urls[0] ?? '')
    expect((await signIn.grant).learned).toEqual({ prompt: '' })
  })
})

describe('fewer scopes than were asked for', () => {
  const scopeOf = () => asked('scope')
  const strict = (allowed: string[]) =>
    authorizeUnless((form) => {
      const all = (form.get('scope') ?? '').split(' ').filter(Boolean)
      return all.every((scope) => allowed.includes(scope)) ? null : { error: 'invalid_scope' }
    })

  test.each<unknown>(['read', ['read'], ' read '])(
    'the reply to the registration wins (%j), now and later',
    async (scope) => {
      registerWith({ scope })
      strict(['read'])
      const { oauth, registrations } = setUp()
      const grant = await signInFully(oauth, configOf(fake.mcp))
      await signInFully(oauth, configOf(fake.mcp))
      expect(scopeOf()).toEqual(['read', 'read'])
      expect(fake.to('/register')).toHaveLength(1)
      expect(grant.scope).toBe('read')
      expect(registrations.rows).toMatchObject([{ scope: 'read write', allowedScope: 'read' }])
    }
  )

  test('of others altogether, those are asked for; an empty or missing list says nothing', async () => {
    for (const [scope, expected] of [
      ['mcp', 'mcp'],
      ['', 'read write'],
      [undefined, 'read write'],
      ['write read x', 'read write']
    ]) {
      registerWith({ scope })
      await signInFully(setUp().oauth, configOf(fake.mcp))
      expect(scopeOf().at(-1)).toBe(expected)
    }
  })

  test('scopes that were never asked for at the registration are, and lead to a client for all', async () => {
    fake.script('/register', ({ body }) => {
      const client = JSON.parse(body)
      return { status: 201, body: { ...client, client_id: `c-${++codes}`, scope: client.scope.replace(' write', '') } }
    })
    const { oauth } = setUp()
    await signInFully(oauth, configOf(fake.mcp))
    await signInFully(oauth, configOf(fake.mcp, { scope: 'read write more' }))
    expect(scopeOf()).toEqual(['read', 'read more'])
  })

  test('a registration that took no scopes: asked without them where the request with them is refused', async () => {
    fake.script('/register', ({ body }) =>
      JSON.parse(body).scope
        ? { status: 400, body: { error: 'invalid_client_metadata', error_description: 'unknown scope' } }
        : { status: 201, body: { ...JSON.parse(body), client_id: 'c' } }
    )
    strict([])
    const { oauth, registrations } = setUp()
    await signInFully(oauth, configOf(fake.mcp))
    await signInFully(oauth, configOf(fake.mcp))
    expect(scopeOf()).toEqual(['read write', null, null])
    expect(registrations.rows).toMatchObject([{ allowedScope: '' }])
    await refusal(signInFully(setUp().oauth, configOf(fake.mcp, { scope: 'chosen' })), 'scopeRefused')
  })
})
