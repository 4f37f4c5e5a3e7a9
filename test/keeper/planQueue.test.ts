// The queue of plans against what a walk over all of them would find, for any changes in any order.
// It must stay small as well: a plan that changes ten thousand times is one plan.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Plan, PlanQueue } from '../../app/keeper/planQueue.ts'

type Entry = { plan: Plan<Entry> | null }

test('what is due, and when the next is, is what a walk over all plans finds', () => {
  const step = fc.oneof(fc.record({ set: fc.nat(9), at: fc.option(fc.nat(50)) }), fc.record({ now: fc.nat(50) }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const entries: Entry[] = Array.from({ length: 10 }, () => ({ plan: null }))
      const planned = new Map<Entry, number>()
      const queue = new PlanQueue<Entry>()
      for (const step of steps) {
        if ('now' in step) {
          const due = [...planned].filter(([, at]) => at <= step.now)
          expect(new Set(queue.takeDue(step.now))).toEqual(new Set(due.map(([entry]) => entry)))
          for (const [entry] of due) planned.delete(entry)
        } else {
          const entry = entries[step.set]!
          queue.set(entry, step.at)
          if (step.at === null) planned.delete(entry)
          else planned.set(entry, step.at)
        }
        expect(queue.earliest()).toBe(planned.size === 0 ? null : Math.min(...planned.values()))
      }
    })
  )
})

test('plans that were changed are cleared away: never more than twice the current ones and a few', () => {
  const queue = new PlanQueue<Entry>()
  const entries: Entry[] = Array.from({ length: 100 }, () => ({ plan: null }))
  for (let n = 0; n < 10_000; n++) {
    queue.set(entries[n % 100]!, n)
    expect(queue.length).toBeLessThanOrEqual(2 * 100 + 65)
  }
  for (const entry of entries) queue.set(entry, null)
  expect(queue.earliest()).toBeNull()
  expect(queue.length).toBe(0)
})
