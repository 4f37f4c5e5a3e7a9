// Holds back refreshes while the machine is about to sleep, and lets them go once it is awake.
// It ends by itself after 30 s of running time, so that a desktop that never says "awake" stops no refresh for good.
import type { Clock } from '../base/clock.ts'

/** Systems give programs less than this to get ready for sleep. */
const maxSuspensionMs = 30_000

export class Suspension {
  readonly #clock: Clock
  readonly #onTimeout: () => void
  #current: { over: Promise<void>; end(): void } | null = null

  /** `onTimeout`: nobody said that the machine woke, and it runs all the same. */
  constructor(clock: Clock, onTimeout: () => void) {
    this.#clock = clock
    this.#onTimeout = onTimeout
  }

  get isOn(): boolean {
    return this.#current !== null
  }

  begin(): void {
    if (this.#current) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#clock.after(maxSuspensionMs, () => {
      this.end()
      this.#onTimeout()
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

  /** Resolves when this suspension is over; at once where there is none. */
  async over(): Promise<void> {
    await this.#current?.over
  }
}
