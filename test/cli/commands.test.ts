// The commands against a core that answers what the test says: what they ask for, what they print, how they end.
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { run } from '../../app/cli/run.ts'
import { describeCard } from '../../app/cli/words.ts'
import { TokentrayError } from '../../app/contract/errors.ts'
import { proposeForIssuer } from '../../app/contract/quirks.ts'
import type { ServerView } from '../../app/contract/views.ts'
import { listen } from '../../app/owner/listen.ts'
import { makeCore, makeView } from '../owner/fakeCore.ts'
import { fail, makePaths, makeWorld, runIn } from './world.ts'

const secret = 's3cr3t-canary'
const inputOf = (core: ReturnType<typeof makeCore>, name: string) =>
  core.calls.find((call) => call.name === name)?.input

describe('token', () => {
  const found = { token: secret, tokenType: 'Bearer', expiresAt: 5, warning: null }
  test('prints the token alone, and asks for the life that is wanted', async () => {
    const core = makeCore()
    core.on('readToken', () => found)
    const { exitCode, out, err } = await runIn(['token', 'a', '--min-valid', '5m'], { core })
    expect([exitCode, out, err]).toEqual([0, `${secret}\n`, ''])
    expect(inputOf(core, 'readToken')).toEqual({ server: 'a', minValid: 300_000 })
  })
  test('the long way through the full parser does the same', async () => {
    const core = makeCore()
    core.on('readToken', () => found)
    const { exitCode, out } = await runIn(['token', '--', 'a'], { core })
    expect([exitCode, out]).toEqual([0, `${secret}\n`])
    expect(inputOf(core, 'readToken')).toEqual({ server: 'a', minValid: 60_000 })
  })
  test('a warning goes to stderr, stdout stays the token', async () => {
    const core = makeCore()
    core.on('readToken', () => ({ ...found, warning: 'It lives for 20 s only.' }))
    const { out, err } = await runIn(['token', 'a'], { core })
    expect([out, err]).toEqual([`${secret}\n`, 'tokentray: It lives for 20 s only.\n'])
  })
  test('FM-06 if a person is needed: exit 3, nothing on stdout, and the command to run on stderr', async () => {
    const core = makeCore()
    core.on('readToken', fail('signInNeeded', 'The grant was refused.'))
    const { exitCode, out, err } = await runIn(['token', 'a'], { core })
    expect([exitCode, out]).toEqual([3, ''])
    expect(err).toBe('tokentray: The grant was refused: run tokentray login a.\n')
  })
  test('with --json a failure is JSON on stdout beside the sentence', async () => {
    const core = makeCore()
    core.on('readToken', fail('serverUnknown', 'There is no server "a".'))
    const { exitCode, out, err } = await runIn(['token', 'a', '--json'], { core })
    expect(exitCode).toBe(4)
    expect(JSON.parse(out)).toEqual({ error: { code: 'serverUnknown', message: 'There is no server "a".' } })
    expect(err).toBe('tokentray: There is no server "a".\n')
  })
})

describe('add', () => {
  function makeAdding() {
    const core = makeCore()
    core.on('server.add', (input: { grantKind: ServerView['grantKind'] }) => ({
      view: makeView('a', { grantKind: input.grantKind }),
      existed: false
    }))
    core.on('server.refresh', () => ({ view: makeView('a') }))
    return core
  }
  function makeSecretFile(): string {
    const file = join(makePaths().home, 'secret')
    writeFileSync(file, `${secret}\n`)
    return file
  }
  const url = 'https://a.example/mcp'

  test('settings as given, and a token from a file', async () => {
    const core = makeAdding()
    const file = makeSecretFile()
    const words = [
      'add',
      url,
      '--name',
      'A',
      '--scope',
      'x y',
      '--param',
      'audience=q=1',
      '--param',
      'b=2',
      '--token-file',
      file
    ]
    const { exitCode, out, err } = await runIn(words, { core })
    expect(exitCode).toBe(0)
    expect(inputOf(core, 'server.add')).toEqual({
      url,
      name: 'A',
      scope: 'x y',
      params: { audience: 'q=1', b: '2' },
      grantKind: 'staticToken',
      accessToken: secret
    })
    expect(out + err).not.toContain(secret)
    expect(core.calls.some(({ name }) => name.startsWith('signIn'))).toBe(false)
  })
  test('a refresh token from stdin with its endpoint is tried at once', async () => {
    const core = makeAdding()
    const words = ['add', url, '--refresh-token-file', '-', '--token-endpoint', 'https://i.example/token']
    await runIn(words, { core, stdin: `${secret}\n` })
    expect(inputOf(core, 'server.add')).toMatchObject({ grantKind: 'refreshToken', refreshToken: secret })
    expect(core.calls.at(-1)?.name).toBe('server.refresh')
  })
  test('client credentials', async () => {
    const core = makeAdding()
    const words = [
      'add',
      url,
      '--client-credentials',
      '--client-id',
      'me',
      '--client-secret-file',
      makeSecretFile(),
      '--no-login'
    ]
    await runIn(words, { core })
    expect(inputOf(core, 'server.add')).toMatchObject({
      grantKind: 'clientCredentials',
      clientId: 'me',
      clientSecret: secret
    })
  })
  test('from the environment: the kind follows from what is set, and the vault wins later', async () => {
    const core = makeAdding()
    const env = {
      BOT_BEARER_TOKEN: 'at',
      BOT_REFRESH_TOKEN: secret,
      BOT_TOKEN_ENDPOINT: 'https://i.example/token',
      BOT_CLIENT_ID: 'me',
      BOT_AUDIENCE: 'api',
      BOT_EXPIRES_AT: '1800000000'
    }
    const { exitCode } = await runIn(['add', url, '--from-env', 'BOT_', '--param', 'x=1'], { core, env })
    expect(exitCode).toBe(0)
    expect(inputOf(core, 'server.add')).toEqual({
      url,
      grantKind: 'refreshToken',
      keepExisting: true,
      accessToken: 'at',
      refreshToken: secret,
      tokenEndpoint: 'https://i.example/token',
      clientId: 'me',
      params: { audience: 'api', x: '1' },
      expiresAt: 1_800_000_000_000
    })
  })
  test.each([
    ['clientCredentials', { BOT_CLIENT_ID: 'me', BOT_CLIENT_SECRET: secret }],
    ['staticToken', { BOT_ACCESS_TOKEN: 'at' }]
  ])('from the environment: %s', async (grantKind, env) => {
    const core = makeAdding()
    await runIn(['add', url, '--no-login', '--from-env', 'BOT'], { core, env })
    expect(inputOf(core, 'server.add')).toMatchObject({ grantKind })
  })
  test('is looked for first, at the URL that was meant, and added where it was found', async () => {
    const core = makeAdding()
    core.on('server.find', () => ({ url: 'https://mcp.a.example/mcp' }))
    const { exitCode, err } = await runIn(['add', 'mcp.a.example', '--name', 'A', '--no-login'], { core })
    expect(exitCode).toBe(0)
    expect(inputOf(core, 'server.find')).toEqual({ url: 'https://mcp.a.example', name: 'A' })
    expect(inputOf(core, 'server.add')).toMatchObject({ url: 'https://mcp.a.example/mcp', name: 'A' })
    expect(err).toContain('Using https://mcp.a.example/mcp.\nAdded a.\n')
  })
  test('nothing is added that was not found, and --keep adds it without looking or signing in', async () => {
    const core = makeAdding()
    core.on('server.find', fail('notMcpServer', 'It is a website. Is the path right?'))
    const { exitCode, err } = await runIn(['add', url, '--no-login'], { core })
    expect(exitCode).toBe(1)
    expect(err).toBe(
      'tokentray: It is a website. Is the path right?\nNothing was added. To add it anyway, run the same command with --keep.\n'
    )
    expect(core.calls.map(({ name }) => name)).toEqual(['server.find'])
    const kept = await runIn(['add', url, '--keep'], { core })
    expect(kept.exitCode).toBe(0)
    expect(kept.err).toContain('Kept, without checking its URL. Sign in later with tokentray login a.')
    expect(core.calls.map(({ name }) => name)).toEqual(['server.find', 'server.add'])
  })
  test('a refusal that is not about finding it says nothing of --keep, and names the server and what to run', async () => {
    const core = makeCore([makeView('a', { url })])
    core.on('server.find', fail('serverExists', 'a already has this URL.'))
    expect((await runIn(['add', url], { core })).err).toBe(
      `tokentray: a already has this URL.\nTo sign in to it, run tokentray login a. To add another account, run tokentray add ${url} --name NAME.\n`
    )
  })
  test('a word that names no host is no URL, and is not offered to be kept', async () => {
    const core = makeAdding()
    core.on('server.find', fail('serverUnreachable', 'linear could not be reached: not found (ENOTFOUND).'))
    const { err, exitCode } = await runIn(['add', 'linear'], { core })
    expect(exitCode).toBe(2)
    expect(err).toBe('tokentray: linear is not a URL. Enter one, for example https://mcp.linear.app/mcp.\n')
    for (const typed of ['linear.example', 'https://linear', 'linear:8080'])
      expect((await runIn(['add', typed], { core })).err).toContain('--keep')
    core.on('server.find', fail('serverUnreachable', 'linear could not be reached: it refused (ECONNREFUSED).'))
    expect((await runIn(['add', 'linear'], { core })).err).toContain('--keep')
  })
  test('a failed sign-in says first what went wrong, then what to run, and that the server was added', async () => {
    const core = makeCore()
    core.on('server.find', () => ({ url }))
    core.on('server.add', () => ({ view: makeView('a'), existed: false }))
    const cause =
      'i.example does not register. Create a client there with the redirect URI http://127.0.0.1:8765/callback.'
    core.on('signIn.start', fail('registrationUnsupported', cause))
    expect((await runIn(['add', url], { core })).err.split('\n').slice(-4)).toEqual([
      `tokentray: ${cause}`,
      'To use your own client, run "tokentray set a --client-id ID --client-secret-file FILE --redirect-port 8765", then "tokentray login a". Leave out --client-secret-file if it has no secret.',
      'a was added, but has no token yet. To sign in, run tokentray login a. To remove it, run tokentray remove a.',
      ''
    ])
  })
  test.each([
    ['a token', ['--token-file', '-']],
    ['a refresh token', ['--refresh-token-file', '-', '--token-endpoint', 'https://i.example/token']],
    ['client credentials', ['--client-credentials', '--client-id', 'me', '--client-secret-file', '-', '--no-login']],
    ['the environment', ['--from-env', 'BOT']]
  ])('a server that comes with %s is kept without being looked for, and that is said', async (_what, options) => {
    const core = makeAdding()
    const env = { BOT_ACCESS_TOKEN: 'at' }
    const { exitCode, err } = await runIn(['add', url, ...options], { core, env, stdin: secret })
    expect(exitCode).toBe(0)
    expect(err).toContain('Added a, without checking its URL.')
    expect(inputOf(core, 'server.find')).toBeUndefined()
  })
  test('a refused client is to be fixed, in the list too', async () => {
    const core = makeCore()
    const refused = { action: 'fixSettings', state: 'signedOut', light: 'grey', ownClient: true } as const
    const view = makeView('a', { grantKind: 'clientCredentials', ...refused })
    core.on('server.add', () => ({ view, existed: false }))
    core.on('signIn.start', fail('clientRefused', 'It does not accept the client (invalid_client).'))
    const words = ['add', url, '--client-credentials', '--client-id', 'me', '--client-secret-file', '-']
    const { err } = await runIn(words, { core, stdin: secret })
    const remedy = 'tokentray set a --client-id ID --client-secret-file FILE, then tokentray login a'
    expect(err).toContain(`To fix its client, run ${remedy}. To remove it`)
    const { out } = await runIn(['status'], { core: makeCore([view]) })
    expect(out).toContain('needs you: fix the client')
    const card = await runIn(['status', 'a'], { core: makeCore([view]) })
    expect(card.out).toContain(remedy)
  })
  test('a server seeded before is left alone', async () => {
    const core = makeAdding()
    core.on('server.add', () => ({ view: makeView('a'), existed: true }))
    const { exitCode, err } = await runIn(['add', url, '--from-env', 'BOT'], { core, env: { BOT_ACCESS_TOKEN: 'at' } })
    expect(exitCode).toBe(0)
    expect(err).toContain('already exists')
    expect(core.calls.map(({ name }) => name)).toEqual(['server.add'])
  })
})

describe('login', () => {
  function makeSigningIn() {
    const core = makeCore()
    const waiting = Promise.withResolvers<object>()
    core.on('signIn.start', () => ({ signIn: 's1', url: 'https://i.example/authorize?x=1', redirectUri: null }))
    core.on('signIn.wait', () => waiting.promise)
    core.on('signIn.cancel', () => ({}))
    return { core, waiting }
  }
  test('FM-15 the URL is always printed, and the browser is opened once', async () => {
    const { core, waiting } = makeSigningIn()
    const opened: string[] = []
    const openBrowser = async (url: string) => {
      opened.push(url)
      waiting.resolve({ view: makeView('a') })
      return true
    }
    const { exitCode, out, err } = await runIn(['login', 'a'], { core, openBrowser })
    expect([exitCode, out]).toEqual([0, 'a: Healthy\n'])
    expect(err).toContain('  https://i.example/authorize?x=1\n')
    expect(opened).toEqual(['https://i.example/authorize?x=1'])
  })
  test('behind another sign-in it says for whom it waits; where that owner ends, it asks the next one', async () => {
    const { core, waiting } = makeSigningIn()
    waiting.resolve({ view: makeView('a') })
    let asked = 0
    core.on('signIn.start', () => ({ signIn: `s${++asked}`, url: null, redirectUri: null, waitingFor: 'b' }))
    core.on('signIn.ready', () => {
      if (asked === 1) throw new TokentrayError('signInUnknown', 'This sign-in has ended. Start it again.')
      return { signIn: 's2', url: 'https://i.example/authorize?x=2', redirectUri: null }
    })
    const opened: string[] = []
    const openBrowser = async (url: string) => opened.push(url) > 0
    const { exitCode, err } = await runIn(['login', 'a'], { core, openBrowser })
    expect([exitCode, opened]).toEqual([0, ['https://i.example/authorize?x=2']])
    expect(err.match(/Waiting for the sign-in to b/g)).toHaveLength(2)
  })
  test('a device code is shown with its address, on a terminal also as a QR code', async () => {
    const device = {
      userCode: 'WDJB-MJHT',
      verificationUri: 'https://i.example/device',
      verificationUriComplete: null,
      expiresAt: Date.now() + 600_000
    }
    const shown = async (isTTY: boolean) => {
      const core = makeCore()
      core.on('signIn.start', () => ({ signIn: 's1', url: null, redirectUri: null, device }))
      core.on('signIn.wait', () => ({ view: makeView('a') }))
      const { err, exitCode } = await runIn(['login', 'a', '--device'], { core, isTTY })
      expect(exitCode).toBe(0)
      expect(core.calls[0]?.input).toMatchObject({ server: 'a', device: 'always' })
      return err
    }
    const plain = await shown(false)
    expect(plain).toContain('  https://i.example/device\n')
    expect(plain).toContain('enter the code WDJB-MJHT within')
    expect(plain).not.toMatch(/[█▀▄]/)
    expect(await shown(true)).toMatch(/[█▀▄]{9}/)
    // Longer than any picture can hold.
    Object.assign(device, { verificationUri: `https://i.example/${'x'.repeat(1980)}` })
    Object.assign(device, { verificationUriComplete: `https://i.example/${encodeURI('ü'.repeat(600))}` })
    expect(await shown(true)).not.toMatch(/[█▀▄]/)
  })
  test('without a browser here the code is preferred; a display or BROWSER says that there is one', async () => {
    const asked = async (env: Record<string, string>) => {
      const { core, waiting } = makeSigningIn()
      waiting.resolve({ view: makeView('a') })
      await runIn(['login', 'a'], { core, env })
      return core.calls[0]?.input
    }
    expect(await asked({ SSH_CONNECTION: '1', SSH_TTY: '/dev/pts/0' })).toEqual({ server: 'a', device: 'offered' })
    expect(await asked({ SSH_CONNECTION: '1', DISPLAY: ':10' })).toEqual({ server: 'a' })
    expect(await asked({ BROWSER: 'firefox' })).toEqual({ server: 'a' })
  })
  test('the redirected URL can be pasted; a wrong one is told and the wait goes on', async () => {
    const { core, waiting } = makeSigningIn()
    core.on('signIn.paste', ({ url }: { url: string }) => {
      if (url === 'nonsense') throw { code: 'responseInvalid', message: 'That is not the address.' }
      waiting.resolve({ view: makeView('a') })
      return { view: makeView('a') }
    })
    const { exitCode, err } = await runIn(['login', 'a'], { core, stdin: 'nonsense\nhttp://127.0.0.1:1/cb?code=c\n' })
    expect(exitCode).toBe(0)
    expect(err).toContain('tokentray: That is not the address.')
    expect(core.calls.filter(({ name }) => name === 'signIn.paste').map(({ input }) => input)).toEqual([
      { signIn: 's1', url: 'nonsense' },
      { signIn: 's1', url: 'http://127.0.0.1:1/cb?code=c' }
    ])
  })
  test('the server has forgotten the client: the new address is printed after a paste, and asked for by --new-client', async () => {
    const { core, waiting } = makeSigningIn()
    const url = 'https://i.example/authorize?x=2'
    const started = { signIn: 's1', url, redirectUri: null }
    core.on('signIn.start', () => ({ ...started, keptClient: true }))
    core.on('signIn.paste', () => {
      throw { code: 'clientReplaced', message: 'Open the new address.' }
    })
    core.on('signIn.ready', () => {
      waiting.resolve({ view: makeView('a') })
      return started
    })
    const pasted = await runIn(['login', 'a'], { core, stdin: 'http://127.0.0.1:1/cb?code=c\n' })
    expect(pasted.err).toContain(`tokentray: Open the new address.\n  ${url}\n`)
    expect(pasted.err).toContain('run "tokentray login a --new-client"')
    core.on('signIn.replaceClient', () => started)
    const opened: string[] = []
    const openBrowser = async (address: string) => opened.push(address) > 0
    expect((await runIn(['login', 'a', '--new-client'], { core, openBrowser })).exitCode).toBe(0)
    expect(opened).toEqual([url])
    expect(core.calls.filter(({ name }) => name === 'signIn.replaceClient')).toMatchObject([
      { input: { signIn: 's1' } }
    ])
  })
  const missing = {
    change: { quirks: { acceptIssuerSlash: true } },
    reason: 'One slash apart.',
    givesUp: 'Equality.',
    trust: 'seen',
    source: null
  } as const
  test.each(['issuerMismatch', 'responseInvalid'])(
    'what a sign-in that failed with %s would need is shown as a command, and set only where a person says yes',
    async (code) => {
      const failing = () => {
        const { core, waiting } = makeSigningIn()
        let view = makeView('a', { proposals: [missing] })
        core.on('signIn.wait', () => {
          if (view.proposals.length > 0) throw { code, message: 'Another issuer.' }
          return { view }
        })
        core.on('snapshot', () => ({ ...core.snapshot(), servers: [view] }))
        core.on('server.set', () => {
          view = makeView('a')
          return { view }
        })
        return { core, waiting }
      }
      const silent = failing()
      const told = await runIn(['login', 'a'], { core: silent.core })
      expect(told.exitCode).toBe(1)
      expect(told.err).toContain('One slash apart. (seen)\nTrade-off: Equality.\n')
      expect(told.err).toContain('  tokentray set a --accept-issuer-slash on\n')
      expect(silent.core.calls.map(({ name }) => name)).not.toContain('server.set')
      const asked = failing()
      const world = makeWorld({ core: asked.core, isTTY: true, openBrowser: async () => true })
      world.world.stderr.on('data', (text: Buffer) => {
        if (String(text).includes('Type yes')) world.world.stdin.push('yes\n')
      })
      expect(await run(['login', 'a'], world.world)).toBe(0)
      expect(inputOf(asked.core, 'server.set')).toEqual({
        server: 'a',
        quirks: { acceptIssuerSlash: true },
        reason: 'One slash apart.'
      })
    }
  )
  test('a question about sites ends with exit 3 and the command that says yes where nobody is there, before a browser opens', async () => {
    const allowedSites = [
      { passes: 'token', from: 'good.example', to: 'evil.example', issuer: 'https://as.good.example' } as const
    ]
    const reason = 'The token for as.good.example will be given to tools.evil.example.'
    const proposals = [{ change: { allowedSites }, reason, givesUp: 'Much.', trust: 'seen', source: null } as const]
    const asking = () => {
      const { core } = makeSigningIn()
      core.on('signIn.start', () => {
        throw { code: 'confirmationNeeded', message: reason }
      })
      core.on('snapshot', () => ({ ...core.snapshot(), servers: [makeView('a', { proposals: [...proposals] })] }))
      core.on('server.set', () => ({ view: makeView('a') }))
      return core
    }
    const opened: string[] = []
    const openBrowser = async (url: string) => opened.push(url) > 0
    const { exitCode, err } = await runIn(['login', 'a'], { core: asking(), openBrowser })
    expect([exitCode, opened]).toEqual([3, []])
    expect(err).toContain(reason)
    expect(err).toContain('tokentray set a --issuer https://as.good.example\n')
    const told = asking()
    await runIn(['login', 'a', '--issuer', 'https://as.good.example'], { core: told, openBrowser })
    expect(told.calls.map(({ name }) => name).slice(0, 2)).toEqual(['server.set', 'signIn.start'])
    expect(inputOf(told, 'server.set')).toEqual({ server: 'a', issuer: 'https://as.good.example' })
  })
  test('scopes that a server asked for are shown with the commands that request and decline them', async () => {
    const core = makeCore([makeView('a', { missingScope: 'admin' })])
    core.on('server.set', () => ({ view: makeView('a') }))
    expect((await runIn(['status', 'a'], { core })).out).toContain(
      'admin (request: tokentray login a --add-scope admin; decline: tokentray set a --decline-scopes)'
    )
    await runIn(['set', 'a', '--decline-scopes'], { core })
    expect(inputOf(core, 'server.set')).toEqual({ server: 'a', declineScopes: true })
  })
  test('where a server moved to is shown with the command that uses it, quoted for a shell', async () => {
    const change = { url: "https://a.example/mcp?x='1'&y=2" }
    const core = makeCore([
      makeView('a', { proposals: [{ change, reason: 'It redirects.', givesUp: 'None.', trust: 'seen', source: null }] })
    ])
    core.on('server.set', () => ({ view: makeView('a') }))
    const { out } = await runIn(['status', 'a'], { core })
    expect(out).toContain(`tokentray set a --url 'https://a.example/mcp?x='\\''1'\\''&y=2' (It redirects.)`)
    await runIn(['set', 'a', '--url', change.url], { core })
    expect(inputOf(core, 'server.set')).toEqual({ server: 'a', ...change })
  })
  test('where the person signs in is a line, if it is another site', async () => {
    const { core, waiting } = makeSigningIn()
    const url = 'https://tenant.auth0.com/authorize'
    core.on('signIn.start', () => ({ signIn: 's1', url, redirectUri: null, otherSite: 'tenant.auth0.com' }))
    waiting.resolve({ view: makeView('a') })
    expect((await runIn(['login', 'a'], { core })).err).toContain('You sign in at tenant.auth0.com')
  })
  test('what arrives meanwhile and is not acted on is a line, each once', async () => {
    const { core, waiting } = makeSigningIn()
    const notices = ['It says: one.', 'It says: two.']
    core.on('signIn.notice', ({ seen }: { seen: number }) => {
      const notice = notices[seen]
      if (notice === undefined) waiting.resolve({ view: makeView('a') })
      return { notice: notice ?? null, seen: notice === undefined ? seen : seen + 1 }
    })
    const { err } = await runIn(['login', 'a'], { core })
    expect(err.split('\n').filter((line) => line.startsWith('It says'))).toEqual(notices)
  })
  test('FM-16 Ctrl-C cancels the sign-in in the core, finishes what is in progress and exits with 130', async () => {
    const { core } = makeSigningIn()
    const made = makeWorld({ core, openBrowser: async () => true })
    core.on('signIn.wait', () => {
      made.interrupt()
      return new Promise(() => {})
    })
    expect(await run(['login', 'a'], made.world)).toBe(130)
    expect(inputOf(core, 'signIn.cancel')).toEqual({ signIn: 's1' })
    expect([core.isClosed(), made.lock.isHeld()]).toEqual([true, false])
  })
})

describe('list and status', () => {
  const now = Date.now()
  const servers = [
    makeView('soon', { expiresAt: now + 60_000 }),
    makeView('late', { expiresAt: now + 7_200_000, issuer: 'https://other.example' }),
    makeView('dead', { state: 'needsUser', action: 'signIn', light: 'red', words: 'Sign in again' })
  ]
  test.each([
    [[], ['dead', 'late', 'soon']],
    [['--expiring', '1h'], ['soon']],
    [['--state', 'needsUser'], ['dead']],
    [['--issuer', 'https://other.example'], ['late']],
    [['--expiring', '1s'], []]
  ])('list %j', async (words, ids) => {
    const { out, exitCode } = await runIn(['list', '--json', ...words], { core: makeCore(servers) })
    expect(exitCode).toBe(0)
    expect(JSON.parse(out).servers.map(({ id }: { id: string }) => id)).toEqual(ids)
  })
  test('status of one server tells what to do; of an unknown one exits 4', async () => {
    const { out } = await runIn(['status', 'DEAD'], { core: makeCore(servers) })
    expect(out).toContain('to do:                  tokentray login dead')
    const { exitCode, err } = await runIn(['status', 'nobody'], { core: makeCore(servers) })
    expect(exitCode).toBe(4)
    expect(err).toContain('There is no server named "nobody"')
  })
  test('status says that nobody is let in', async () => {
    const core = makeCore(servers)
    const { clients, ...rest } = core.snapshot()
    core.on('snapshot', () => ({ ...rest, clients: { ...clients, locked: true } }))
    for (const words of [['status'], ['status', 'dead']])
      expect((await runIn(words, { core })).err).toContain('Locked: all clients are blocked.')
    expect((await runIn(['status'], { core: makeCore(servers) })).err).not.toContain('Locked')
  })
  test('status says that nothing is refreshed for now, why, and how to end that', async () => {
    const core = makeCore(servers)
    const refreshHold = { until: 0, message: 'It stopped unexpectedly.' }
    core.on('snapshot', () => ({ ...core.snapshot(), refreshHold }))
    for (const words of [['status'], ['status', 'dead']])
      expect((await runIn(words, { core })).err).toContain(
        'It stopped unexpectedly. To refresh now, run "tokentray refresh SERVER".'
      )
    expect((await runIn(['status'], { core: makeCore(servers) })).err).not.toContain('To refresh now')
  })
  test('what a server chose to be called cannot steer the terminal', async () => {
    const { out } = await runIn(['status', 'a'], { core: makeCore([makeView('a', { detail: 'x\u001b[2Jy\u009b1m' })]) })
    expect(out).toContain('x[2Jy1m')
  })
  test('status says that nothing is kept alive, but not where somebody does, for scripts or with no server', async () => {
    const note = 'Run tokentray serve to keep them fresh'
    expect((await runIn(['status'], { core: makeCore(servers) })).err).toContain(note)
    expect((await runIn(['status', 'dead'], { core: makeCore(servers) })).err).toContain(note)
    expect((await runIn(['status', '--json'], { core: makeCore(servers) })).err).toBe('')
    expect((await runIn(['status'])).err).not.toContain(note)
    const lasting = makeCore(servers)
    const { owner, ...rest } = lasting.snapshot()
    lasting.on('snapshot', () => ({ ...rest, owner: { ...owner, kind: 'lasting' } }))
    expect((await runIn(['status'], { core: lasting })).err).toBe('')
  })
  test('status --watch --json prints each snapshot on a line until it is interrupted', async () => {
    const core = makeCore(servers)
    const made = makeWorld({ core })
    const owner = await listen({ core, paths: made.paths, kind: 'lasting', version: '1', clock: systemClock() })
    onTestFinished(() => owner.close())
    let lines = 0
    made.world.stdout.on('data', () => {
      lines += 1
      if (lines === 1) core.publish([makeView('new')])
      else made.interrupt()
    })
    expect(await run(['status', '--watch', '--json'], made.world)).toBe(130)
    const ids = made.text.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).servers[0].id)
    expect(ids).toEqual(['dead', 'new'])
  })
})

test.each(['refresh', 'pause', 'resume'])('%s asks for just that', async (what) => {
  const core = makeCore()
  core.on(`server.${what}`, () => ({ view: makeView('a') }))
  const { exitCode, out } = await runIn([what, 'a'], { core })
  expect([exitCode, out]).toEqual([0, 'a: Healthy\n'])
  expect(core.calls.map(({ name }) => name)).toEqual([`server.${what}`])
})

test('set sends what was named, durations in ms', async () => {
  const core = makeCore()
  core.on('server.set', () => ({ view: makeView('a') }))
  const words = [
    '--floor',
    '20s',
    '--refresh-margin',
    '5m',
    '--jitter',
    '0.1',
    '--omit-resource',
    'on',
    '--default-scope',
    '--default',
    'backoff-max'
  ]
  expect((await runIn(['set', 'a', ...words], { core })).exitCode).toBe(0)
  expect(inputOf(core, 'server.set')).toEqual({
    server: 'a',
    scope: null,
    quirks: { omitResource: true },
    schedule: { floor: 20_000, refreshMargin: 300_000, jitter: 0.1, backoffMax: null }
  })
})

test('an exception for one issuer is set with that issuer, shown with it, proposed as one word, and ended by off', async () => {
  const core = makeCore()
  const issuer = 'https://as.example/{tenantid}/v2.0'
  const proposal = proposeForIssuer('acceptIssuer', issuer, 'One for all.')
  const view = makeView('a', { quirks: { acceptIssuer: issuer, signInAnyway: true }, proposals: [proposal] })
  for (const name of ['server.set', 'server.view']) core.on(name, () => ({ view }))
  const words = ['--accept-issuer', issuer, '--allow-missing-iss', 'off', '--sign-in-anyway', 'on']
  expect((await runIn(['set', 'a', ...words], { core })).exitCode).toBe(0)
  const quirks = { acceptIssuer: issuer, allowMissingIss: false, signInAnyway: true }
  expect(inputOf(core, 'server.set')).toEqual({ server: 'a', quirks })
  expect((await runIn(['set', 'a', '--accept-issuer', 'on'], { core })).exitCode).toBe(2)
  const said = describeCard(view, 0).join('\n')
  expect(said).toContain(`accept metadata that names exactly this issuer instead of its own: ${issuer} (set manually)`)
  expect(said).toContain('sign in even if the server answers without a token (set manually)')
  expect(said).toContain(`tokentray set a --accept-issuer '${issuer}' (One for all.)`)
})

test('a client certificate is set before the first sign-in, with whole paths, and left out again by none', async () => {
  const core = makeCore()
  for (const name of ['server.add', 'server.set']) core.on(name, () => ({ view: makeView('a'), existed: false }))
  const files = ['--client-certificate', 'me.pem', '--client-certificate-key', 'me.key']
  await runIn(['add', 'https://a.example/mcp', '--no-login', ...files], { core })
  const clientCertificate = { certificateFile: resolve('me.pem'), keyFile: resolve('me.key') }
  expect(inputOf(core, 'server.add')).toMatchObject({ clientCertificate })
  core.calls.length = 0
  expect((await runIn(['set', 'a', '--client-certificate', 'none'], { core })).exitCode).toBe(0)
  expect(core.calls.map(({ name, input }) => [name, input])).toEqual([
    ['server.set', { server: 'a', clientCertificate: null }]
  ])
})

test('set changes how a client authenticates, what tokens are bound to, and where an assertion comes from', async () => {
  const core = makeCore()
  core.on('server.set', () => ({ view: makeView('a') }))
  const sent = async (words: string[], stdin = '') => {
    core.calls.length = 0
    const { exitCode } = await runIn(['set', 'a', ...words], { core, stdin })
    return exitCode === 0 ? inputOf(core, 'server.set') : exitCode
  }
  expect(await sent(['--client-auth', 'auto', '--dpop', 'auto'])).toEqual({ server: 'a', clientAuth: null, dpop: null })
  expect(await sent(['--dpop', 'off', '--client-secret-file', '-'], 'shh\n')).toEqual({
    server: 'a',
    dpop: false,
    clientSecret: 'shh'
  })
  expect(await sent(['--client-key-file', '-'], 'the key')).toEqual({
    server: 'a',
    clientAuth: 'private_key_jwt',
    clientSecret: 'the key'
  })
  expect(await sent(['--client-id', 'mine'])).toEqual({ server: 'a', clientId: 'mine' })
  expect(await sent(['--client-id', 'none'])).toEqual({ server: 'a', clientId: null })
  expect(await sent(['--client-key-file', '-', '--client-auth', 'none'], 'x')).toBe(2)
  expect(await sent(['--client-key-file', 'a', '--client-secret-file', 'b'])).toBe(2)
  const provider = ['--identity-provider', 'https://idp.example/token', '--identity-provider-client', 'c']
  expect(await sent(['--assertion-file', 'id.jwt', ...provider])).toEqual({
    server: 'a',
    assertion: { file: resolve('id.jwt') },
    identityProvider: { tokenEndpoint: 'https://idp.example/token', clientId: 'c' }
  })
  const secret = ['--identity-provider-secret-file', '-']
  expect(await sent(['--assertion-file', 'id.jwt', ...provider, ...secret], 'shh')).toMatchObject({
    identityProviderSecret: 'shh'
  })
  expect(await sent(['--assertion-file', 'id.jwt', ...secret], 'shh')).toBe(2)
  expect(await sent(provider)).toBe(2)
})

test('remove asks first on a terminal, refuses without one, and does nothing before the word is typed', async () => {
  const core = makeCore()
  core.on('server.remove', () => ({ revoked: 'Revoked.' }))
  expect((await runIn(['remove', 'a'], { core, isTTY: true, stdin: 'y\n' })).err).toContain('Nothing was changed.')
  const unasked = await runIn(['remove', 'a'], { core })
  expect([unasked.exitCode, unasked.err]).toEqual([3, expect.stringContaining('add --yes')])
  expect(core.calls).toEqual([])
  expect((await runIn(['remove', 'a'], { core, isTTY: true, stdin: 'remove\n' })).out).toBe('Removed a.\n')
  expect((await runIn(['remove', 'a', '--yes'], { core })).exitCode).toBe(0)
})

test('history is shown oldest first', async () => {
  const core = makeCore()
  const event = (at: number, detail: string) => ({ at, kind: 'refreshed', fault: null, detail, expiresAt: null })
  core.on('server.history', () => ({ events: [event(2000, 'second'), event(1000, 'first')] }))
  const { out } = await runIn(['history', 'a'], { core })
  expect(out.split('\n').map((line) => line.split(' ').at(-1))).toEqual(['first', 'second', ''])
})

describe('vault', () => {
  test('check exits 5 where something is wrong, path needs no owner', async () => {
    const core = makeCore()
    core.on('vault.check', () => ({ ok: false, problems: ['Page 3 is damaged.'] }))
    expect(await runIn(['vault', 'check'], { core })).toMatchObject({ exitCode: 5, out: 'Page 3 is damaged.\n' })
    const { out, lock, paths } = await runIn(['vault', 'path'])
    expect([out, lock.claims()]).toEqual([`${paths.vault}\n`, 0])
  })
  test('FM-24 reset sets the old file aside only after the word was typed', async () => {
    const paths = makePaths()
    writeFileSync(paths.vault, 'old')
    expect((await runIn(['vault', 'reset'], { paths })).exitCode).toBe(3)
    await runIn(['vault', 'reset'], { paths, isTTY: true, stdin: 'yes\n' })
    expect(existsSync(paths.vault)).toBe(true)
    const { exitCode, out } = await runIn(['vault', 'reset', '--json', '--yes'], { paths })
    expect([exitCode, existsSync(paths.vault), existsSync(JSON.parse(out).keptAs)]).toEqual([0, false, true])
  })
})

test.each([
  [['help'], 'Servers:'],
  [['help', 'token'], '--min-valid'],
  [['help', 'vault'], 'restore'],
  [['vault', 'help', 'reset'], '--yes']
])('%j prints help and ends with 0', async (words, found) => {
  const { exitCode, out, err } = await runIn(words)
  expect([exitCode, err]).toEqual([0, ''])
  expect(out).toContain(found)
})

test('metrics are printed as they are', async () => {
  const core = makeCore()
  core.on('metrics', () => ({ text: '# HELP x\nx 1\n' }))
  expect((await runIn(['metrics'], { core })).out).toBe('# HELP x\nx 1\n')
})

test.each([
  ['accepted', 0],
  ['rejected', 1],
  ['unknown', 6]
])('verify prints what the server said; %s ends with %i', async (verdict, exitCode) => {
  const core = makeCore()
  core.on('server.verify', () => ({ view: makeView('a'), verdict, sentence: 'So it said.' }))
  expect(await runIn(['verify', 'a'], { core })).toMatchObject({ exitCode, out: 'a: So it said.\n' })
})

test('a refresh refused for want of a quirk shows the command that allows it, and tries again after a yes', async () => {
  const missing = { quirks: { omitResource: true } }
  const proposals = [
    { change: missing, reason: 'It refused it.', givesUp: 'Much.', trust: 'seen', source: null }
  ] as const
  const failing = () => {
    const core = makeCore([makeView('a', { action: 'fixSettings', proposals: [...proposals] })])
    let tries = 0
    core.on('server.refresh', () => {
      if (tries++ === 0) throw new TokentrayError('clientRefused', 'The server refused the request.')
      return { view: makeView('a') }
    })
    core.on('server.set', () => ({ view: makeView('a') }))
    return core
  }
  const piped = failing()
  const { exitCode, err } = await runIn(['refresh', 'a'], { core: piped })
  expect([exitCode, err]).toEqual([1, expect.stringContaining('tokentray set a --omit-resource on')])
  expect(inputOf(piped, 'server.set')).toBeUndefined()
  const asked = failing()
  expect((await runIn(['refresh', 'a'], { core: asked, isTTY: true, stdin: 'yes\n' })).exitCode).toBe(0)
  expect(inputOf(asked, 'server.set')).toEqual({ server: 'a', ...missing, reason: 'It refused it.' })
})

test('refresh of a token that nothing can refresh also says until when it works', async () => {
  const lone = makeView('a', { renewable: false, expiresAt: Date.now() + 3_600_000 })
  const core = makeCore([lone])
  core.on('server.refresh', fail('signInNeeded', 'a has no refresh token.'))
  const { exitCode, err } = await runIn(['refresh', 'a'], { core })
  expect(exitCode).toBe(3)
  expect(err).toMatch(/^tokentray: a has no refresh token\.\nThe current token works until \d{4}-.* \(in .*\)\.\n$/)
})

test.each([
  ['serverExists', '--name'],
  ['nameReserved', '--name']
] as const)(
  'what the core says of %s to every door is followed by the options that do it here',
  async (code, option) => {
    const core = makeCore()
    core.on('server.add', () => {
      throw new TokentrayError(code, 'That did not work.')
    })
    const { err } = await runIn(['add', 'https://a.example/mcp'], { core })
    expect(err).toMatch(new RegExp(`^tokentray: That did not work.\\n.*${option}.*\\n$`))
  }
)
