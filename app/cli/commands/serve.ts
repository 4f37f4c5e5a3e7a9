// `tokentray serve` and `tokentray stop`: the lasting owner without a desktop, and its end.
// serve asks a command that hosts the core to hand over; beside another lasting owner it refuses.
import { sleep } from '../../base/clock.ts'
import { spareMemory } from '../../base/v8.ts'
import { asTokentrayError, TokentrayError } from '../../contract/errors.ts'
import type { VaultView } from '../../contract/views.ts'
import type { Core } from '../../core/core.ts'
import { connect } from '../../owner/client.ts'
import { host } from '../../owner/host.ts'
import { type GatewayChoice, openGateway, parsePublicUrl } from '../../owner/openGateway.ts'
import { asError, claim, ownerPatience, unanswered } from '../../owner/withOwner.ts'
import { keepApart } from '../../settings/ports.ts'
import { bundleFolder, type DashboardChoice, prepareDashboard } from '../dashboard.ts'
import { print, printJson, say } from '../output.ts'
import type { Ownership, World } from '../world.ts'

const pause = 50
/** A command that hands over first finishes what it has in flight, in ms. */
const handOverPatience = 60_000
/** A person in a browser is waited for a little longer than a sign-in may take, in ms. */
const signInPatience = 630_000

type ServeOptions = DashboardChoice & GatewayChoice & { ephemeral?: boolean; json?: boolean; open?: boolean }

/** Owns the vault until SIGINT, SIGTERM or `stop`; then drains. Exit 0. `pages`: the dashboard's, given by tests. */
export async function serve(world: World, options: ServeOptions, pages = bundleFolder()): Promise<void> {
  const choice = { ...options, ...(options.publicUrl && { publicUrl: parsePublicUrl(options.publicUrl) }) }
  keepApart(world.paths.ownerFolder, {
    gateway: options.gateway === false ? null : options.gatewayPort,
    dashboard: options.dashboard === false ? null : options.dashboardPort
  })
  const lock = await takeOver(world)
  spareMemory()
  const dashboard = prepareDashboard(world, options, pages)
  const { core, leave } = await host(world, lock, 'lasting', {
    ephemeral: options.ephemeral ?? false,
    // Without a page that shows it, a vault that does not open is an end with its code.
    standBy: options.dashboard !== false && !options.ephemeral,
    dashboardLink: dashboard.link
  })
  const address = await dashboard.start(core)
  const { vault: found } = core.snapshot()
  if (isShut(found) && !address) {
    await leave()
    throw asError(found)
  }
  const gateway = await openGateway(core, { folder: world.paths.ownerFolder, clock: world.clock, choice })
  if (gateway.problem) say(world, `tokentray: ${gateway.problem}`)
  const { vault, logs, socket, settings } = world.paths
  if (options.json)
    printJson(world, {
      pid: process.pid,
      version: world.version,
      vault: options.ephemeral ? ':memory:' : vault,
      socket,
      logs,
      settings,
      dashboard: address,
      gateway: gateway.address,
      publicUrl: choice.publicUrl ?? null
    })
  else {
    print(world, `Tokentray ${world.version} is running (process ${process.pid}); Ctrl-C ends it.`)
    print(world, `  vault:    ${options.ephemeral ? 'in memory only' : vault}`)
    print(world, `  log:      ${logs}`)
    print(world, `  settings: ${settings}`)
    if (socket) print(world, `  socket:   ${socket}`)
    if (gateway.address) {
      print(world, `  gateway:  ${gateway.address}/<server>`)
      if (choice.publicUrl) print(world, `  public:   ${choice.publicUrl}/<server>`)
      if (choice.metrics) print(world, `  metrics:  ${gateway.address}/metrics`)
    }
    if (address) print(world, `  dashboard: ${address} (tokentray open lets your browser in)`)
  }
  if (options.open && address) {
    const { letIn } = await import('./open.ts')
    // Nobody to show it to is no reason to end.
    await letIn(world, async (as) => dashboard.link(as)).catch((error: unknown) =>
      say(world, `tokentray: ${asTokentrayError(error).message}`)
    )
  }
  if (isShut(found))
    say(world, `tokentray: ${found.message} Tokentray stays up; tokentray open shows what can be done.`)
  const stopTelling = tellWhenOpen(world, core)
  await Promise.race([core.ended, interrupted(world.signal)])
  stopTelling()
  say(world, 'Finishing what is in flight…')
  // Its port is free at once, and what it is still answering ends with the core.
  await Promise.all([gateway.close(), dashboard.close(), leave()])
}

/** What needs a person; one that waits for the keychain's own window was told of as it began. */
const isShut = ({ state }: VaultView) => state !== 'open' && state !== 'keychainWaiting'

function tellWhenOpen(world: World, core: Core): () => void {
  let isOpen = core.snapshot().vault.state === 'open'
  return core.subscribe(({ vault }) => {
    if (!isOpen && vault.state === 'open') say(world, 'The vault is open; tokens are kept alive from now on.')
    isOpen ||= vault.state === 'open'
  })
}

function interrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** The ownership, from a command that holds it too. @throws ownerElsewhere beside another lasting owner */
export async function takeOver(world: World): Promise<Ownership> {
  const { clock } = world
  let deadline = clock.now() + ownerPatience
  let isAsked = false
  let isTold = false
  for (;;) {
    const lock = await claim(world)
    if (lock) return lock
    const client = await connect(world.paths, clock)
    if (client?.kind === 'lasting')
      throw new TokentrayError(
        'ownerElsewhere',
        `Tokentray is running already (process ${client.pid}) and keeps this vault; tokentray stop ends it.`
      )
    if (client) {
      // It may be gone already, or another command may have come after it: asked again each time round.
      const refusal = await client.call('owner.handOver', {}).then(
        () => null,
        (error: unknown) => (error instanceof TokentrayError && error.code === 'signInUnderWay' ? error : null)
      )
      if (refusal && !isTold) {
        say(world, `tokentray: ${refusal.message}`)
        deadline = clock.now() + signInPatience
        isTold = true
      } else if (!refusal && !isAsked) {
        deadline = clock.now() + handOverPatience
        isAsked = true
      }
    }
    if (clock.now() >= deadline) throw unanswered(world)
    await sleep(clock, pause, world.signal)
  }
}

/** Ends the lasting owner, if there is one, and waits until it is gone. */
export async function stop(world: World, options: { json?: boolean }): Promise<void> {
  const client = await connect(world.paths, world.clock)
  if (!client || client.kind === 'command') {
    if (options.json) return printJson(world, { stopped: false, pid: null })
    return say(world, 'Tokentray is not running.')
  }
  await client.call('owner.quit', {})
  const deadline = world.clock.now() + handOverPatience
  while ((await connect(world.paths, world.clock))?.pid === client.pid) {
    if (world.clock.now() >= deadline) throw unanswered(world)
    await sleep(world.clock, pause, world.signal)
  }
  if (options.json) printJson(world, { stopped: true, pid: client.pid })
  else print(world, `Tokentray (process ${client.pid}) has stopped.`)
}
