// A clock that stands still until a test moves it, with sleep (`jump`) apart from running time (`advance`).
// A cap on fired timers turns a runaway loop into a failed test.
import { type Clock, maxNapMs } from '../../app/base/clock.ts'

/** `at` in running time; alarms also ring when the wall clock reaches `wallAt`. */
type Timer = { at: number; wallAt: number | null; wake: () => void }

export type FakeClock = Clock & {
  /** Runs `length` ms of time, each timer in its order, and lets what it started settle. */
  advance(length: number): Promise<void>
  /** Moves the wall clock without running time: the machine slept, or somebody set the clock. */
  jump(length: number): void
  /** Lets everything already started settle. */
  settle(): Promise<void>
  /** How many timers have fired. */
  fired: number
}

export function fakeClock(start = Date.UTC(2026, 0, 2, 12), cap = 100_000): FakeClock {
  let wall = start
  let running = 0
  const timers = new Set<Timer>()
  const add = (timer: Timer) => {
    timers.add(timer)
    return () => void timers.delete(timer)
  }
  const settle = async () => {
    for (let n = 0; n < 12; n++) await new Promise((resolve) => setImmediate(resolve))
  }
  const left = ({ at, wallAt }: Timer) =>
    Math.min(at - running, wallAt === null ? Number.POSITIVE_INFINITY : wallAt - wall)
  const clock: FakeClock = {
    fired: 0,
    now: () => wall,
    alarm: (at, wake) => add({ at: running + maxNapMs, wallAt: at, wake }),
    after: (length, wake) => add({ at: running + length, wallAt: null, wake }),
    poke() {
      for (const timer of [...timers]) {
        if (timer.wallAt === null) continue
        timers.delete(timer)
        timer.wake()
      }
    },
    settle,
    jump(length) {
      wall += length
    },
    async advance(length) {
      const end = running + length
      await settle()
      for (;;) {
        const next = [...timers].sort((a, b) => left(a) - left(b))[0]
        if (!next || running + Math.max(0, left(next)) > end) break
        if (++clock.fired > cap) throw new Error('a timer loop ran away')
        const step = Math.max(0, left(next))
        running += step
        wall += step
        timers.delete(next)
        next.wake()
        await settle()
      }
      wall += end - running
      running = end
      await settle()
    }
  }
  return clock
}
