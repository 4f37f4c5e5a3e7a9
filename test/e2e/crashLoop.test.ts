// An owner that dies during its first refresh, again and again, as under a supervisor that restarts it at once.
// Each death may cost the refresh token that was being spent, so the loop must not go through all servers.
import { expect, test } from 'vitest'
import { addOverdue, makeHome, makeUpstream, until } from './harness.ts'

test('FM-03 a crash loop: one refresh per start, then none, and why; a person’s refresh ends the wait', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome({ settings: { schedule: { floor: 1000 } } })
  const ids = ['a', 'b', 'c']
  for (const id of ids) await addOverdue(home, upstream, id)
  upstream.authority.faults.decide(({ grantType }) => (grantType === 'refresh_token' ? { kind: 'hang' } : null))

  const dieAfter = async (requests: number) => {
    const before = upstream.count('faultMade')
    const serving = await home.serve()
    await upstream.reached('faultMade', before + requests)
    serving.kill('SIGKILL')
    await serving.ended
  }
  await dieAfter(ids.length)
  // From here on the others wait for the first, which never ends.
  await dieAfter(1)
  await dieAfter(1)

  const before = upstream.count('faultMade')
  upstream.authority.faults.decide(null)
  const serving = await home.serve()
  const why = 'Tokentray stopped unexpectedly several times in a row, so it refreshes nothing until'
  await serving.line(new RegExp(why))
  const { out, err } = await home.tokentray(['status'])
  expect(err).toContain(why)
  expect(out).toContain('Refreshing is on hold')
  expect(await home.tokentray(['token', 'b'])).toMatchObject({ out: '', err: expect.stringContaining(why) })
  expect([upstream.count('faultMade'), upstream.count('refreshed')]).toEqual([before, 0])

  expect(await home.tokentray(['refresh', 'a'])).toMatchObject({ code: 0 })
  await until(home, ({ servers }) => servers.every(({ words }) => words === 'Healthy'))
  expect(upstream.count('refreshed')).toBe(3)
  serving.kill('SIGTERM')
  expect(await serving.ended).toMatchObject({ code: 0 })
  expect((await home.tokentray(['status'])).err).not.toContain(why)
})
