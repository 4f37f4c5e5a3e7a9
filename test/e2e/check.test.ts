// A script's evening with real servers: check, an ended sign-in, login --all, check again, and what Tab offers meanwhile.
// Nothing is left out between the command and the authorization server.
import { expect, test } from 'vitest'
import { makeHome, makeUpstream } from './harness.ts'

test('check tells by exit code what login --all then mends, and completion knows the names', async () => {
  const [upstream, other] = await Promise.all([makeUpstream(), makeUpstream()])
  const home = await makeHome()
  const codeOf = async (...args: string[]) => (await home.tokentray(args)).code
  expect(await home.tokentray(['complete', 'servers'])).toEqual({ code: 0, out: '', err: '' })
  const owner = await home.serve()
  expect(await codeOf('add', upstream.mcp.url, '--id', 'one', '--name', 'First $(server)')).toBe(0)
  expect(await codeOf('add', other.mcp.url, '--id', 'two', '--name', 'two')).toBe(0)
  expect((await home.tokentray(['complete', 'servers'])).out).toBe(
    'one\tFirst $(server)\nFirst $(server)\tone\ntwo\ttwo\n'
  )
  const well = await home.tokentray(['check', '--for', '8h', '--servers'])
  expect(well).toMatchObject({ code: 0, err: '' })
  expect(well.out.match(/^ok {7}(one|two): Signed in/gm)).toHaveLength(2)

  upstream.authority.revokeAll()
  expect(await codeOf('refresh', 'one')).toBe(3)
  const ended = await home.tokentray(['check', '--json'])
  expect(ended.code).toBe(3)
  expect(JSON.parse(ended.out).servers).toMatchObject([
    { id: 'one', ok: false, trouble: 'personNeeded' },
    { id: 'two', ok: true }
  ])
  const signedIn = await home.tokentray(['login', '--all'])
  expect(signedIn).toMatchObject({ code: 0, out: expect.stringMatching(/^one: /) })
  expect(signedIn.err.match(/Signing in to/g)).toHaveLength(1)
  expect(await codeOf('check', 'one', '--servers')).toBe(0)

  await upstream.mcp.stop()
  expect(await codeOf('check', 'one')).toBe(0)
  expect(await codeOf('check', 'one', '--servers')).toBe(6)
  owner.kill('SIGTERM')
  await owner.ended
  const locked = await home.tokentray(['check'], { env: { TOKENTRAY_PASSPHRASE: undefined }, input: '' })
  expect(locked).toMatchObject({ code: 5, out: '' })
})
