// Decides what the history of a server tells of its outages, and which of them still holds after a restart. Pure.
// A server that comes and goes must not fill its history, or what a person looks for there would be pushed out.
import type { Outage } from '../contract/health.ts'
import type { HistoryEvent } from '../contract/views.ts'
import { readOutage } from './outageWords.ts'

/** How often history told since `from` (ms since the epoch) that the server is down; `isDown`: it told nothing else since. */
export type Told = { readonly from: number; readonly times: number; readonly isDown: boolean }

/** A server is told as down so many times in this time. */
const toldWithinMs = 5 * 60_000
const maxTold = 2

/** What history is to tell at `now` of a server whose outage is this one, or null; null: nothing, after what it `told` already. */
export function tellOutage(
  told: Told | undefined,
  outage: Outage | null,
  now: number
): { told: Told; kind: 'serverDown' | 'serverUp' } | null {
  if (!outage) return told?.isDown ? { told: { ...told, isDown: false }, kind: 'serverUp' } : null
  const isRecent = told !== undefined && Math.abs(now - told.from) < toldWithinMs
  if (told?.isDown || (isRecent && told.times === maxTold)) return null
  const since = isRecent ? told : { from: now, times: 0 }
  return { told: { from: since.from, times: since.times + 1, isDown: true }, kind: 'serverDown' }
}

/** An outage that history told longer ago says nothing of now. */
const restoredWithinMs = 60 * 60_000

/**
 * The outage that a server is in at a start at `now`, as far as its newest event tells; null: none. Nothing is told anew: a command
 * that hosts the core would else contradict the one before.
 */
export function restoreOutage(lastEvent: HistoryEvent | null, now: number): { outage: Outage; told: Told } | null {
  if (lastEvent?.kind !== 'serverDown') return null
  const { at, detail } = lastEvent
  const outage = now >= at && now - at < restoredWithinMs ? readOutage(detail, at) : null
  return outage && { outage, told: { from: at, times: 1, isDown: true } }
}
