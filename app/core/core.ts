// The core as its doors see it: it answers commands, streams changes, and ends once.
// It exists whether or not the vault is open: vault/opening.ts opens it, and assembly.ts then adds what needs it.
import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import type { Random } from '../base/clock.ts'
import { type Log, openLog, silentLog } from '../base/log.ts'
import { createMetrics } from '../base/metrics.ts'
import { noClients } from '../contract/clients.ts'
import { commands, type Reply } from '../contract/commands.ts'
import type { Door } from '../contract/door.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { GatewayView, Snapshot, VaultView } from '../contract/views.ts'
import { createRefusals } from '../gateway/access/refusals.ts'
import type { GatewayBackend } from '../gateway/gateway.ts'
import { sayHeld } from '../health/words.ts'
import { writeTime } from '../keeper/serverView.ts'
import { isOffline } from '../net/offline.ts'
import { createProxyResolver, type ResolveProxy } from '../net/proxy.ts'
import { createSendRequest, type SendRequest } from '../net/request.ts'
import { askSystem } from '../net/systemProxy.ts'
import { hasDemo } from '../servers/demoServers.ts'
import { openSettings, settingsView } from '../settings/liveSettings.ts'
import { loopbackListeners, readPort } from '../settings/ports.ts'
import { readSettings, type Settings } from '../settings/settings.ts'
import { VaultOpening } from '../vault/opening.ts'
import { refuseForeign } from '../vault/place.ts'
import type { Unlocking } from '../vault/unlock.ts'
import type { Vault } from '../vault/vault.ts'
import { type Keeping, startKeeping } from './assembly.ts'
import type { AlwaysCommand, Handlers, HandlersOf, OpenVaultCommand } from './commands/handlers.ts'
import { createOwnerHandlers, type DashboardLink } from './commands/owner.ts'
import { createSettingsHandlers } from './commands/settings.ts'
import { createClosedVaultHandlers } from './commands/vault.ts'
import { createPublisher, type Stream } from './publisher.ts'
import { writeReport } from './report.ts'
import { route } from './router.ts'

export interface Core {
  /**
   * Parses, checks the door, runs, parses the answer. Never throws; unexpected errors are logged and coded. `linkedAt`: see
   * HandlersOf.
   */
  handle(door: Door, name: string, input: unknown, linkedAt?: number): Promise<Reply<unknown>>
  snapshot(): Snapshot
  /** What changes is told to whoever subscribes. */
  readonly stream: Stream
  /** What the gateway's listener asks; before the vault is open, everything is refused with the reason. */
  readonly gateway: GatewayBackend
  /** The metrics as Prometheus text; null: these headers bear no key for them. Rejects with what keeps the vault closed. */
  scrape(headers: IncomingHttpHeaders): Promise<string | null>
  /** Tells snapshots how the gateway is. */
  showGateway(view: GatewayView): void
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
  /** For owners that show the vault's state and take what opens it: openCore() then needs no open vault. */
  standBy?: boolean
  /** A one-time link into the dashboard that this owner shows, or a `dashboardOff` thrown. */
  dashboardLink?: DashboardLink
  /** Told in a sentence what a person should know while the vault is opened. */
  notice?: (sentence: string) => void
  /** How the system is asked for its proxy; absent: by its small tools. */
  systemProxy?: ResolveProxy
  /** Replaced by tests. */
  vault?: Vault
  network?: SendRequest
  isOffline?: () => boolean
  settings?: Settings
  log?: Log
}

function noDashboard(): never {
  throw new TokentrayError('dashboardOff', 'This Tokentray has no dashboard. To get one, run tokentray serve.')
}

/**
 * Opens the vault and starts keeping. Only the process that holds the ownership may call this. Rejects where the vault does
 * not open; with `standBy` that is a state of the core instead, and so is a keychain that waits for a person.
 */
export async function openCore(options: CoreOptions): Promise<Core> {
  const { home, kind, version, clock, random, standBy = false, dashboardLink = noDashboard } = options
  if (!options.ephemeral) for (const folder of [home.home, home.logs]) refuseForeign(folder)
  const initial = options.settings ?? (await readSettings(home.settings))
  const log = options.log ?? (options.ephemeral ? silentLog : openLog(home.logs, initial.logLevel))
  const notice = (sentence: string) => {
    log.warn(sentence)
    options.notice?.(sentence)
  }
  const resolveProxy = createProxyResolver({
    setting: initial.proxy,
    environment: options.environment,
    system: options.systemProxy ?? askSystem({ platform: process.platform, clock })
  })
  const network = options.network ?? createSendRequest({ clock, userAgent: `tokentray/${version}`, resolveProxy })
  const metrics = createMetrics()
  const refusals = createRefusals({ clock, log, onChange: () => keeping?.access.changed() })
  const startedAt = clock.now()
  const ended = Promise.withResolvers<'handOver' | 'quit'>()
  let keeping: Keeping | null = null
  let gatewayView: GatewayView | null = null
  let closing: Promise<void> | null = null
  const calls = new Set<Promise<unknown>>()
  const publisher = createPublisher({
    clock,
    log,
    light: () => (keeping ? null : closedLight(opening.view())),
    rest: () => ({
      vault: keeping ? openView(keeping.vault) : opening.view(),
      owner: { pid: process.pid, kind, version, startedAt },
      theme: settings.current().theme,
      demo: !hasDemo ? 'unavailable' : keeping?.isDemoOn() ? 'on' : 'off',
      refreshHold: holdView(keeping?.heldUntil() ?? null),
      clients: keeping?.access.view() ?? noClients,
      gateway: gatewayView
    }),
    views: () => keeping?.views() ?? [],
    view: (id) => keeping?.view(id) ?? null,
    changesAt: (id, since) => keeping?.changesAt(id, since) ?? null
  })
  const settings = openSettings(home.settings, initial, (changed) => {
    log.setLevel(changed.logLevel)
    keeping?.setSchedule(changed.schedule, changed.concurrency)
    publisher.changed()
  })
  const { vault: given } = options
  const opening = new VaultOpening({
    unlocking: options,
    notice,
    onChange: publisher.changedAll,
    ...(given && { open: async () => given }),
    async use(vault) {
      const scope = kind === 'lasting' ? 'all' : 'asked'
      keeping = await startKeeping({
        ...{ vault, network, clock, random, log, metrics, refusals, settings, scope, onChange: publisher.changed },
        environment: options.environment,
        isOffline: options.isOffline ?? isOffline,
        backups: join(home.home, 'backups'),
        gatewayAddress: () => `http://127.0.0.1:${readPort(home.ownerFolder, loopbackListeners.gateway)}`
      })
      log.info('started', { kind, version, vault: vault.path })
    }
  })

  function end(how: 'handOver' | 'quit'): void {
    if (how === 'handOver' && kind === 'lasting')
      throw new TokentrayError('ownerElsewhere', `Tokentray is already running (process ${process.pid}).`)
    if (how === 'handOver' && keeping?.isBusy())
      throw new TokentrayError(
        'signInUnderWay',
        `Process ${process.pid} is waiting for a sign-in to finish. Try again afterwards.`
      )
    ended.resolve(how)
  }

  function wake(): void {
    clock.poke()
    keeping?.poke()
  }

  async function close(): Promise<void> {
    await opening.close()
    await keeping?.drain()
    // What a command was promised it still gets, and it may need the vault for that.
    await Promise.all(calls)
    publisher.close()
    await keeping?.vault.close()
    log.info('stopped')
    log.close()
  }

  const always: HandlersOf<AlwaysCommand> = {
    ...createOwnerHandlers({
      ...{ snapshot: publisher.snapshot, dashboardLink, wake, end },
      printMetrics: () => metrics.print(keeping?.gauges() ?? []),
      writeReport: () => writeReport(publisher.snapshot(), settingsView(settings.current()), home, refusals.views()),
      suspend: () => keeping?.suspend()
    }),
    ...createSettingsHandlers(settings),
    ...createClosedVaultHandlers(opening)
  }
  /** While the vault is not open, whatever needs it answers with what opening failed with. */
  const whileClosed = Object.fromEntries(
    Object.keys(commands).map((name) => [name, () => Promise.reject(opening.error)])
  ) as unknown as HandlersOf<OpenVaultCommand>

  try {
    await opening.begin(standBy)
  } catch (error) {
    if (!standBy || !(error instanceof TokentrayError)) throw error
    log.warn('the vault is not open', { code: error.code })
  }
  return {
    handle(door, name, input, linkedAt) {
      if (closing)
        return Promise.resolve({
          ok: false,
          code: 'ownerStopping',
          message: 'Tokentray is shutting down. Try again in a moment.'
        })
      const handlers: Handlers = { ...(keeping?.handlers ?? whileClosed), ...always }
      const call = route(handlers, log, door, name, input, linkedAt).finally(() => calls.delete(call))
      calls.add(call)
      return call
    },
    snapshot: publisher.snapshot,
    stream: publisher,
    gateway: {
      parts() {
        if (!keeping) throw opening.error
        return keeping.gateway
      },
      resolveProxy,
      metrics,
      refused: refusals.note,
      settings: initial,
      notice,
      log
    },
    async scrape(headers) {
      if (!keeping) throw opening.error
      if (!(await keeping.access.admitsToMetrics(headers))) return null
      return metrics.print(keeping.gauges())
    },
    showGateway(view) {
      gatewayView = view
      publisher.changed()
    },
    ended: ended.promise,
    close: () => {
      closing ??= close()
      return closing
    }
  }
}

function openView({ path, keySource }: Vault): VaultView {
  return { state: 'open', path, keySource, message: '', errorCode: null, offers: null }
}

function holdView(until: number | null): Snapshot['refreshHold'] {
  return until === null ? null : { until, message: sayHeld(until, writeTime) }
}

/** The keychain's own window asks the person by itself; every other state waits for one. */
function closedLight({ state }: VaultView): Snapshot['light'] {
  return state === 'keychainWaiting' ? 'amber' : 'red'
}
