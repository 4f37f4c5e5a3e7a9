// The machine's own clock, which a test may put forward: what is due in an hour comes at once, on real sockets.
// So tokens live longer than any machine is busy, and no test waits for their end.
import { type Clock, systemClock } from '../../app/base/clock.ts'

export type ForwardClock = Clock & {
  /** Puts the clock forward by `length` ms; who waits for a time looks at it. */
  forward(length: number): void
}

export function forwardClock(): ForwardClock {
  const machine = systemClock()
  let ahead = 0
  return {
    ...machine,
    now: () => machine.now() + ahead,
    alarm: (at, wake) => machine.alarm(at - ahead, wake),
    forward(length) {
      ahead += length
      machine.poke()
    }
  }
}
