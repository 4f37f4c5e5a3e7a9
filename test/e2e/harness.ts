// Real processes for the end-to-end tests: a throw-away home, the bundled command in it, and a real upstream.
// Everything started here ends with the test that started it, whatever becomes of the test.
import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { locate, type Paths } from '../../app/base/paths.ts'
import type { ServerView, Snapshot } from '../../app/contract/views.ts'
import { type Authority, type AuthorityOptions, startAuthority } from '../../app/demo/authority.ts'
import type { AuthorityEvent } from '../../app/demo/events.ts'
import { type McpServer, startMcpServer } from '../../app/demo/mcpServer.ts'
import { type Client, connect } from '../../app/owner/client.ts'
import { signIn } from '../demo/client.ts'
import { freePort } from '../support/freePort.ts'
import { shared } from '../support/shared.ts'
import { plantCheapKey } from '../vault/cheapKey.ts'

export const clock = systemClock()
export const passphrase = 'a passphrase of the tests'
/** An ordinary user, for what root is never refused. */
export const nobody = 65_534
export const isRoot = process.getuid?.() === 0

export type Result = { code: number | null; out: string; err: string }

export type Command = {
  pid: number
  /** Resolves with the first line of stdout or stderr that matches; rejects if the command ends without one. */
  line(pattern: RegExp): Promise<string>
  type(text: string): void
  kill(signal: NodeJS.Signals): void
  /** Resolves when the process has ended and all it wrote was read. */
  ended: Promise<Result>
}

export type StartOptions = {
  /** Written to stdin, which then ends; else stdin stays open and empty. */
  input?: string
  env?: Record<string, string | undefined>
  /** Runs as an ordinary user instead of root. */
  unprivileged?: boolean
  /** Runs at a terminal made by script(1), which shows what is typed unless the command forbids it. */
  terminal?: boolean
  /** Another script than the command's. */
  script?: string
}

export type Home = {
  folder: string
  /** The command's script, for whoever starts it another way than `start`. */
  entry: string
  paths: Paths
  env: Record<string, string>
  start(args: readonly string[], options?: StartOptions): Command
  /** Runs to the end. */
  tokentray(args: readonly string[], options?: StartOptions): Promise<Result>
  /** Starts `serve` and waits until it says that it runs. */
  serve(options?: StartOptions): Promise<Command>
  /** A client of the owner that runs in this home. */
  client(): Promise<Client>
}

/**
 * `settings` become settings.json. `isSlow`: the passphrase costs what it costs a person; else the least that a vault
 * accepts, since these tests open vaults by the hundred.
 */
export async function makeHome(given: { settings?: unknown; isSlow?: boolean } = {}): Promise<Home> {
  const entry = await shared('command')
  const folder = mkdtempSync(join(tmpdir(), 'tokentray-e2e-'))
  const running = new Set<ChildProcess>()
  const ends: Promise<unknown>[] = []
  onTestFinished(async () => {
    for (const child of running) child.kill('SIGKILL')
    await Promise.all(ends)
    rmSync(folder, { recursive: true, force: true })
  })
  const home = join(folder, 'tokentray')
  const runtime = join(folder, 'run')
  for (const each of [home, runtime]) mkdirSync(each, { mode: 0o700 })
  const env = {
    // Goes with the bundle: each is compiled once.
    NODE_COMPILE_CACHE: join(dirname(entry), 'compiled'),
    PATH: process.env.PATH ?? '',
    HOME: folder,
    XDG_RUNTIME_DIR: runtime,
    TOKENTRAY_HOME: home,
    TOKENTRAY_PASSPHRASE: passphrase,
    BROWSER: `'${process.execPath}' '${join(import.meta.dirname, 'browser.ts')}'`
  }
  const paths = locate(env, process.platform)
  if (given.settings !== undefined) writeFileSync(paths.settings, JSON.stringify(given.settings))
  if (!given.isSlow) await plantCheapKey(paths.vault, passphrase)

  const start: Home['start'] = (args, options = {}) => {
    let command = [process.execPath, options.script ?? entry, ...args]
    if (options.terminal) command = ['script', '-qec', command.join(' '), '/dev/null']
    if (options.unprivileged) command.unshift('setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups')
    const [program = '', ...rest] = command
    const child = spawn(program, rest, { cwd: folder, env: { ...env, ...options.env } })
    running.add(child)
    const command_ = follow(child)
    ends.push(command_.ended.finally(() => running.delete(child)))
    if (options.input !== undefined) child.stdin.end(options.input)
    return command_
  }
  return {
    folder,
    entry,
    paths,
    env,
    start,
    tokentray: (args, options) => start(args, options).ended,
    async serve(options) {
      const command = start(['serve', '--no-dashboard', '--no-gateway'], options)
      await command.line(/is running \(process \d+\)/)
      return command
    },
    async client() {
      const client = await connect(paths, clock)
      if (client) return client
      throw new Error('nobody owns the vault')
    }
  }
}

function follow(child: ReturnType<typeof spawn>): Command {
  const text = { out: '', err: '' }
  const watchers = new Set<() => void>()
  const wake = () => {
    for (const watch of [...watchers]) watch()
  }
  for (const [name, stream] of [['out', child.stdout] as const, ['err', child.stderr] as const]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk
      wake()
    })
  }
  // A command that ends without reading its stdin is no error.
  child.stdin?.on('error', () => {})
  let isOver = false
  const ended = new Promise<Result>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      isOver = true
      wake()
      resolve({ code, ...text })
    })
  })
  return {
    pid: child.pid ?? 0,
    ended,
    type: (words) => void child.stdin?.write(words),
    kill: (signal) => void child.kill(signal),
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = `${text.out}\n${text.err}`.split('\n').find((line) => pattern.test(line))
          if (found === undefined && !isOver) return
          watchers.delete(look)
          if (found !== undefined) resolve(found)
          else reject(new Error(`it ended without ${pattern}: ${text.out}${text.err}`))
        }
        watchers.add(look)
        look()
      })
  }
}

/** Gives `folder` to the ordinary user, so that a command without privileges may work there. */
export function giveAway(...paths: string[]): void {
  for (const path of paths) chownSync(path, nobody, nobody)
}

export type Upstream = {
  authority: Authority
  mcp: McpServer
  /** How many events of this kind there were. */
  count(kind: AuthorityEvent['kind']): number
  /** Resolves when there were so many events of this kind. */
  reached(kind: AuthorityEvent['kind'], times: number): Promise<AuthorityEvent>
  /** Calls the MCP server with this token and tells the status of its answer. */
  use(token: string): Promise<number>
}

/** A real authorization server with rotation and reuse detection, and an MCP server behind it. */
export async function makeUpstream(options: Partial<AuthorityOptions> = {}): Promise<Upstream> {
  const authority = await startAuthority({ accessTokenTtl: 3600, port: await freePort(), ...options })
  onTestFinished(() => authority.stop())
  const mcp = await startMcpServer({ authority })
  onTestFinished(() => mcp.stop())
  return {
    authority,
    mcp,
    count: (kind) => authority.events.filter((event) => event.kind === kind).length,
    reached(kind, times) {
      let seen = 0
      return authority.seen((event) => event.kind === kind && ++seen === times)
    },
    async use(token) {
      const reply = await fetch(mcp.url, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
      })
      await reply.body?.cancel()
      return reply.status
    }
  }
}

/** Adds a server whose access token has ended: the next who asks for it must refresh. */
export async function addOverdue(home: Home, upstream: Upstream, id = 'bot'): Promise<void> {
  const { clientId, tokens } = await signIn(upstream.authority.issuer, { resource: upstream.mcp.url })
  const env = {
    BOT_ACCESS_TOKEN: tokens.access_token,
    BOT_REFRESH_TOKEN: tokens.refresh_token ?? '',
    BOT_TOKEN_ENDPOINT: `${upstream.authority.issuer}/token`,
    BOT_CLIENT_ID: clientId,
    BOT_EXPIRES_AT: '2026-01-01T00:00:00Z'
  }
  const added = await home.tokentray(['add', upstream.mcp.url, '--id', id, '--from-env', 'BOT'], { env })
  expect(added).toMatchObject({ code: 0 })
}

/** Resolves with the first snapshot of this home's owner that the test accepts. */
export async function until(home: Home, accept: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  for await (const snapshot of (await home.client()).snapshots(stop.signal)) {
    if (!accept(snapshot)) continue
    stop.abort()
    return snapshot
  }
  throw new Error('the owner ended first')
}

/** The view of one server as `status --json` shows it. */
export async function viewOf(home: Home, server: string): Promise<ServerView> {
  const { out } = await home.tokentray(['status', server, '--json'])
  return JSON.parse(out).view
}
