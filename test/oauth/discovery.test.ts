// Discovery against a server that says every wrong thing, and every right thing in its several places.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NetworkFault, type SendRequest } from '../../app/net/request.ts'
import { chooseServer, type Discovery, locate, takeFirst } from '../../app/oauth/discovery.ts'
import { resourceMetadataUrls, serverMetadataUrls } from '../../app/oauth/metadata.ts'
import { type FakeServer, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'
import { begin, configOf, heldClock, never, refusal, setUp, signInFully, start, testNetwork } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

const resourcePath = '/.well-known/oauth-protected-resource'
const serverPath = '/.well-known/oauth-authorization-server'
const page = { body: '<h1>Welcome</h1>' }
const bare401 = { status: 401 }
const network = testNetwork(heldClock())

async function find(url = fake.mcp, through: SendRequest = network): Promise<Discovery> {
  const context = { sendRequest: through, now: () => start, signal: never }
  return chooseServer(await locate(url, context), context, takeFirst)
}

describe('the protected resource', () => {
  test('by the challenge, with `resource` verbatim and the scope of the challenge', async () => {
    fake.script('/mcp', {
      status: 401,
      headers: {
        'www-authenticate': `Basic realm="x, y", Bearer scope="only this", resource_metadata="${fake.origin}/elsewhere"`
      }
    })
    fake.script('/elsewhere', {
      body: { resource: `${fake.origin}`, authorization_servers: [fake.origin], scopes_supported: ['a'] }
    })
    expect(await find()).toMatchObject({
      resource: fake.origin,
      scope: 'only this',
      documented: true,
      server: { issuer: fake.origin }
    })
    expect(fake.to(`${resourcePath}/mcp`)).toHaveLength(0)
  })

  test('by the well-known URL with the path, then the root; all scopes where the challenge names none', async () => {
    fake.script('/mcp', bare401)
    expect(await find()).toMatchObject({ resource: fake.mcp, scope: 'read write' })
    fake.script(`${resourcePath}/mcp`, page)
    fake.script(resourcePath, { body: { resource: `${fake.origin}/`, authorization_servers: [fake.origin] } })
    expect(await find()).toMatchObject({ resource: `${fake.origin}/`, scope: null })
  })

  test('of a server that lets everybody say initialize, by what it says to the next request', async () => {
    const says = (method: string, status: number) => (request: { body: string }) =>
      request.body.includes(`"${method}"`)
        ? { status, body: { jsonrpc: '2.0', id: 1, ...(status === 200 ? { result: {} } : { error: { code: -1 } }) } }
        : { status: 401, headers: { 'www-authenticate': 'Bearer scope="the missing one"' } }
    for (const status of [200, 400]) {
      fake.script('/mcp', says('initialize', status))
      expect(await find()).toMatchObject({ resource: fake.mcp, scope: 'the missing one' })
    }
  })

  test('of another origin, another path, or half a path segment is refused', async () => {
    for (const resource of ['https://other.example/mcp', `${fake.origin}/mcp/deeper`, `${fake.origin}/mc`]) {
      fake.script(`${resourcePath}/mcp`, { body: { resource, authorization_servers: [fake.origin] } })
      expect(await refusal(find(), 'resourceMismatch')).toContain(resource)
    }
    fake.script(`${resourcePath}/mcp`, { body: { authorization_servers: [fake.origin] } })
    await refusal(find(), 'metadataInvalid')
  })

  test('a redirect to a trailing slash is followed', async () => {
    fake.script('/mcp/', bare401)
    fake.script('/mcp', { status: 307, headers: { location: '/mcp/' } })
    expect(await find()).toMatchObject({ resource: fake.mcp })
    expect(fake.to('/mcp/')[0]?.method).toBe('POST')
  })
})

describe('the authorization server', () => {
  test('the places of its metadata, in order', () => {
    expect(serverMetadataUrls(new URL('https://a.example'))).toEqual([
      'https://a.example/.well-known/oauth-authorization-server',
      'https://a.example/.well-known/openid-configuration'
    ])
    expect(serverMetadataUrls(new URL('https://a.example/p/'))).toEqual([
      'https://a.example/.well-known/oauth-authorization-server/p',
      'https://a.example/.well-known/openid-configuration/p',
      'https://a.example/p/.well-known/openid-configuration'
    ])
    expect(resourceMetadataUrls(new URL('https://a.example/p/q'))).toEqual([
      'https://a.example/.well-known/oauth-protected-resource/p/q',
      'https://a.example/.well-known/oauth-protected-resource'
    ])
    expect(resourceMetadataUrls(new URL('https://a.example/p/?q'))).toEqual([
      'https://a.example/.well-known/oauth-protected-resource/p/?q',
      'https://a.example/.well-known/oauth-protected-resource/p?q',
      'https://a.example/.well-known/oauth-protected-resource'
    ])
  })

  test('with a path, known to OpenID Connect only', async () => {
    const issuer = `${fake.origin}/tenant`
    fake.script(`${resourcePath}/mcp`, {
      body: { resource: fake.mcp, authorization_servers: ['https://127.0.0.1:1/', issuer].slice(1) }
    })
    fake.script('/tenant/.well-known/openid-configuration', { body: metadataOf(issuer) })
    expect((await find()).server.token_endpoint).toBe(`${issuer}/token`)
    expect(fake.requests.map(({ path }) => path).slice(-3)).toEqual([
      `${serverPath}/tenant`,
      '/.well-known/openid-configuration/tenant',
      '/tenant/.well-known/openid-configuration'
    ])
  })

  test.each(['/', '/x', '.example'])('an issuer that differs by "%s" is refused', async (more) => {
    fake.script(serverPath, { body: metadataOf(`${fake.origin}${more}`) })
    expect(await refusal(find(), 'issuerMismatch')).toContain(fake.origin)
  })

  test('a wrong document at the first place does not hide the right one at the next', async () => {
    fake.script(serverPath, { body: metadataOf('https://other.example') })
    fake.script('/.well-known/openid-configuration', { body: metadataOf(fake.origin) })
    expect((await find()).server.issuer).toBe(fake.origin)
  })

  test('the second of two, where the first has no metadata', async () => {
    fake.script(`${resourcePath}/mcp`, {
      body: { resource: fake.mcp, authorization_servers: [`${fake.origin}/none`, fake.origin] }
    })
    expect((await find()).server.issuer).toBe(fake.origin)
  })

  test('without metadata, or with endpoints that are no https URLs, is refused', async () => {
    fake.script(serverPath, page)
    await refusal(find(), 'metadataInvalid')
    fake.script(serverPath, { body: { ...metadataOf(fake.origin), token_endpoint: 'http://elsewhere.example/token' } })
    expect(await refusal(find(), 'metadataInvalid')).toContain('token_endpoint')
    fake.script(serverPath, { body: { issuer: fake.origin, authorization_endpoint: `${fake.origin}/a` } })
    await refusal(find(), 'metadataInvalid')
  })
})

describe('FM-05 a temporary fault does not mean that there is no metadata', () => {
  test.each([`${resourcePath}/mcp`, serverPath])('503 at %s', async (path) => {
    fake.script(path, { status: 503, headers: { 'retry-after': '30' } })
    const fault = await find().catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(NetworkFault)
    expect(fault).toMatchObject({ fault: 'busy', detail: 'HTTP 503', retryAfter: 30_000 })
    await refusal(begin(setUp().oauth, configOf(fake.mcp)), 'serverBusy')
  })

  test('503 from the MCP server is busy, unless its metadata can be had all the same', async () => {
    fake.script('/mcp', { status: 503 })
    expect(await find()).toMatchObject({ resource: fake.mcp })
    fake.script(`${resourcePath}/mcp`, { status: 404 })
    fake.script(serverPath, { status: 404 })
    expect(await find().catch((error: unknown) => error)).toMatchObject({ fault: 'busy' })
  })

  test('a server that is down', async () => {
    await fake.stop()
    expect(await refusal(begin(setUp().oauth, configOf(fake.mcp)), 'serverUnreachable')).toContain('ECONNREFUSED')
  })
})

describe('the 2025-03-26 revision', () => {
  beforeEach(() => {
    fake.script('/mcp', bare401)
    fake.script(`${resourcePath}/mcp`, page)
  })

  test('the origin is the authorization server, in either spelling, and no `resource` is sent', async () => {
    expect(await find()).toMatchObject({ documented: true, resource: null, server: { issuer: fake.origin } })
    fake.script(serverPath, { body: metadataOf(`${fake.origin}/`) })
    expect((await find()).server.issuer).toBe(`${fake.origin}/`)
  })

  test('without any metadata its default endpoints are used', async () => {
    fake.script(serverPath, { status: 404 })
    const { oauth } = setUp()
    const grant = await signInFully(oauth, configOf(fake.mcp))
    expect(grant.shape).toMatchObject({ tokenEndpoint: `${fake.origin}/token`, resource: null, issuer: fake.origin })
    expect(fake.to('/authorize')[0]?.form.has('resource')).toBe(false)
  })
})

test('the host that failed is the one that is named', async () => {
  fake.script('/.well-known/oauth-protected-resource/mcp', {
    body: { resource: fake.mcp, authorization_servers: ['https://nowhere.invalid'] }
  })
  expect(await refusal(begin(setUp().oauth, configOf(fake.mcp)), 'serverUnreachable')).toContain(
    'nowhere.invalid could not be reached'
  )
})

describe('addresses that are no MCP server to sign in to', () => {
  test.each(['nonsense', 'ftp://a.example', ''])('"%s" is no web address', async (url) => {
    expect(await refusal(find(url), 'urlInvalid')).toContain('https://')
  })

  test('plain http elsewhere, or a password in the address', async () => {
    expect(await refusal(find('http://mcp.example/'), 'urlInvalid')).toContain('https://')
    expect(await refusal(find('https://me:hunter2@mcp.example/'), 'urlInvalid')).not.toContain('hunter2')
  })

  test('a website', async () => {
    fake.script(serverPath, page)
    fake.script('/home', page)
    expect(await refusal(find(`${fake.origin}/missing`), 'notMcpServer')).toContain('404')
    expect(await refusal(find(`${fake.origin}/home`), 'notMcpServer')).toContain('/home')
  })

  test('an MCP server that needs no sign-in', async () => {
    fake.script(serverPath, { status: 404 })
    fake.script(
      '/open',
      { body: { jsonrpc: '2.0', id: 1, result: {} } },
      { headers: { 'content-type': 'text/event-stream' }, body: '' }
    )
    expect(await refusal(find(`${fake.origin}/open`), 'signInFailed')).toContain('does not require sign-in')
    expect(await refusal(find(`${fake.origin}/open`), 'signInFailed')).toContain('does not require sign-in')
  })
})

test('metadata of a public server leads to no private address', async () => {
  const asked: string[] = []
  const publicServer: SendRequest = async (url, options) => {
    asked.push(url)
    if (!url.startsWith('https://1.1.1.1/')) return network(url, options)
    if (!url.includes('.well-known')) return new Response('', { status: 401 })
    return Response.json({ resource: 'https://1.1.1.1/mcp', authorization_servers: [fake.origin] })
  }
  expect(await find('https://1.1.1.1/mcp', publicServer).catch((error: unknown) => error)).toMatchObject({
    detail: 'private_address'
  })
  expect(asked.at(-1)).toContain(fake.origin)
  expect(fake.requests).toHaveLength(0)
})
