// A registration that died, through a whole core: the sign-in goes on as a new client, and view and history say so.
// The server is a fake, since a real one would have to be made to forget.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSetting, type Setting } from '../core.fixture.ts'
import { type FakeServer, type Received, type Reply, startFakeServer } from '../fakes/authorizationServer.ts'

let s: Setting
let fake: FakeServer
beforeEach(async () => {
  s = await createSetting()
  fake = await startFakeServer()
  await s.call('server.add', { url: fake.mcp, name: 'one' })
  await signIn()
  await s.call('server.signOut', { server: 'one' })
})
afterEach(async () => {
  await s.stop()
  await fake.stop()
})

async function signIn(): Promise<void> {
  const { signIn, url } = await s.call('signIn.start', { server: 'one' })
  const done = s.call('signIn.wait', { signIn })
  done.catch(() => {})
  await fetch(url!)
  await done
}
const told = async () =>
  (await s.call('server.history', { server: 'one' })).events.filter(({ detail }) =>
    detail.includes('continued with a new one')
  )

test('found out at the exchange: signed in all the same, and the history has it', async () => {
  fake.script('/token', { status: 401, body: { error: 'invalid_client' } }, { body: { access_token: 'a' } })
  await signIn()
  expect(s.view()).toMatchObject({ light: 'green', clientId: fake.to('/authorize').at(-1)?.form.get('client_id') })
  expect(fake.to('/register')).toHaveLength(2)
  expect(await told()).toHaveLength(1)
})

test('seen by the person alone: asked for, and the same sign-in has another address', async () => {
  const started = await s.call('signIn.start', { server: 'one' })
  expect(s.view().signIn).toMatchObject({ url: started.url, keptClient: true })
  const anew = await s.call('signIn.replaceClient', { signIn: started.signIn })
  expect([anew.signIn, anew.redirectUri]).toEqual([started.signIn, started.redirectUri])
  expect(new URL(anew.url!).searchParams.get('client_id')).not.toBe(new URL(started.url!).searchParams.get('client_id'))
  expect(s.view().signIn?.url).toBe(anew.url)
  expect(s.view().signIn?.keptClient).toBeUndefined()
  expect(await s.call('signIn.start', { server: 'one' })).toEqual(anew)
  expect(await s.call('signIn.replaceClient', { signIn: started.signIn })).toEqual(anew)
  const done = s.call('signIn.wait', { signIn: started.signIn })
  await fetch(anew.url!)
  expect((await done).view.light).toBe('green')
  expect([fake.to('/register').length, (await told()).length]).toEqual([2, 1])
})

test('found out at a refresh: no client that is kept is taken, since the server may have lost them all', async () => {
  await signIn()
  await s.call('server.forgetRegistration', { server: 'one' })
  await s.call('server.add', { url: `${fake.mcp}/two`, name: 'two' })
  const { signIn: second, url } = await s.call('signIn.start', { server: 'two' })
  const done = s.call('signIn.wait', { signIn: second })
  await fetch(url!)
  await done
  fake.script('/token', { status: 401, body: { error: 'invalid_client' } })
  await expect(s.call('server.refresh', { server: 'one' })).rejects.toMatchObject({ code: 'signInNeeded' })
  expect(s.view()).toMatchObject({ words: 'Sign-in needed: the server no longer recognizes this client' })
  const registered = fake.to('/register').length
  const anew = await s.call('signIn.start', { server: 'one' })
  expect([fake.to('/register').length, s.view().signIn?.keptClient]).toEqual([registered + 1, undefined])
  await s.call('signIn.cancel', { signIn: anew.signIn })
})

test('held to the scopes it was registered for: one that is registered for these goes on, and is told from a refused scope', async () => {
  await s.call('server.set', { server: 'one', scope: 'calendar' })
  const answer =
    (result: Record<string, string>) =>
    ({ form }: Received): Reply => {
      const back = new URL(form.get('redirect_uri') ?? '')
      for (const [name, value] of Object.entries({ ...result, state: form.get('state') ?? '' }))
        back.searchParams.set(name, value)
      return { status: 302, headers: { location: back.href } }
    }
  fake.script('/authorize', answer({ error: 'invalid_scope' }), answer({ code: 'c' }))
  await signIn()
  expect(s.view()).toMatchObject({ light: 'green', scope: 'calendar' })
  expect(fake.to('/register').map(({ body }) => JSON.parse(body).scope)).toEqual(['read write', 'calendar read write'])
  fake.script('/authorize', answer({ error: 'invalid_scope' }))
  await expect(signIn()).rejects.toMatchObject({ code: 'scopeRefused' })
  expect(fake.to('/register')).toHaveLength(3)
})
