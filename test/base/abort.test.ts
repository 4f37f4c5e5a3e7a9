// Waiting that a signal or a time limit ends, and that nothing of it stays behind.
import { expect, test } from 'vitest'
import { onAbort, unlessAborted, untilAborted, withTimeout } from '../../app/base/abort.ts'
import { fakeClock } from '../fakes/clock.ts'

/** A signal that knows how many listen to it. */
function countedSignal() {
  const controller = new AbortController()
  const { signal } = controller
  const listening = new Set<unknown>()
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
    listening.add(given[1])
    addEventListener.apply(signal, given)
  }
  signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
    listening.delete(given[1])
    removeEventListener.apply(signal, given)
  }
  return { signal, abort: (reason: Error) => controller.abort(reason), listening: () => listening.size }
}

const stopped = new Error('stopped')
const never = () => new Promise<never>(() => {})

test('onAbort calls once, and not after it was taken away', () => {
  const { signal, abort, listening } = countedSignal()
  const called: string[] = []
  onAbort(signal, () => called.push('kept'))
  onAbort(signal, () => called.push('taken away'))()
  expect(listening()).toBe(1)
  abort(stopped)
  expect(called).toEqual(['kept'])
  onAbort(undefined, () => called.push('no signal'))()
})

test('untilAborted resolves at the abort, and at once where it is past', async () => {
  const { signal, abort } = countedSignal()
  let isOver = false
  const waiting = untilAborted(signal).then(() => (isOver = true))
  await Promise.resolve()
  expect(isOver).toBe(false)
  abort(stopped)
  await waiting
  await untilAborted(signal)
})

test('unlessAborted rejects with the reason while the work goes on', async () => {
  const { signal, abort } = countedSignal()
  const waiting = unlessAborted(signal, never)
  abort(stopped)
  await expect(waiting).rejects.toBe(stopped)
})

test('unlessAborted gives result and error of the work, and leaves no listener', async () => {
  const { signal, listening } = countedSignal()
  expect(await unlessAborted(signal, async () => 7)).toBe(7)
  await expect(unlessAborted(signal, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(listening()).toBe(0)
})

test('unlessAborted begins nothing where the signal has aborted', async () => {
  let isBegun = false
  const work = async () => {
    isBegun = true
  }
  await expect(unlessAborted(AbortSignal.abort(stopped), work)).rejects.toBe(stopped)
  expect(isBegun).toBe(false)
})

/** Work that ends only by its signal. */
const obedient = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

test('withTimeout aborts the work at its limit and no sooner', async () => {
  const clock = fakeClock()
  let given: AbortSignal | undefined
  const waiting = withTimeout(clock, 5000, (signal) => {
    given = signal
    return obedient(signal)
  })
  const caught = waiting.catch((error: Error) => error.name)
  await clock.advance(4999)
  expect(given?.aborted).toBe(false)
  await clock.advance(1)
  expect(await caught).toBe('AbortError')
})

test('withTimeout passes an outer abort on, with its reason', async () => {
  const { signal, abort } = countedSignal()
  const waiting = withTimeout(fakeClock(), 5000, obedient, signal)
  abort(stopped)
  await expect(waiting).rejects.toBe(stopped)
})

test.each([
  ['a result', async () => 1],
  ['an error', () => Promise.reject(new Error('broken'))]
])('withTimeout leaves no timer behind after %s', async (_, work) => {
  let timers = 0
  const clock = {
    after() {
      timers += 1
      return () => (timers -= 1)
    }
  }
  await withTimeout(clock, 5000, work).catch(() => {})
  expect(timers).toBe(0)
})
