// Who used which server when: counted in memory and written once a minute, instead of once per request.
// A crash loses at most the last minute's counts.
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { LocalAccess, Use } from '../../vault/localAccess.ts'
import type { Caller } from '../port.ts'

const writeEveryMs = 60_000

export function createActivity({ local, clock, log }: { local: LocalAccess; clock: Clock; log: Log }) {
  let unwritten = new Map<string, Use>()
  let cancel: (() => void) | null = null
  let writing: Promise<void> = Promise.resolve()

  function write(): Promise<void> {
    cancel?.()
    cancel = null
    if (unwritten.size === 0) return writing
    const uses = [...unwritten.values()]
    unwritten = new Map()
    writing = writing.then(() =>
      local.noteUses(uses).catch((error: unknown) => log.error('the activity of clients could not be saved', error))
    )
    return writing
  }

  return {
    note({ client, name, kind }: Caller, server: string): void {
      const now = clock.now()
      const key = `${client}\n${server}`
      const use = unwritten.get(key)
      if (use) {
        use.lastAt = now
        use.requests++
        return
      }
      unwritten.set(key, { client, name, kind, server, firstAt: now, lastAt: now, requests: 1 })
      cancel ??= clock.after(writeEveryMs, () => void write())
    },
    /** Resolves when everything noted is written. */
    write
  }
}
