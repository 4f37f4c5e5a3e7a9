// Tells the core when the system sleeps, wakes or is unlocked, and when the network is back; the core decides what follows.
// Electron's main process gets no event for the network, so that is checked every few seconds.
import { net, powerMonitor } from 'electron'
import type { Clock } from '../app/base/clock.ts'

const checkEveryMs = { online: 30_000, offline: 3_000 }

/** `suspend` before the system sleeps, `resume` when it woke. */
export type PowerState = 'suspend' | 'resume'

/** Calls `power` and `poke` at these moments and `end` when the system shuts down; returns what stops it. */
export function watchPower(
  clock: Clock,
  power: (state: PowerState) => void,
  poke: () => void,
  end: () => void
): () => void {
  // Documented with an event, typed without one.
  const shutdown = (event?: { preventDefault(): void }) => {
    // Asks the system for the moment that finishing takes (Linux and macOS).
    event?.preventDefault()
    end()
  }
  const suspend = () => power('suspend')
  const resume = () => power('resume')
  powerMonitor.on('suspend', suspend)
  powerMonitor.on('resume', resume)
  powerMonitor.on('unlock-screen', poke)
  powerMonitor.on('shutdown', shutdown)

  let wasOnline = net.isOnline()
  let cancel = () => {}
  const checkNetwork = () => {
    const isOnline = net.isOnline()
    if (isOnline && !wasOnline) poke()
    wasOnline = isOnline
    cancel = clock.alarm(clock.now() + (isOnline ? checkEveryMs.online : checkEveryMs.offline), checkNetwork)
  }
  checkNetwork()
  return () => {
    cancel()
    powerMonitor.off('suspend', suspend)
    powerMonitor.off('resume', resume)
    powerMonitor.off('unlock-screen', poke)
    powerMonitor.off('shutdown', shutdown)
  }
}
