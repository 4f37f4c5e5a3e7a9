// The only place that knows the time, sleeps or rolls dice. Everything else is handed a Clock and a Random.
// Alarms ring after 30 s at the latest, for their owner to look at the wall clock: sleep and clock changes cannot fool it.

/** Times in ms since the epoch (UTC), lengths in ms. */
export interface Clock {
  now(): number
  /**
   * Calls `wake` once: at `at`, or sooner, after the longest nap or at a poke. The owner looks at the clock and sets the
   * next alarm. Returns what cancels it. Never keeps the process alive by itself.
   */
  alarm(at: number, wake: () => void): () => void
  /** Calls `wake` once after `length` of running time; for time-outs. Returns what cancels it. */
  after(length: number, wake: () => void): () => void
  /** Rings every alarm at once: after a wake from sleep or a clock change. */
  poke(): void
}

/** A number in [0, 1). */
export type Random = () => number

export const longestNap = 30_000

/** The machine's own clock. */
export function systemClock(): Clock {
  const alarms = new Set<() => void>()
  return {
    now: () => Date.now(),
    alarm(at, wake) {
      const cancel = () => {
        clearTimeout(timer)
        alarms.delete(ring)
      }
      const ring = () => {
        cancel()
        wake()
      }
      const timer = setTimeout(ring, Math.max(0, Math.min(at - Date.now(), longestNap))).unref()
      alarms.add(ring)
      return cancel
    },
    after(length, wake) {
      const timer = setTimeout(wake, Math.min(length, 2 ** 31 - 1))
      return () => clearTimeout(timer)
    },
    poke() {
      for (const ring of [...alarms]) ring()
    }
  }
}

export const systemRandom: Random = () => Math.random()

/** Resolves after `length` ms, or rejects when `signal` aborts. */
export function sleep(clock: Clock, length: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.after(length, () => {
      signal?.removeEventListener('abort', stop)
      resolve()
    })
    signal?.addEventListener('abort', stop, { once: true })
  })
}
