// Handlers of the owner's own commands: its snapshot, reports, metrics, sleep and end.
// What they ask of the core is passed in, since the core lives before and without an open vault.
import type { Input, Output } from '../../contract/commands.ts'
import type { ownerCommands } from '../../contract/owner.ts'
import type { Snapshot } from '../../contract/views.ts'
import type { HandlersOf } from './handlers.ts'

/** Makes a one-time link into the dashboard. @throws dashboardOff */
export type DashboardLink = (wanted: Input<'dashboard.link'>) => Output<'dashboard.link'>

export function createOwnerHandlers(o: {
  snapshot(): Snapshot
  /** The report of `diagnostics`. */
  writeReport(): string
  /** The metrics as Prometheus text. */
  printMetrics(): Promise<string>
  dashboardLink: DashboardLink
  /** The network is back or the machine woke. */
  wake(): void
  /** The machine is about to sleep. */
  suspend(): void
  /** @throws ownerElsewhere or signInUnderWay where this owner does not hand over */
  end(how: 'handOver' | 'quit'): void
}): HandlersOf<keyof typeof ownerCommands> {
  return {
    snapshot: async () => o.snapshot(),
    metrics: async () => ({ text: await o.printMetrics() }),
    'dashboard.link': async (input) => o.dashboardLink(input),
    diagnostics: async () => ({ text: o.writeReport() }),
    poke: async () => {
      o.wake()
      return {}
    },
    power: async ({ state }) => {
      if (state === 'resume') o.wake()
      else o.suspend()
      return {}
    },
    'owner.handOver': async () => {
      o.end('handOver')
      return {}
    },
    'owner.quit': async () => {
      o.end('quit')
      return {}
    }
  }
}
