// Discovery goes on past every bad place to a good one, and chooses among several authorization servers the one that can be used.
// Where no place is good, the person is told the fault that says most.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TokentrayError } from '../../app/contract/errors.ts'
import type { ServerConfig } from '../../app/contract/serverConfig.ts'
import type { OAuth } from '../../app/oauth/port.ts'
import { type FakeServer, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'
import { freePort } from '../support/freePort.ts'
import { badIssuers, badPointers } from './badPlaces.ts'
import { begin, browse, configOf, never, refusal, setUp } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

const resourcePath = '/.well-known/oauth-protected-resource'
const serverPath = '/.well-known/oauth-authorization-server'
const list = (...issuers: unknown[]) =>
  fake.script(`${resourcePath}/mcp`, { body: { resource: fake.mcp, authorization_servers: issuers } })

/** Signs in; the issuer and the resource of the grant, or the code of the error. */
async function signIn(more: Partial<ServerConfig> = {}, { oauth }: { oauth: OAuth } = setUp()) {
  try {
    const signIn = await begin(oauth, configOf(fake.mcp, more))
    await browse(signIn)
    const { shape } = await signIn.grant
    return { outcome: 'signed in', issuer: shape.issuer, resource: shape.resource }
  } catch (error) {
    if (error instanceof TokentrayError) return { outcome: error.code }
    throw error
  }
}

describe('a challenge that names a bad place', () => {
  test.each(badPointers)('$what', async ({ url, reply, alone }) => {
    const named = url ?? `${fake.origin}/named`
    fake.script('/mcp', { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${named}"` } })
    if (reply) fake.script('/named', reply)
    const found = { outcome: 'signed in', issuer: fake.origin, resource: fake.mcp }
    expect(await signIn()).toEqual(found)
    fake.script(resourcePath, { body: { resource: fake.mcp, authorization_servers: [fake.origin] } })
    fake.script(`${resourcePath}/mcp`, reply ?? { status: 404 })
    expect(await signIn()).toEqual(found)
    fake.script(resourcePath, { status: 404 })
    const old = { outcome: 'signed in', issuer: fake.origin, resource: null }
    expect(await signIn()).toEqual(alone === 'signed in' ? old : { outcome: alone })
  })
})

describe('of the places of one server’s metadata the first is bad', () => {
  test.each(badPointers.filter(({ reply }) => reply))('$what', async ({ reply }) => {
    fake.script(serverPath, reply!)
    fake.script('/.well-known/openid-configuration', { body: metadataOf(fake.origin) })
    expect(await signIn()).toMatchObject({ outcome: 'signed in' })
  })

  test('or has an endpoint that cannot be used', async () => {
    fake.script(serverPath, { body: { ...metadataOf(fake.origin), token_endpoint: 'http://inside/token' } })
    fake.script('/.well-known/openid-configuration', { body: metadataOf(fake.origin) })
    expect(await signIn()).toMatchObject({ outcome: 'signed in' })
  })
})

describe('of two authorization servers one is of no use', () => {
  test.each(badIssuers)('$what', async ({ listed, metadata, registration, alone }) => {
    const bad = listed ?? `${fake.origin}/bad`
    fake.script(`${serverPath}/bad`, metadata?.(bad) ?? { body: metadataOf(bad) })
    if (registration) fake.script('/bad/register', registration)
    const found = { outcome: 'signed in', issuer: fake.origin, resource: fake.mcp }
    for (const issuers of [
      [bad, fake.origin],
      [fake.origin, bad]
    ]) {
      list(...issuers)
      const setting = setUp()
      expect(await signIn({}, setting)).toEqual(found)
      // No trace of the other one: neither a client of its own nor a code asked for.
      expect(setting.registrations.rows.map(({ issuer }) => issuer)).toEqual([fake.origin])
      expect(fake.to('/bad/authorize')).toEqual([])
    }
    list(bad)
    expect(await signIn()).toEqual({ outcome: alone })
    list(bad, bad)
    expect(await signIn()).toEqual({ outcome: alone })
  })

  test('both: waiting comes first, then a fault that a person can mend, then the first', async () => {
    const outcome = async (...issuers: string[]) => {
      list(...issuers.map((name) => `${fake.origin}/${name}`))
      return (await signIn()).outcome
    }
    fake.script(`${serverPath}/busy`, { status: 503 })
    fake.script(`${serverPath}/slash`, { body: metadataOf(`${fake.origin}/slash/`) })
    fake.script(`${serverPath}/foreign`, { body: metadataOf('https://other.example') })
    fake.script(`${serverPath}/plain`, { body: { ...metadataOf(`${fake.origin}/plain`), token_endpoint: 7 } })
    expect(await outcome('plain', 'slash', 'busy', 'none')).toBe('serverBusy')
    expect(await outcome('plain', 'none', 'slash')).toBe('issuerMismatch')
    expect(await outcome('none', 'plain', 'foreign')).toBe('metadataInvalid')
  })
})

describe('the choice among several authorization servers', () => {
  const all = () => ['a', 'b', 'c'].map((name) => `${fake.origin}/${name}`) as [string, string, string]
  beforeEach(() => {
    for (const issuer of all()) {
      fake.script(`${serverPath}${new URL(issuer).pathname}`, { body: metadataOf(issuer) })
      for (const name of ['register', 'authorize', 'token'])
        fake.script(`${new URL(issuer).pathname}/${name}`, (request) => {
          if (name === 'register') return { status: 201, body: { ...JSON.parse(request.body), client_id: issuer } }
          if (name === 'token') return { body: { access_token: issuer, token_type: 'Bearer', expires_in: 3600 } }
          const back = new URL(request.form.get('redirect_uri') ?? '')
          back.search = `?code=x&state=${request.form.get('state')}`
          return { status: 302, headers: { location: back.href } }
        })
    }
    list(...all())
  })
  const issuerOf = async (more: Partial<ServerConfig>, grantIssuer?: string) => {
    const { oauth } = setUp()
    const { grant, ...signIn } = await oauth.beginSignIn(configOf(fake.mcp, more), {
      clientSecret: null,
      onStep: () => {},
      signal: never,
      grantIssuer
    })
    await browse({ grant, ...signIn })
    return (await grant).shape.issuer
  }

  test('is the one that a person named, that holds the client, or that the grant is of', async () => {
    const [a, b, c] = all()
    expect(await issuerOf({})).toBe(a)
    expect(await issuerOf({ issuer: `${c}/` }, b)).toBe(c)
    expect(await issuerOf({ clientId: 'mine', clientIssuer: c }, b)).toBe(c)
    expect(await issuerOf({ clientIssuer: c }, b)).toBe(b)
    expect(await issuerOf({}, c)).toBe(c)
    expect(await issuerOf({}, 'https://gone.example')).toBe(a)
  })

  test('stays with the issuer of the grant while it is busy, and leaves it where it has nothing any more', async () => {
    const [a, b] = all()
    const beginAt = (grantIssuer: string) =>
      setUp().oauth.beginSignIn(configOf(fake.mcp), {
        clientSecret: null,
        onStep: () => {},
        signal: never,
        grantIssuer
      })
    fake.script(`${serverPath}/b`, { status: 503 })
    await refusal(beginAt(b), 'serverBusy')
    list(a, 'https://127.0.0.1:1')
    await refusal(beginAt('https://127.0.0.1:1'), 'serverUnreachable')
    list(...all())
    fake.script(`${serverPath}/b`, { status: 404 })
    expect(await issuerOf({}, b)).toBe(a)
  })

  test('is one without registration where there is a client of it', async () => {
    const [a, b] = all()
    const { registration_endpoint: _, ...closed } = metadataOf(a)
    fake.script(`${serverPath}/a`, { body: closed })
    expect(await issuerOf({})).toBe(b)
    expect(await issuerOf({ clientId: 'mine' })).toBe(a)
    const setting = setUp()
    setting.registrations.rows.push({
      ...{
        issuer: a,
        redirectUri: `http://127.0.0.1:${await freePort()}/callback`,
        clientId: 'kept',
        site: '127.0.0.1'
      },
      ...{ clientSecret: null, clientSecretExpiresAt: null, clientAuth: 'none', registeredAt: 0 }
    })
    expect(await signIn({}, setting)).toMatchObject({ issuer: a })
    list(a, `${fake.origin}/d`)
    fake.script(`${serverPath}/d`, { body: { ...closed, issuer: `${fake.origin}/d` } })
    await refusal(begin(setUp().oauth, configOf(fake.mcp)), 'registrationUnsupported')
  })

  test('is once for all: no other one is taken after a code was asked for', async () => {
    const [a] = all()
    fake.script('/a/token', { status: 400, body: { error: 'invalid_grant' } })
    expect((await signIn()).outcome).toBe('signInFailed')
    fake.script('/a/authorize', (request) => {
      const back = new URL(request.form.get('redirect_uri') ?? '')
      back.search = `?error=server_error&state=${request.form.get('state')}`
      return { status: 302, headers: { location: back.href } }
    })
    expect((await signIn()).outcome).toBe('signInFailed')
    expect(fake.requests.filter(({ path }) => /^\/[bc]\//.test(path))).toEqual([])
    expect(fake.to('/a/token')).toHaveLength(1)
    expect(await issuerOf({ issuer: a }).catch((error: TokentrayError) => error.code)).toBe('signInFailed')
  })

  test('asks few of a long list, whichever of them is wanted', async () => {
    const [, b] = all()
    list(...Array.from({ length: 1000 }, (_, at) => `${fake.origin}/none/${at}`), b)
    expect((await signIn()).outcome).toBe('metadataInvalid')
    expect(fake.requests.length).toBeLessThan(40)
    expect(await issuerOf({ issuer: b })).toBe(b)
    expect(await issuerOf({}, b)).toBe(b)
    // Entries that are no URLs cost nothing and are not counted.
    list(...Array.from({ length: 1000 }, (_, at) => `none ${at}`), 'http://plain.example', b)
    expect(await issuerOf({})).toBe(b)
  })

  test('ends after a minute of servers that never answer', async () => {
    const setting = setUp()
    const hanging = Array.from({ length: 8 }, (_, at) => `/hangs/${at}`)
    for (const path of hanging)
      for (const place of [`${serverPath}${path}`, `/.well-known/openid-configuration${path}`])
        fake.script(place, 'hang')
    list(...hanging.map((path) => `${fake.origin}${path}`))
    const outcome = signIn({}, setting)
    let isOver = false
    void outcome.finally(() => {
      isOver = true
    })
    for (const path of hanging) {
      if (isOver) break
      for (const place of [`${serverPath}${path}`, `/.well-known/openid-configuration${path}`]) {
        await Promise.race([fake.arrived(place), outcome])
        setting.clock.advance(31_000)
      }
    }
    expect(await outcome).toEqual({ outcome: 'replyLost' })
    expect(fake.requests.filter(({ path }) => path.includes('/hangs/1'))).toEqual([])
  })

  test('takes the metadata’s own URL for the issuer, and a single text for a list', async () => {
    const [a, b] = all()
    for (const named of [
      `${fake.origin}${serverPath}/a`,
      `${a}/.well-known/openid-configuration`,
      `${a}/.well-known/oauth-authorization-server`
    ]) {
      list(named)
      expect(await issuerOf({})).toBe(a)
    }
    fake.script(`${serverPath}/a`, { body: { ...metadataOf(a), issuer: `${a}/` } })
    expect(await issuerOf({})).toBe(`${a}/`)
    fake.script(`${serverPath}/a`, { body: metadataOf(b) })
    expect((await signIn()).outcome).toBe('issuerMismatch')
    fake.script(`${resourcePath}/mcp`, { body: { resource: fake.mcp, authorization_servers: b } })
    expect(await issuerOf({})).toBe(b)
  })
})

test.each([
  ['a text', { code_challenge_methods_supported: 'plain S256', scopes_supported: 'read write' }],
  ['small letters', { code_challenge_methods_supported: ['s256'] }]
])('metadata whose lists are %s is understood', async (_, more) => {
  fake.script(serverPath, { body: { ...metadataOf(fake.origin), ...more } })
  expect(await signIn()).toMatchObject({ outcome: 'signed in' })
})

describe('the challenge', () => {
  test.each([
    ['spaces', (url: string) => `Bearer resource_metadata = "${url}"`],
    ['single quotes', (url: string) => `Bearer resource_metadata='${url}'`],
    ['no quotes', (url: string) => `Bearer error="invalid_token", resource_metadata=${url}`],
    ['no quotes, first', (url: string) => `Bearer resource_metadata=${url}, error="invalid_token"`],
    ['no quotes and a query', (url: string) => `Bearer resource_metadata=${url}?a=b&c=d`],
    ['no commas', (url: string) => `Bearer error="x" resource_metadata="${url}"`],
    ['semicolons', (url: string) => `Bearer error=x; resource_metadata=${url}; scope='a b'`],
    ['blanks within', (url: string) => `Bearer resource_metadata=" ${url} "`],
    ['a path', (url: string) => `Bearer resource_metadata="${new URL(url).pathname}"`],
    ['a relative path', (url: string) => `Bearer resource_metadata=${new URL(url).pathname.slice(1)}`],
    ['no scheme', (url: string) => `Bearer resource_metadata="${url.replace('http:', '')}"`],
    ['capitals', (url: string) => `BEARER Resource_Metadata="${url}"`],
    [
      'two, of which the first is none',
      (url: string) => `Bearer resource_metadata="http://x", DPoP resource_metadata="${url}"`
    ],
    ['an empty one before', (url: string) => `Bearer resource_metadata="", Bearer resource_metadata="${url}"`]
  ])('may name its metadata with %s', async (_, form) => {
    fake.script('/mcp', { status: 401, headers: { 'www-authenticate': form(`${fake.origin}/named`) } })
    fake.script('/named', { body: { resource: fake.mcp, authorization_servers: [fake.origin] } })
    fake.script(`${resourcePath}/mcp`, { status: 404 })
    expect(await signIn()).toMatchObject({ outcome: 'signed in', resource: fake.mcp })
  })

  test('may name a thousand places, of which few are asked', async () => {
    const many = Array.from({ length: 100 }, (_, at) => `Bearer resource_metadata="${fake.origin}/none/${at}"`)
    fake.script('/mcp', { status: 401, headers: { 'www-authenticate': many.join(', ') } })
    expect(await signIn()).toMatchObject({ outcome: 'signed in', resource: fake.mcp })
    expect(fake.requests.filter(({ path }) => path.startsWith('/none')).length).toBeLessThan(5)
  })
})

test('a path with a slash at its end is asked for as it is (RFC 9728 section 3.1)', async () => {
  fake.script('/mcp/', { status: 401 })
  fake.script(`${resourcePath}/mcp`, { status: 404 })
  fake.script(`${resourcePath}/mcp/`, { body: { resource: `${fake.mcp}/`, authorization_servers: [fake.origin] } })
  const { oauth } = setUp()
  const signIn = await begin(oauth, configOf(`${fake.mcp}/`))
  await browse(signIn)
  expect((await signIn.grant).shape.resource).toBe(`${fake.mcp}/`)
})
