// The machine's own clock, on faked timers: an alarm never sleeps longer than a nap, rings once, and hears a poke.
// All else in the tests runs on the fake clock, so a mistake here would show nowhere but in the field.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { maxNapMs, sleep, systemClock } from '../../app/base/clock.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('an alarm rings at its time, or after the longest nap, once', () => {
  const clock = systemClock()
  const rung: string[] = []
  clock.alarm(clock.now() + 5000, () => rung.push('soon'))
  clock.alarm(clock.now() + 8 * 3_600_000, () => rung.push('nap'))
  clock.alarm(Number.POSITIVE_INFINITY, () => rung.push('never planned'))
  vi.advanceTimersByTime(4999)
  expect(rung).toEqual([])
  vi.advanceTimersByTime(1)
  expect(rung).toEqual(['soon'])
  vi.advanceTimersByTime(maxNapMs)
  expect(rung).toEqual(['soon', 'nap', 'never planned'])
  vi.advanceTimersByTime(10 * maxNapMs)
  expect(rung).toHaveLength(3)
})

test('a wall clock set back by hours does not hold an alarm beyond its nap', () => {
  const clock = systemClock()
  let rung = 0
  clock.alarm(clock.now() + 20_000, () => rung++)
  vi.setSystemTime(clock.now() - 8 * 3_600_000)
  vi.advanceTimersByTime(maxNapMs)
  expect(rung).toBe(1)
})

test('a poke rings every alarm at once and only once; a cancelled one is silent', () => {
  const clock = systemClock()
  const rung: string[] = []
  clock.alarm(clock.now() + 9000, () => rung.push('kept'))
  clock.alarm(clock.now() + 9000, () => rung.push('cancelled'))()
  clock.poke()
  clock.poke()
  vi.advanceTimersByTime(maxNapMs)
  expect(rung).toEqual(['kept'])
})

test('a sleep ends in time, or with the reason it was stopped for', async () => {
  const clock = systemClock()
  const ended = sleep(clock, 100).then(() => 'slept')
  vi.advanceTimersByTime(100)
  expect(await ended).toBe('slept')
  const stop = new AbortController()
  const stopped = sleep(clock, 100, stop.signal)
  stop.abort(new Error('enough'))
  await expect(stopped).rejects.toThrow('enough')
})
