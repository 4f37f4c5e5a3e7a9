// `tokentray serve`: keeps tokens valid and runs dashboard and gateway until it is stopped.
// Takes the vault over from a command that owns it for a moment; refuses to start beside another lasting owner.
import { untilAborted } from '../../base/abort.ts'
import { spareMemory } from '../../base/v8.ts'
import { asTokentrayError } from '../../contract/errors.ts'
import type { VaultView } from '../../contract/views.ts'
import type { Core } from '../../core/core.ts'
import { host } from '../../owner/host.ts'
import { type GatewayChoice, openGateway, parsePublicUrl } from '../../owner/openGateway.ts'
import { takeOver } from '../../owner/takeOver.ts'
import { vaultError } from '../../owner/withOwner.ts'
import { keepApart } from '../../settings/ports.ts'
import { bundleFolder, type DashboardChoice, prepareDashboard } from '../dashboard.ts'
import { print, printJson, printNote } from '../output.ts'
import { sayHold } from '../words.ts'
import type { World } from '../world.ts'

type ServeOptions = DashboardChoice & GatewayChoice & { ephemeral?: boolean; json?: boolean; open?: boolean }

/** Owns the vault until SIGINT, SIGTERM or `stop`; then drains. Exit 0. `pages`: the dashboard's, given by tests. */
export async function serve(world: World, options: ServeOptions, pages = bundleFolder()): Promise<void> {
  const choice = { ...options, ...(options.publicUrl && { publicUrl: parsePublicUrl(options.publicUrl) }) }
  keepApart(world.paths.ownerFolder, {
    gateway: options.gateway === false ? null : options.gatewayPort,
    dashboard: options.dashboard === false ? null : options.dashboardPort
  })
  const lock = await takeOver(world, { isEphemeral: options.ephemeral ?? false })
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
    throw vaultError(found)
  }
  const gateway = await openGateway(core, { folder: world.paths.ownerFolder, clock: world.clock, choice })
  if (gateway.problem) printNote(world, `tokentray: ${gateway.problem}`)
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
    print(world, `Tokentray ${world.version} is running (process ${process.pid}). Press Ctrl-C to stop it.`)
    print(world, `  vault:    ${options.ephemeral ? 'in memory only' : vault}`)
    print(world, `  log:      ${logs}`)
    print(world, `  settings: ${settings}`)
    if (socket) print(world, `  socket:   ${socket}`)
    if (gateway.address) {
      print(world, `  gateway:  ${gateway.address}/<server>`)
      if (choice.publicUrl) print(world, `  public:   ${choice.publicUrl}/<server>`)
      if (choice.metrics) print(world, `  metrics:  ${gateway.address}/metrics`)
    }
    if (address) print(world, `  dashboard: run tokentray open (port ${new URL(address).port})`)
  }
  if (options.open && address) {
    const { letIn } = await import('./open.ts')
    // Nobody to show it to is no reason to end.
    await letIn(world, async (wanted) => dashboard.link(wanted)).catch((error: unknown) =>
      printNote(world, `tokentray: ${asTokentrayError(error).message}`)
    )
  }
  if (isShut(found))
    printNote(world, `tokentray: ${found.message} Tokentray keeps running. Run tokentray open to fix this.`)
  const { refreshHold } = core.snapshot()
  if (refreshHold) printNote(world, `tokentray: ${sayHold(refreshHold)}`)
  const stopTelling = tellWhenOpen(world, core)
  await Promise.race([core.ended, untilAborted(world.signal)])
  stopTelling()
  printNote(world, 'Finishing requests in progress…')
  // Its port is free at once, and what it is still answering ends with the core.
  await Promise.all([gateway.close(), dashboard.close(), leave()])
}

/** What needs a person; that the keychain waits in a window of its own was printed when it began. */
const isShut = ({ state }: VaultView) => state !== 'open' && state !== 'keychainWaiting'

function tellWhenOpen(world: World, { stream, snapshot }: Core): () => void {
  if (snapshot().vault.state === 'open') return () => {}
  const stop = stream.subscribe((message) => {
    const { vault } = message.kind === 'snapshot' ? message.snapshot : message
    if (vault?.state !== 'open') return
    printNote(world, 'The vault is open. Tokens are refreshed from now on.')
    stop()
  })
  return stop
}
