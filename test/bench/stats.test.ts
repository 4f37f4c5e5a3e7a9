// Tests of the benchmark's arithmetic, on made-up values: no time is measured here.
import { expect, test } from 'vitest'
import { interleave, judge, quantile, rowOf } from './stats.ts'

test('quantiles lie linearly between neighbours, whatever the order', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
  expect(quantile([30, 10, 20], 0)).toBe(10)
  expect(quantile([30, 10, 20], 1)).toBe(30)
})

test('the ratio is taken round by round, so a machine that slows down for a while does not bend it', () => {
  expect(rowOf('x', 'ms', [2, 20, 200], [1, 10, 100])).toMatchObject({ median: 20, low: 2, high: 200, ratio: 2 })
})

test('every arm runs once a round, and each round begins with another', async () => {
  const order: string[] = []
  const arm = (name: string) => (round: number) => {
    order.push(name)
    return round
  }
  const values = await interleave(3, { a: arm('a'), b: arm('b'), c: arm('c') })
  expect(values).toEqual({ a: [0, 1, 2], b: [0, 1, 2], c: [0, 1, 2] })
  expect(order.join('')).toBe('abcbcacab')
})

test('a promise is kept on its side of the bound, and where the bound itself is allowed also at it', () => {
  expect(judge('x', 249.4, 'ms', 250)).toBe('x: 249 ms; the promise (under 250 ms) is met.')
  expect(judge('x', 250, 'ms', 250)).toMatch(/missed/)
  expect(judge('x', 1, 'per second', 1, 'at most')).toMatch(/met/)
  expect(judge('x', 60, '%', 60, 'at least')).toBe('x: 60 %; the promise (at least 60 %) is met.')
  expect(judge('x', 59.9, '%', 60, 'at least')).toMatch(/missed/)
  expect(judge('x', 1.05, 'per second', 1, 'at most')).toBe(
    'x: 1.05 per second; the promise (at most 1 per second) is missed.'
  )
})
