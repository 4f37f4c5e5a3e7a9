// Counts the requests refused since this owner started: one entry per kind, so that nobody can fill the memory.
// Each one is counted; the log and the views are told at most once a minute per kind.
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

const minuteMs = 60_000
const maxDetailLength = 120

export function createRefusals({ clock, log, onChange }: { clock: Clock; log: Log; onChange(): void }): Refusals {
  const byKind = new Map<RefusalKind, RefusalView & { notifiedAt: number }>()
  return {
    note(kind, text) {
      const now = clock.now()
      const { times = 0, notifiedAt = Number.NEGATIVE_INFINITY } = byKind.get(kind) ?? {}
      const detail = cleanName(text, maxDetailLength)
      const shouldNotify = now - notifiedAt >= minuteMs || now < notifiedAt
      byKind.set(kind, { kind, times: times + 1, lastAt: now, detail, notifiedAt: shouldNotify ? now : notifiedAt })
      if (!shouldNotify) return
      log.warn('a request to the gateway was refused', { kind, detail, times: times + 1 })
      onChange()
    },
    views: () => [...byKind.values()].map(({ notifiedAt: _, ...view }) => view).sort((a, b) => b.lastAt - a.lastAt)
  }
}
