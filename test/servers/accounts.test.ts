// Several accounts at one address, on a real core: each told apart, hinted at again, and never answered for by another one.
import { expect, onTestFinished, test } from 'vitest'
import { approve } from '../../app/demo/person.ts'
import { createSetting } from '../core.fixture.ts'
import { startFakeServer } from '../fakes/authorizationServer.ts'

test('the account a server names is shown, kept and hinted at; another server at the same address asks which', async () => {
  const setting = await createSetting()
  const fake = await startFakeServer()
  onTestFinished(async () => {
    await setting.stop()
    await fake.stop()
  })
  const claims = Buffer.from('{"email":"ann@example.com"}').toString('base64url')
  fake.script('/token', { body: { access_token: 'a', expires_in: 3600, id_token: `e30.${claims}.` } })
  const parametersOf = async (server: string) => {
    const { signIn, url } = await setting.call('signIn.start', { server })
    const done = setting.call('signIn.wait', { signIn })
    await fetch(url!)
    await done
    return new URL(url!).searchParams
  }
  await setting.call('server.add', { url: fake.mcp, name: 'one' })
  const first = await parametersOf('one')
  expect([first.get('prompt'), first.get('login_hint')]).toEqual([null, null])
  expect(setting.view().account).toBe('ann@example.com')
  await setting.restart()
  await setting.call('server.add', { url: fake.mcp, name: 'two' })
  expect((await parametersOf('two')).get('prompt')).toBe('select_account')
  const again = await parametersOf('one')
  expect([again.get('prompt'), again.get('login_hint')]).toEqual([null, 'ann@example.com'])
})

test('a server that knows no choice of accounts is asked to sign in anew, in the same tab, now and later', async () => {
  const setting = await createSetting()
  onTestFinished(setting.stop)
  await setting.signIn()
  await setting.call('server.add', { url: setting.mcp.url, name: 'two' })
  const signIn = async () => {
    const { signIn, url } = await setting.call('signIn.start', { server: 'two' })
    const done = setting.call('signIn.wait', { signIn })
    done.catch(() => {})
    await approve(url!)
    return { url: new URL(url!), view: (await done).view }
  }
  const first = await signIn()
  expect([first.view.light, first.url.searchParams.get('prompt')]).toEqual(['green', 'consent select_account'])
  expect(setting.view('two').params).toEqual({ prompt: 'login consent' })
  expect((await signIn()).url.searchParams.get('prompt')).toBe('login consent')
})

test('a program, a pass-through and a token given by hand at the same address are no accounts to choose among', async () => {
  const setting = await createSetting()
  onTestFinished(setting.stop)
  const { url } = setting.mcp
  await setting.call('server.add', {
    url,
    name: 'bot',
    grantKind: 'clientCredentials',
    clientId: 'bot',
    clientSecret: 'secret'
  })
  await setting.call('server.add', { url, name: 'given', grantKind: 'staticToken', accessToken: 'token' })
  await setting.call('server.add', { url, name: 'theirs', mode: 'passThrough' })
  expect((await setting.signIn()).light).toBe('green')
})

test('a pass-through server has no sign-in and no token, and says so without naming either as the remedy', async () => {
  const setting = await createSetting()
  onTestFinished(setting.stop)
  await setting.call('server.add', { url: setting.mcp.url, name: 'theirs', mode: 'passThrough' })
  const said = expect.stringMatching(/^theirs uses pass-through: each client signs in itself/)
  await expect(setting.call('signIn.start', { server: 'theirs' })).rejects.toMatchObject({
    code: 'signInFailed',
    message: said
  })
  const read = setting.call('readToken', { server: 'theirs' })
  await expect(read).rejects.toMatchObject({ code: 'tokenUnavailable', message: said })
  expect((await setting.call('server.history', { server: 'theirs' })).events.map(({ kind }) => kind)).toEqual(['added'])
})
