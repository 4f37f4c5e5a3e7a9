// The only place that reads the time, sets timers or makes random numbers; all other code is handed a Clock and a Random.
// An alarm rings after 30 s at the latest, even if it was set for later, so that sleep and changed clocks are noticed.

/** Times are in ms since the epoch (UTC). */
export interface Clock {
  now(): number
  /**
   * Calls `wake` once: at `at`, or sooner, after the longest nap or at a poke. The owner looks at the clock and sets the
   * next alarm. Returns what cancels it. Never keeps the process alive by itself.
   */
  alarm(at: number, wake: () => void): () => void
  /** Calls `wake` once after `lengthMs` of running time; for time-outs. Returns what cancels it. */
  after(lengthMs: number, wake: () => void): () => void
  /** Rings every alarm at once: after a wake from sleep or a clock change. */
  poke(): void
}

/** A number in [0, 1). */
export type Random = () => number

/** An alarm rings after this at the latest. */
export const maxNapMs = 30_000

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
      const timer = setTimeout(ring, Math.max(0, Math.min(at - Date.now(), maxNapMs))).unref()
      alarms.add(ring)
      return cancel
    },
    after(lengthMs, wake) {
      const timer = setTimeout(wake, Math.min(lengthMs, 2 ** 31 - 1))
      return () => clearTimeout(timer)
    },
    poke() {
      for (const ring of [...alarms]) ring()
    }
  }
}

export const systemRandom: Random = () => Math.random()

/** Resolves after `lengthMs`, or rejects when `signal` aborts. */
export function sleep(clock: Clock, lengthMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.after(lengthMs, () => {
      signal?.removeEventListener('abort', stop)
      resolve()
    })
    signal?.addEventListener('abort', stop, { once: true })
  })
}
