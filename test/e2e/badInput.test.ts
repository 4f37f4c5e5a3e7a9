// What a person gets for input that cannot work: one clear sentence with what to do, an exit code, nothing lost.
// Every case is the real command; each is also shown to have left the vault and what is in it alone.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Secret } from '../../app/base/secret.ts'
import { connect } from '../../app/vault/connection.ts'
import { derivePassphraseKey } from '../../app/vault/passphrase.ts'
import { readSidecar } from '../../app/vault/sidecar.ts'
import { metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'
import { isSkipped } from '../support/skipped.ts'
import {
  giveAway,
  type Home,
  isRoot,
  makeHome,
  makeUpstream,
  passphrase,
  type Result,
  type StartOptions
} from './harness.ts'

/** One sentence for a person on stderr, nothing on stdout, no trace. */
function expectSentence(result: Result, code: number, words: RegExp): void {
  const lines = result.err.split('\n').filter((line) => line.startsWith('tokentray: '))
  expect(result).toMatchObject({ code, out: '', err: expect.stringMatching(words) })
  expect(lines.length).toBe(1)
  expect(result.err).not.toMatch(/ {4}at |Error:|node:|\.ts:|Something went wrong/)
}

/** A home with one server that works; `expectKept` shows that it still does, after whatever was done. */
async function makeFurnishedHome() {
  const upstream = await makeUpstream()
  const home = await makeHome()
  expect(await home.tokentray(['add', upstream.mcp.url, '--id', 'kept'])).toMatchObject({ code: 0 })
  const { out: token } = await home.tokentray(['token', 'kept'])
  return { upstream, home, expectKept: () => expectKept(home, token) }
}

async function expectKept(home: Home, token: string): Promise<void> {
  expect(await home.tokentray(['list', '--json'])).toMatchObject({ code: 0 })
  expect(await home.tokentray(['token', 'kept'])).toEqual({ code: 0, out: token, err: '' })
}

async function listenOn(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

// More of them, in one process: test/cli/input.test.ts.
test('addresses and arguments: each refused in a sentence that says what to write, and nothing is made', async () => {
  const home = await makeHome()
  const cases: [string[], number, RegExp][] = [
    [['add', 'http://mcp.example.com/mcp'], 2, /Use https/],
    [['add', 'https://me:hunter2@example.com/mcp'], 2, /Remove the user name and password/],
    [['list', '--passphrase=hunter2'], 2, /Use the variable TOKENTRAY_PASSPHRASE_FILE/],
    [['add', 'https://example.com', '--name', 'token', '--no-login'], 2, /Choose another one/],
    [['frobnicate'], 2, /--help/],
    [['token', 'nobody'], 4, /There is no server named "nobody"\. Add one/]
  ]
  for (const [args, code, words] of cases) {
    const result = await home.tokentray(args)
    expectSentence(result, code, words)
    expect(result.err).not.toContain('hunter2')
  }
  expect(JSON.parse((await home.tokentray(['list', '--json'])).out)).toEqual({ servers: [] })
})

test('FM-17 a server that is not an MCP server or misstates its issuer is told apart from one that is down; nothing else is touched', async () => {
  const { home, expectKept } = await makeFurnishedHome()
  const website = await listenOn((_, reply) =>
    reply.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hello</h1>')
  )
  const liar = await startFakeServer()
  onTestFinished(() => liar.stop())
  liar.script('/.well-known/oauth-authorization-server', { body: metadataOf('https://somebody-else.example') })
  const closed = await startFakeServer()
  await closed.stop()
  expectSentence(
    await home.tokentray(['add', website, '--id', 'website']),
    1,
    /There is no MCP server at .*, neither at \/ nor at \/mcp\. Is the path right\?/
  )
  expectSentence(await home.tokentray(['add', liar.mcp, '--id', 'liar']), 1, /somebody-else\.example/)
  const down = await home.tokentray(['add', closed.mcp, '--id', 'down'])
  expectSentence(down, 6, /could not be reached/)
  expect(down.err).toMatch(
    /could not be reached.*\nNothing was added\. To add it anyway, run the same command with --keep\.\n$/s
  )
  const kept = await home.tokentray(['add', closed.mcp, '--id', 'wanted', '--keep'])
  expect(kept.code).toBe(0)
  expect(kept.err).toContain('Kept, without checking its URL. Sign in later with tokentray login wanted.')
  // Whatever was not found leaves no name behind, unless a person wanted it; what a setting may mend stays.
  const { servers } = JSON.parse((await home.tokentray(['list', '--json'])).out)
  expect(servers.map(({ id }: { id: string }) => id).sort()).toEqual(['kept', 'liar', 'wanted'])
  expect(liar.to('/authorize').length + liar.to('/token').length + liar.to('/register').length).toBe(0)
  await expectKept()
})

test('settings that cannot be read: the file, the field and what to do; defaults are not silently taken instead', async () => {
  const { home, expectKept } = await makeFurnishedHome()
  const { settings } = home.paths
  const cases: [string, RegExp][] = [
    ['{ "schedule": ', /settings\.json is not valid JSON\. Fix or remove it/],
    ['{ "schedule": { "floor": "soon" } }', /settings\.json is not valid: schedule\.floor: /],
    ['{ "logLevle": "debug" }', /settings\.json is not valid: .*logLevle/],
    ['[]', /settings\.json is not valid: /]
  ]
  for (const [text, words] of cases) {
    writeFileSync(settings, text)
    expectSentence(await home.tokentray(['status']), 2, words)
    expectSentence(await home.tokentray(['serve']), 2, words)
    expect(readFileSync(settings, 'utf8')).toBe(text)
  }
  rmSync(settings)
  mkdirSync(settings)
  expectSentence(await home.tokentray(['status']), 2, /settings\.json could not be read: .+\. Check its permissions/)
  rmSync(settings, { recursive: true })
  await expectKept()
})

test('FM-24 a damaged vault: reported as such, left unchanged, and usable again once it is repaired', async () => {
  const { home, expectKept } = await makeFurnishedHome()
  const { vault } = home.paths
  // Nobody has it open now, so reading it through fs drops no lock.
  const whole = readFileSync(vault)
  const flipped = Buffer.from(whole)
  for (let at = 0; at < flipped.length; at += 512) flipped[at] = flipped[at]! ^ 0xff
  const cases: [string, () => void, RegExp][] = [
    ['flipped', () => writeFileSync(vault, flipped), /is damaged\. .*"tokentray vault reset" to start over/],
    ['truncated', () => truncateSync(vault, 5000), /is damaged/],
    ['garbage', () => writeFileSync(vault, 'garbage'), /is damaged/],
    ['empty', () => truncateSync(vault, 0), /The vault .* is empty\. .*"tokentray vault reset" to start over/],
    ['gone', () => rmSync(vault), /is missing\. .*"tokentray vault reset" to start over/]
  ]
  for (const [, harm, words] of cases) {
    writeFileSync(vault, whole, { mode: 0o600 })
    harm()
    const harmed = existsSync(vault) ? readFileSync(vault) : null
    for (const args of [
      ['token', 'kept'],
      ['serve', '--no-dashboard'],
      ['vault', 'check']
    ]) {
      expectSentence(await home.tokentray(args), 5, words)
    }
    expect(existsSync(vault) ? readFileSync(vault) : null).toEqual(harmed)
  }
  writeFileSync(vault, whole, { mode: 0o600 })
  await expectKept()
})

test('FM-24 a vault from a newer Tokentray, or one whose sidecar is newer or missing, is not opened and not changed', async () => {
  const { home, expectKept } = await makeFurnishedHome()
  const { vault } = home.paths
  const sidecar = `${vault}.json`
  const setVersion = async (change: (now: number) => number) => {
    const { scrypt } = readSidecar(vault)!
    const db = connect(vault, await derivePassphraseKey(new Secret(passphrase), scrypt!))
    const now = Number(db.pragma('user_version', { simple: true }))
    db.pragma(`user_version=${change(now)}`)
    db.close()
  }
  await setVersion((now) => now + 41)
  for (const args of [
    ['token', 'kept'],
    ['serve', '--no-dashboard']
  ]) {
    expectSentence(
      await home.tokentray(args),
      5,
      /written by a newer version of Tokentray \(format \d+, newer than \d+\)\. Update Tokentray/
    )
  }
  await setVersion((now) => now - 41)

  const text = readFileSync(sidecar, 'utf8')
  writeFileSync(sidecar, JSON.stringify({ ...JSON.parse(text), format: 2 }))
  expectSentence(await home.tokentray(['list']), 5, /written by a newer version of Tokentray\. Update Tokentray/)
  writeFileSync(sidecar, 'garbage')
  expectSentence(await home.tokentray(['list']), 5, /is not valid\. Copy it from a backup/)
  rmSync(sidecar)
  expectSentence(await home.tokentray(['list']), 5, /vault\.db\.json.*is missing.* Copy it from a backup/)
  writeFileSync(sidecar, text, { mode: 0o600 })
  await expectKept()
})

test('FM-23 a wrong, empty or missing passphrase: the right message for each, and no new vault or key', async () => {
  const { home, expectKept } = await makeFurnishedHome()
  const before = readFileSync(home.paths.vault)
  const run = (env: Record<string, string>) => home.tokentray(['token', 'kept'], { env })
  expectSentence(await run({ TOKENTRAY_PASSPHRASE: 'wrong' }), 5, /Wrong passphrase for .*vault\.db\. Try again/)
  expectSentence(
    await run({ TOKENTRAY_PASSPHRASE: '' }),
    5,
    /TOKENTRAY_PASSPHRASE is empty\. Put the vault's passphrase there/
  )
  const { TOKENTRAY_PASSPHRASE: _, ...bare } = home.env
  Object.assign(home.env, { TOKENTRAY_PASSPHRASE: undefined })
  expectSentence(
    await home.tokentray(['token', 'kept']),
    5,
    /is protected by a passphrase\. Provide it in TOKENTRAY_PASSPHRASE_FILE/
  )
  const absent = { TOKENTRAY_PASSPHRASE_FILE: '/nowhere/passphrase' }
  expectSentence(await run(absent), 5, /The passphrase file \/nowhere\/passphrase could not be read/)
  Object.assign(home.env, bare, { TOKENTRAY_PASSPHRASE: passphrase })
  expect(readFileSync(home.paths.vault)).toEqual(before)
  await expectKept()
})

test('FM-14 a fixed redirect port that is in use: the error names it, and the server stays in the list for the next attempt', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome()
  const squatter = createTcpServer()
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void squatter.close())
  const { port } = squatter.address() as AddressInfo
  const { clientId } = upstream.authority.confidentialClient
  const args = ['add', upstream.mcp.url, '--id', 'fixed', '--client-id', clientId, '--redirect-port', String(port)]
  expectSentence(
    await home.tokentray(args),
    1,
    new RegExp(`Port ${port} on this computer.* is in use by another program. Free it`)
  )
  const { servers } = JSON.parse((await home.tokentray(['list', '--json'])).out)
  expect(servers[0]).toMatchObject({ id: 'fixed', state: 'signedOut' })
})

// Root is refused nothing, so these run as an ordinary user.
const isUnable = isSkipped(!isRoot, 'only root can drop privileges; run as root on Linux')
const unprivileged: StartOptions = { unprivileged: true }

test.skipIf(isUnable)('a home that may not be read or written: one sentence, nothing made', async () => {
  const home = await makeHome()
  const { vault, settings } = home.paths
  const folder = dirname(vault)
  giveAway(home.folder, folder, home.env.XDG_RUNTIME_DIR!, `${vault}.json`)
  expect(await home.tokentray(['list'], unprivileged)).toMatchObject({ code: 0 })

  writeFileSync(settings, '{}', { mode: 0o000 })
  expectSentence(
    await home.tokentray(['list'], unprivileged),
    2,
    /settings\.json could not be read: .+\. Check its permissions/
  )
  rmSync(settings)

  chmodSync(folder, 0o500)
  const before = statSync(vault).mtimeMs
  for (const args of [['list'], ['serve', '--no-dashboard'], ['add', 'https://example.com', '--no-login']]) {
    expectSentence(
      await home.tokentray(args, unprivileged),
      5,
      /tokentray.* cannot be written\. Make it(s folder)? writable/
    )
  }
  expect(statSync(vault).mtimeMs).toBe(before)

  const roots = mkdtempSync(join(tmpdir(), 'tokentray-e2e-root-'))
  onTestFinished(() => rmSync(roots, { recursive: true }))
  chmodSync(roots, 0o755)
  const elsewhere = { ...unprivileged, env: { TOKENTRAY_HOME: join(roots, 'home') } }
  expectSentence(
    await home.tokentray(['list'], elsewhere),
    5,
    /could not be created \(EACCES\)\. Check its permissions, or set/
  )
  chmodSync(folder, 0o700)
  expect(await home.tokentray(['list'], unprivileged)).toMatchObject({ code: 0 })
})

test.skipIf(isUnable)('FM-24 a vault that belongs to another user is not opened and not taken over', async () => {
  const { home } = await makeFurnishedHome()
  giveAway(home.folder, dirname(home.paths.vault), home.env.XDG_RUNTIME_DIR!)
  const before = readFileSync(home.paths.vault)
  expectSentence(
    await home.tokentray(['list'], unprivileged),
    5,
    /owner\.db cannot be written\. Make its folder writable/
  )
  expect(readFileSync(home.paths.vault)).toEqual(before)
})

test('a vault on a Windows drive under WSL is refused before anything is made there', async () => {
  const home = await makeHome()
  const elsewhere = `/mnt/c/tokentray-e2e-${process.pid}`
  const result = await home.tokentray(['list'], { env: { TOKENTRAY_HOME: elsewhere } })
  onTestFinished(() => rmSync(elsewhere, { recursive: true, force: true }))
  expectSentence(
    result,
    5,
    /is on a Windows drive, where the vault could be lost\. Choose a local folder with TOKENTRAY_HOME/
  )
  expect(existsSync(elsewhere)).toBe(false)
})
