// Adding on a real core: what is looked for is not stored, and of two that add one URL only the first does.
// A search must end with the core, or a person who gave up would wait for a server that does not answer.
import { expect, onTestFinished, test } from 'vitest'
import { createSetting } from '../core.fixture.ts'
import { startFakeServer } from '../fakes/authorizationServer.ts'

test('looking for a server stores nothing, and names one that is there already', async () => {
  const setting = await createSetting()
  onTestFinished(setting.stop)
  const { url } = setting.mcp
  const { origin } = new URL(url)
  expect(await setting.call('server.find', { url: origin })).toEqual({ url })
  expect(setting.core.snapshot().servers).toEqual([])
  await setting.call('server.add', { url })
  const { id } = setting.core.snapshot().servers[0]!
  // By the URL that was typed, and by the one that is found.
  for (const typed of [url, url.replace('http://', ''), origin])
    await expect(setting.call('server.find', { url: typed })).rejects.toMatchObject({
      code: 'serverExists',
      message: expect.stringContaining(`${id} already has this URL`)
    })
  await expect(setting.call('server.find', { url, name: 'another' })).resolves.toEqual({ url })
  await expect(setting.call('server.find', { url, name: 'token' })).rejects.toMatchObject({ code: 'nameReserved' })
})

test('of two that add one URL at once, only the first does', async () => {
  const setting = await createSetting()
  onTestFinished(setting.stop)
  const { url } = setting.mcp
  const both = await Promise.allSettled([setting.call('server.add', { url }), setting.call('server.add', { url })])
  expect(both).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'serverExists', message: expect.stringContaining('already has this URL') } }
  ])
  const seeds = await Promise.all(
    [1, 2].map(() => setting.call('server.add', { url, keepExisting: true, accessToken: 'a', id: 'seeded' }))
  )
  expect(seeds.map(({ existed }) => existed)).toEqual([false, true])
  expect(setting.core.snapshot().servers).toHaveLength(2)
})

test('a search ends with the core, and asks to be made again by the next', async () => {
  const setting = await createSetting()
  const fake = await startFakeServer()
  onTestFinished(async () => {
    await setting.stop()
    await fake.stop()
  })
  fake.script('/mcp', 'hang')
  const arrived = fake.arrived('/mcp')
  const search = setting.call('server.find', { url: fake.mcp })
  search.catch(() => {})
  await arrived
  await setting.core.close()
  await expect(search).rejects.toMatchObject({ code: 'ownerStopping' })
})

async function startWithFake() {
  const setting = await createSetting()
  const fake = await startFakeServer()
  onTestFinished(async () => {
    await setting.stop()
    await fake.stop()
  })
  const signIn = async () => {
    const { signIn, url } = await setting.call('signIn.start', { server: 'one' })
    const done = setting.call('signIn.wait', { signIn })
    done.catch(() => {})
    if (url) await fetch(url)
    await done
  }
  return { setting, fake, signIn }
}

test('a server whose first sign-in failed shows why, also after a restart, until something else happens', async () => {
  const { setting, fake, signIn } = await startWithFake()
  await setting.call('server.add', { url: fake.mcp, name: 'one' })
  expect(setting.view().detail).toBe('')
  fake.script('/token', { status: 400, body: { error: 'invalid_grant' } })
  const error = await signIn().catch((thrown: Error) => thrown)
  expect(error).toBeInstanceOf(Error)
  const reason = { words: 'Not signed in', detail: (error as Error).message, action: 'signIn', light: 'grey' }
  expect(setting.view()).toMatchObject(reason)
  await setting.restart()
  expect(setting.view()).toMatchObject(reason)
  await setting.call('server.set', { server: 'one', scope: 'read' })
  expect(setting.view().detail).toBe('')
})

test.each([{}, { grantKind: 'clientCredentials' as const }])(
  'a refused client of one’s own is to be fixed, not signed in with (%j)',
  async (given) => {
    const { setting, fake, signIn } = await startWithFake()
    await setting.call('server.add', { url: fake.mcp, name: 'one', clientId: 'me', clientSecret: 'wrong', ...given })
    fake.script('/token', { status: 401, body: { error: 'invalid_client' } })
    await expect(signIn()).rejects.toMatchObject({ code: 'clientRefused' })
    expect(setting.view()).toMatchObject({
      words: 'Settings need fixing: the client was refused',
      detail: expect.stringContaining('invalid_client'),
      action: 'fixSettings'
    })
    await setting.call('server.set', { server: 'one', clientSecret: 'right' })
    expect(setting.view()).toMatchObject({ words: 'Not signed in', action: 'signIn' })
  }
)

test('a registered client that is refused is nobody’s to fix', async () => {
  const { setting, fake, signIn } = await startWithFake()
  await setting.call('server.add', { url: fake.mcp, name: 'one' })
  fake.script('/token', { status: 401, body: { error: 'invalid_client' } })
  await expect(signIn()).rejects.toMatchObject({ code: 'clientRefused' })
  expect(setting.view()).toMatchObject({ words: 'Not signed in', action: 'signIn' })
})

test('an open server cannot be signed in to, and asks for nothing any more once it is passed through', async () => {
  const { setting, fake, signIn } = await startWithFake()
  fake.script('/mcp', { body: { jsonrpc: '2.0', id: 1, result: {} } })
  fake.script('/.well-known/oauth-authorization-server', { status: 404 })
  fake.script('/.well-known/oauth-protected-resource/mcp', { status: 404 })
  await setting.call('server.add', { url: fake.mcp, name: 'one' })
  await expect(signIn()).rejects.toMatchObject({ message: expect.stringContaining('turn on pass-through') })
  expect(setting.view().action).toBe('signIn')
  await setting.call('server.set', { server: 'one', mode: 'passThrough' })
  expect(setting.view()).toMatchObject({ action: null, words: 'Each client signs in itself' })
})
