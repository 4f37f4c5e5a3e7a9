// Waking up, unlocking and the network coming back cut waits short; the core decides what that means.
// Electron's main process gets no event for the network, so it is looked at from time to time.
import { net, powerMonitor } from 'electron'
import type { Clock } from '../app/clock.ts'

const lookEvery = { online: 30_000, offline: 3_000 }

/** Calls `poke` at each of these moments and `end` when the system shuts down; returns what stops it. */
export function watchPower(clock: Clock, poke: () => void, end: () => void): () => void {
  // Documented with an event, typed without one.
  const shutdown = (event?: { preventDefault(): void }) => {
    // Asks the system for the moment that finishing takes (Linux and macOS).
    event?.preventDefault()
    end()
  }
  powerMonitor.on('resume', poke)
  powerMonitor.on('unlock-screen', poke)
  powerMonitor.on('shutdown', shutdown)

  let wasOnline = net.isOnline()
  let cancel = () => {}
  const look = () => {
    const isOnline = net.isOnline()
    if (isOnline && !wasOnline) poke()
    wasOnline = isOnline
    cancel = clock.alarm(clock.now() + (isOnline ? lookEvery.online : lookEvery.offline), look)
  }
  look()
  return () => {
    cancel()
    powerMonitor.off('resume', poke)
    powerMonitor.off('unlock-screen', poke)
    powerMonitor.off('shutdown', shutdown)
  }
}
