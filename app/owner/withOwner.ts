// How a command reaches the core: through the socket of whoever owns the vault, else by owning it for a moment itself.
// A command-hosted core finishes what is in flight and leaves when a lasting owner asks; the command then goes on as its client.
import { sleep } from '../base/clock.ts'
import type { Ownership, World } from '../cli/world.ts'
import type { Call, CommandName } from '../contract/commands.ts'
import { type ErrorCode, TokentrayError } from '../contract/errors.ts'
import type { Snapshot, VaultView } from '../contract/views.ts'
import { type Client, connect, notSent } from './client.ts'
import { readEndpoint } from './endpoint.ts'
import { follow, type Hosted, host } from './host.ts'

export type Owner = {
  /** Rejects with TokentrayError, or with Interrupted as soon as the person stopped the command. */
  call: Call
  /** The same, but carried out even after an interruption: for cleaning up. */
  callAnyway: Call
  /** The current snapshot, then each new one, whoever owns the vault, until interrupted. */
  snapshots(): AsyncGenerator<Snapshot>
}

/** How long an owner may take to start, or to finish what it has in flight, in ms: longer than any request is waited for. */
export const ownerPatience = 40_000
/** How long owners that take turns are waited for together, in ms: a script must not hang where each one dies at once. */
const patienceInAll = 600_000
const pause = 50
/** After handing over, the lasting owner that asked goes first. */
const courtesy = 2000

/** Commands that change nothing: safe to send again when an owner went away without an answer. */
const repeatable: ReadonlySet<CommandName> = new Set([
  'snapshot',
  'server.history',
  'signIn.ready',
  'readToken',
  'metrics',
  'vault.check',
  'poke'
])

type Seat = {
  call(name: CommandName, input: unknown): Promise<unknown>
  snapshots(signal: AbortSignal): AsyncGenerator<Snapshot>
  /** True once this core was handed over. */
  isOver(): boolean
  leave(): Promise<void>
}

/** Runs `work` with an owner, and lets go of it afterwards, drained. */
export async function withOwner<T>(world: World, work: (owner: Owner) => Promise<T>): Promise<T> {
  let seat: Seat | null = null
  let seating: Promise<Seat> | null = null
  const sit = async (): Promise<Seat> => {
    if (seat && !seat.isOver()) return seat
    const handedOver = seat !== null
    await seat?.leave()
    seat = await takeSeat(world, handedOver ? world.clock.now() + courtesy : 0)
    return seat
  }
  // Two calls at once must not open two cores.
  const seated = () => (seating ??= sit().finally(() => (seating = null)))
  const stand = async () => {
    await seating?.catch(() => {}) // A core that is just being opened must be closed too; its error is told by its own caller.
    const old = seat
    seat = null
    await old?.leave()
  }
  const call = async (name: CommandName, input: unknown): Promise<unknown> => {
    const isOver = createPatience(world)
    for (;;) {
      try {
        return await (await seated()).call(name, input)
      } catch (error) {
        if (!isRepeatable(name, error) || isOver()) throw error
        await stand()
        await sleep(world.clock, pause)
      }
    }
  }
  const owner: Owner = {
    call: ((name, input) => unlessInterrupted(world.signal, () => call(name, input))) as Call,
    callAnyway: call as Call,
    async *snapshots() {
      while (!world.signal.aborted) {
        try {
          yield* (await seated()).snapshots(world.signal)
        } catch (error) {
          if (!(error instanceof TokentrayError && error.code === 'ownerUnreachable')) throw error
        }
        if (world.signal.aborted) return
        if (seat && !seat.isOver()) await stand()
        await sleep(world.clock, pause, world.signal)
      }
    }
  }
  try {
    return await work(owner)
  } finally {
    await stand()
  }
}

/** `work`, but rejecting with the interruption as soon as there is one. */
export function unlessInterrupted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop))
  })
}

async function takeSeat(world: World, claimFrom: number): Promise<Seat> {
  const isOver = createPatience(world)
  for (;;) {
    const client = await connect(world.paths, world.clock)
    if (client) return remote(client)
    if (world.clock.now() >= claimFrom) {
      const lock = await claim(world)
      if (lock) return here(await host(world, lock, 'command'))
    }
    if (isOver()) throw unanswered(world)
    await sleep(world.clock, pause, world.signal)
  }
}

/** Answers whether one and the same owner was waited for long enough, or all of them: those that take turns each have their own time. */
function createPatience({ clock, paths }: World): () => boolean {
  const pidNow = () => readEndpoint(paths.ownerFolder)?.pid
  let pid = pidNow()
  const end = clock.now() + patienceInAll
  let deadline = clock.now() + ownerPatience
  return () => {
    const now = pidNow()
    if (now !== pid) deadline = clock.now() + ownerPatience
    pid = now
    return clock.now() >= Math.min(deadline, end)
  }
}

/** The ownership of this vault, null where somebody has it. Rejects `vaultUnwritable`, `vaultUnsuitable`. */
export function claim(world: World): Promise<Ownership | null> {
  return world.claim(world.paths.ownerFolder)
}

/** The snapshot, of an owner whose vault is open. Rejects with what the vault failed to open with. */
export async function openSnapshot(owner: Pick<Owner, 'call'>): Promise<Snapshot> {
  const snapshot = await owner.call('snapshot', {})
  if (snapshot.vault.state !== 'open') throw asError(snapshot.vault)
  return snapshot
}

/** What a vault failed to open with, from its view. */
export function asError({ errorCode, message }: VaultView): TokentrayError {
  return new TokentrayError((errorCode as ErrorCode | null) ?? 'unexpected', message)
}

/** Somebody holds the vault and does not answer. */
export function unanswered(world: World): TokentrayError {
  const pid = readEndpoint(world.paths.ownerFolder)?.pid
  const who = pid ? `Process ${pid}` : 'Another process'
  return new TokentrayError(
    'ownerUnreachable',
    `${who} holds the vault ${world.paths.vault} but does not answer; wait a moment, or end that process and try again.`
  )
}

function remote(client: Client): Seat {
  return { call: client.call as Seat['call'], snapshots: client.snapshots, isOver: () => false, leave: async () => {} }
}

function here(hosted: Hosted): Seat {
  const { core } = hosted
  let over = false
  const ended = new AbortController()
  core.ended.then(() => {
    over = true
    ended.abort()
    hosted.leave().catch(() => {}) // leave() is awaited again by whoever uses this seat, and tells its error there.
  })
  return {
    async call(name, input) {
      const reply = await core.handle('cli', name, input)
      if (reply.ok) return reply.value
      throw new TokentrayError(reply.code as ErrorCode, reply.message)
    },
    snapshots: (signal) => follow(core, AbortSignal.any([signal, ended.signal])),
    isOver: () => over,
    leave: hosted.leave
  }
}

function isRepeatable(name: CommandName, error: unknown): boolean {
  if (!(error instanceof TokentrayError)) return false
  if (error.code === 'ownerStopping') return true
  return (
    error.code === 'ownerUnreachable' &&
    (error.cause === notSent || (error.cause !== undefined && repeatable.has(name)))
  )
}
