// The core as its doors see it: one handler, one stream of snapshots, one end.
// openCore() assembles vault, OAuth, keeper and metrics behind it; nothing else in the project knows all of them.
import type { Random } from './clock.ts'
import { createHandlers } from './commands.ts'
import type { Door, Output, Reply } from './contract/commands.ts'
import { TokentrayError } from './contract/errors.ts'
import type { Snapshot } from './contract/views.ts'
import { worstLight } from './health/words.ts'
import { Keeper } from './keeper.ts'
import { type Log, openLog, silentLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createOAuth } from './oauth/engine.ts'
import { createNetwork, type Network } from './oauth/network.ts'
import { createProxyResolver, type ResolveProxy } from './oauth/proxy.ts'
import { askSystem } from './oauth/systemProxy.ts'
import { route } from './router.ts'
import { readSettings, type Settings } from './settings.ts'
import { SignIns } from './signIns.ts'
import { type Unlocking, unlockOptions } from './unlock.ts'
import { openVault } from './vault/open.ts'
import type { Vault } from './vault/vault.ts'

export interface Core {
  /** Parses, checks the door, runs, parses the answer. Never throws; unexpected errors are logged and coded. */
  handle(door: Door, name: string, input: unknown): Promise<Reply<unknown>>
  snapshot(): Snapshot
  /** Calls `listener` with the current snapshot at once and with each later one; returns what stops it. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void
  /** Resolves when a client asked this owner to end. */
  readonly ended: Promise<'handOver' | 'quit'>
  /** Starts nothing new, finishes what is in flight, closes the vault. Safe to call twice. */
  close(): Promise<void>
}

export type CoreOptions = Unlocking & {
  /** 'command': a CLI command hosting the core for a moment; only servers asked about are touched. */
  kind: 'lasting' | 'command'
  version: string
  random: Random
  /** A one-time link into the dashboard that this owner shows, or a `dashboardOff` thrown. */
  dashboardLink?: (as: 'file' | 'text') => Output<'dashboard.link'>
  /** Told in a sentence what a person should know while the vault is opened. */
  notice?: (sentence: string) => void
  /** How the system is asked for its proxy; absent: by its small tools. */
  systemProxy?: ResolveProxy
  /** Replaced by tests. */
  vault?: Vault
  network?: Network
  settings?: Settings
  log?: Log
}

/** At most one snapshot per this many ms. */
const publishEvery = 200

function noDashboard(): never {
  throw new TokentrayError(
    'dashboardOff',
    'This Tokentray shows no dashboard in a browser; it is tokentray serve that does.'
  )
}

/** Opens the vault and starts keeping. Only the process that holds the ownership may call this. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const { home, kind, version, clock, random } = options
  const settings = options.settings ?? (await readSettings(home.settings))
  const log = options.log ?? (options.ephemeral ? silentLog : openLog(home.logs, settings.logLevel))
  const notice = (sentence: string) => {
    log.warn(sentence)
    options.notice?.(sentence)
  }
  const vault = options.vault ?? (await openVault(unlockOptions(options, notice)))
  const resolveProxy = createProxyResolver({
    setting: settings.proxy,
    environment: options.environment,
    system: options.systemProxy ?? askSystem({ platform: process.platform, clock })
  })
  const network = options.network ?? createNetwork({ clock, userAgent: `tokentray/${version}`, resolveProxy })
  const oauth = createOAuth({
    network,
    clock,
    registrations: vault,
    guessedLifetime: settings.schedule.guessedLifetime
  })
  const metrics = createMetrics()
  const startedAt = clock.now()
  const listeners = new Set<(snapshot: Snapshot) => void>()
  const ended = Promise.withResolvers<'handOver' | 'quit'>()
  let revision = 0
  let cancelPublish: (() => void) | null = null
  let closing: Promise<void> | null = null
  const calls = new Set<Promise<unknown>>()

  const keeper = new Keeper({
    vault,
    oauth,
    clock,
    random,
    log,
    metrics,
    schedule: settings.schedule,
    concurrency: settings.concurrency,
    scope: kind === 'lasting' ? 'all' : 'asked',
    onChange: () => {
      revision++
      if (listeners.size > 0) cancelPublish ??= clock.after(publishEvery, publish)
    }
  })
  const signIns = new SignIns({ keeper, vault, oauth, log })

  function snapshot(): Snapshot {
    const servers = keeper.roster.views()
    return {
      revision,
      at: clock.now(),
      light: worstLight(servers.map(({ light }) => light)),
      vault: { state: 'open', path: vault.path, keySource: vault.keySource, message: '' },
      owner: { pid: process.pid, kind, version, startedAt },
      theme: settings.theme,
      demo: 'unavailable',
      servers
    }
  }

  function publish(): void {
    cancelPublish = null
    const current = snapshot()
    for (const listener of [...listeners]) listener(current)
  }

  function end(how: 'handOver' | 'quit'): void {
    if (how === 'handOver' && kind === 'lasting')
      throw new TokentrayError('ownerElsewhere', `Tokentray is already running (process ${process.pid}).`)
    if (how === 'handOver' && signIns.isBusy())
      throw new TokentrayError(
        'signInUnderWay',
        `Process ${process.pid} waits for a person to sign in; it hands over then.`
      )
    ended.resolve(how)
  }

  async function close(): Promise<void> {
    await signIns.close()
    await keeper.drain()
    // What a command was promised it still gets, and it may need the vault for that.
    await Promise.all(calls)
    cancelPublish?.()
    publish()
    await vault.close()
    log.info('stopped')
    log.close()
  }

  const { dashboardLink = noDashboard } = options
  const handlers = createHandlers({ keeper, signIns, vault, oauth, metrics, clock, snapshot, end, dashboardLink })
  log.info('started', { kind, version, vault: vault.path })
  await keeper.start()
  return {
    handle(door, name, input) {
      if (closing)
        return Promise.resolve({ ok: false, code: 'ownerStopping', message: 'Tokentray is just ending; try again.' })
      const call = route(handlers, log, door, name, input).finally(() => calls.delete(call))
      calls.add(call)
      return call
    },
    snapshot,
    subscribe(listener) {
      listeners.add(listener)
      listener(snapshot())
      return () => listeners.delete(listener)
    },
    ended: ended.promise,
    close: () => {
      closing ??= close()
      return closing
    }
  }
}
