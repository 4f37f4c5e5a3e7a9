// Puts together what needs an open vault: OAuth, keeper, sign-ins, and the handlers of their commands.
// The only file that knows all these parts, so that each of them can be tested without the others.
import { randomBytes } from 'node:crypto'
import type { Clock, Random } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import type { Environment } from '../base/paths.ts'
import type { Call } from '../contract/commands.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { ServerView } from '../contract/views.ts'
import { type Access, createAccess } from '../gateway/access/access.ts'
import type { Refusals } from '../gateway/access/refusals.ts'
import type { GatewayParts } from '../gateway/port.ts'
import { createUpstreams } from '../gateway/upstreams.ts'
import { changesAt } from '../health/changesAt.ts'
import { Keeper } from '../keeper/keeper.ts'
import type { SendRequest } from '../net/request.ts'
import { assertionReader } from '../oauth/assertion.ts'
import { createOAuth } from '../oauth/engine.ts'
import { ClientDeletion } from '../servers/clientDeletion.ts'
import { clearLeftovers, DemoServers } from '../servers/demoServers.ts'
import { introduce } from '../servers/introductions.ts'
import { Looks } from '../servers/looks.ts'
import { SignIns } from '../servers/signIns.ts'
import type { LiveSettings } from '../settings/liveSettings.ts'
import type { Vault } from '../vault/vault.ts'
import { createClientHandlers } from './commands/clients.ts'
import { createConnectHandlers } from './commands/connect.ts'
import { createDemoHandlers } from './commands/demo.ts'
import { findServer } from './commands/findServer.ts'
import type { HandlersOf, OpenVaultCommand } from './commands/handlers.ts'
import { createServerHandlers } from './commands/servers.ts'
import { createSignInHandlers } from './commands/signIns.ts'
import { createTokenHandlers } from './commands/tokens.ts'
import { createVaultHandlers } from './commands/vault.ts'

export type KeepingOptions = {
  vault: Vault
  network: SendRequest
  clock: Clock
  random: Random
  log: Log
  metrics: Metrics
  refusals: Refusals
  settings: LiveSettings
  /** 'asked': only servers that a command asks about are touched. */
  scope: 'all' | 'asked'
  isOffline: () => boolean
  /** The view of the server `id` may have changed, or without one who may use the gateway, or the demo. */
  onChange: (id?: string) => void
  environment: Environment
  /** Where copies of clients' files go that must not lie beside them. */
  backups: string
  /** The gateway's origin, whether or not it is running. */
  gatewayAddress: () => string
}

export type Keeping = {
  readonly vault: Vault
  readonly handlers: HandlersOf<OpenVaultCommand>
  /** What the gateway asks. */
  readonly gateway: GatewayParts
  /** Who may use the gateway. */
  readonly access: Access
  views(): ServerView[]
  /** null: there is no such server. */
  view(id: string): ServerView | null
  /** When this server's view next changes after `since` by time alone, both in ms since the epoch; null: never. */
  changesAt(id: string, since: number): number | null
  gauges(): ReturnType<Keeper['roster']['gauges']>
  /** Whether a person is signing in. */
  isBusy(): boolean
  isDemoOn(): boolean
  /** Until when refreshes are held back, in ms since the epoch; null: they are not. */
  heldUntil(): number | null
  /** Waits are cut short: the network is back, or the machine woke. */
  poke(): void
  /** The machine is about to sleep: nothing new is sent until a poke. */
  suspend(): void
  setSchedule: Keeper['setSchedule']
  /** Starts nothing new and finishes what is in flight; the vault stays open. */
  drain(): Promise<void>
}

/** Starts keeping what is in `vault`; where that fails nothing goes on behind. Rejects as reading the vault does. */
export async function startKeeping(options: KeepingOptions): Promise<Keeping> {
  const { vault, network, clock, log, metrics, settings, refusals, onChange } = options
  const closing = new AbortController()
  const oauth = createOAuth({
    network,
    clock,
    registrations: vault,
    clientMetadataUrl: settings.current().clientMetadataUrl,
    // The owner of one command ends with it.
    ...(options.scope === 'all' && { lingerUntil: closing.signal }),
    readAssertion: assertionReader(options.environment),
    identityProviderSecret: (server) => vault.identityProviderSecret(server),
    get guessedLifetime() {
      return settings.current().schedule.guessedLifetime
    }
  })
  const keeper = new Keeper({
    vault,
    oauth,
    clock,
    random: options.random,
    log,
    metrics,
    schedule: settings.current().schedule,
    concurrency: settings.current().concurrency,
    scope: options.scope,
    isOffline: options.isOffline,
    onChange
  })
  const clientDeletion = new ClientDeletion({
    vault,
    oauth,
    clock,
    log,
    isSigningIn: (besides) => signIns.isBusyBeside(besides)
  })
  const signIns: SignIns = new SignIns({
    keeper,
    vault,
    oauth,
    log,
    onSignedIn: (server, signal) => introduce({ keeper, vault, oauth, clock, log }, server, signal),
    onReplaced: (server, old) => void clientDeletion.grantEnded(old?.shape ?? null, keeper.roster.config(server), false)
  })
  const demo = new DemoServers({ keeper, signIns, vault, oauth, clock, random: options.random, onChange })
  const upstreams = createUpstreams({ stepUp: { keeper, vault, oauth }, clock })
  let access: Access
  try {
    await clearLeftovers({ vault, oauth })
    await keeper.start()
    access = await createAccess({
      local: vault.local,
      clock,
      randomBytes,
      log,
      servers: keeper.roster,
      refused: refusals.note,
      onChange
    })
  } catch (error) {
    await keeper.drain()
    throw error
  }
  const looks = new Looks({
    ...{ keeper, vault, oauth, clock, log },
    random: options.random,
    isLocked: () => access.view().locked
  })
  const find = (typed: string) => findServer(keeper, typed)
  const clientHandlers = createClientHandlers({
    ...{ access, local: vault.local, clock, randomBytes, findServer: find },
    refused: refusals.views
  })
  const connectHandlers = createConnectHandlers({
    call: ((name: keyof typeof clientHandlers, input: never) => clientHandlers[name](input)) as unknown as Call,
    bridgeKeys: access.bridgeKeys,
    clock,
    randomBytes,
    environment: options.environment,
    gateway: options.gatewayAddress,
    backups: options.backups,
    isPassThrough: (id) => keeper.roster.config(id).mode === 'passThrough',
    find,
    changed: access.changed
  })
  return {
    vault,
    access,
    gateway: { upstreams, admission: access.admission, own: access.own },
    handlers: {
      ...createServerHandlers({
        ...{ keeper, signIns, vault, oauth, upstreams, clock, clientDeletion },
        closing: closing.signal,
        onShown: (servers) => looks.shown(servers),
        onRemoved: access.serverRemoved
      }),
      ...createSignInHandlers({ keeper, signIns, vault, oauth }),
      ...createTokenHandlers({ keeper, oauth, clock }),
      ...createVaultHandlers(vault, clock),
      ...createDemoHandlers(demo),
      ...clientHandlers,
      ...connectHandlers
    },
    views: () => keeper.roster.views(),
    view: (id) => (keeper.roster.has(id) ? keeper.roster.view(id) : null),
    changesAt: (id, since) => changesAt(keeper.roster.health(id), since),
    gauges: () => keeper.roster.gauges(),
    isBusy: () => signIns.isBusy(),
    heldUntil: () => keeper.heldUntil,
    poke: () => keeper.poke(),
    suspend: () => keeper.suspend(),
    setSchedule: (schedule, concurrency) => keeper.setSchedule(schedule, concurrency),
    isDemoOn: () => demo.isOn(),
    async drain() {
      closing.abort(new TokentrayError('ownerStopping', 'Tokentray is shutting down. Try again in a moment.'))
      await access.close()
      await looks.close()
      await signIns.close()
      await clientDeletion.settled()
      await keeper.drain()
      // What stays in the vault the next owner clears; the vault must be closed all the same.
      await demo.stop().catch((error: unknown) => log.error('the demo servers could not be removed', error))
    }
  }
}
