// Attacks by a hostile MCP server that names somebody else's sign-in page or issuer, and the questions that end them.
// `127.0.0.1` and `localhost` are two sites: the good servers are at the one, the hostile one is at the other.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ServerConfig } from '../../app/contract/serverConfig.ts'
import { approve } from '../../app/demo/person.ts'
import type { Roster } from '../../app/keeper/roster.ts'
import { checkSites } from '../../app/servers/siteCheck.ts'
import { createSetting, type Setting } from '../core.fixture.ts'
import { type FakeServer, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'

let s: Setting
let good: FakeServer
let evil: FakeServer
let origin: string
beforeEach(async () => {
  s = await createSetting()
  good = await startFakeServer()
  evil = await startFakeServer()
  origin = evil.origin.replace('127.0.0.1', 'localhost')
  evil.script('/mcp', {
    status: 401,
    headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"` }
  })
})
afterEach(async () => {
  await s.stop()
  await good.stop()
  await evil.stop()
})

const names = (issuer: string) =>
  evil.script('/.well-known/oauth-protected-resource/mcp', {
    body: { resource: `${origin}/mcp`, authorization_servers: [issuer] }
  })
const start = (server: string) => s.call('signIn.start', { server })
const add = (name: string, more = {}) => s.call('server.add', { url: `${origin}/mcp`, name, ...more })

/** Expects a question and says yes to it, as a person at a door does. */
async function sayYes(server: string, sentence: string) {
  await expect(start(server)).rejects.toMatchObject({ code: 'confirmationNeeded' })
  const [one, ...more] = s.view(server).proposals
  expect([one?.reason, more]).toEqual([expect.stringContaining(sentence), []])
  await s.call('server.set', { server, ...one!.change })
}

describe('M1: a genuine sign-in page whose code goes to another site', () => {
  beforeEach(() => {
    names(origin)
    evil.script('/.well-known/oauth-authorization-server', {
      body: { ...metadataOf(origin), authorization_endpoint: `${good.origin}/authorize` }
    })
  })

  test('is asked about before a client is registered or a page opens, once for the two sites', async () => {
    await add('evil')
    await expect(start('evil')).rejects.toThrow(
      'You would sign in at 127.0.0.1, but localhost would receive the tokens.'
    )
    expect([evil.to('/register'), evil.to('/token'), good.requests]).toEqual([[], [], []])
    await sayYes('evil', 'sign in at 127.0.0.1')
    expect((await start('evil')).url).toContain(`${good.origin}/authorize`)
    await add('again')
    expect((await start('again')).waitingFor).toBe('evil')
  })

  test('so is metadata that names the endpoints of another site, to which it adds its own for revocation', async () => {
    evil.script('/.well-known/oauth-authorization-server', {
      body: { ...metadataOf(good.origin), issuer: origin, revocation_endpoint: `${origin}/revoke` }
    })
    await add('evil')
    await expect(start('evil')).rejects.toMatchObject({ code: 'confirmationNeeded' })
  })

  test('a device code whose token endpoint is at another site is asked about too', async () => {
    evil.script('/.well-known/oauth-authorization-server', {
      body: { ...metadataOf(origin), device_authorization_endpoint: `${good.origin}/device` }
    })
    await add('evil')
    const device = s.call('signIn.start', { server: 'evil', device: 'always' })
    await expect(device).rejects.toMatchObject({ code: 'confirmationNeeded' })
    expect(good.requests).toEqual([])
  })

  test('an issuer named by hand is a yes beforehand, and no other issuer is used then', async () => {
    await add('evil', { issuer: origin })
    expect((await start('evil')).url).toContain(good.origin)
    await add('other', { issuer: good.origin })
    await expect(start('other')).rejects.toMatchObject({ code: 'issuerMismatch' })
    await s.call('server.set', { server: 'other', issuer: null })
    await expect(start('other')).rejects.toMatchObject({ code: 'confirmationNeeded' })
  })

  test('so is a token endpoint given by hand', async () => {
    await add('evil', { tokenEndpoint: `${origin}/token` })
    expect((await start('evil')).url).toContain(good.origin)
  })
})

describe('M2: the issuer of another server', () => {
  beforeEach(() => names(s.authority.issuer))

  test('is asked about where a server of another site uses it, and the yes is for a client of its own', async () => {
    const { clientId } = await s.signIn()
    await add('evil')
    await expect(start('evil')).rejects.toThrow('The token for 127.0.0.1 will be given to localhost.')
    expect(s.view('evil')).toMatchObject({ state: 'signedOut', lastEvent: { kind: 'signInFailed' } })
    await sayYes('evil', 'one (127.0.0.1) uses 127.0.0.1 too')
    const { signIn, url } = await start('evil')
    const done = s.call('signIn.wait', { signIn })
    await approve(url!)
    const { view } = await done
    expect(view.issuer).toBe(s.authority.issuer)
    expect(view.clientId).not.toBe(clientId)
    // The good server is of the issuer's own site: it is not asked, today or later, and keeps its client.
    expect((await s.signInAgain()).clientId).toBe(clientId)
    await s.call('server.signOut', { server: 'evil' })
    expect((await start('evil')).url).not.toBeNull()
  })

  test('an issuer of another site alone is told, and no question', async () => {
    await add('evil')
    const { host } = new URL(s.authority.issuer)
    expect(await start('evil')).toMatchObject({ url: expect.stringContaining(host), otherSite: host })
    expect(s.view('evil').signIn?.otherSite).toBe(host)
    await s.call('server.add', { url: s.mcp.url, name: 'one' })
    expect((await start('one')).otherSite).toBeUndefined()
  })
})

describe('endpoints of several sites that are known', () => {
  const check = (issuer: string, authorization: string, token: string) => {
    const config = { id: 'a', name: 'a', url: 'https://mcp.example.com/mcp' } as ServerConfig
    const roster = { config: () => config, configs: () => [config], get: () => ({ shape: null }), all: () => [] }
    checkSites(roster as unknown as Roster, 'a', { issuer, authorization, token })
  }

  test.each([
    [
      'https://accounts.google.com',
      'https://accounts.google.com/o/oauth2/v2/auth',
      'https://oauth2.googleapis.com/token'
    ],
    [
      'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC',
      'https://shop.auth.eu-west-1.amazoncognito.com/oauth2/authorize',
      'https://shop.auth.eu-west-1.amazoncognito.com/oauth2/token'
    ],
    ['https://www.dropbox.com', 'https://www.dropbox.com/oauth2/authorize', 'https://api.dropboxapi.com/oauth2/token'],
    // Not known, but of one site.
    ['https://as.example.com', 'https://login.example.com/authorize', 'https://api.example.com/token']
  ])('of %s are not asked about', (...all) => expect(() => check(...all)).not.toThrow())

  test.each([
    ['https://evil.example.org', 'https://accounts.google.com/o/oauth2/v2/auth', 'https://oauth2.googleapis.com/token'],
    ['https://accounts.google.com', 'https://accounts.google.com/o/oauth2/v2/auth', 'https://evil.example.org/token'],
    ['https://accounts.google.com', 'https://accounts.google.com/o/oauth2/v2/auth', 'https://api.dropboxapi.com/token'],
    ['https://a.github.io', 'https://b.github.io/authorize', 'https://a.github.io/token']
  ])('but %s, %s and %s are', (...all) => expect(() => check(...all)).toThrow('would receive the tokens'))
})
