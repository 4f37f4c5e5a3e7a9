// What strangers may try: hostile registrations and redirects, bad requests, floods. All refused, and shown to be.
// Nothing ever reaches a redirect URI that was not registered.
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { refuseRedirect } from '../../../app/gateway/access/redirects.ts'
import { fakeClock } from '../../fakes/clock.ts'
import { allow, browse, decide, startGateway, wait } from './access.fixture.ts'
import { redirectUri, registerClient, TestClient } from './client.ts'

describe('redirect URIs', () => {
  test.each([
    'http://127.0.0.1:1234/callback',
    'http://localhost/',
    'http://[::1]:8080/cb',
    'https://vscode.dev/redirect',
    'https://insiders.vscode.dev/redirect',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://vscode.github-authentication/did-authenticate',
    'vscode-insiders://x',
    'claude://callback',
    'com.example.app:/callback'
  ])('%s may be registered', (uri) => {
    expect(refuseRedirect(uri)).toBeNull()
  })

  test.each([
    'http://evil.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'http://localhost.evil.example/cb',
    'http://127.0.0.1@evil.example/cb',
    'https://user:password@evil.example/cb',
    'https://evil.example/cb#fragment',
    'http://127.0.0.1/cb#',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'blob:https://evil.example/1',
    'mailto:a@evil.example',
    'unknownapp://callback',
    'ws://127.0.0.1/cb',
    '/callback',
    '',
    'http://127.0.0.1/a b',
    'https://evil.example\\@127.0.0.1/cb',
    `https://example.com/${'a'.repeat(2000)}`,
    7,
    null
  ])('%s may not', (uri) => {
    expect(refuseRedirect(uri)).not.toBeNull()
  })

  test('one bad address among good ones refuses the registration, by number and not by value', async () => {
    const { origin } = await startGateway()
    const answer = await post(origin, 'register', { redirect_uris: [redirectUri, 'http://evil.example/cb'] })
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_redirect_uri' } })
    expect(answer.body.error_description).toContain('Redirect URI 2')
    expect(JSON.stringify(answer.body)).not.toContain('evil')
  })

  test('any port of a registered loopback address will do, everything else must be exact', async () => {
    const gateway = await startGateway()
    const client = await TestClient.register(gateway, {
      redirect_uris: ['http://127.0.0.1/callback', 'https://app.example/cb?a=1', 'cursor://x/cb']
    })
    const status = async (redirect_uri: string) => {
      const answer = await browse(await client.authorizationUrl({ redirect_uri }))
      for (const { request } of gateway.access.view().pending) gateway.access.deny(request)
      return answer.status
    }
    for (const uri of ['http://127.0.0.1:50123/callback', 'https://app.example/cb?a=1', 'cursor://x/cb'])
      expect(await status(uri)).toBe(200)
    for (const uri of [
      'http://localhost:50123/callback',
      'http://127.0.0.1:50123/other',
      'http://127.0.0.1:50123/callback?a=1',
      'https://app.example/cb',
      'https://app.example/cb?a=1&b=2',
      'https://app.example:8443/cb?a=1',
      'https://APP.example/cb?a=1',
      'cursor://x/cb/',
      'https://evil.example/cb'
    ]) {
      expect(await status(uri)).toBe(400)
    }
  })

  test('an application is reached from a page with a link, parameters and all', async () => {
    const gateway = await startGateway()
    await gateway.call('clients.allowNext', { name: 'Test client', servers: ['notes'], redirectHost: 'cursor' })
    const another = await TestClient.register(gateway, { redirect_uris: ['cursor://x/cb?keep=1'] })
    const url = await another.authorizationUrl({ redirect_uri: 'cursor://x/cb?keep=1' })
    const { status, text } = await browse(url)
    expect(status).toBe(200)
    const link = /href="(cursor:[^"]+)"/.exec(text)![1]!.replaceAll('&#38;', '&')
    expect(new URL(link).searchParams.get('keep')).toBe('1')
    await another.exchange(another.read(new URL(link)), 'cursor://x/cb?keep=1')
  })
})

describe('registration', () => {
  test('whatever a client wishes, it becomes a public one', async () => {
    const { origin } = await startGateway()
    const client = await registerClient(origin, {
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['authorization_code', 'refresh_token', 'password'],
      application_type: 'web',
      scope: 'everything'
    })
    expect(client).toMatchObject({ token_endpoint_auth_method: 'none' })
    expect(client.client_secret).toBeUndefined()
  })

  test.each([
    ['no redirect URI', {}, 'invalid_redirect_uri'],
    ['an empty list', { redirect_uris: [] }, 'invalid_redirect_uri'],
    ['too many', { redirect_uris: Array(21).fill(redirectUri) }, 'invalid_redirect_uri'],
    ['no text', { redirect_uris: [7] }, 'invalid_redirect_uri'],
    ['another grant', { redirect_uris: [redirectUri], grant_types: ['client_credentials'] }, 'invalid_client_metadata'],
    ['another response', { redirect_uris: [redirectUri], response_types: ['token'] }, 'invalid_client_metadata']
  ])('%s is refused', async (_, metadata, error) => {
    const { origin } = await startGateway()
    expect(await post(origin, 'register', metadata)).toMatchObject({ status: 400, body: { error } })
  })

  test('names are shown without what is invisible or turns the writing, and not at any length', async () => {
    const { origin } = await startGateway()
    const named = async (client_name: unknown) =>
      (await post(origin, 'register', { client_name, redirect_uris: [redirectUri] })).body.client_name
    expect(await named('Cla\u202eude\u0000\n Co\u200bde')).toBe('Claude Code')
    expect(await named('x'.repeat(5000))).toHaveLength(60)
    for (const none of [undefined, '', ' \u2066 ', 7, {}]) expect(await named(none)).toBe('Unnamed client')
  })

  test('bodies of another type, no JSON, or too large are refused, as are other methods', async () => {
    const { origin } = await startGateway()
    const send = async (init: RequestInit) => (await fetch(`${origin}/register`, init)).status
    const json = { 'content-type': 'application/json' }
    expect(await send({ method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } })).toBe(400)
    expect(await send({ method: 'POST', body: '[]', headers: json })).toBe(400)
    expect(await send({ method: 'POST', body: '{', headers: json })).toBe(400)
    expect(await send({ method: 'POST', body: `"${'x'.repeat(40_000)}"`, headers: json })).toBe(413)
    expect(await send({ method: 'GET' })).toBe(405)
  })

  test('more than 20 a minute are asked to come back', async () => {
    const clock = fakeClock()
    const { origin } = await startGateway(clock)
    const register = async () => (await post(origin, 'register', { redirect_uris: [redirectUri] })).status
    for (let n = 0; n < 20; n++) expect(await register()).toBe(201)
    expect(await register()).toBe(429)
    await clock.advance(60_000)
    expect(await register()).toBe(201)
  })
})

test('a flood of registrations drives out nobody who waits for a person', async () => {
  const clock = fakeClock()
  const gateway = await startGateway(clock)
  const client = await TestClient.register(gateway)
  const { ticket } = await browse(await client.authorizationUrl())
  for (let n = 0; n < 180; n++) {
    if (n % 20 === 19) await clock.advance(60_000)
    await post(gateway.origin, 'register', { redirect_uris: [redirectUri] })
  }
  await allow()(gateway)
  const { location: back } = await wait(gateway.origin, ticket)
  await client.exchange(client.read(new URL(back!)))
})

describe('authorization requests', () => {
  test.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['no client', { client_id: undefined }],
    ['a redirect URI of somebody else', { redirect_uri: 'https://evil.example/cb' }]
  ])('%s gets a page, never a redirect', async (_, change) => {
    const gateway = await startGateway()
    const client = await TestClient.register(gateway)
    const { status, location, text } = await browse(await client.authorizationUrl(change))
    expect([status, location]).toEqual([400, null])
    expect(text).not.toContain('evil')
    expect(gateway.access.view().pending).toEqual([])
  })

  test.each([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['PKCE in plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['PKCE without a method, which would mean plain', { code_challenge_method: undefined }, 'invalid_request'],
    ['a short challenge', { code_challenge: 'abc' }, 'invalid_request'],
    ['the implicit grant', { response_type: 'token' }, 'unsupported_response_type'],
    ['a server there is not', { resource: 'http://127.0.0.1:1/notes' }, 'invalid_target'],
    ['a resource that is none', { resource: 'notes' }, 'invalid_target']
  ])(
    '%s ends on a page; a client that was let in before gets it as an error with state and iss',
    async (_, change, error) => {
      const gateway = await startGateway()
      const client = await TestClient.register(gateway)
      const page = await browse(await client.authorizationUrl(change))
      expect([page.status, page.location, page.ticket]).toEqual([400, null, null])
      await client.signIn()
      const { location } = await browse(await client.authorizationUrl(change))
      const { origin, pathname, searchParams } = new URL(location!)
      expect(origin + pathname).toBe(redirectUri)
      expect(Object.fromEntries(searchParams)).toMatchObject({ error, state: 'state-1', iss: gateway.origin })
      expect(gateway.access.view().pending).toEqual([])
    }
  )

  test('a parameter given twice is an error', async () => {
    const gateway = await startGateway()
    const client = await TestClient.register(gateway)
    const url = await client.authorizationUrl()
    expect((await browse(`${url}&redirect_uri=${encodeURIComponent('https://evil.example/')}`)).status).toBe(400)
    expect((await browse(`${url}&code_challenge_method=plain`)).status).toBe(400)
    expect(gateway.access.view().pending).toEqual([])
  })

  test('no page may frame it, and looking ahead asks nobody', async () => {
    const gateway = await startGateway()
    const client = await TestClient.register(gateway)
    const url = await client.authorizationUrl()
    for (const headers of [
      { 'sec-fetch-dest': 'iframe' },
      { 'sec-fetch-dest': 'image' },
      { 'sec-purpose': 'prefetch;prerender' }
    ] as Record<string, string>[])
      expect((await fetch(url, { headers, redirect: 'manual' })).status).toBe(403)
    expect(gateway.access.view().pending).toEqual([])
    for (const method of ['POST', 'HEAD']) expect((await fetch(url, { method, redirect: 'manual' })).status).toBe(405)
    expect(gateway.access.view().pending).toEqual([])
  })

  test('one client can keep three requests waiting, all together twenty; further ones are told so', async () => {
    const gateway = await startGateway(fakeClock())
    const ask = async (client: TestClient) => (await browse(await client.authorizationUrl())).status
    const first = await TestClient.register(gateway)
    for (let n = 0; n < 3; n++) expect(await ask(first)).toBe(200)
    expect(await ask(first)).toBe(400)
    for (let n = 0; n < 17; n++) await ask(await TestClient.register(gateway))
    expect(await ask(first)).toBe(400)
    const { pending } = gateway.access.view()
    expect(pending).toHaveLength(20)
    expect(new Set(pending.map(({ digits }) => digits)).size).toBe(20)
  })

  test('a flood holds nobody up for longer than its pages are open, and takes no place of one that is', async () => {
    const clock = fakeClock()
    const gateway = await startGateway(clock)
    const ask = async (client: TestClient) => (await browse(await client.authorizationUrl())).ticket
    const strangers = await Promise.all(Array.from({ length: 7 }, () => TestClient.register(gateway)))
    for (let n = 0; n < 20; n++) await ask(strangers[n % 7]!)
    const honest = await TestClient.register(gateway, { client_name: 'Honest' })
    expect(await ask(honest)).toBeNull()
    await clock.advance(10_000)
    const ticket = await ask(honest)
    expect(ticket).not.toBeNull()
    const { request } = gateway.access.view().pending.find(({ name }) => name === 'Honest')!
    for (let round = 0; round < 12; round++) {
      await clock.advance(9000)
      const closed = new AbortController()
      const waiting = wait(gateway.origin, ticket, closed.signal)
      closed.abort()
      await expect(waiting).rejects.toThrow()
      for (let n = 0; n < 6; n++) await ask(strangers[n % 7]!)
      expect(gateway.access.view().pending.length).toBeLessThanOrEqual(20)
    }
    await gateway.call('clients.allow', { request, always: false })
    await honest.exchange(honest.read(new URL((await wait(gateway.origin, ticket)).location!)))
  })

  test('a page that was closed is known to be while its question is still held', async () => {
    const clock = fakeClock()
    let held = 0
    const after = (length: number, wake: () => void) => {
      const cancel = clock.after(length, wake)
      if (length !== 25_000) return cancel
      held++
      return () => {
        held--
        cancel()
      }
    }
    const gateway = await startGateway({ ...clock, after })
    const client = await TestClient.register(gateway)
    const open = async () => (await browse(await client.authorizationUrl())).ticket
    const pages = await Promise.all(Array.from({ length: 3 }, open))
    const closed = new AbortController()
    wait(gateway.origin, pages[0]!, closed.signal).catch(() => {})
    const others = pages.slice(1).map((page) => wait(gateway.origin, page))
    await expect.poll(() => held).toBe(3)
    await clock.advance(10_000)
    expect(await open()).toBeNull()
    closed.abort()
    await expect.poll(() => held).toBe(2)
    await clock.advance(10_000)
    expect(await open()).not.toBeNull()
    await gateway.call('gateway.lock', {})
    await Promise.all(others)
  })

  test('sixty a minute are looked at', async () => {
    const clock = fakeClock()
    const gateway = await startGateway(clock)
    const client = await TestClient.register(gateway)
    const url = await client.authorizationUrl({ response_type: 'token' })
    const statuses = new Set<number>()
    for (let n = 0; n < 60; n++) statuses.add((await browse(url)).status)
    expect([...statuses]).toEqual([400])
    expect((await browse(url)).status).toBe(429)
  })

  test('ids that nobody registered use up the turn of no client', async () => {
    const gateway = await startGateway(fakeClock())
    const client = await TestClient.register(gateway)
    const url = await client.authorizationUrl()
    const unknown = await client.authorizationUrl({ client_id: 'nobody' })
    const statuses = await Promise.all(Array.from({ length: 61 }, async () => (await browse(unknown)).status))
    expect(new Set(statuses)).toEqual(new Set([400, 429]))
    expect((await browse(url)).ticket).not.toBeNull()
  })

  test('a client that was let in before is asked about, however many strangers ask and hold their pages open', async () => {
    const clock = fakeClock()
    const gateway = await startGateway(clock)
    const known = await TestClient.register(gateway, { client_name: 'Known' })
    await known.signIn()
    const pages = []
    for (let n = 0; n < 20; n++) {
      if (n === 10) await clock.advance(60_000)
      const stranger = await TestClient.register(gateway, { client_name: 'Claude Code' })
      const { ticket } = await browse(await stranger.authorizationUrl())
      pages.push(wait(gateway.origin, ticket))
    }
    const { ticket } = await browse(await known.authorizationUrl())
    const { request } = gateway.access.view().pending.find(({ name }) => name === 'Known')!
    await gateway.call('clients.allow', { request, always: false })
    await known.exchange(known.read(new URL((await wait(gateway.origin, ticket)).location!)))
    await gateway.call('gateway.lock', {})
    await Promise.all(pages)
  })

  test('pictures and scripts of another page use up nobody’s turn', async () => {
    const gateway = await startGateway()
    const client = await TestClient.register(gateway)
    const url = await client.authorizationUrl()
    const embed = () => fetch(url, { headers: { 'sec-fetch-dest': 'script' }, redirect: 'manual' })
    expect(new Set((await Promise.all(Array.from({ length: 61 }, embed))).map(({ status }) => status))).toEqual(
      new Set([403])
    )
    expect((await browse(url)).ticket).not.toBeNull()
  })

  test('nobody can answer with a ticket, or guess at a request', async () => {
    const gateway = await startGateway()
    const client = await TestClient.register(gateway)
    const { ticket } = await browse(await client.authorizationUrl())
    for (const request of [ticket!, '', 'nothing'])
      await expect(gateway.call('clients.allow', { request, always: true })).rejects.toMatchObject({
        code: 'clientUnknown'
      })
    const { request } = gateway.access.view().pending[0]!
    for (const path of [request, `${ticket}/allow`, `${ticket}/wait`, 'wait/more', ticket])
      expect((await browse(`${gateway.origin}/authorize/${path}`)).status).toBe(404)
    expect((await wait(gateway.origin, request)).status).toBe(404)
  })
})

describe('the token endpoint', () => {
  test('bodies that never come refuse nobody else anything, and end after ten seconds', async () => {
    const clock = fakeClock()
    const gateway = await startGateway(clock)
    const client = await TestClient.register(gateway)
    const { refresh } = await client.signIn()
    const { port } = new URL(gateway.origin)
    const head = (path: string, type: string) =>
      `POST /${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/${type}\r\nContent-Length: 100\r\n\r\n`
    const heads = [head('token', 'x-www-form-urlencoded'), head('register', 'json')]
    let held = 0
    gateway.onRequest(({ url }) => void (['/token', '/register'].includes(url!) && held++))
    const sockets = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const socket = connect(Number(port), '127.0.0.1')
        await once(socket, 'connect')
        socket.on('error', () => {}).write(heads[n % 2]!)
        return socket
      })
    )
    await expect.poll(() => held).toBe(200)
    expect((await fetch(`${gateway.origin}/.well-known/oauth-authorization-server`)).status).toBe(200)
    await client.refresh(refresh)
    expect((await browse(await client.authorizationUrl())).status).toBe(200)
    await TestClient.register(gateway)
    const closed = sockets.map((socket) => once(socket, 'close'))
    await clock.advance(10_000)
    await Promise.all(closed)
  })

  test('errors are those of RFC 6749, and never cached', async () => {
    const gateway = await startGateway()
    const client = await TestClient.register(gateway)
    const { client_id } = client.client
    const send = async (form: Record<string, string>) => {
      const response = await fetch(`${gateway.origin}/token`, { method: 'POST', body: new URLSearchParams(form) })
      expect(response.headers.get('cache-control')).toBe('no-store')
      const { error } = (await response.json()) as { error: string }
      return [response.status, error]
    }
    expect(await send({})).toEqual([400, 'invalid_request'])
    expect(await send({ grant_type: 'refresh_token', client_id: 'nobody', refresh_token: 'x' })).toEqual([
      401,
      'invalid_client'
    ])
    expect(await send({ grant_type: 'password', client_id })).toEqual([400, 'unsupported_grant_type'])
    expect(await send({ grant_type: 'authorization_code', client_id, code: 'x' })).toEqual([400, 'invalid_grant'])
    expect(await send({ grant_type: 'refresh_token', client_id, refresh_token: 'x' })).toEqual([400, 'invalid_grant'])
    const { refresh } = await client.signIn()
    const elsewhere = {
      grant_type: 'refresh_token',
      client_id,
      refresh_token: refresh,
      resource: `${gateway.origin}/other`
    }
    expect(await send(elsewhere)).toEqual([400, 'invalid_target'])
    await client.refresh(refresh)
  })

  test('an address of the same gateway by another name is the same server, another port is not', async () => {
    const gateway = await startGateway()
    const client = await TestClient.register(gateway)
    const local = gateway.origin.replace('127.0.0.1', 'localhost')
    await client.signIn(allow(), { resource: `${local}/notes` })
    const answer = await decide(
      gateway,
      await client.authorizationUrl({ resource: `${gateway.origin}/notes/deeper` }),
      allow()
    )
    await client.exchange(client.read(answer))
  })
})

async function post(origin: string, path: string, body: unknown) {
  const response = await fetch(`${origin}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body)
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

test('where too many requests wait for the vault, the next one is told to try again, and all others are answered', async () => {
  const judged = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  let waiting = 0
  const gateway = await startGateway(undefined, {
    maxQueued: 2,
    wrap: (local) => ({
      ...local,
      async signInOf(...given) {
        if (++waiting === 64) arrived.resolve()
        await judged.promise
        return local.signInOf(...given)
      }
    })
  })
  const revoke = async () => {
    const response = await fetch(`${gateway.origin}/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: 'ttr_unknown' })
    })
    return { status: response.status, body: await response.text() }
  }
  const crowd = Array.from({ length: 64 }, revoke)
  await arrived.promise
  const refused: string[] = []
  const late = Array.from({ length: 10 }, async () => {
    const { status, body } = await revoke()
    if (status === 503) refused.push(body)
    return status
  })
  // Two wait, whichever came first.
  await expect.poll(() => refused.length).toBe(8)
  expect(JSON.parse(refused[0]!)).toMatchObject({ error: 'temporarily_unavailable' })
  judged.resolve()
  expect(new Set((await Promise.all(crowd)).map(({ status }) => status))).toEqual(new Set([200]))
  expect((await Promise.all(late)).filter((status) => status === 200)).toHaveLength(2)
  expect((await revoke()).status).toBe(200)
})
