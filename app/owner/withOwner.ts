// How a command reaches the core: through the owner of the vault where there is one, else by owning the vault for a moment.
// A command's own core drains and gives way when a lasting owner asks; the command then goes on as that owner's client.
import { unlessAborted } from '../base/abort.ts'
import { sleep } from '../base/clock.ts'
import type { Call, CommandName } from '../contract/commands.ts'
import { type ErrorCode, TokentrayError } from '../contract/errors.ts'
import type { Snapshot, VaultView } from '../contract/views.ts'
import { askPassphrase, mustAskPassphrase } from './askPassphrase.ts'
import { type Client, connect, notSent } from './client.ts'
import { readHolder } from './endpoint.ts'
import { type Hosted, host } from './host.ts'
import type { Hosting } from './hosting.ts'
import type { Ownership } from './lock.ts'

export type Owner = {
  /** Rejects with TokentrayError, or with the reason of `hosting.signal` as soon as that aborts. */
  call: Call
  /** The same, but carried out even after an interruption: for cleaning up. */
  callAnyway: Call
}

/** How long one owner may take to start, or to finish what it has in flight: longer than any request is waited for. */
export const maxOwnerWaitMs = 40_000
/** How long owners that take turns are waited for together: a script must not hang where each one dies at once. */
const maxTotalWaitMs = 600_000
/** Between two looks at who owns the vault. */
export const retryMs = 50
/** After handing over, this process leaves the ownership to the lasting owner that asked for so long. */
const giveWayMs = 2000

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

/** A way to one core: another process's, or one that this process hosts. */
type Connection = {
  call(name: CommandName, input: unknown): Promise<unknown>
  /** True once a core of this process was handed over. */
  isOver(): boolean
  close(): Promise<void>
}

/** Runs `work` with an owner, and closes the connection to it afterwards; a core of this process is drained. */
export async function withOwner<T>(hosting: Hosting, work: (owner: Owner) => Promise<T>): Promise<T> {
  const { clock, signal } = hosting
  let connection: Connection | null = null
  let opening: Promise<Connection> | null = null
  const reopen = async (): Promise<Connection> => {
    if (connection && !connection.isOver()) return connection
    const isHandedOver = connection !== null
    await connection?.close()
    connection = await connectOrHost(hosting, isHandedOver ? clock.now() + giveWayMs : 0)
    return connection
  }
  // Two calls at once must not open two cores.
  const open = () => (opening ??= reopen().finally(() => (opening = null)))
  const close = async () => {
    await opening?.catch(() => {}) // A core that is just being opened must be closed too; its error reaches whoever opened it.
    const old = connection
    connection = null
    await old?.close()
  }
  const call = async (name: CommandName, input: unknown): Promise<unknown> => {
    const isOver = createDeadline(hosting)
    for (;;) {
      // What stops it from opening, such as a folder that may not be entered, does not pass by waiting.
      const opened = await open()
      try {
        return await opened.call(name, input)
      } catch (error) {
        if (!isRepeatable(name, error) || isOver()) throw error
        await close()
        await sleep(clock, retryMs)
      }
    }
  }
  const owner: Owner = {
    call: ((name, input) => unlessAborted(signal, () => call(name, input))) as Call,
    callAnyway: call as Call
  }
  try {
    return await work(owner)
  } finally {
    await close()
  }
}

/**
 * A connection to the owner of the vault, or to a core that this process hosts from now on, but not before `claimFrom` (a
 * time of the clock). Waits where the owner does not answer. Rejects `ownerUnreachable` once that took too long.
 */
async function connectOrHost(hosting: Hosting, claimFrom: number): Promise<Connection> {
  const { paths, clock, signal } = hosting
  let isOver = createDeadline(hosting)
  for (;;) {
    const client = await connect(paths, clock)
    if (client) return connectionTo(client)
    if (clock.now() >= claimFrom) {
      const lock = await claimAsked(hosting)
      if (lock === 'asked') {
        // Another process may own the vault by now, and has its whole time.
        isOver = createDeadline(hosting)
        continue
      }
      if (lock) return connectionWithin(await host(hosting, lock, 'command'))
    }
    if (isOver()) throw ownerUnreachable(hosting)
    await sleep(clock, retryMs, signal)
  }
}

/**
 * The ownership, or null as from claim(). 'asked': a passphrase had to be asked for first, with the ownership left to others
 * meanwhile, so it has to be claimed again.
 */
export async function claimAsked(hosting: Hosting): Promise<Ownership | 'asked' | null> {
  const lock = await hosting.claim(hosting.paths.ownerFolder)
  if (!lock || !(await mustAskPassphrase(hosting))) return lock
  lock.release()
  await askPassphrase(hosting)
  return 'asked'
}

/** Answers whether one and the same owner was waited for long enough, or all of them: those that take turns each have their own time. */
function createDeadline({ clock, paths }: Hosting): () => boolean {
  const pidNow = () => readHolder(paths.ownerFolder)
  let pid = pidNow()
  const end = clock.now() + maxTotalWaitMs
  let deadline = clock.now() + maxOwnerWaitMs
  return () => {
    const now = pidNow()
    if (now !== pid) deadline = clock.now() + maxOwnerWaitMs
    pid = now
    return clock.now() >= Math.min(deadline, end)
  }
}

/** Between two looks for an owner that may not come for hours. */
const watchRetryMs = 500

/**
 * The current snapshot and each new one of whoever owns the vault, and null when nobody does: at the start, or any more. Never
 * owns it. Until interrupted: rejects with the signal's reason, or with what connect() rejects with.
 */
export async function* watchSnapshots({ paths, clock, signal }: Hosting): AsyncGenerator<Snapshot | null> {
  let isGone = false
  for (;;) {
    const client = await connect(paths, clock)
    if (client) {
      isGone = false
      try {
        yield* client.snapshots(signal)
      } catch (error) {
        if (!(error instanceof TokentrayError && error.code === 'ownerUnreachable')) throw error
      }
      // Its successor may be there already.
      await sleep(clock, retryMs, signal)
    } else {
      if (!isGone) yield null
      isGone = true
      await sleep(clock, watchRetryMs, signal)
    }
  }
}

/** The snapshot, of an owner whose vault is open. Rejects with what the vault failed to open with. */
export async function openSnapshot(owner: Pick<Owner, 'call'>): Promise<Snapshot> {
  const snapshot = await owner.call('snapshot', {})
  if (snapshot.vault.state !== 'open') throw vaultError(snapshot.vault)
  return snapshot
}

/** What a vault failed to open with, from its view. */
export function vaultError({ errorCode, message }: VaultView): TokentrayError {
  return new TokentrayError((errorCode as ErrorCode | null) ?? 'unexpected', message)
}

/** The error where some process holds the vault and does not answer. */
export function ownerUnreachable({ paths }: Hosting): TokentrayError {
  const pid = readHolder(paths.ownerFolder)
  const who = pid ? `Process ${pid}` : 'Another process'
  return new TokentrayError(
    'ownerUnreachable',
    `${who} uses the vault ${paths.vault} but does not respond. Wait a moment, or end that process and try again.`
  )
}

function connectionTo(client: Client): Connection {
  return {
    call: client.call as Connection['call'],
    isOver: () => false,
    close: async () => {}
  }
}

function connectionWithin({ core, leave }: Hosted): Connection {
  let over = false
  core.ended.then(() => {
    over = true
    leave().catch(() => {}) // leave() is awaited again by whoever closes this connection, and tells its error there.
  })
  return {
    async call(name, input) {
      const reply = await core.handle('cli', name, input)
      if (reply.ok) return reply.value
      throw new TokentrayError(reply.code as ErrorCode, reply.message)
    },
    isOver: () => over,
    close: leave
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
