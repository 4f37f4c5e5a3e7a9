// The machine's own clock, on faked timers: an alarm never sleeps longer than a nap, rings once, and hears a poke.
// All else in the tests runs on the fake clock, so a mistake here would show nowhere but in the field.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { maxNapMs, sleep, systemClock } from '../../app/base/clock.ts'

/** Ends what is due now: a time-out rings an immediate later, which faked timers count as a millisecond. */
const afterReads = 1

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
  vi.advanceTimersByTime(100 + afterReads)
  expect(await ended).toBe('slept')
  const stop = new AbortController()
  const stopped = sleep(clock, 100, stop.signal)
  stop.abort(new Error('enough'))
  await expect(stopped).rejects.toThrow('enough')
})

test('a time-out ends after its length, however long, and not at all once it is cancelled', () => {
  const clock = systemClock()
  const rung: string[] = []
  clock.after(12_000, () => rung.push('long'))
  clock.after(0, () => rung.push('none'))
  const cancels = [clock.after(0, () => rung.push('cancelled')), clock.after(12_000, () => rung.push('cancelled late'))]
  cancels[0]?.()
  vi.advanceTimersByTime(11_999)
  expect(rung).toEqual(['none'])
  cancels[1]?.()
  vi.advanceTimersByTime(1 + afterReads)
  expect(rung).toEqual(['none', 'long'])
  vi.advanceTimersByTime(60_000)
  expect(rung).toHaveLength(2)
})

test('time in which the process stood still is not counted', () => {
  const clock = systemClock()
  const rung: string[] = []
  /** The machine's clock runs on, and no timer rings. */
  const standStill = (lengthMs: number) => {
    const ran = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => ran() + lengthMs)
  }
  clock.after(6000, () => rung.push('late'))
  vi.advanceTimersByTime(5500)
  standStill(3_600_000)
  vi.advanceTimersByTime(1499)
  expect(rung).toEqual([])
  vi.advanceTimersByTime(1 + afterReads)
  expect(rung).toEqual(['late'])
})

test('a time-out ends on a machine whose timers are always late, too', () => {
  const clock = systemClock()
  let rung = 0
  let late = 0
  const ran = performance.now.bind(performance)
  // Each look at the clock finds that the process stood still since the last one.
  vi.spyOn(performance, 'now').mockImplementation(() => ran() + 2000 * late++)
  clock.after(10_000, () => rung++)
  vi.advanceTimersByTime(4 * 5000 + afterReads)
  expect(rung).toBe(1)
})

test('what has arrived is read before a time-out is believed', async () => {
  vi.useRealTimers()
  const order: string[] = []
  const timedOut = Promise.withResolvers<void>()
  const server = createServer((socket) =>
    socket.once('data', () => {
      systemClock().after(50, () => {
        order.push('time-out')
        timedOut.resolve()
      })
      socket.end('the reply')
      // Until the time is up, this process reads nothing.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    })
  ).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('data', () => order.push('reply'))
  client.write('the request')
  await timedOut.promise
  expect(order).toEqual(['reply', 'time-out'])
})
