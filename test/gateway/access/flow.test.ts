// A real client signs in through our authorization server, is let in where it may go, and nowhere else.
// Consent is given through the contract, as every door does.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeClock } from '../../fakes/clock.ts'
import { allow, browse, decide, deny, startGateway, wait } from './access.fixture.ts'
import { bearer, oauthError, TestClient } from './client.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

test('a client registers, asks, is allowed, and reaches the server it asked for and no other', async () => {
  const gateway = await startGateway(fakeClock())
  const client = await TestClient.register(gateway)
  const tokens = await client.signIn()
  expect(tokens.expiresIn).toBe(3600)
  expect(await gateway.use('notes', bearer(tokens.access))).toMatchObject({
    status: 200,
    caller: { client: client.client.client_id, name: 'Test client', kind: 'oauth' }
  })
  expect((await gateway.use('other', bearer(tokens.access))).status).toBe(401)
  expect((await gateway.use('notes', bearer(tokens.refresh))).status).toBe(401)
  expect((await gateway.use('notes', {})).status).toBe(401)
  for (const authorization of ['Bearer', 'Bearer a b', 'Basic abc', 'Bearer "x"'])
    expect((await gateway.use('notes', { authorization })).status).toBe(400)
})

test('metadata is of the very name it was asked by, at both well-knowns and per server', async () => {
  const { origin } = await startGateway()
  const { port } = new URL(origin)
  for (const own of [origin, `http://localhost:${port}`]) {
    const read = async (path: string) => (await fetch(`${own}/.well-known/${path}`)).json()
    const metadata = await read('oauth-authorization-server')
    expect(metadata).toMatchObject({
      issuer: own,
      authorization_endpoint: `${own}/authorize`,
      token_endpoint: `${own}/token`,
      registration_endpoint: `${own}/register`,
      revocation_endpoint: `${own}/revoke`,
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      authorization_response_iss_parameter_supported: true
    })
    expect(await read('openid-configuration')).toEqual(metadata)
    expect(await read('oauth-protected-resource/notes')).toMatchObject({
      resource: `${own}/notes`,
      authorization_servers: [own]
    })
    expect(await read('oauth-protected-resource')).toMatchObject({ resource: own })
    expect((await fetch(`${own}/.well-known/oauth-protected-resource/No`)).status).toBe(404)
  }
})

test('the waiting page decides nothing, shows the digits the person sees, and goes on by itself', async () => {
  const gateway = await startGateway()
  const client = await TestClient.register(gateway, { client_name: '<b>Evil</b>' })
  const page = await browse(await client.authorizationUrl())
  const [pending] = gateway.access.view().pending
  expect(page.status).toBe(200)
  expect(page.text).toContain(`>${pending!.digits}<`)
  expect(page.text).toContain('&#60;b&#62;Evil&#60;/b&#62;')
  expect(page.text).not.toMatch(/<form|<button|<b>Evil/)
  expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
  expect(page.headers.get('cache-control')).toBe('no-store')
  expect(pending).toMatchObject({
    name: '<b>Evil</b>',
    source: 'this computer',
    destination: 'a program on this computer',
    redirectUri: 'http://127.0.0.1:3999/callback',
    asks: ['notes']
  })
  expect(page.text).not.toContain(pending!.request)
  const waits = wait(gateway.origin, page.ticket)
  await allow()(gateway)
  await client.exchange(client.read(new URL((await waits).location!)))
  // The ticket is spent.
  expect((await wait(gateway.origin, page.ticket)).status).toBe(404)
})

test('a request without resource and scope reaches what the person chooses', async () => {
  const gateway = await startGateway()
  const client = await TestClient.register(gateway)
  const url = await client.authorizationUrl({ resource: undefined })
  const answer = await decide(gateway, url, async (it) => {
    expect(it.access.view().pending[0]!.asks).toBeNull()
    await expect(allow()(it)).rejects.toMatchObject({ code: 'inputInvalid' })
    await expect(allow(false, ['nothing'])(it)).rejects.toMatchObject({ code: 'serverUnknown' })
    await allow(false, ['other'])(it)
  })
  const { access } = await client.exchange(client.read(answer))
  expect((await gateway.use('other', bearer(access))).status).toBe(200)
  expect((await gateway.use('notes', bearer(access))).status).toBe(401)
})

test('no is a proper OAuth error with iss; nobody’s answer in ten minutes is one to a client that was let in before', async () => {
  const clock = fakeClock()
  const gateway = await startGateway(clock)
  const client = await TestClient.register(gateway)
  const said = await decide(gateway, await client.authorizationUrl(), deny)
  expect(said.searchParams.get('iss')).toBe(gateway.origin)
  expect(said.searchParams.get('state')).toBe('state-1')
  expect(await oauthError((async () => client.read(said))())).toBe('access_denied')

  const unknown = await browse(await client.authorizationUrl())
  await clock.advance(10 * minute)
  expect(await wait(gateway.origin, unknown.ticket)).toEqual({ status: 404, location: null })

  await client.signIn()
  const { ticket } = await browse(await client.authorizationUrl())
  const { request } = gateway.access.view().pending[0]!
  await clock.advance(10 * minute)
  expect(gateway.access.view().pending).toEqual([])
  await expect(gateway.call('clients.allow', { request, always: true })).rejects.toMatchObject({
    code: 'clientUnknown'
  })
  const late = new URL((await wait(gateway.origin, ticket)).location!)
  expect(late.searchParams.get('error')).toBe('access_denied')
})

test('however it was let in before, a client that signs in again asks again: its id is no secret', async () => {
  const gateway = await startGateway()
  const client = await TestClient.register(gateway)
  for (const always of [false, true]) {
    await client.signIn(allow(always))
    const again = await browse(await client.authorizationUrl())
    expect([again.status, again.location]).toEqual([200, null])
    gateway.access.deny(gateway.access.view().pending[0]!.request)
  }
  expect((await gateway.call('clients.list', {})).clients).toMatchObject([{ servers: ['notes'], always: ['notes'] }])
})

test('consent given ahead counts once, for that name, that kind of redirect and those servers', async () => {
  const clock = fakeClock()
  const gateway = await startGateway(clock)
  const waiting = await TestClient.register(gateway, { client_name: 'Robot' })
  await clock.advance(1)
  const ahead = { name: 'Robot', servers: ['notes'] }
  await gateway.call('clients.allowNext', ahead)
  const asks = async (metadata: object, change = {}) => {
    const client = await TestClient.register(gateway, metadata)
    const { ticket } = await browse(await client.authorizationUrl(change))
    for (const { request } of gateway.access.view().pending) gateway.access.deny(request)
    return ticket !== null
  }
  expect((await browse(await waiting.authorizationUrl())).ticket).not.toBeNull()
  expect(await asks({ client_name: 'robot' })).toBe(true)
  expect(await asks({ client_name: 'Robot' }, { resource: `${gateway.origin}/other` })).toBe(true)
  const remote = 'https://robot.example/cb'
  expect(await asks({ client_name: 'Robot', redirect_uris: [remote] }, { redirect_uri: remote })).toBe(true)
  await gateway.restart()
  const robot = await TestClient.register(gateway, { client_name: 'Robot' })
  const { access } = await robot.signInSilently()
  expect((await gateway.use('notes', bearer(access))).status).toBe(200)
  expect(await asks({ client_name: 'Robot' })).toBe(true)
})

test('consent given ahead ends when it said it would', async () => {
  const clock = fakeClock()
  const gateway = await startGateway(clock)
  await gateway.call('clients.allowNext', { name: 'Robot', servers: ['notes'], validFor: minute })
  await clock.advance(minute)
  const robot = await TestClient.register(gateway, { client_name: 'Robot' })
  expect((await browse(await robot.authorizationUrl())).ticket).not.toBeNull()
})

test('tokens, codes and what they belong to survive a restart; a request that waited ends with it', async () => {
  const gateway = await startGateway()
  const client = await TestClient.register(gateway)
  const tokens = await client.signIn()
  const waiting = (await browse(await client.authorizationUrl())).ticket
  const answer = client.read(
    await decide(gateway, await client.authorizationUrl(), async ({ call, access }) => {
      await call('clients.allow', { request: access.view().pending[1]!.request, always: false })
    })
  )
  await gateway.restart()
  expect((await gateway.use('notes', bearer(tokens.access))).status).toBe(200)
  const second = await client.exchange(answer)
  expect((await gateway.use('notes', bearer(second.access))).status).toBe(200)
  const renewed = await client.refresh(tokens.refresh)
  expect((await gateway.use('notes', bearer(renewed.access))).status).toBe(200)
  expect((await wait(gateway.origin, waiting)).status).toBe(404)
})

test('only hashes reach the disk, the log and every view', async () => {
  const gateway = await startGateway()
  const client = await TestClient.register(gateway)
  const answer = client.read(await decide(gateway, await client.authorizationUrl(), allow(true)))
  const first = await client.exchange(answer)
  const second = await client.refresh(first.refresh)
  const { key } = await gateway.call('clients.addKey', { name: 'ci', servers: ['notes'] })
  await gateway.use('notes', { 'x-tokentray-key': key })
  const secrets = [answer.get('code')!, first.access, first.refresh, second.access, second.refresh, key]
  const views = [
    gateway.access.view(),
    await gateway.call('clients.list', {}),
    await gateway.call('clients.activity', {}),
    gateway.logged
  ]
  // The file is encrypted; the rows are what would be read by whoever had its key.
  const dump = JSON.stringify([
    await gateway.vault.local.clients(0),
    await gateway.vault.local.keys(),
    await gateway.vault.local.uses(100)
  ])
  for (const secret of secrets) {
    expect(secret).toMatch(/^tt[cark]_[\w-]{43}$/)
    expect(JSON.stringify(views) + dump).not.toContain(secret)
    for (const name of readdirSync(gateway.folder).filter((it) => it.endsWith('.db') || it.endsWith('-wal')))
      expect(readFileSync(join(gateway.folder, name)).includes(secret)).toBe(false)
  }
})

test('a sign-in allowed once ends after 30 days however often it is refreshed; one always allowed goes on', async () => {
  const clock = fakeClock()
  const gateway = await startGateway(clock)
  const client = await TestClient.register(gateway)
  let once = await client.signIn(allow(false))
  let always = await client.signIn(allow(true))
  for (let n = 0; n < 3; n++) {
    await clock.advance(9 * day)
    once = await client.refresh(once.refresh)
    always = await client.refresh(always.refresh)
  }
  await clock.advance(3 * day)
  expect(await oauthError(client.refresh(once.refresh))).toBe('invalid_grant')
  const { access } = await client.refresh(always.refresh)
  expect((await gateway.use('notes', bearer(access))).status).toBe(200)
})
