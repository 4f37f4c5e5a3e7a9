// Two owners started at once, again and again: one wins, the other says who, and the vault keeps everything.
// The lock is the operating system's, so this is shown with processes only.
import { expect, test } from 'vitest'
import { times } from '../support/soak.ts'
import { makeHome, makeUpstream } from './harness.ts'

const rounds = times(10, 50)

test('FM-01 two serve started at once, many times: one wins, the other names it and exits with 1, and nothing is lost', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome()
  expect(await home.tokentray(['add', upstream.mcp.url, '--id', 'kept'])).toMatchObject({ code: 0 })
  const before = await home.tokentray(['token', 'kept'])

  for (let round = 0; round < rounds; round++) {
    const serve = ['serve', '--no-dashboard', '--no-gateway']
    const both = [home.start(serve), home.start(serve)]
    const { index, result } = await Promise.race(
      both.map(async (command, index) => ({ index, result: await command.ended }))
    )
    const [loser, winner] = index === 0 ? both : [both[1]!, both[0]!]
    expect({ round, ...result }).toEqual({
      round,
      code: 1,
      out: '',
      err: `tokentray: Tokentray is already running with this vault (process ${winner!.pid}). To stop it, run tokentray stop.\n`
    })
    expect(loser!.pid).not.toBe(winner!.pid)
    expect(await winner!.line(/is running/)).toContain(`(process ${winner!.pid})`)
    winner!.kill('SIGTERM')
    expect(await winner!.ended).toMatchObject({ code: 0 })
  }

  expect(await home.tokentray(['token', 'kept'])).toEqual(before)
  expect(await upstream.use(before.out.trim())).toBe(200)
  expect(await home.tokentray(['vault', 'check'])).toMatchObject({ code: 0, out: 'The vault is intact.\n' })
  expect(upstream.authority.events.map(({ kind }) => kind)).toEqual(['registered', 'issued'])
})
