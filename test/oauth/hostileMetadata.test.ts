// Metadata of a server that means harm or is merely odd: too much of everything, addresses that are not for us, and
// parts that are wrong but needed by nobody.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isBeyond, isPrivateHost } from '../../app/net/privateAddresses.ts'
import { NetworkFault, type SendRequest } from '../../app/net/request.ts'
import { chooseServer, locate, takeFirst } from '../../app/oauth/discovery.ts'
import { type FakeServer, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'
import { configOf, never, refusal, setUp, signInFully, start } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

const resourcePath = '/.well-known/oauth-protected-resource/mcp'
const serverPath = '/.well-known/oauth-authorization-server'
const resource = (more: Record<string, unknown>) =>
  fake.script(resourcePath, { body: { resource: fake.mcp, authorization_servers: [fake.origin], ...more } })
const server = (more: Record<string, unknown>) =>
  fake.script(serverPath, { body: { ...metadataOf(fake.origin), ...more } })
const signIn = (more = {}) => signInFully(setUp().oauth, configOf(fake.mcp, more))

describe('too much', () => {
  test('of thousands of authorization servers a few are tried', async () => {
    resource({ authorization_servers: Array.from({ length: 2000 }, (_, at) => `${fake.origin}/${at}`) })
    await refusal(signIn(), 'metadataInvalid')
    expect(fake.requests.length).toBeLessThan(50)
  })

  test('thousands of scopes are asked for nowhere; a person may choose some', async () => {
    resource({ scopes_supported: Array.from({ length: 5000 }, (_, at) => `scope:${at}`) })
    expect(await refusal(signIn(), 'metadataInvalid')).toContain('Choose the scopes')
    expect(fake.to('/register')).toEqual([])
    expect((await signIn({ scope: 'scope:7' })).scope).toBe('scope:7')
  })

  test.each(['authorization_endpoint', 'token_endpoint'])('a %s of a megabyte is none', async (name) => {
    server({ [name]: `${fake.origin}/${'x'.repeat(90_000)}` })
    await refusal(signIn(), 'metadataInvalid')
  })

  test('nor is a resource, or a client id, that no address can hold', async () => {
    fake.script('/register', { status: 201, body: { client_id: 'x'.repeat(90_000) } })
    await refusal(signIn(), 'responseInvalid')
    resource({ resource: `${fake.mcp}?${'x'.repeat(90_000)}` })
    await refusal(signIn(), 'metadataInvalid')
  })
})

test('an address with a name before its host, which would show another host to the person, is none', async () => {
  resource({ authorization_servers: [fake.origin.replace('//', '//accounts.example.com@')] })
  await refusal(signIn(), 'metadataInvalid')
  resource({})
  server({ authorization_endpoint: fake.origin.replace('//', '//accounts.example.com@') })
  expect(await refusal(signIn(), 'metadataInvalid')).toContain('authorization_endpoint')
})

test.each(['revocation_endpoint', 'introspection_endpoint', 'device_authorization_endpoint'])(
  'a %s that cannot be used is none: a sign-in does not need it',
  async (name) => {
    for (const useless of ['http://inside.example:4445/x', 7, 'no address']) {
      server({ [name]: useless })
      const grant = await signIn()
      if (name === 'revocation_endpoint') expect(grant.shape.revocationEndpoint).toBeNull()
    }
  }
)

test('a name with a line break in it, which a terminal would show as two lines, is none', async () => {
  resource({ authorization_servers: [`${fake.origin}\n`] })
  await refusal(signIn(), 'metadataInvalid')
  resource({ resource: `${fake.mcp}\n` })
  await refusal(signIn(), 'metadataInvalid')
})

describe('a public server', () => {
  const issuer = 'https://1.1.1.1'
  /** Answers as `1.1.1.1` with these parts of its metadata. */
  const saying = (more: Record<string, unknown>): SendRequest => {
    const documents: Record<string, unknown> = {
      '/.well-known/oauth-protected-resource/mcp': { resource: `${issuer}/mcp`, authorization_servers: [issuer] },
      '/.well-known/oauth-authorization-server': { ...metadataOf(issuer), ...more }
    }
    return async (url) => {
      const document = documents[new URL(url).pathname]
      return new Response(JSON.stringify(document ?? {}), { status: document ? 200 : 401 })
    }
  }
  const find = async (more: Record<string, unknown>, quirks = {}) => {
    const context = { sendRequest: saying(more), now: () => start, signal: never, quirks }
    return chooseServer(await locate(`${issuer}/mcp`, context), context, takeFirst)
  }

  test.each(['authorization_endpoint', 'token_endpoint'])(
    'sends nobody to a private %s, not even their browser, unless a person said so',
    async (name) => {
      for (const inside of ['http://127.0.0.1:631/x', 'http://localhost/x', 'https://10.0.0.1/x', 'https://[::1]/x']) {
        const error = await find({ [name]: inside }).catch((reason: unknown) => reason)
        expect(error).toMatchObject({ fault: 'misconfigured', detail: 'private_address' })
        expect((await find({ [name]: inside }, { allowPrivateAddresses: true })).server).toMatchObject({
          [name]: inside
        })
      }
    }
  )

  test('a server on this machine names authorization servers here and public ones, and no others unless a person said so', async () => {
    const server = 'http://127.0.0.1:3000/mcp'
    const asked: string[] = []
    const sendRequest: SendRequest = async (url, options) => {
      const { origin, hostname, pathname } = new URL(url)
      if (isBeyond(hostname, options?.reach)) throw new NetworkFault('misconfigured', 'private_address', hostname)
      asked.push(origin)
      const documents: Record<string, unknown> = {
        '/.well-known/oauth-protected-resource/mcp': { resource: server, authorization_servers: [named] },
        '/.well-known/oauth-authorization-server': {
          issuer: origin,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`
        }
      }
      const document = documents[pathname]
      return new Response(JSON.stringify(document ?? {}), { status: document ? 200 : 401 })
    }
    let named = ''
    const findAt = async (issuer: string, quirks = {}) => {
      named = issuer
      asked.length = 0
      const context = { sendRequest, now: () => start, signal: never, quirks }
      return (await chooseServer(await locate(server, context), context, takeFirst)).server.issuer
    }
    for (const issuer of ['http://127.0.0.1:4000', 'http://localhost:4000', 'https://[::1]', 'https://as.example.com'])
      expect(await findAt(issuer)).toBe(issuer)
    for (const issuer of [
      'https://192.168.0.1',
      'https://169.254.169.254',
      'https://2852039166',
      'https://[fe80::1]',
      'https://[::ffff:10.0.0.1]'
    ]) {
      await expect(findAt(issuer)).rejects.toMatchObject({ detail: 'private_address' })
      expect(asked.every((origin) => origin === 'http://127.0.0.1:3000')).toBe(true)
    }
    expect(await findAt('https://192.168.0.1', { allowPrivateAddresses: true })).toBe('https://192.168.0.1')
  })

  test('is not led into the network by a pointer, and has its metadata at the next place', async () => {
    const pointing: SendRequest = async (url, options) => {
      if (isPrivateHost(new URL(url).hostname)) throw new NetworkFault('misconfigured', 'private_address', 'inside')
      const reply = await saying({})(url, options)
      if (url !== `${issuer}/mcp`) return reply
      return new Response('', {
        status: 401,
        headers: { 'www-authenticate': 'Bearer resource_metadata="https://10.0.0.1/x"' }
      })
    }
    const context = { sendRequest: pointing, now: () => start, signal: never }
    const found = await locate(`${issuer}/mcp`, context)
    expect((await chooseServer(found, context, takeFirst)).server.issuer).toBe(issuer)
    const inside = { ...found.resource!, authorizationServers: ['https://10.0.0.1', 'http://localhost:1', issuer] }
    const chosen = await chooseServer({ ...found, resource: inside }, context, takeFirst)
    expect(chosen.server.issuer).toBe(issuer)
    expect(found.reach).toBe('public')
  })

  test.each(['revocation_endpoint', 'introspection_endpoint', 'userinfo_endpoint'])(
    'has no private %s, where a token would go',
    async (name) => {
      expect((await find({ [name]: 'http://127.0.0.1:631/x' })).server).not.toHaveProperty(name)
    }
  )
})
