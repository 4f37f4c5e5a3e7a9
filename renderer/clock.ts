// The clock behind all countdowns: it ticks at most once a second, and not at all while nobody reads it or the page is hidden.
// A component takes a value from the time and is rendered again only when that value changes.
import { useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()
let timer: number | undefined
let offset = 0
/** Of the newest snapshots, in ms: older ones were measured before either clock may have been set. */
const differences: number[] = []
const mostDifferences = 8
let current = Date.now()

/** The core's time in ms: it may run on another machine, at the far end of a tunnel, with another clock. */
export function now(): number {
  return Date.now() + offset
}

/** Learns the core's clock from a snapshot's `at`. The largest of the newest differences had the least delay in it. */
export function setClock(at: number): void {
  differences.push(at - Date.now())
  if (differences.length > mostDifferences) differences.shift()
  offset = Math.max(...differences)
  if (Math.abs(offset) < 2000) offset = 0
  update()
}

function update(): void {
  current = now()
  for (const listener of listeners) listener()
}

function arm(): void {
  window.clearTimeout(timer)
  if (listeners.size === 0 || document.hidden) return
  // To the next whole second, so that every countdown on the screen turns at once.
  timer = window.setTimeout(
    () => {
      update()
      arm()
    },
    1000 - (now() % 1000) + 5
  )
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) update()
  arm()
})

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (listeners.size === 1) {
    current = now()
    arm()
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) arm()
  }
}

/** A string or number picked out of the time in ms. */
export function useClock<T extends string | number | boolean | null>(pick: (now: number) => T): T {
  return useSyncExternalStore(subscribe, () => pick(current))
}
