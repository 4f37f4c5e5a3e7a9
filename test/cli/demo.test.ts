// The demo from start to exit code, on a clock of the test's and with the real upstream.
// Its promise: 0 only if the steady server never was without a valid token.
import { expect, test } from 'vitest'
import { demo } from '../../app/cli/commands/demo.ts'
import { openCore } from '../../app/core/core.ts'
import { type DemoUpstream, startDemoUpstream } from '../../app/demo/upstream.ts'
import { type FakeClock, fakeClock } from '../fakes/clock.ts'
import { makeWorld } from './world.ts'

/** Runs the demo for `length`; `spoil` is called when all three servers are signed in and shown. */
async function runDemo(
  length: number,
  json: boolean,
  spoil: (upstream: DemoUpstream, clock: FakeClock, text: { out: string }) => Promise<unknown>
) {
  const made = makeWorld()
  const clock = fakeClock()
  made.world.clock = clock
  made.world.hostCore = openCore
  let upstream: DemoUpstream | undefined
  const shown = new Promise((resolve) => made.world.stdout.once('data', resolve))
  const ended = demo(made.world, { for: `${length}ms`, json }, async (options) => {
    upstream = await startDemoUpstream(options)
    return upstream
  })
  await shown
  await spoil(upstream!, clock, made.text)
  let isOver = false
  const done = ended.finally(() => (isOver = true))
  await clock.advance(length)
  // What the end still waits for, such as a publication.
  while (!isOver) await clock.advance(1000)
  return { ...made, exitCode: await done, lines: made.text.out.trim().split('\n') }
}

test('exit 1 where the steady server had a gap, which is told', async () => {
  const { exitCode, text, lines } = await runDemo(30_000, false, (upstream) => upstream.authority.goDown())
  expect(exitCode).toBe(1)
  expect(text.err).toMatch(/The steady server was without a valid token for \d+ ms \(0 refreshes\)\.\n$/)
  expect(lines.some((line) => / steady amber .*attempts [1-9]/.test(line))).toBe(true)
})

test('exit 0 where it never had one; a plain line for each server, with all facts, and no more', async () => {
  const { exitCode, text, lines } = await runDemo(1000, false, async () => {})
  expect(exitCode).toBe(0)
  expect(text.err).toMatch(/The steady server always had a valid token \(0 refreshes\)\.\n$/)
  expect(lines).toEqual(
    ['ending', 'flaky', 'steady'].map((id) =>
      expect.stringMatching(
        new RegExp(
          `^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d ${id} green .+ · token \\d+s · next refresh in \\d+s · \\d+s ago: .+$`
        )
      )
    )
  )
})

test('a refresh is told when it happens, and one is not called refreshes', async () => {
  const { exitCode, text } = await runDemo(15_000, false, async (upstream, clock, shown) => {
    await clock.advance(10_000)
    const look = () => clock.advance(10).then(() => shown.out)
    await expect.poll(look, { interval: 5 }).toMatch(/ steady green Healthy .* ago: (?!Signed in)/)
    expect(upstream.authority.events.some(({ kind }) => kind === 'refreshed')).toBe(true)
  })
  expect([exitCode, text.err]).toEqual([0, expect.stringMatching(/always had a valid token \(1 refresh\)\.\n$/)])
})

test('with --json the summary comes last, and the exit code is the same', async () => {
  const { exitCode, lines } = await runDemo(30_000, true, (upstream) => upstream.authority.goDown())
  expect(exitCode).toBe(1)
  expect(JSON.parse(lines.at(-1)!).summary.steady.gapMs).toBeGreaterThan(0)
})
