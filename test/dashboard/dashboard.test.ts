// The dashboard's door, rule by rule, over real HTTP: who is let in, who may ask, what is served, what is said.
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { makeCore } from '../owner/fakeCore.ts'
import { freePort } from '../support/freePort.ts'
import { isSkipped } from '../support/skipped.ts'
import { ask, command, enter, hostOf, makeDashboard } from './dashboard.fixture.ts'

const everyRoute = ['/', '/index.html', '/assets/index-aB3_x9-Z.js', '/snapshots', '/call', '/nothing', '/link']

describe('without a session', () => {
  test('the pages are there for who knows the host; they are the same for all and hold nothing', async () => {
    const { port, own, host } = await makeDashboard()
    expect((await ask(port, '/', { headers: own })).status).toBe(200)
    for (const path of ['/snapshots', '/call']) {
      const { status, headers } = await ask(port, path, { headers: own })
      expect({ path, status, proof: headers['tokentray-proof'] }).toEqual({ path, status: 401, proof: undefined })
    }
    expect(host).toMatch(new RegExp(`^[0-9a-v]{26}\\.localhost:${port}$`))
  })
  test('a command is refused as a reply, and never reaches the core, whatever the cookies say', async () => {
    const { port, core, own, signIn } = await makeDashboard()
    const { 'tokentray-session': secret } = await signIn()
    for (const cookie of [`tokentray_${port}=${secret}`, `tokentray-session=${secret}`, `session=${secret}`]) {
      const { status, body } = await command(port, { ...own, cookie }, 'snapshot')
      expect([status, JSON.parse(body)]).toMatchObject([401, { ok: false, code: 'sessionNeeded' }])
    }
    expect(core.calls).toEqual([])
  })
  test('/health says that it lives, and nothing else', async () => {
    const { port } = await makeDashboard()
    expect(await ask(port, '/health')).toMatchObject({ status: 200, body: '{"ok":true}\n' })
    expect(await ask(port, '/health', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })
})

describe('Host', () => {
  test.each([
    'tokentray.localhost',
    'evil.localhost:4141',
    'localhost:65535',
    '127.0.0.1',
    '[::1]:4141',
    'a.b.localhost'
  ])('%s, as others can know it: one page that says how to get in, and clears what was planted', async (host) => {
    const { port, core, signIn } = await makeDashboard({ command: "HOME='<b>' tokentray open" })
    const session = await signIn()
    for (const path of everyRoute) {
      const { status, headers, body } = await ask(port, path, { headers: { ...session, host } })
      expect([path, status, headers['clear-site-data'], headers['set-cookie']]).toEqual([
        path,
        421,
        '"cache", "storage"',
        undefined
      ])
      expect(body).toContain('<code>HOME=&#39;&#60;b&#62;&#39; tokentray open</code>')
    }
    const { status, body } = await command(port, session, 'snapshot', {}, { host, origin: `http://${host}` })
    expect([status, JSON.parse(body).code]).toEqual([421, 'sessionNeeded'])
    expect(core.calls).toEqual([])
  })
  test.each([
    'evil.example',
    'tokentray.localhost.evil.example',
    'localhost@evil.example',
    'localhost:port',
    'notlocalhost',
    '127.0.0.2',
    '0.0.0.0'
  ])('%s is told nothing of this installation', async (host) => {
    const { port } = await makeDashboard({ command: 'the-command' })
    for (const path of ['/', '/health']) {
      const { status, body } = await ask(port, path, { headers: { host } })
      expect([status, body.includes('the-command')]).toEqual([421, false])
    }
  })
  test('is new for each start, and any port of a tunnel may follow it', async () => {
    const [one, two] = [await makeDashboard(), await makeDashboard()]
    const name = ({ host }: { host: string }) => host.split(':')[0]!
    expect(name(one)).not.toBe(name(two))
    for (const host of [name(one), `${name(one)}:1`, name(one).toUpperCase()])
      expect((await ask(one.port, '/', { headers: { host } })).status).toBe(200)
    expect((await ask(one.port, '/', { headers: { host: name(two) } })).status).toBe(421)
  })
  test('127.0.0.1 serves the pages only once a link had to lead there', async () => {
    const { port, dashboard } = await makeDashboard()
    const headers = { host: `127.0.0.1:${port}` }
    expect((await ask(port, '/', { headers })).status).toBe(421)
    const { link } = dashboard.link({ as: 'text', to: 'address' })
    expect(link).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/#link/`))
    expect((await ask(port, '/', { headers })).status).toBe(200)
    const { secret } = JSON.parse((await enter(port, link!)).body).value
    const session = { ...headers, origin: `http://${headers.host}`, 'tokentray-session': secret }
    expect((await command(port, session, 'snapshot')).status).toBe(200)
    // Bound to that origin, port included: not at another port, nor at the name.
    for (const host of ['127.0.0.1:1', hostOf(dashboard)])
      expect((await command(port, session, 'snapshot', {}, { host, origin: `http://${host}` })).status).toBe(401)
  })
  test('a request without one is refused with our headers', async () => {
    const { port } = await makeDashboard()
    const text = await new Promise<string>((resolve) => {
      let all = ''
      const socket = connect(port, '127.0.0.1', () => socket.write('GET /health HTTP/1.1\r\n\r\n'))
      socket.setEncoding('utf8').on('data', (chunk) => (all += chunk))
      socket.on('close', () => resolve(all))
    })
    expect(text).toMatch(/^HTTP\/1\.1 421 /)
    expect(text).toMatch(/content-security-policy: /)
  })
})

describe('another page', () => {
  test.each([
    ['its own', (host: string) => `http://${host}`, 200],
    ['its own, on another port', (host: string) => `http://${host.split(':')[0]}:9999`, 403],
    ['another name', () => 'http://localhost:4141', 403],
    ['another scheme', (host: string) => `https://${host}`, 403],
    ['a foreign site', () => 'https://evil.example', 403],
    ['a lookalike', (host: string) => `http://${host}.evil.example`, 403],
    ['more than an origin', (host: string) => `http://${host}/x`, 403],
    ['an opaque one', () => 'null', 403]
  ])('Origin of %s', async (_what, originOf, status) => {
    const { port, core, host, signIn } = await makeDashboard()
    const session = await signIn()
    const origin = originOf(host)
    expect((await command(port, session, 'snapshot', {}, { origin })).status).toBe(status)
    expect(core.calls).toHaveLength(status === 200 ? 1 : 0)
    if (status === 403) expect((await ask(port, '/snapshots', { headers: { ...session, origin } })).status).toBe(403)
  })
  test('a POST without an Origin is refused', async () => {
    const { port, core, signIn } = await makeDashboard()
    const { origin: _, ...session } = await signIn()
    expect((await command(port, session, 'snapshot')).status).toBe(403)
    expect(core.calls).toEqual([])
  })
  test.each(['cross-site', 'same-site', 'none'])(
    'what it embeds or fetches is refused (Sec-Fetch-Site: %s)',
    async (site) => {
      const { port, core, signIn } = await makeDashboard()
      const session = await signIn()
      const fetched = { ...session, 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }
      for (const path of ['/', '/assets/index-aB3_x9-Z.js', '/snapshots'])
        expect((await ask(port, path, { headers: fetched })).status).toBe(403)
      const framed = { ...fetched, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }
      expect((await ask(port, '/', { headers: framed })).status).toBe(403)
      expect((await command(port, session, 'snapshot', {}, { 'sec-fetch-site': site })).status).toBe(403)
      // A form is a navigation, and may not command all the same.
      const form = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
      expect((await command(port, session, 'snapshot', {}, form)).status).toBe(403)
      expect(core.calls).toEqual([])
    }
  )
  test('a person may come from anywhere, and reload as Firefox does', async () => {
    const { port, own } = await makeDashboard()
    for (const site of ['cross-site', 'same-site', 'none']) {
      const headers = { ...own, 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
      expect((await ask(port, '/', { headers })).status).toBe(200)
    }
  })
})

describe('commands', () => {
  test("come in at the browser's door, and go out as replies", async () => {
    const { port, core, signIn } = await makeDashboard()
    core.on('server.pause', () => ({ paused: true }))
    const session = await signIn()
    const { status, headers, body } = await command(port, session, 'server.pause', { server: 'a' })
    expect([status, headers['content-type'], JSON.parse(body)]).toEqual([
      200,
      'application/json',
      { ok: true, value: { paused: true } }
    ])
    expect(core.calls).toEqual([{ door: 'browser', name: 'server.pause', input: { server: 'a' } }])
  })
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'as %s are refused',
    async (type) => {
      const { port, core, signIn } = await makeDashboard()
      expect((await command(port, await signIn(), 'snapshot', {}, { 'content-type': type })).status).toBe(415)
      expect(core.calls).toEqual([])
    }
  )
  test.each(['{', '[]', 'null', '{"command":7}', '""'])('that are no command are refused: %s', async (body) => {
    const { port, core, signIn } = await makeDashboard()
    const headers = { ...(await signIn()), 'content-type': 'application/json; charset=utf-8' }
    const answer = await ask(port, '/call', { method: 'POST', headers, body })
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([400, 'inputInvalid'])
    expect(core.calls).toEqual([])
  })
  test('larger than 1 MiB are refused, whether or not they say so first', async () => {
    const { port, core, signIn } = await makeDashboard()
    const headers = { ...(await signIn()), 'content-type': 'application/json' }
    const body = ' '.repeat(1024 * 1024 + 1)
    const chunked = { ...headers, 'transfer-encoding': 'chunked' }
    expect((await ask(port, '/call', { method: 'POST', headers: chunked, body })).status).toBe(413)
    const status = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      const lines = Object.entries({ ...headers, 'content-length': '99999999' }).map(
        ([name, value]) => `${name}: ${value}`
      )
      socket.write(`POST /call HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      socket.once('data', (chunk) => resolve(chunk.toString().split(' ')[1]))
    })
    expect(status).toBe('413')
    expect(core.calls).toEqual([])
  })
  test('are answered before the dashboard is closed', async () => {
    const { port, dashboard, core, clock, signIn } = await makeDashboard()
    const reached = Promise.withResolvers<void>()
    const release = Promise.withResolvers<unknown>()
    core.on('signIn.wait', () => {
      reached.resolve()
      return release.promise
    })
    const answer = command(port, await signIn(), 'signIn.wait', {})
    await reached.promise
    const closed = dashboard.close()
    await expect(ask(port, '/health')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    // However long a command takes: the farewell is for those who do not fetch their answer.
    await clock.advance(60_000)
    release.resolve({ done: true })
    expect(JSON.parse((await answer).body)).toEqual({ ok: true, value: { done: true } })
    await closed
  })
})

describe('methods', () => {
  test.each([
    ['POST', '/', 'GET, HEAD'],
    ['DELETE', '/assets/index-aB3_x9-Z.js', 'GET, HEAD'],
    ['GET', '/call', 'POST'],
    ['OPTIONS', '/call', 'POST'],
    ['POST', '/snapshots', 'GET'],
    ['GET', '/link', 'POST'],
    ['POST', '/health', 'GET, HEAD']
  ])('%s %s is refused', async (method, path, allowed) => {
    const { port, signIn } = await makeDashboard()
    const answer = await ask(port, path, { method, headers: await signIn() })
    expect([answer.status, answer.headers.allow]).toEqual([405, allowed])
  })
})

describe('files', () => {
  test('the page is never stored, hashed assets are for good, all are typed', async () => {
    const { port, signIn } = await makeDashboard()
    const headers = await signIn()
    const page = await ask(port, '/?from=link', { headers })
    expect([page.status, page.headers['content-type'], page.headers['cache-control']]).toEqual([
      200,
      'text/html; charset=utf-8',
      'no-store'
    ])
    expect(page.body).toContain('<script type="module"')
    const script = await ask(port, '/assets/index-aB3_x9-Z.js', { headers })
    expect([script.headers['content-type'], script.headers['cache-control']]).toEqual([
      'text/javascript; charset=utf-8',
      'private, max-age=31536000, immutable'
    ])
    expect((await ask(port, '/plain.svg', { headers })).headers).toMatchObject({
      'content-type': 'image/svg+xml',
      'cache-control': 'no-store'
    })
    expect(await ask(port, '/', { method: 'HEAD', headers })).toMatchObject({ status: 200, body: '' })
  })
  test.each([
    '/../beside.html',
    '/assets/../../beside.html',
    '/..%2fbeside.html',
    '/%2e%2e/beside.html',
    '/..\\beside.html',
    '//beside.html',
    '/link.html',
    '/.hidden.html',
    '/notes.txt',
    '/assets',
    '/assets/',
    '/nothing',
    '/__proto__',
    'http://tokentray.localhost/plain.svg'
  ])('%s is not there', async (path) => {
    const { port, signIn } = await makeDashboard()
    const { status, body } = await ask(port, path, { headers: await signIn() })
    expect(status).toBe(404)
    expect(body).not.toMatch(/secret beside|hidden|notes/)
  })
})

test('every answer carries the policy and its companions, and is not stored', async () => {
  const { port, dashboard, own, signIn } = await makeDashboard()
  const session = await signIn()
  const { link } = dashboard.link({ as: 'text' })
  const answers = [
    await ask(port, '/health'),
    await ask(port, '/'),
    await ask(port, '/', { headers: { host: 'evil.example' } }),
    await ask(port, '/', { headers: own }),
    await ask(port, '/nothing', { headers: own }),
    await ask(port, '/call', { headers: session }),
    await ask(port, '/call', { headers: { ...session, origin: 'null' } }),
    await enter(port, link!),
    await enter(port, link!),
    await command(port, session, 'snapshot'),
    await command(port, own, 'snapshot'),
    await command(port, session, 'snapshot', {}, { 'content-type': 'text/plain' })
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 421, 421, 200, 404, 405, 403, 200, 401, 200, 401, 415])
  for (const answer of answers) {
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY'
    })
    expect(answer.headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src ('self'|'sha256-[\w+/=]+'); style-src ('self'|'sha256-[\w+/=]+'); img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/
    )
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect(answer.headers['set-cookie']).toBeUndefined()
  }
})

test('the start page comes in the theme of the settings', async () => {
  const core = makeCore()
  const { port, own } = await makeDashboard({ core })
  const theme = async () => /data-theme="(\w+)"/.exec((await ask(port, '/', { headers: own })).body)?.[1]
  expect(await theme()).toBeUndefined()
  const snapshot = core.snapshot
  core.snapshot = () => ({ ...snapshot(), theme: 'dark' })
  expect(await theme()).toBe('dark')
})

const hasBoth = Object.values(networkInterfaces()).some((those) => those?.some(({ address }) => address === '::1'))

describe.skipIf(isSkipped(!hasBoth, 'without IPv6 there is one loopback address'))('the port on both families', () => {
  test('is on loopback only, and is let go at close', async () => {
    const { port, dashboard } = await makeDashboard()
    expect((await ask(port, '/health', { address: '::1', headers: { host: '[::1]' } })).status).toBe(200)
    await dashboard.close()
    await expect(ask(port, '/health')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
  test.each(['127.0.0.1', '::1'])('taken on %s is told with its number and the way out', async (host) => {
    const port = await freePort()
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(port, host, resolve))
    await expect(makeDashboard({ port })).rejects.toMatchObject({
      code: 'portInUse',
      message: expect.stringMatching(new RegExp(`${port} .*--dashboard-port`))
    })
    // Nothing of it is left on the other family either.
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(port, host === '::1' ? '127.0.0.1' : '::1', resolve))
    other.close()
    squatter.close()
  })
})

describe('the port', () => {
  test('is let go when the core was asked to end', async () => {
    const core = makeCore()
    const { port, dashboard } = await makeDashboard({ core })
    core.end('quit')
    await core.ended
    await dashboard.close()
    await expect(ask(port, '/health')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(() => dashboard.link({ as: 'text' })).toThrow(expect.objectContaining({ code: 'ownerStopping' }))
  })
})

test('a folder without a bundle is an error, not an empty dashboard', async () => {
  await expect(makeDashboard({ files: '/nonexistent' })).rejects.toThrow()
})
