// What the parts share: a folder on a real disk, vaults filled with made-up servers, and children that are measured.
// Every token here is made up; the vaults' keys are forgotten with the process.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { systemClock, systemRandom } from '../../app/base/clock.ts'
import { silentLog } from '../../app/base/log.ts'
import { locate } from '../../app/base/paths.ts'
import { Secret } from '../../app/base/secret.ts'
import { serverConfig } from '../../app/contract/serverConfig.ts'
import { type Core, type CoreOptions, openCore } from '../../app/core/core.ts'
import type { Tokens } from '../../app/oauth/grant.ts'
import { connect } from '../../app/owner/client.ts'
import { type OpenOptions, openVault } from '../../app/vault/open.ts'
import type { Vault } from '../../app/vault/vault.ts'
import { fakeKeychain } from '../fakes/keychain.ts'
import { freePort } from '../support/freePort.ts'

export const root = join(import.meta.dirname, '../..')
/** In the checkout, since the system's temporary folder may lie in memory, where a save costs nothing. */
const disk = join(root, 'node_modules', '.cache', 'tokentray-bench')

/** Runs `work` with a new private folder on disk, which is removed afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(disk, { recursive: true, mode: 0o700 })
  const folder = mkdtempSync(join(disk, 'run-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** An access token of 1.6 KB and a refresh token of 0.4 KB, so that a grant is about 2 KB. */
export function tokensAt(now: number, number: number, lifetime = 3_600_000): Tokens {
  return {
    accessToken: new Secret(`${number}.`.padEnd(1600, 'a')),
    tokenType: 'Bearer',
    obtainedAt: now,
    expiresAt: now + lifetime,
    expirySource: 'stated',
    refreshToken: new Secret(`${number}.`.padEnd(400, 'r')),
    refreshExpiresAt: null,
    scope: 'read write'
  }
}

/** Opens vaults whose key lives in this process only; the same path opens again. */
export function vaultOpener(): (path: string, change?: Partial<OpenOptions>) => Promise<Vault> {
  const keychain = fakeKeychain()
  return (path, change = {}) => openVault({ path, clock: systemClock(), keychain, ...change })
}

/** Adds `count` servers named s-0, s-1 …, each with a grant that has `left` ms to live of an hour. */
export async function fill(vault: Vault, count: number, left: number, tokenEndpoint: string): Promise<void> {
  const obtainedAt = systemClock().now() + left - 3_600_000
  for (let number = 0; number < count; number++) {
    const id = `s-${number}`
    const config = serverConfig.parse({
      id,
      name: id,
      url: `http://127.0.0.1:9/${id}`,
      grantKind: 'refreshToken',
      tokenEndpoint
    })
    const shape = {
      issuer: null,
      tokenEndpoint,
      revocationEndpoint: null,
      resource: null,
      clientId: 'bench',
      clientAuth: 'none',
      clientSecret: null,
      registration: 'none',
      redirectUri: null
    } as const
    await vault.addServer(config, { grant: { ...tokensAt(obtainedAt, number), shape } })
  }
}

/** A core as `serve` has it, on a vault that is open; it logs nothing and reads no environment. */
export const openCoreIn = (home: string, vault: Vault, more: Partial<CoreOptions> = {}): Promise<Core> =>
  openCore({
    home: locate({ TOKENTRAY_HOME: home }, process.platform),
    kind: 'lasting',
    version: '0.0.0',
    clock: systemClock(),
    random: systemRandom,
    environment: {},
    log: silentLog,
    vault,
    ...more
  })

/** A process with probe.mjs inside. `cpu` in ms since its start, `rss` in bytes. */
export type Probed = { child: ChildProcess; read(): Promise<{ cpu: number; rss: number }>; stop(): Promise<void> }

/** Starts Node with `args`, and with nothing that could change what is measured but the probe. */
export function startProbed(args: string[], env: NodeJS.ProcessEnv = process.env): Probed {
  const probe = join(import.meta.dirname, 'probe.mjs')
  const child = spawn(process.execPath, ['--import', `file://${probe}`, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc']
  })
  return {
    child,
    async read() {
      const answer = once(child, 'message')
      child.send('read')
      return (await answer)[0] as { cpu: number; rss: number }
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill()
      await ended
    }
  }
}

export const bundle = join(root, 'dist/tokentray.js')
export const sources = join(root, 'app/cli/main.ts')

/** A running `tokentray serve`: its gateway, the environment in which commands find it, and its TOKENTRAY_HOME. */
export type Owner = Probed & { gateway: string; env: NodeJS.ProcessEnv; home: string }

/** Runs `work` beside `tokentray serve` of `entry`, which keeps `count` servers with fresh tokens. */
export async function withOwner<T>(count: number, work: (owner: Owner) => Promise<T>, entry = bundle): Promise<T> {
  return inFolder(async (home) => {
    const passphrase = 'made up for one run of the benchmark'
    const vault = await vaultOpener()(join(home, 'vault.db'), { passphrase: new Secret(passphrase) })
    await fill(vault, count, 3_600_000, 'http://127.0.0.1:9/token')
    await vault.close()
    const env = { ...process.env, TOKENTRAY_HOME: home, TOKENTRAY_VAULT: '' }
    const ports = ['--gateway-port', String(await freePort()), '--dashboard-port', String(await freePort())]
    const owner = startProbed([entry, 'serve', '--json', ...ports], { ...env, TOKENTRAY_PASSPHRASE: passphrase })
    try {
      const ready = once(createInterface({ input: owner.child.stdout! }), 'line')
      let said = ''
      owner.child.stderr?.on('data', (text) => (said += text))
      const ended = once(owner.child, 'exit').then(() => {
        throw new Error(`tokentray serve ended before it was ready: ${said}`)
      })
      const [line] = await Promise.race([ready, ended])
      ended.catch(() => {})
      return await work({ ...owner, gateway: JSON.parse(line).gateway, env, home })
    } finally {
      await owner.stop()
    }
  })
}

/** Adds the server `one` at `url` with a static `accessToken` to a running owner; resolves with a key for it. */
export async function addServer({ env }: Owner, url: string, accessToken: string): Promise<string> {
  const client = await connect(locate(env, process.platform), systemClock())
  if (!client) throw new Error('the owner does not answer')
  await client.call('server.add', { url, id: 'one', grantKind: 'staticToken', accessToken })
  const { key } = await client.call('clients.addKey', { name: 'bench', servers: ['one'] })
  if (key === null) throw new Error('no key was made')
  return key
}
