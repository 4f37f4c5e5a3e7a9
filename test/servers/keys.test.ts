// Clients and tokens with keys on a real core, against a real authorization server that checks every signature.
import { expect, onTestFinished, test } from 'vitest'
import { expose } from '../../app/base/secret.ts'
import { makeKey, publicKeyOf } from '../../app/oauth/keys.ts'
import { createSetting } from '../core.fixture.ts'
import { startFakeServer } from '../fakes/authorizationServer.ts'

test('private_key_jwt: the server takes what the key signs, at sign-in, at refresh and after a restart', async () => {
  const key = makeKey()
  const setting = await createSetting({
    authority: {
      clients: [
        {
          client_id: 'signer',
          token_endpoint_auth_method: 'private_key_jwt',
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
          jwks: { keys: [publicKeyOf(key)] } as never
        }
      ]
    }
  })
  onTestFinished(() => setting.stop())
  const { mcp, call } = setting
  const client = { clientId: 'signer', clientAuth: 'private_key_jwt' } as const
  await call('server.add', {
    url: mcp.url,
    name: 'one',
    grantKind: 'clientCredentials',
    ...client,
    clientSecret: expose(key)
  })
  const { signIn } = await call('signIn.start', { server: 'one' })
  expect((await call('signIn.wait', { signIn })).view.state).toBe('fresh')
  await setting.restart()
  await setting.call('server.refresh', { server: 'one' })
  expect((await setting.call('server.keys', { server: 'one' })).jwks.keys).toEqual([publicKeyOf(key)])
  expect(setting.authority.events.filter(({ kind }) => kind === 'issued')).toHaveLength(2)
})

test('a key made here is shown by its public half alone; a server without one says so', async () => {
  const setting = await createSetting()
  onTestFinished(() => setting.stop())
  const { call, mcp } = setting
  const made = { clientId: 'x', clientAuth: 'private_key_jwt' } as const
  await call('server.add', { url: mcp.url, name: 'one', grantKind: 'clientCredentials', ...made })
  const [key] = (await call('server.keys', { server: 'one' })).jwks.keys
  expect(key).toMatchObject({ kty: 'EC', alg: 'ES256', use: 'sig' })
  expect(key).not.toHaveProperty('d')
  expect(setting.view()).toMatchObject({ hasKeys: true })
  expect(setting.view()).not.toHaveProperty('isBound')
  await call('server.add', { url: `${mcp.url}?two`, name: 'two' })
  await expect(call('server.keys', { server: 'two' })).rejects.toMatchObject({ code: 'inputInvalid' })
})

test('DPoP: sign-in, refresh and a proof for a request, with the nonces the server insists on, across a restart', async () => {
  const setting = await createSetting({ authority: { dpop: true } })
  onTestFinished(() => setting.stop())
  const { mcp, call } = setting
  await call('server.add', { url: mcp.url, name: 'one', dpop: true })
  const { approve } = await import('../../app/demo/person.ts')
  const { signIn, url } = await call('signIn.start', { server: 'one' })
  const done = call('signIn.wait', { signIn })
  await approve(url!)
  await done
  await setting.restart()
  expect(setting.view()).toMatchObject({ isBound: true })
  await setting.call('server.refresh', { server: 'one' })
  const proof = { method: 'POST', url: mcp.url, nonce: 'n1' }
  const read = await setting.call('readToken', { server: 'one', proof })
  expect(read).toMatchObject({ tokenType: 'DPoP', proof: expect.any(String) })
  const claims = JSON.parse(Buffer.from(read.proof?.split('.')[1] ?? '', 'base64url').toString())
  expect(claims).toMatchObject({ htm: 'POST', htu: mcp.url, nonce: 'n1', ath: expect.any(String) })
})

test('no page in a browser names a file or who gets what is in it, and no page at all a command to be run', async () => {
  const setting = await createSetting()
  onTestFinished(() => setting.stop())
  const { core, mcp, call, view } = setting
  const certificate = { certificateFile: '/keys/person.pem', keyFile: '/keys/person.key' }
  const provider = { tokenEndpoint: 'https://idp.example/token', clientId: 'x' }
  const bearer = { url: mcp.url, grantKind: 'jwtBearer', clientId: 'x' }
  const held = [
    ['browser', { assertion: { file: '/id.jwt' } }],
    ['browser', { assertion: { command: ['true'] } }],
    ['browser', { identityProvider: provider }],
    ['browser', { clientCertificate: certificate }],
    ['window', { assertion: { command: ['true'] } }]
  ] as const
  const added = { ...bearer, name: 'one', assertion: { file: '/id.jwt' }, clientCertificate: certificate }
  expect(await core.handle('window', 'server.add', added)).toMatchObject({ ok: true })
  const refused = { code: 'notAllowedHere' }
  for (const [door, given] of held) {
    expect(await core.handle(door, 'server.set', { server: 'one', ...given })).toMatchObject(refused)
    expect(await core.handle(door, 'server.add', { ...bearer, name: 'two', ...given })).toMatchObject(refused)
  }
  for (const given of [{ identityProvider: null }, { clientCertificate: null }])
    expect(await core.handle('browser', 'server.set', { server: 'one', ...given })).toMatchObject(refused)
  expect(view()).toMatchObject({ assertionFrom: '/id.jwt', certificateFile: '/keys/person.pem' })
  const elsewhere = {
    assertion: { command: ['mint', '--secret'] },
    identityProvider: provider,
    clientCertificate: null
  }
  expect(await core.handle('cli', 'server.set', { server: 'one', ...elsewhere })).toMatchObject({ ok: true })
  expect(view()).toMatchObject({ assertionFrom: 'mint', identityProvider: provider })
  expect(view().certificateFile).toBeUndefined()
  expect(JSON.stringify(await call('snapshot', {}))).not.toMatch(/person\.key|--secret/)
  await call('server.add', { url: mcp.url, name: 'three' })
  const reply = await core.handle('cli', 'server.set', { server: 'three', assertion: { file: '/x' } })
  expect(reply).toMatchObject({ code: 'inputInvalid' })
})

test('how a client of one’s own authenticates can be changed: a key is made and kept, a secret never made of it', async () => {
  const setting = await createSetting()
  onTestFinished(() => setting.stop())
  const { core, mcp, call, view } = setting
  const set = async (given: object) => {
    const reply = await core.handle('browser', 'server.set', { server: 'one', ...given })
    return reply.ok ? 'set' : reply.code
  }
  const thumbprint = async () => (await call('server.keys', { server: 'one' })).jwks.keys[0]?.kid
  await call('server.add', { url: mcp.url, name: 'own', clientId: 'mine', clientSecret: 'first' })
  await call('server.set', { server: 'own', clientAuth: 'private_key_jwt' })
  await call('server.add', {
    url: mcp.url,
    name: 'one',
    clientId: 'mine',
    grantKind: 'clientCredentials',
    clientSecret: 's'
  })
  expect(view()).toMatchObject({ ownClient: true })
  expect(view().clientAuth).toBeUndefined()
  expect(await set({ clientAuth: 'private_key_jwt' })).toBe('set')
  expect(view()).toMatchObject({ hasKeys: true, clientAuth: 'private_key_jwt' })
  const made = await thumbprint()
  expect(await set({ clientAuth: 'private_key_jwt', dpop: true })).toBe('set')
  expect([await thumbprint(), view().dpop]).toEqual([made, true])
  expect(await set({ clientAuth: 'private_key_jwt', clientSecret: 'no key' })).toBe('inputInvalid')
  expect(await set({ clientAuth: 'client_secret_post' })).toBe('inputInvalid')
  expect(await set({ clientAuth: null })).toBe('inputInvalid')
  expect(await set({ clientAuth: 'none' })).toBe('inputInvalid')
  expect(await thumbprint()).toBe(made)
  expect(await set({ clientAuth: 'client_secret_post', clientSecret: 'new', dpop: null })).toBe('set')
  expect(view()).toMatchObject({ clientAuth: 'client_secret_post' })
  expect([view().dpop, view().hasKeys]).toEqual([undefined, undefined])
  await call('server.add', { url: mcp.url, name: 'registered' })
  expect(await set({ server: 'registered', clientAuth: 'none' })).toBe('inputInvalid')
})

test('a new secret of a client is what the next sign-in sends', async () => {
  const setting = await createSetting()
  onTestFinished(() => setting.stop())
  const fake = await startFakeServer()
  onTestFinished(() => fake.stop())
  const { call } = setting
  const kind = { grantKind: 'clientCredentials', clientId: 'robot' } as const
  await call('server.add', { url: fake.mcp, name: 'one', ...kind, clientSecret: 'old' })
  await call('server.set', { server: 'one', clientAuth: 'client_secret_post', clientSecret: 'new' })
  await setting.restart()
  const { signIn } = await call('signIn.start', { server: 'one' })
  await call('signIn.wait', { signIn })
  expect(fake.to('/token')[0]?.form.get('client_secret')).toBe('new')
})

test('the secret of a client at an identity provider is kept, sent there, and never to another one', async () => {
  const setting = await createSetting()
  onTestFinished(() => setting.stop())
  const fake = await startFakeServer()
  onTestFinished(() => fake.stop())
  const { call } = setting
  for (const path of ['/idp', '/other']) fake.script(path, { body: { access_token: 'the.id.jag', token_type: 'N_A' } })
  const provider = (path: string) => ({ tokenEndpoint: fake.origin + path, clientId: 'there' })
  const assertion = { command: [process.execPath, '-e', 'console.log("the.id.token")'] }
  const bearer = { url: fake.mcp, name: 'one', grantKind: 'jwtBearer', clientId: 'x', assertion } as const
  await call('server.add', { ...bearer, identityProvider: provider('/idp'), identityProviderSecret: 'shh' })
  const signIn = async () => call('signIn.wait', { signIn: (await call('signIn.start', { server: 'one' })).signIn })
  await signIn()
  await call('server.set', { server: 'one', assertion, identityProvider: provider('/idp') })
  await setting.restart()
  await signIn()
  const sent = (path: string) => fake.to(path).map(({ headers }) => headers.authorization)
  expect(sent('/idp')).toEqual([sent('/idp')[0], expect.stringContaining('Basic ')])
  await call('server.set', { server: 'one', identityProvider: provider('/other') })
  await signIn()
  expect(sent('/other')).toEqual([undefined])
  await call('server.set', { server: 'one', identityProvider: provider('/idp') })
  await signIn()
  expect(sent('/idp').at(-1)).toBeUndefined()
  const none = { server: 'one', identityProvider: null, identityProviderSecret: 'shh' }
  await expect(call('server.set', none)).rejects.toMatchObject({ code: 'inputInvalid' })
  expect(JSON.stringify(await call('snapshot', {}))).not.toContain('shh')
})

test('a new secret of a client mends the grant that was had with the old one; a key made just now waits for a sign-in', async () => {
  const setting = await createSetting()
  onTestFinished(() => setting.stop())
  const fake = await startFakeServer()
  onTestFinished(() => fake.stop())
  const { call } = setting
  await call('server.add', { url: fake.mcp, name: 'one', clientId: 'mine', clientSecret: 'old' })
  const { signIn, url } = await call('signIn.start', { server: 'one' })
  const done = call('signIn.wait', { signIn })
  await fetch(url!)
  await done
  const basic = (secret: string) => `Basic ${Buffer.from(`mine:${secret}`).toString('base64')}`
  const shown = async () => {
    await call('server.refresh', { server: 'one' })
    const { headers, form } = fake.to('/token').at(-1)!
    return headers.authorization ?? form.get('client_secret')
  }
  await call('server.set', { server: 'one', clientSecret: 'new' })
  expect(await shown()).toBe(basic('new'))
  await call('server.set', { server: 'one', clientAuth: 'client_secret_post' })
  expect(await shown()).toBe('new')
  await call('server.set', { server: 'one', clientAuth: 'private_key_jwt' })
  expect(await shown()).toBe('new')
  await call('server.set', { server: 'one', clientAuth: 'none' })
  expect(await shown()).toBe(null)
})
