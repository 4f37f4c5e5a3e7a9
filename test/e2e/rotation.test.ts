// The main job for real: 5-second tokens with rotation and reuse detection, kept alive through a restart and a kill -9.
// The authorization server's own events are the judge.
import { expect, test } from 'vitest'
import { times } from '../support/soak.ts'
import { makeHome, makeUpstream, until } from './harness.ts'

const refreshes = times(12, 20)

test('FM-01 FM-04 FM-08 refreshes in a row, with a restart and a kill -9 in between: no token is used twice, one refresh per due time', async () => {
  const upstream = await makeUpstream({ accessTokenTtl: 5 })
  const home = await makeHome({ settings: { schedule: { floor: 1000 } } })
  const added = await home.tokentray(['add', upstream.mcp.url, '--id', 'short'])
  expect(added).toMatchObject({ code: 0, out: expect.stringContaining('short: Healthy') })

  let serving = await home.serve()
  await upstream.reached('refreshed', 5)
  serving.kill('SIGTERM')
  expect(await serving.ended).toMatchObject({ code: 0 })

  serving = await home.serve()
  const before = upstream.count('refreshed')
  await upstream.reached('refreshed', before + 5)
  const endOf = (snapshot: { servers: { lastEvent: { kind: string; at: number } | null }[] }) =>
    snapshot.servers[0]?.lastEvent
  const { at } = endOf(await until(home, (snapshot) => endOf(snapshot)?.kind === 'refreshed')) ?? { at: 0 }
  await until(home, (snapshot) => (endOf(snapshot)?.at ?? 0) > at)
  serving.kill('SIGKILL')
  expect(await serving.ended).toMatchObject({ code: null })

  serving = await home.serve()
  await upstream.reached('refreshed', refreshes)
  const { out: token } = await home.tokentray(['token', 'short', '--min-valid', '1s'])
  expect(await upstream.use(token.trim())).toBe(200)
  serving.kill('SIGTERM')
  await serving.ended

  const kinds = new Set(upstream.authority.events.map(({ kind }) => kind))
  expect([...kinds].sort()).toEqual(['issued', 'refreshed', 'registered'])
  const history = JSON.parse((await home.tokentray(['history', 'short', '--json', '--limit', '1000'])).out).events
  const stored = history.filter(({ kind }: { kind: string }) => kind === 'refreshed')
  expect(stored.length).toBe(upstream.count('refreshed'))
  expect(stored.length).toBeGreaterThanOrEqual(refreshes)
  expect(history.length).toBe(stored.length + 2) // added and signed in; nothing failed

  // Each token lasts 5 s from its request, so ends lie as far apart as requests do: at least half a lifetime, however
  // busy the machine. Any closer, and one due time was answered twice, or none was waited for.
  const ends: number[] = history.flatMap(({ expiresAt }: { expiresAt: number | null }) => expiresAt ?? []).reverse()
  const shortest = Math.min(...ends.slice(1).map((end, index) => end - (ends[index] ?? 0)))
  expect(ends.length).toBe(stored.length + 1)
  expect(shortest).toBeGreaterThanOrEqual(2499)
})
