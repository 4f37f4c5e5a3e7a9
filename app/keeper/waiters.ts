// Who waits for the answer to what was asked of a server: told as soon as its health shows one, well or badly.
// Where the keeper is drained first there will be none, and who waits is sent to the next owner.
import type { Clock } from '../base/clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import { isAnswered } from '../health/questions.ts'
import type { Roster } from './roster.ts'

export class Answers {
  readonly #roster: Roster
  readonly #clock: Clock
  readonly #watchers = new Set<() => void>()
  #drained = false

  constructor(roster: Roster, clock: Clock) {
    this.#roster = roster
    this.#clock = clock
  }

  /** Rejects `ownerStopping` where a drain ended first. */
  settled(id: string): Promise<void> {
    const before = this.#roster.find(id)?.health
    // In flight already: its answer is the one waited for, whenever it began.
    const from = before?.state.kind === 'refreshing' ? undefined : before?.lastAttemptAt
    return new Promise((resolve, reject) => {
      const look = () => {
        const health = this.#roster.find(id)?.health
        const isOver = !health || isAnswered(health, from, this.#clock.now(), this.#roster.schedule(id))
        if (!isOver && !this.#drained) return
        this.#watchers.delete(look)
        if (isOver) resolve()
        else reject(new TokentrayError('ownerStopping', 'Tokentray is just ending; try again.'))
      }
      this.#watchers.add(look)
      look()
    })
  }

  /** A health may have changed. */
  look(): void {
    for (const look of [...this.#watchers]) look()
  }

  /** Nothing is answered any more but what is answered now. */
  drained(): void {
    this.#drained = true
    this.look()
  }
}
