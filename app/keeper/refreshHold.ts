// Holds refreshes back after ends that were not clean: in a crash loop each start would otherwise lose another grant.
// The first refresh of such a start goes alone. From the third such start in a row on, none goes for some minutes.
import type { Clock } from '../base/clock.ts'
import { holdAfter, maxAloneMs } from '../health/schedule.ts'

export class RefreshHold {
  readonly #clock: Clock
  readonly #onEnd: () => void
  #until: number | null = null
  #cancelWait = () => {}
  #isFirstAlone = false
  /** Resolves when the first refresh is stored or has failed, or has taken too long. */
  #first: Promise<void> | null = null

  /** `onEnd`: the wait is over. */
  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock
    this.#onEnd = onEnd
  }

  /** Until when nothing is refreshed, in ms since the epoch; null: nothing is held back. */
  get until(): number | null {
    return this.#until
  }

  get isOn(): boolean {
    return this.#until !== null
  }

  /** Begins what `uncleanStarts` starts in a row before this one call for. `mayWait` false: refreshes only go one first. */
  begin(uncleanStarts: number, mayWait: boolean): void {
    this.#isFirstAlone = uncleanStarts > 0
    const waitMs = holdAfter(uncleanStarts)
    if (!mayWait || waitMs === null) return
    this.#until = this.#clock.now() + waitMs
    this.#cancelWait = this.#clock.after(waitMs, () => this.end())
  }

  /** Ends the wait: a person asked for a refresh. */
  end(): void {
    if (!this.isOn) return
    this.stop()
    this.#onEnd()
  }

  /** Ends the wait where its time is over by the wall clock: the machine slept. */
  check(): void {
    if (this.#until !== null && this.#until <= this.#clock.now()) this.end()
  }

  /** Ends the wait without a word: this process is about to end. */
  stop(): void {
    this.#cancelWait()
    this.#until = null
  }

  /** Runs `refresh`, after the first of this start where that one goes alone. */
  async inTurn(refresh: () => Promise<void>): Promise<void> {
    if (!this.#isFirstAlone) return refresh()
    if (this.#first) {
      await this.#first
      return refresh()
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#first = promise
    const letOthersGo = () => {
      cancel()
      this.#isFirstAlone = false
      resolve()
    }
    const cancel = this.#clock.after(maxAloneMs, letOthersGo)
    return refresh().finally(letOthersGo)
  }
}
