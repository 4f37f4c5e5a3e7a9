// Callers that wait for what they asked of a server: each is answered as soon as the server's health shows an answer.
// If this process stops before that, the caller is told to ask the next owner.
import type { Clock } from '../base/clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import { isAnswered } from '../health/questions.ts'
import type { Roster } from './roster.ts'

export class Waiters {
  readonly #roster: Roster
  readonly #clock: Clock
  /** By server: each checks whether its answer is there, and leaves the set when it is. */
  readonly #checks = new Map<string, Set<() => void>>()
  #isDrained = false

  constructor(roster: Roster, clock: Clock) {
    this.#roster = roster
    this.#clock = clock
  }

  /** Resolves when what was just asked of this server is answered. Rejects `ownerStopping` where a drain ended first. */
  settled(id: string): Promise<void> {
    const before = this.#roster.find(id)?.health
    // In flight already: its answer is the one waited for, whenever it began.
    const from = before?.state.kind === 'refreshing' ? undefined : before?.lastAttemptAt
    return new Promise((resolve, reject) => {
      const check = () => {
        const entry = this.#roster.find(id)
        const isOver = !entry || isAnswered(entry.health, from, this.#clock.now(), entry.schedule)
        if (!isOver && !this.#isDrained) return
        this.#remove(id, check)
        if (isOver) resolve()
        else reject(new TokentrayError('ownerStopping', 'Tokentray is shutting down. Try again in a moment.'))
      }
      const checks = this.#checks.get(id) ?? new Set()
      this.#checks.set(id, checks.add(check))
      check()
    })
  }

  /** The health of this server may have changed, or the server is gone. */
  check(id: string): void {
    for (const check of [...(this.#checks.get(id) ?? [])]) check()
  }

  /** Nothing is answered any more but what is answered now. */
  drain(): void {
    this.#isDrained = true
    for (const id of [...this.#checks.keys()]) this.check(id)
  }

  #remove(id: string, check: () => void): void {
    const checks = this.#checks.get(id)
    checks?.delete(check)
    if (checks?.size === 0) this.#checks.delete(id)
  }
}
