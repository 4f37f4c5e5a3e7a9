// Waiting that a signal or a time limit can end, for all of Tokentray.
// Each function takes its listener and its timer away again: one left on a signal that lives for days would pile up.
import type { Clock } from './clock.ts'

/** Calls `act` once `signal` aborts; one that has aborted already calls nothing. Returns what takes the listener away. */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  signal?.addEventListener('abort', act, { once: true })
  return () => signal?.removeEventListener('abort', act)
}

/** Resolves once `signal` aborts, or at once where it has. For signals that end with the one who waits. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else onAbort(signal, resolve)
  })
}

/**
 * The result of `work`, or a rejection with the signal's reason as soon as it aborts. The work itself goes on, for others that
 * wait for it too; it is not begun where the signal has aborted already.
 */
export function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise<T>((resolve, reject) => {
    const stopListening = onAbort(signal, () => reject(signal.reason))
    work().then(resolve, reject).finally(stopListening)
  })
}

/**
 * Runs `work` with a signal that aborts after `limitMs`, or when `outer` does. What then becomes of the work is its own
 * decision: its result or its rejection is the result here.
 */
export async function withTimeout<T>(
  clock: Pick<Clock, 'after'>,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal
): Promise<T> {
  const late = new AbortController()
  const cancel = clock.after(limitMs, () => late.abort())
  try {
    return await work(outer ? AbortSignal.any([outer, late.signal]) : late.signal)
  } finally {
    cancel()
  }
}
