// The only place that reads the time, sets timers or makes random numbers; all other code is handed a Clock and a Random.
// An alarm rings after 30 s at the latest, even if it was set for later, so that sleep and changed clocks are noticed.

/** Times are in ms since the epoch (UTC). */
export interface Clock {
  now(): number
  /**
   * Calls `wake` once: at `at`, or sooner, after the longest nap or at a poke. The caller looks at the clock and sets the
   * next alarm. Returns what cancels it. Never keeps the process alive by itself.
   */
  alarm(at: number, wake: () => void): () => void
  /**
   * Calls `wake` once after `lengthMs` of running time; for time-outs. Returns what cancels it. Time in which the process stood
   * still does not count, and whatever has arrived by then is read first.
   */
  after(lengthMs: number, wake: () => void): () => void
  /** Rings every alarm at once: after a wake from sleep or a clock change. */
  poke(): void
}

/** A number in [0, 1). */
export type Random = () => number

/** An alarm rings after this at the latest. */
export const maxNapMs = 30_000
/** A time-out is counted in pieces of at most this length: a pause of the process costs it no more than one. */
const maxPieceMs = 5000
/** A timer that rings later than this tells that the process stood still, and for how long nobody knows. */
const lateMs = 1000

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
      let leftMs = lengthMs
      let isCountedAnew = false
      let cancel = () => {}
      const count = () => {
        const pieceMs = Math.min(leftMs, maxPieceMs)
        const startedAt = performance.now()
        const timer = setTimeout(() => {
          // A piece that was interrupted is counted anew: TCP needs a moment to send again what the pause has missed. Not
          // twice in a row, or no time-out would end on a machine whose timers are always late.
          isCountedAnew = !isCountedAnew && performance.now() - startedAt - pieceMs >= lateMs
          if (!isCountedAnew) leftMs -= pieceMs
          if (leftMs > 0) return count()
          // Timers ring before sockets are read. An immediate comes after, and is cancelled by a reply that was there.
          const afterReads = setImmediate(wake)
          cancel = () => clearImmediate(afterReads)
        }, pieceMs)
        cancel = () => clearTimeout(timer)
      }
      count()
      return () => cancel()
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
