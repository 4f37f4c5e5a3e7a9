// When each server's next attempt is planned, earliest first, so that neither an alarm nor an event looks at all servers.
// A plan that changed stays in the heap, marked outdated, until its turn comes or there are too many of its kind.
import TinyQueue from 'tinyqueue'

/** One planned attempt: when, in ms since the epoch, and of whom. It counts only while its owner holds this very object. */
export type Plan<T> = { readonly at: number; readonly owner: T }

/** The least number of plans worth a clean-up. */
const minCleanUp = 64

export class PlanQueue<T extends { plan: Plan<T> | null }> {
  #heap = newHeap<T>([])
  #current = 0

  /** How many plans are held, outdated ones included: at most twice as many as there are current ones, and a few. */
  get length(): number {
    return this.#heap.length
  }

  /** Plans the next attempt of `owner` for `at`, in ms since the epoch; null: none is planned. */
  set(owner: T, at: number | null): void {
    if (owner.plan ? owner.plan.at === at : at === null) return
    if (owner.plan) this.#current--
    owner.plan = at === null ? null : { at, owner }
    if (!owner.plan) return
    this.#current++
    this.#heap.push(owner.plan)
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
      const { owner } = this.#heap.pop()!
      owner.plan = null
      this.#current--
      due.push(owner)
    }
    return due
  }
}

const newHeap = <T>(plans: Plan<T>[]) => new TinyQueue(plans, (a, b) => a.at - b.at)
const isCurrent = <T extends { plan: Plan<T> | null }>(plan: Plan<T>): boolean => plan.owner.plan === plan
