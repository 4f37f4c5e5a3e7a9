// Every way to a token without a browser here: environment, client credentials, files, stdin, a pasted address.
// Against the real authorization server; what was sent is read off a recording one.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { callbackUrl } from '../../app/demo/person.ts'
import { signIn as signInByHand } from '../demo/client.ts'
import { startFakeServer } from '../fakes/authorizationServer.ts'
import { type Home, makeHome, makeUpstream, until, viewOf } from './harness.ts'

const floor = { schedule: { floor: 1000 } }

function writeSecret(home: Home, name: string, secret: string): string {
  const file = join(home.folder, name)
  writeFileSync(file, `${secret}\n`, { mode: 0o600 })
  return file
}

test('FM-24 a server imported from the environment: after a rotation, the vault takes precedence over the old variables', async () => {
  const upstream = await makeUpstream({ accessTokenTtl: 5 })
  const home = await makeHome({ settings: floor })
  const { clientId, tokens } = await signInByHand(upstream.authority.issuer, { resource: upstream.mcp.url })
  const env = {
    BOT_REFRESH_TOKEN: tokens.refresh_token ?? '',
    BOT_TOKEN_ENDPOINT: `${upstream.authority.issuer}/token`,
    BOT_CLIENT_ID: clientId
  }
  const add = () => home.tokentray(['add', upstream.mcp.url, '--id', 'bot', '--from-env', 'BOT'], { env })
  expect(await add()).toMatchObject({ code: 0, out: expect.stringContaining('bot: Healthy') })

  const serving = await home.serve({ env })
  await upstream.reached('refreshed', 2)
  serving.kill('SIGTERM')
  await serving.ended
  const before = upstream.count('refreshed')

  expect(await add()).toMatchObject({ code: 0, err: 'bot already exists. Its tokens in the vault were kept.\n' })
  await home.serve({ env })
  await upstream.reached('refreshed', before + 1)
  const { out: token } = await home.tokentray(['token', 'bot', '--min-valid', '1s'])
  expect(await upstream.use(token.trim())).toBe(200)
  expect(upstream.authority.events.filter(({ kind }) => /reuse|refused/i.test(kind))).toEqual([])
})

test('client credentials: a token without a person, and the next one planned before it ends', async () => {
  const upstream = await makeUpstream({ accessTokenTtl: 5 })
  const home = await makeHome({ settings: floor })
  const { clientId, clientSecret } = upstream.authority.confidentialClient
  const secret = writeSecret(home, 'client-secret', clientSecret)
  const added = await home.tokentray(
    [
      'add',
      upstream.mcp.url,
      '--id',
      'bot',
      '--client-credentials',
      '--client-id',
      clientId,
      '--client-secret-file',
      secret
    ],
    { env: { BROWSER: '' } }
  )
  expect(added).toMatchObject({ code: 0, out: expect.stringContaining('bot: Healthy') })
  await home.serve()
  await upstream.reached('issued', 3)
  const { servers } = await until(home, ({ servers: [bot] }) => bot?.state === 'fresh')
  expect(servers[0]!.nextAt).toBeLessThan(servers[0]!.expiresAt!)
  const { out: token } = await home.tokentray(['token', 'bot', '--min-valid', '1s'])
  expect(await upstream.use(token.trim())).toBe(200)
  expect(new Set(upstream.authority.events.map(({ kind, detail }) => `${kind} ${detail}`))).toEqual(
    new Set(['issued client_credentials'])
  )
})

test('a token from a file is handed out as it is, with a warning that it cannot be refreshed', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome()
  const { tokens } = await signInByHand(upstream.authority.issuer, { resource: upstream.mcp.url })
  const file = writeSecret(home, 'token', tokens.access_token)
  const warning = 'This token cannot be refreshed. When it expires, you must replace it.'
  const added = await home.tokentray(['add', upstream.mcp.url, '--id', 'static', '--token-file', file])
  expect(added).toMatchObject({ code: 0, err: expect.stringContaining(warning) })
  expect((await home.tokentray(['status', 'static'])).out).toContain(warning)
  expect((await viewOf(home, 'static')).warnings).toEqual([warning])
  const { out: token } = await home.tokentray(['token', 'static'])
  expect(token).toBe(`${tokens.access_token}\n`)
  expect(await upstream.use(token.trim())).toBe(200)
})

test('a refresh token pasted on stdin with its endpoint is tried at once and rotated', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome()
  const { clientId, tokens } = await signInByHand(upstream.authority.issuer, { resource: upstream.mcp.url })
  const endpoint = `${upstream.authority.issuer}/token`
  const args = ['add', upstream.mcp.url, '--id', 'pasted', '--client-id', clientId]
  const added = await home.tokentray([...args, '--refresh-token-file', '-', '--token-endpoint', endpoint], {
    input: `${tokens.refresh_token}\n`
  })
  expect(added).toMatchObject({ code: 0, out: expect.stringContaining('pasted: Healthy') })
  const { out: token } = await home.tokentray(['token', 'pasted'])
  expect([await upstream.use(token.trim()), upstream.count('refreshed')]).toEqual([200, 1])
})

test('FM-12 --param reaches the authorization page, the exchange and every refresh', async () => {
  const fake = await startFakeServer()
  onTestFinished(() => fake.stop())
  const home = await makeHome()
  const param = 'audience=https://api.example.com'
  expect(await home.tokentray(['add', fake.mcp, '--id', 'bot', '--param', param])).toMatchObject({ code: 0 })
  expect(await home.tokentray(['refresh', 'bot'])).toMatchObject({ code: 0 })
  const sent = [...fake.to('/authorize'), ...fake.to('/token')].map(({ path, form }) => [
    path,
    form.get('grant_type'),
    form.get('audience'),
    form.get('resource')
  ])
  expect(sent).toEqual([
    ['/authorize', null, 'https://api.example.com', fake.mcp],
    ['/token', 'authorization_code', 'https://api.example.com', fake.mcp],
    ['/token', 'refresh_token', 'https://api.example.com', fake.mcp]
  ])
})

test.each([
  ['a browser that ends badly', 'false', 'Opened the browser'],
  ['no browser at all', '/nowhere/a-browser', 'Could not open a browser on this computer.']
])(
  'on a remote machine (%s) the address it ended at is pasted; a wrong one is told and waited over',
  async (_, browser, words) => {
    const upstream = await makeUpstream()
    const home = await makeHome()
    const adding = home.start(['add', upstream.mcp.url, '--id', 'remote'], { env: { BROWSER: browser } })
    const address = (await adding.line(/^ {2}http/)).trim()
    await adding.line(/paste the URL/)
    adding.type('http://127.0.0.1:1/callback?code=x&state=y\n')
    await adding.line(/That is not the right URL/)
    adding.type(`${await callbackUrl(address)}\n`)
    const { code, out, err } = await adding.ended
    expect([code, out]).toEqual([0, expect.stringContaining('remote: Healthy')])
    expect(err).toContain(words)
    const { out: token } = await home.tokentray(['token', 'remote'])
    expect(await upstream.use(token.trim())).toBe(200)
  }
)
