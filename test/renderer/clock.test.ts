// The pages' idea of the core's time: it follows when either machine's clock is set, however long a page stays open.
// The module in Node, with the two page globals it touches stood in for.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

beforeEach(() => {
  vi.stubGlobal('document', { hidden: true, addEventListener() {} })
  vi.stubGlobal('window', { clearTimeout() {}, setTimeout: () => 0 })
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a clock that was an hour behind and is set right leaves no hour in the countdowns', async () => {
  const { now, setClock } = await import('../../renderer/clock.ts')
  const core = Date.UTC(2026, 0, 1, 12)
  const hour = 3_600_000
  vi.setSystemTime(core - hour)
  setClock(core)
  expect(now()).toBe(core)
  vi.setSystemTime(core)
  for (let snapshot = 0; snapshot < 8; snapshot++) setClock(core)
  expect(now()).toBe(core)
  // One that was held up on its way does not turn the time back.
  setClock(core - 30_000)
  expect(now()).toBe(core)
})
