// How a view writes the time of day, without Intl.
// What else is in a view is told by the tests of whoever shows it.
import { expect, test } from 'vitest'
import { writeTime } from '../../app/keeper/serverView.ts'

test('the time of day is the one here, from 00:00 to 23:59', () => {
  const at = (hours: number, minutes: number) => new Date(2026, 10, 21, hours, minutes, 59).getTime()
  expect([at(0, 0), at(9, 5), at(23, 59)].map(writeTime)).toEqual(['00:00', '09:05', '23:59'])
})
