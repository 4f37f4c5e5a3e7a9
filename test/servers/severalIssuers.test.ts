// A server that names several authorization servers: which one a person is sent to, is asked about, and comes back to.
// `127.0.0.1` and `localhost` are two sites.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSetting, type Setting } from '../core.fixture.ts'
import { type FakeServer, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'

let s: Setting
let first: FakeServer
let second: FakeServer
beforeEach(async () => {
  s = await createSetting()
  first = await startFakeServer()
  second = await startFakeServer()
})
afterEach(async () => {
  await s.stop()
  await first.stop()
  await second.stop()
})

const list = (...issuers: string[]) =>
  first.script('/.well-known/oauth-protected-resource/mcp', {
    body: { resource: first.mcp, authorization_servers: issuers }
  })
const start = (server: string) => s.call('signIn.start', { server })

async function signIn(server: string) {
  const { signIn, url } = await start(server)
  const done = s.call('signIn.wait', { signIn })
  await fetch(url!)
  return (await done).view
}

test('one that registers nobody is left for the next, and no sign-in waits for this one there', async () => {
  list(first.origin, second.origin)
  first.script('/register', { status: 403 }, (request) => ({
    status: 201,
    body: { ...JSON.parse(request.body), client_id: 'late' }
  }))
  await s.call('server.add', { url: first.mcp, name: 'one' })
  await s.call('server.add', { url: first.mcp, name: 'two' })
  expect((await start('one')).url).toContain(second.origin)
  expect((await start('two')).url).toContain(first.origin)
})

test('nobody is asked about the sites of one that cannot be used', async () => {
  const origin = second.origin.replace('127.0.0.1', 'localhost')
  const foreign = { ...metadataOf(origin), authorization_endpoint: `${first.origin}/authorize` }
  list(origin, first.origin)
  second.script('/.well-known/oauth-authorization-server', { body: { ...foreign, registration_endpoint: undefined } })
  await s.call('server.add', { url: first.mcp, name: 'one' })
  expect((await start('one')).url).toContain(first.origin)
  // One that can be is asked about, and the other is not used behind the person's back.
  second.script('/.well-known/oauth-authorization-server', { body: foreign })
  await s.call('server.add', { url: first.mcp, name: 'two' })
  await expect(start('two')).rejects.toThrow('You would sign in at 127.0.0.1, but localhost would receive the tokens.')
})

test('the next sign-in is at the issuer of the grant while it is named, and else at another', async () => {
  list(first.origin, second.origin)
  await s.call('server.add', { url: first.mcp, name: 'one' })
  const { clientId, issuer } = await signIn('one')
  expect(issuer).toBe(first.origin)
  list(second.origin, first.origin)
  expect(await signIn('one')).toMatchObject({ clientId, issuer })
  list(second.origin)
  expect(await signIn('one')).toMatchObject({ issuer: second.origin })
  expect(second.to('/register')).toHaveLength(1)
})
