// What a process keeps for young objects once it was told to spare memory, in a Node of its own: V8's flags are for all of it.
// Counted is what V8 says it holds, after more has outlived its youth than V8 grows for.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { spareMemory } from '../../app/base/v8.ts'
import { serve } from '../../app/cli/commands/serve.ts'
import { makeWorld } from '../cli/world.ts'
import { isSkipped } from '../support/skipped.ts'

vi.mock('../../app/base/v8.ts', () => ({ spareMemory: vi.fn() }))

const module = join(import.meta.dirname, '..', '..', 'app', 'base', 'v8.ts')
const script = (before: string) => `
import { getHeapSpaceStatistics } from 'node:v8'
import { spareMemory } from ${JSON.stringify(module)}
${before}
const kept = []
for (let at = 0; at < 1_000_000; at++) kept.push({ at, text: [at, at] })
console.log(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size / 2 ** 20)`
const youngAfter = (before: string) => {
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script(before)], {
    encoding: 'utf8'
  })
  return Number(stdout)
}

const { v8 } = process.versions
test.skipIf(isSkipped(!v8.startsWith('13.6.'), `V8 ${v8} is another than the flags were tried on`))(
  'what outlives its youth makes no more room for the young',
  () => {
    expect(youngAfter('')).toBeGreaterThan(30)
    expect(youngAfter('spareMemory()')).toBeLessThan(10)
  }
)

test('serve spares it', async () => {
  const { world } = makeWorld()
  world.hostCore = () => Promise.reject(new Error('far enough'))
  await expect(serve(world, { dashboard: false, gateway: false })).rejects.toThrow('far enough')
  expect(spareMemory).toHaveBeenCalledOnce()
})
