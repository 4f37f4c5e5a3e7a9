// Times on a terminal are those of the person's own zone, summer time included; with --json they are the same everywhere.
// Each test file is a process of its own, so the zone set here reaches no other test.
import { beforeEach, expect, test } from 'vitest'
import { formatTime } from '../../app/cli/times.ts'
import { makeCore, makeView } from '../owner/fakeCore.ts'
import { runIn } from './world.ts'

beforeEach(() => {
  process.env.TZ = 'Europe/Berlin'
})

const winter = Date.UTC(2026, 11, 31, 23, 5, 9)
const summer = Date.UTC(2026, 6, 1, 22)

test('the zone of TZ holds at the time that is shown, not at the time of the command', () => {
  expect(formatTime(winter)).toBe('2027-01-01 00:05:09')
  expect(formatTime(summer)).toBe('2026-07-02 00:00:00')
  process.env.TZ = 'America/St_Johns'
  expect(formatTime(winter)).toBe('2026-12-31 19:35:09')
})

test('history and status are local; --json has milliseconds', async () => {
  const core = makeCore([makeView('a', { since: summer, expiresAt: winter, acceptedAt: summer })])
  const event = { at: summer, kind: 'refreshed', fault: null, detail: '', expiresAt: winter }
  core.on('server.history', () => ({ events: [event] }))
  const history = await runIn(['history', 'a'], { core })
  expect(history.out).toContain('2026-07-02 00:00:00  refreshed')
  expect(history.out).toContain('(the token expires 2027-01-01 00:05:09)')
  expect(JSON.parse((await runIn(['history', 'a', '--json'], { core })).out).events).toEqual([event])
  const status = await runIn(['status', 'a'], { core })
  expect(status.out).toMatch(/token expires: +2027-01-01 00:05:09, /)
  expect(status.out).toMatch(/accepted by server: +2026-07-02 00:00:00, /)
  expect(JSON.parse((await runIn(['status', 'a', '--json'], { core })).out).view.expiresAt).toBe(winter)
})

test('the clock that doctor shows is local, and in --json ISO 8601 in UTC', async () => {
  expect((await runIn(['doctor'])).out).toMatch(/^ok {7}clock: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/m)
  const { checks } = JSON.parse((await runIn(['doctor', '--json'])).out)
  expect(checks).toContainEqual({ name: 'clock', result: 'ok', words: expect.stringMatching(/^\d{4}-.*T.*Z$/) })
})
