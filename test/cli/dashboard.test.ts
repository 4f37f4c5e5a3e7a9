// The dashboard from the terminal: how serve shows it and keeps its port, and how `open` lets a browser in.
// The link is looked for wherever it must not be: in arguments, in stdout, in anything that is no terminal.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { openPage } from '../../app/cli/browser.ts'
import { open } from '../../app/cli/commands/open.ts'
import { serve } from '../../app/cli/commands/serve.ts'
import { type DashboardChoice, prepareDashboard } from '../../app/cli/dashboard.ts'
import { connect } from '../../app/owner/client.ts'
import { listen } from '../../app/owner/listen.ts'
import { keepPort, loopbackListeners, readPort } from '../../app/settings/ports.ts'
import { ask, makeFiles } from '../dashboard/dashboard.fixture.ts'
import { makeCore } from '../owner/fakeCore.ts'
import { freePort } from '../support/freePort.ts'
import { makePaths, makeWorld, runIn } from './world.ts'

describe('serve', () => {
  async function prepare(choice: DashboardChoice = {}, paths = makePaths(), hasFiles = true) {
    const made = makeWorld({ paths })
    mkdirSync(paths.ownerFolder, { recursive: true })
    const files = hasFiles ? makeFiles(paths.home) : join(paths.home, 'nothing')
    const dashboard = prepareDashboard(made.world, choice, files)
    onTestFinished(() => dashboard.close())
    return { ...made, dashboard, address: await dashboard.start(made.core) }
  }
  const kept = (folder: string) => JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8'))

  test('shows it at the port chosen, tells the address without a secret, and keeps the port', async () => {
    const port = await freePort()
    const { address, dashboard, paths, text } = await prepare({ dashboardPort: port })
    expect(address).toBe(`http://tokentray.localhost:${port}`)
    expect((await ask(port, '/health')).status).toBe(200)
    expect(dashboard.link({ as: 'text' }).link).toContain(`.localhost:${port}/#link/`)
    expect([kept(paths.ownerFolder), statSync(join(paths.ownerFolder, 'dashboard.json')).mode & 0o777]).toEqual([
      { port },
      0o600
    ])
    await dashboard.close()
    const again = await prepare({}, paths)
    expect(again.address).toBe(address)
    expect(text.err).toBe('')
  })
  test('a port that is taken is told, never changed, and the rest goes on', async () => {
    const port = await freePort()
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve))
    onTestFinished(() => void squatter.close())
    const paths = makePaths()
    mkdirSync(paths.ownerFolder, { recursive: true })
    keepPort(paths.ownerFolder, loopbackListeners.dashboard, port)
    const { address, dashboard, text } = await prepare({}, paths)
    expect(address).toBeNull()
    expect(text.err).toMatch(
      new RegExp(`^tokentray: Port ${port} for the dashboard is in use .*--dashboard-port[^\n]*\n$`)
    )
    expect(() => dashboard.link({ as: 'file' })).toThrow(expect.objectContaining({ code: 'dashboardOff' }))
    expect(kept(paths.ownerFolder)).toEqual({ port })
  })
  test('gateway and dashboard are not both put on one port: refused before anything starts', async () => {
    const paths = makePaths()
    mkdirSync(paths.ownerFolder, { recursive: true })
    const serving = async (...more: string[]) => {
      const { exitCode, err, lock } = await runIn(['serve', ...more], { paths })
      return [exitCode, err, lock.claims()]
    }
    const refused = (port: number) => [
      2,
      `tokentray: The gateway and the dashboard cannot both use port ${port}. Choose another with --gateway-port or --dashboard-port.\n`,
      0
    ]
    const port = await freePort()
    expect(await serving('--gateway-port', `${port}`, '--dashboard-port', `${port}`)).toEqual(refused(port))
    expect(await serving('--dashboard-port', '4140')).toEqual(refused(4140))
    keepPort(paths.ownerFolder, loopbackListeners.dashboard, port)
    expect(await serving('--gateway-port', `${port}`)).toEqual(refused(port))
    keepPort(paths.ownerFolder, loopbackListeners.gateway, port)
    expect(await serving()).toEqual(refused(port))
    for (const one of [{ gateway: false }, { dashboard: false }]) {
      const made = makeWorld({ paths })
      made.interrupt()
      await serve(made.world, one, makeFiles(paths.home))
    }
  })
  test('a kept port that cannot be read is told, and left as it is', async () => {
    const paths = makePaths()
    mkdirSync(paths.ownerFolder, { recursive: true })
    for (const text of ['{', '{"port":0}', '{"port":"4141"}', '{}']) {
      writeFileSync(join(paths.ownerFolder, 'dashboard.json'), text)
      const { address, text: said } = await prepare({}, paths)
      expect([address, readFileSync(join(paths.ownerFolder, 'dashboard.json'), 'utf8')]).toEqual([null, text])
      expect(said.err).toContain('dashboard.json could not be read')
    }
  })
  test('a port that cannot be kept is told, and is free again', async () => {
    const paths = makePaths()
    const file = join(paths.ownerFolder, 'dashboard.json')
    mkdirSync(file, { recursive: true })
    const port = await freePort()
    const { address, text } = await prepare({ dashboardPort: port }, paths)
    expect([address, text.err]).toEqual([null, expect.stringContaining(`${file} could not be written: it is a folder`)])
    rmSync(file, { recursive: true })
    expect((await prepare({ dashboardPort: port }, paths)).text.err).toBe('')
  })
  test('without a bundle it says how to make one; with --no-dashboard nothing', async () => {
    const bare = await prepare({}, makePaths(), false)
    expect([bare.address, bare.text.err]).toEqual([
      null,
      expect.stringMatching(/^tokentray: [^\n]*npm run bundle\.\n$/)
    ])
    expect(() => bare.dashboard.link({ as: 'text' })).toThrow(/npm run bundle/)
    const without = await prepare({ dashboard: false })
    expect([without.address, without.text.err]).toEqual([null, ''])
    expect(() => without.dashboard.link({ as: 'text' })).toThrow(/--no-dashboard/)
  })
  test('before the first start the port is 4141', () => {
    expect([loopbackListeners.dashboard.port, readPort(makePaths().ownerFolder, loopbackListeners.dashboard)]).toEqual([
      4141, 4141
    ])
  })
  test.each([false, true])(
    'it tells where the gateway is, from outside and for metrics too (json: %s)',
    async (json) => {
      const made = makeWorld()
      const told = new Promise((resolve) => made.world.stdout.on('data', () => resolve(made.interrupt())))
      const options = { json, dashboard: false, gatewayPort: await freePort(), metrics: true } as const
      const serving = serve(made.world, { ...options, publicUrl: 'https://gate.example' })
      await told
      await serving
      const address = `http://127.0.0.1:${options.gatewayPort}`
      if (json) expect(JSON.parse(made.text.out)).toMatchObject({ gateway: address, publicUrl: 'https://gate.example' })
      else
        for (const line of [
          `gateway:  ${address}/<server>`,
          'public:   https://gate.example/<server>',
          `metrics:  ${address}/metrics`
        ])
          expect(made.text.out).toContain(line)
    }
  )
  test('--open hands the browser a private file, which is gone when serve ends', async () => {
    const opened = Promise.withResolvers<string>()
    const made = makeWorld({
      openPage: async (file) => {
        opened.resolve(file)
        return true
      }
    })
    const serving = serve(made.world, { open: true, dashboardPort: await freePort() }, makeFiles(made.paths.home))
    const file = await opened.promise
    expect([statSync(file).mode & 0o777, readFileSync(file, 'utf8').includes('/#link/')]).toEqual([0o600, true])
    await expect.poll(() => made.text.err).toContain('in your browser')
    made.interrupt()
    await serving
    expect([existsSync(file), made.core.isClosed(), `${made.text.out}${made.text.err}`.includes('/#link/')]).toEqual([
      false,
      true,
      false
    ])
  })
  test('--open where there is neither browser nor terminal is told, and the rest goes on', async () => {
    const made = makeWorld()
    const serving = serve(made.world, { open: true, dashboardPort: await freePort() }, makeFiles(made.paths.home))
    await expect.poll(() => made.text.err).toContain('Could not open a browser.')
    expect(made.core.isClosed()).toBe(false)
    made.interrupt()
    await serving
  })
  test('the core of serve answers dashboard.link, and --json names the address', async () => {
    const made = makeWorld()
    const hosted = Promise.withResolvers<unknown>()
    made.world.hostCore = async ({ dashboardLink }) => {
      hosted.resolve(dashboardLink)
      return made.core
    }
    const serving = serve(made.world, { json: true, dashboard: false })
    expect(await hosted.promise).toBeTypeOf('function')
    await expect.poll(() => made.text.out).toContain('"dashboard":null')
    made.interrupt()
    await serving
  })
})

describe('open', () => {
  const address = 'http://tokentray.localhost:4141'
  const secret = 'the-secret-of-a-link'
  async function startOwner(kind: 'lasting' | 'command' = 'lasting') {
    const paths = makePaths()
    const core = makeCore()
    core.on('dashboard.link', ({ as }: { as: string }) =>
      as === 'file'
        ? { address, file: '/run/open-1.html', link: null, expiresAt: 1 }
        : { address, file: null, link: `${address}/#link/${secret}`, expiresAt: 1 }
    )
    const listener = await listen({ core, paths, kind, version: '1.2.3', clock: systemClock() })
    onTestFinished(() => listener.close())
    return { paths, core, asked: () => core.calls.map(({ input }) => (input as { as: string }).as) }
  }

  test('hands the browser a file, and tells the address only', async () => {
    const { paths, core, asked } = await startOwner()
    const opened: string[] = []
    const browser = async (file: string) => opened.push(file) > 0
    const { exitCode, out, err } = await runIn(['open'], { paths, openPage: browser, isTTY: true })
    expect([exitCode, opened, asked(), out]).toEqual([0, ['/run/open-1.html'], ['file'], ''])
    // Nothing that an owner of an earlier version would refuse.
    expect(core.calls.map(({ input }) => input)).toEqual([{ as: 'file' }])
    expect(err).toContain('Opening the dashboard in your browser.')
    const json = await runIn(['open', '--json'], { paths, openPage: browser })
    expect(JSON.parse(json.out)).toEqual({ address })
  })
  test.each([
    ['loopback alone', 'linux', ['127.0.0.1', '::1'], 'name'],
    ['no answer, where browsers resolve such names by themselves', 'linux', null, 'name'],
    ['no answer, where Safari does not', 'darwin', null, 'address'],
    ['another computer', 'linux', ['203.0.113.9'], 'address'],
    ['this computer and another', 'win32', ['127.0.0.1', '2001:db8::1'], 'address']
  ] as const)('names below .localhost lead to %s (%s)', async (_what, platform, found, to) => {
    const { paths, core } = await startOwner()
    const asked: string[] = []
    const made = makeWorld({
      paths,
      openPage: async () => true,
      async lookUp(name) {
        asked.push(name)
        if (found === null) throw new Error('ENOTFOUND')
        return found
      }
    })
    made.world.platform = platform
    await open(made.world, {})
    expect(core.calls.map(({ input }) => input)).toEqual([to === 'name' ? { as: 'file' } : { as: 'file', to }])
    // A decoy: the name of the dashboard itself is asked of nobody.
    expect(asked).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.localhost$/)])
    if (to === 'name') expect(made.text.err).not.toContain('Warning')
    else expect(made.text.err).toMatch(/^Warning: names that end in \.localhost do not lead .*docs\/security\.md\.\n/)
  })
  test('a resolver that never answers is not waited for', async () => {
    const { paths, core } = await startOwner()
    const { exitCode } = await runIn(['open'], {
      paths,
      openPage: async () => true,
      lookUp: () => new Promise(() => {})
    })
    expect([exitCode, core.calls.length]).toEqual([0, 1])
  })
  test.each([
    [{ http_proxy: 'http://proxy:3128' }, true],
    [{ ALL_PROXY: 'socks5://proxy', no_proxy: 'localhost,127.0.0.1' }, true],
    [{ HTTP_PROXY: 'http://proxy:3128', no_proxy: 'example.com, .localhost' }, false],
    [{ http_proxy: 'http://proxy:3128', NO_PROXY: '*' }, false],
    [{}, false]
  ])('a proxy of the environment that would get the pages is warned of: %o', async (env, isWarned) => {
    const { paths } = await startOwner()
    const made = makeWorld({ paths, env: env as Record<string, string>, openPage: async () => true })
    made.world.platform = 'linux'
    await open(made.world, {})
    expect(/^Warning: a proxy .* Add \.localhost to NO_PROXY\.$/m.test(made.text.err)).toBe(isWarned)
  })
  test('without a browser the link is printed to the terminal, and never to stdout', async () => {
    const { paths } = await startOwner()
    for (const words of [['open'], ['open', '--print'], ['open', '--print', '--json']]) {
      const { exitCode, out, err } = await runIn(words, { paths, isTTY: true })
      expect(exitCode).toBe(0)
      expect(err).toContain(`\n  ${address}/#link/${secret}\n`)
      expect(out).not.toContain(secret)
    }
  })
  test('without browser and terminal no link is made', async () => {
    const { paths, asked } = await startOwner()
    for (const words of [['open'], ['open', '--print'], ['open', '--json']]) {
      const { exitCode, out, err } = await runIn(words, { paths })
      expect([exitCode, `${out}${err}`.includes(secret)]).toEqual([1, false])
      expect(err).toMatch(/terminal/)
    }
    expect(asked()).not.toContain('text')
  })
  test('where nothing lasting runs it says what to start, and hosts nothing', async () => {
    const { exitCode, err, lock } = await runIn(['open'])
    expect([exitCode, lock.claims(), err]).toEqual([
      1,
      0,
      'tokentray: Tokentray is not running. Start it with tokentray serve.\n'
    ])
    const { paths, core } = await startOwner('command')
    expect((await runIn(['open'], { paths })).exitCode).toBe(1)
    expect(core.calls).toEqual([])
    expect(await connect(paths, systemClock())).not.toBeNull()
  })
  test("the browser's only argument is the file", async () => {
    const { home } = makePaths()
    const script = join(home, 'browser.mjs')
    const seen = join(home, 'seen')
    writeFileSync(
      script,
      `import { writeFileSync, renameSync } from 'node:fs'; writeFileSync('${seen}.new', JSON.stringify(process.argv.slice(2))); renameSync('${seen}.new', '${seen}')`
    )
    const env = { BROWSER: `'${process.execPath}' '${script}'` }
    expect(await openPage('/run/a b/open-1.html', env, 'linux')).toBe(true)
    const read = () => {
      try {
        return JSON.parse(readFileSync(seen, 'utf8'))
      } catch {
        return null
      }
    }
    await expect.poll(read).toEqual([pathToFileURL('/run/a b/open-1.html').href])
    expect(await openPage('/run/open-1.html', {}, 'linux')).toBe(false)
  })
})
