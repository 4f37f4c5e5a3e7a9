// What was tried on the gateway and refused, since this owner started: one entry a kind, so that nobody can fill it.
// Counted each time, told (to the log and to whoever watches) at most once a minute a kind.
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { RefusalView } from '../../contract/clients.ts'
import type { RefusalKind } from '../../contract/refusals.ts'
import { cleanName } from './names.ts'

export type Refusals = {
  /** `detail`: by or for whom; it may be a stranger's text, but never holds a credential. */
  note(kind: RefusalKind, detail: string): void
  /** The latest first. */
  views(): RefusalView[]
}

const minute = 60_000
const longest = 120

export function createRefusals({ clock, log, onChange }: { clock: Clock; log: Log; onChange(): void }): Refusals {
  const byKind = new Map<RefusalKind, RefusalView & { toldAt: number }>()
  return {
    note(kind, text) {
      const now = clock.now()
      const { times = 0, toldAt = Number.NEGATIVE_INFINITY } = byKind.get(kind) ?? {}
      const detail = cleanName(text, longest)
      const isTold = now - toldAt >= minute || now < toldAt
      byKind.set(kind, { kind, times: times + 1, lastAt: now, detail, toldAt: isTold ? now : toldAt })
      if (!isTold) return
      log.warn('a request to the gateway was refused', { kind, detail, times: times + 1 })
      onChange()
    },
    views: () => [...byKind.values()].map(({ toldAt: _, ...view }) => view).sort((a, b) => b.lastAt - a.lastAt)
  }
}
