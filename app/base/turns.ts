// Lets a limited number of pieces of work run at the same time; further ones wait for their turn, in the order they came.
// Waiting is limited as well: beyond it the caller has to refuse, or a flood would fill the memory.

/** Resolves with what ends the turn, to be called at least once; null: too many wait already. */
export type TakeTurn = () => Promise<(() => void) | null>

export function createTurns(maxRunning: number, maxWaiting: number): TakeTurn {
  const waiting: (() => void)[] = []
  let running = 0
  return async () => {
    if (running < maxRunning) running++
    else if (waiting.length >= maxWaiting) return null
    else await new Promise<void>((resolve) => waiting.push(resolve))
    let isRunning = true
    return () => {
      if (!isRunning) return
      isRunning = false
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
