// Opens the core in this process, together with the control socket through which other processes reach it.
// Leaving finishes what is in flight, closes both, and gives the ownership of the vault back.
import { onAbort } from '../base/abort.ts'
import type { Snapshot } from '../contract/views.ts'
import type { Core, CoreOptions } from '../core/core.ts'
import { followSnapshots } from '../core/followSnapshots.ts'
import { typedPassphrase } from './askPassphrase.ts'
import type { OwnerKind } from './endpoint.ts'
import type { Hosting } from './hosting.ts'
import type { Ownership } from './lock.ts'

export type Hosted = { core: Core; leave(): Promise<void> }

/**
 * Opens the core in this process and its control socket, with the passphrase that was asked for beforehand. `leave()` drains,
 * closes both and gives the ownership back, and so does a rejection. Rejects with what openCore() and listen() reject with.
 */
export async function host(
  hosting: Hosting,
  lock: Ownership,
  kind: OwnerKind,
  options: Pick<CoreOptions, 'ephemeral' | 'askForNewPassphrase' | 'dashboardLink' | 'standBy'> = {}
): Promise<Hosted> {
  const { paths, version, clock, random, env, notice } = hosting
  let core: Core | undefined
  try {
    const opened = await hosting.hostCore({
      home: paths,
      kind,
      version,
      clock,
      random,
      environment: env,
      notice,
      typed: typedPassphrase(hosting),
      ...options
    })
    core = opened
    // Loaded here, since a client of a running owner never needs it.
    const { listen } = await import('./listen.ts')
    const listener = await listen({ core: opened, paths, kind, version, clock })
    let leaving: Promise<void> | undefined
    const leave = async () => {
      try {
        await opened.close()
        await listener.close()
      } finally {
        lock.release()
      }
    }
    return { core: opened, leave: () => (leaving ??= leave()) }
  } catch (error) {
    await core?.close().catch(() => {}) // The first error is the one to tell.
    lock.release()
    throw error
  }
}

/** The core's snapshots as an iterable; a slow reader gets the newest. */
export async function* follow(core: Core, signal: AbortSignal): AsyncGenerator<Snapshot> {
  let newest: Snapshot | null = null
  let wake = () => {}
  const unsubscribe = followSnapshots(core.stream, (snapshot) => {
    newest = snapshot
    wake()
  })
  const stopListening = onAbort(signal, () => wake())
  try {
    while (!signal.aborted) {
      const next: Snapshot | null = newest
      newest = null
      if (next) yield next
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    stopListening()
    unsubscribe()
  }
}
