// A response without a state, on a real core: the person who waits reads what it says, and the sign-in goes on.
import { expect, onTestFinished, test } from 'vitest'
import { approve } from '../../app/demo/person.ts'
import { createSetting } from '../core.fixture.ts'

test('what a response without a state says is told to who waits at each door, until the sign-in ends', async () => {
  const setting = await createSetting()
  onTestFinished(setting.stop)
  await setting.call('server.add', { url: setting.mcp.url, name: 'one' })
  const { signIn, url, redirectUri } = await setting.call('signIn.start', { server: 'one' })
  const done = setting.call('signIn.wait', { signIn })
  const told = setting.call('signIn.notice', { signIn, seen: 0 })
  await (await fetch(`${redirectUri}?error=temporarily_unavailable&error_description=Try+later`)).text()
  expect(await told).toEqual({ notice: expect.stringContaining('temporarily_unavailable (Try later)'), seen: 1 })
  expect(setting.view('one').signIn?.notice).toContain('Try later')
  const next = setting.call('signIn.notice', { signIn, seen: 1 })
  await approve(url!)
  expect((await done).view.light).toBe('green')
  expect(await next).toEqual({ notice: null, seen: 1 })
})
