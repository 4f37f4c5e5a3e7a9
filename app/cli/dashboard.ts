// Runs the dashboard for `serve`: finds its built pages, chooses its port, and explains why if it cannot be shown.
// Its failure stops nothing else: tokens are kept valid whether or not anybody can look at them.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { commandLineOf } from '../connect/launcher.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import type { DashboardLink } from '../core/commands/owner.ts'
import type { Core } from '../core/core.ts'
import { type Dashboard, startDashboard } from '../dashboard/dashboard.ts'
import { keepPort, loopbackListeners, readPort } from '../settings/ports.ts'
import { printNote } from './output.ts'
import type { World } from './world.ts'

declare const TOKENTRAY_VERSION: string | undefined

export type DashboardChoice = {
  /** False: --no-dashboard. */
  dashboard?: boolean
  dashboardPort?: number
}

export type PreparedDashboard = {
  link: DashboardLink
  /** The dashboard's address, or null where it cannot be shown, which was said by then. */
  start(core: Core): Promise<string | null>
  close(): Promise<void>
}

/** Where the bundle is: beside the bundled command, or in dist/ of a checkout. */
export const bundleFolder = (): string =>
  typeof TOKENTRAY_VERSION === 'string'
    ? join(import.meta.dirname, 'renderer')
    : join(import.meta.dirname, '..', '..', 'dist', 'renderer')

/** Made before the core, which asks it for links; started after. `files`: the folder of the bundle. */
export function prepareDashboard(world: World, choice: DashboardChoice, files: string): PreparedDashboard {
  const { paths, clock } = world
  let running: Dashboard | null = null
  let why = 'The dashboard is still starting. Try again in a moment.'

  async function open(core: Core): Promise<Dashboard> {
    if (!existsSync(join(files, 'index.html')))
      throw new TokentrayError('dashboardOff', 'The dashboard pages are missing. Build them with npm run bundle.')
    const port = choice.dashboardPort ?? readPort(paths.ownerFolder, loopbackListeners.dashboard)
    const opened = await startDashboard({
      core,
      files,
      folder: paths.runtime ?? paths.ownerFolder,
      port,
      command: commandLineOf(world.env, world.platform, 'open'),
      clock,
      randomBytes
    })
    try {
      keepPort(paths.ownerFolder, loopbackListeners.dashboard, port)
    } catch (error) {
      await opened.close()
      throw error
    }
    return opened
  }

  return {
    link(wanted) {
      if (running) return running.link(wanted)
      throw new TokentrayError('dashboardOff', why)
    },
    async start(core) {
      why = 'The dashboard is off because Tokentray was started with --no-dashboard. Restart it without that option.'
      if (choice.dashboard === false) return null
      try {
        running = await open(core)
        return running.address
      } catch (error) {
        why = asTokentrayError(error).message
        printNote(world, `tokentray: ${why}`)
        return null
      }
    },
    close: async () => running?.close()
  }
}
