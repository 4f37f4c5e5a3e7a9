// A machine about to sleep: what is asked for meanwhile is sent once it is awake.
// It holds for 30 s of running time at most, whoever forgets to say that the machine woke: systems give programs less.
import type { Clock } from '../base/clock.ts'

/** In ms of running time. */
const holds = 30_000

export class Sleep {
  readonly #clock: Clock
  readonly #onOverslept: () => void
  #current: { over: Promise<void>; end(): void } | null = null

  /** `onOverslept`: nobody said that the machine woke, and it runs all the same. */
  constructor(clock: Clock, onOverslept: () => void) {
    this.#clock = clock
    this.#onOverslept = onOverslept
  }

  get isOn(): boolean {
    return this.#current !== null
  }

  begin(): void {
    if (this.#current) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#clock.after(holds, () => {
      this.end()
      this.#onOverslept()
    })
    this.#current = {
      over: promise,
      end() {
        cancel()
        resolve()
      }
    }
  }

  end(): void {
    this.#current?.end()
    this.#current = null
  }

  /** Resolves when this sleep is over; at once where there is none. */
  async over(): Promise<void> {
    await this.#current?.over
  }
}
