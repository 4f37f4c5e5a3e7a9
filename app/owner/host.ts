// The core in this process, for a command without a running owner and for whoever becomes one.
// It is drained and the ownership given back when it is left.
import { say } from '../cli/output.ts'
import type { HostOptions, Ownership, World } from '../cli/world.ts'
import type { Snapshot } from '../contract/views.ts'
import type { Core } from '../core/core.ts'
import type { OwnerKind } from './endpoint.ts'

export type Hosted = { core: Core; leave(): Promise<void> }

/** Opens the core in this process and its control socket. `leave()` drains, closes both and gives the ownership back. */
export async function host(
  world: World,
  lock: Ownership,
  kind: OwnerKind,
  options: Pick<HostOptions, 'ephemeral' | 'askForNewPassphrase' | 'dashboardLink' | 'standBy'> = {}
): Promise<Hosted> {
  const { paths, version, clock, random, env } = world
  let core: Core | undefined
  try {
    const opened = await world.hostCore({
      home: paths,
      kind,
      version,
      clock,
      random,
      environment: env,
      notice: (sentence) => say(world, `tokentray: ${sentence}`),
      ...(world.stdin.isTTY && world.stderr.isTTY
        ? { ask: async (question: string) => (await import('../cli/prompt.ts')).askHidden(world, question) }
        : {}),
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
  const unsubscribe = core.subscribe((snapshot) => {
    newest = snapshot
    wake()
  })
  signal.addEventListener('abort', () => wake(), { once: true })
  try {
    while (!signal.aborted) {
      const next: Snapshot | null = newest
      newest = null
      if (next) yield next
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    unsubscribe()
  }
}
