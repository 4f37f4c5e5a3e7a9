// When each server's next attempt is planned, earliest first, so that neither an alarm nor an event looks at all servers.
// A plan that changed stays in the heap, marked outdated, until its turn comes or there are too many of its kind.
import TinyQueue from 'tinyqueue'

/** One planned attempt: when, in ms since the epoch, and of what. It counts only while `of` holds this very object. */
export type Plan<T> = { readonly at: number; readonly of: T }

/** The least number of plans worth a clean-up. */
const minCleanUp = 64

export class PlanQueue<T extends { plan: Plan<T> | null }> {
  #heap = newHeap<T>([])
  #current = 0

  /** How many plans are held, outdated ones included: at most twice as many as there are current ones, and a few. */
  get length(): number {
    return this.#heap.length
  }

  /** Plans the next attempt of `entry` for `at`, in ms since the epoch; null: none is planned. */
  set(entry: T, at: number | null): void {
    if (entry.plan ? entry.plan.at === at : at === null) return
    if (entry.plan) this.#current--
    entry.plan = at === null ? null : { at, of: entry }
    if (!entry.plan) return
    this.#current++
    this.#heap.push(entry.plan)
    if (this.#heap.length > 2 * this.#current + minCleanUp) this.#heap = newHeap(this.#heap.data.filter(isCurrent))
  }

  /** The earliest time that is planned; null: none is. */
  earliest(): number | null {
    for (let next = this.#heap.peek(); next; next = this.#heap.peek()) {
      if (isCurrent(next)) return next.at
      this.#heap.pop()
    }
    return null
  }

  /** Takes out everyone whose time has come at `now`, in ms since the epoch. */
  takeDue(now: number): T[] {
    const due: T[] = []
    for (let at = this.earliest(); at !== null && at <= now; at = this.earliest()) {
      const { of: entry } = this.#heap.pop()!
      entry.plan = null
      this.#current--
      due.push(entry)
    }
    return due
  }
}

const newHeap = <T>(plans: Plan<T>[]) => new TinyQueue(plans, (a, b) => a.at - b.at)
const isCurrent = <T extends { plan: Plan<T> | null }>(plan: Plan<T>): boolean => plan.of.plan === plan
