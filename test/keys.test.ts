// Clients and tokens with keys on a real core, against a real authorization server that checks every signature.
import { expect, onTestFinished, test } from 'vitest'
import { makeKey, publicKeyOf } from '../app/oauth/keys.ts'
import { expose } from '../app/secret.ts'
import { createSetting } from './setting.ts'

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
  const { approve } = await import('../app/demo/person.ts')
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

test('no page can name a file to be read or a command to be run', async () => {
  const setting = await createSetting()
  onTestFinished(() => setting.stop())
  const { core, mcp } = setting
  const assertion = { command: ['true'] }
  const given = { url: mcp.url, grantKind: 'jwtBearer', clientId: 'x' }
  for (const door of ['browser', 'window', 'cli'] as const)
    expect(await core.handle(door, 'server.add', { ...given, assertion })).toMatchObject({ code: 'inputInvalid' })
  expect(await core.handle('cli', 'server.add', { ...given, name: 'one' })).toMatchObject({ ok: true })
  const input = { server: 'one', assertion, identityProvider: null }
  for (const door of ['browser', 'window'] as const)
    expect(await core.handle(door, 'server.setAssertion', input)).toMatchObject({ code: 'notAllowedHere' })
  expect(await core.handle('cli', 'server.setAssertion', input)).toMatchObject({ ok: true })
})

test('no page can name the files of a client certificate, nor take one away; all may see that one is set', async () => {
  const setting = await createSetting()
  onTestFinished(() => setting.stop())
  const { core, mcp, call } = setting
  const clientCertificate = { certificateFile: '/keys/person.pem', keyFile: '/keys/person.key' }
  await call('server.add', { url: mcp.url, name: 'one' })
  const input = { server: 'one', clientCertificate }
  for (const door of ['browser', 'window', 'cli'] as const) {
    const added = await core.handle(door, 'server.add', { url: mcp.url, name: 'two', clientCertificate })
    expect(added).toMatchObject({ code: 'inputInvalid' })
    expect(await core.handle(door, 'server.set', input)).toMatchObject({ code: 'inputInvalid' })
  }
  const certificate = async () => (await call('snapshot', {})).servers[0]?.certificateFile
  expect(await core.handle('cli', 'server.setCertificate', input)).toMatchObject({ ok: true })
  expect(await certificate()).toBe('/keys/person.pem')
  for (const door of ['browser', 'window'] as const)
    for (const given of [clientCertificate, null]) {
      const reply = await core.handle(door, 'server.setCertificate', { server: 'one', clientCertificate: given })
      expect(reply).toMatchObject({ code: 'notAllowedHere' })
    }
  expect(await certificate()).toBe('/keys/person.pem')
  expect(JSON.stringify(await call('snapshot', {}))).not.toContain('person.key')
  await core.handle('cli', 'server.setCertificate', { server: 'one', clientCertificate: null })
  expect(await certificate()).toBeUndefined()
})
