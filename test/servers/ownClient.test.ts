// Another client of one's own for a server there is: it brings its own secret, and what was signed in to before stays the old one's.
// A server that asks by itself goes on as the new client at once.
import { expect, onTestFinished, test } from 'vitest'
import { createSetting } from '../core.fixture.ts'
import { startFakeServer } from '../fakes/authorizationServer.ts'

async function start() {
  const setting = await createSetting()
  const fake = await startFakeServer()
  onTestFinished(async () => {
    await setting.stop()
    await fake.stop()
  })
  const signIn = async () => {
    const { signIn, url } = await setting.call('signIn.start', { server: 'one' })
    const done = setting.call('signIn.wait', { signIn })
    if (url) await fetch(url)
    await done
  }
  const lastToken = () => {
    const { form, headers } = fake.to('/token').at(-1)!
    return [form.get('client_id'), form.get('client_secret'), headers.authorization]
  }
  return { ...setting, fake, signIn, lastToken }
}
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

test('the next sign-in is the other client’s, the grant there is stays with its own; and back to a registered one', async () => {
  const { call, fake, signIn, lastToken } = await start()
  await call('server.add', { url: fake.mcp, name: 'one' })
  await signIn()
  const registered = lastToken()[0]
  await call('server.set', { server: 'one', clientId: 'mine', clientSecret: 'hush' })
  await call('server.refresh', { server: 'one' })
  expect(lastToken()).toEqual([registered, null, undefined])
  await signIn()
  expect([fake.to('/authorize').at(-1)?.form.get('client_id'), lastToken()[2]]).toEqual(['mine', basic('mine', 'hush')])
  await call('server.set', { server: 'one', clientId: 'other' })
  await signIn()
  expect(lastToken()).toEqual(['other', null, undefined])
  await call('server.set', { server: 'one', clientId: null })
  await signIn()
  expect(lastToken()[0]).toMatch(/^client-/)
})

test('a server that asks by itself asks as the other client at once, and is never left without a secret', async () => {
  const { call, fake, signIn, lastToken } = await start()
  const grantKind = 'clientCredentials'
  await call('server.add', { url: fake.mcp, name: 'one', clientId: 'robot', clientSecret: 'old', grantKind })
  await signIn()
  expect(lastToken()[2]).toBe(basic('robot', 'old'))
  for (const wrong of [{ clientId: 'other' }, { clientId: null }])
    await expect(call('server.set', { server: 'one', ...wrong })).rejects.toMatchObject({ code: 'inputInvalid' })
  await call('server.set', { server: 'one', clientId: 'other', clientSecret: 'new' })
  await call('server.refresh', { server: 'one' })
  expect(lastToken()[2]).toBe(basic('other', 'new'))
})

test('a pasted refresh token whose client was missing gets one', async () => {
  const { call, fake, lastToken } = await start()
  const tokenEndpoint = `${fake.origin}/token`
  await call('server.add', { url: fake.mcp, name: 'one', refreshToken: 'pasted', tokenEndpoint })
  await call('server.set', { server: 'one', clientId: 'its' })
  await call('server.refresh', { server: 'one' })
  expect([lastToken()[0], fake.to('/token').at(-1)?.form.get('refresh_token')]).toEqual(['its', 'pasted'])
})
