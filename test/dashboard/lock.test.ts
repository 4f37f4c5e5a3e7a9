// The lock of the gateway as browsers meet it: whoever locks may mean the very browser that is in already.
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import type { Core } from '../../app/core/core.ts'
import { createSetting } from '../core.fixture.ts'
import { command, makeDashboard } from './dashboard.fixture.ts'

test('a session lifts the lock only where its link was made after it; terminal and window lift it always', async () => {
  const system = systemClock()
  let now = system.now()
  const clock = { ...system, now: () => now }
  const setting = await createSetting({ clock })
  onTestFinished(() => setting.stop())
  const { core } = setting
  const { port, signIn } = await makeDashboard<Core>({ core, clock })
  const locked = async () => (await setting.call('clients.list', {})).locked
  const unlock = async (session: Record<string, string>) =>
    JSON.parse((await command(port, session, 'gateway.unlock')).body)

  const before = await signIn()
  expect(await unlock(before)).toEqual({ ok: true, value: { locked: false } })
  now += 1000
  // A page may always lock, also from a session that cannot unlock afterwards.
  expect(JSON.parse((await command(port, before, 'gateway.lock')).body)).toMatchObject({ ok: true })
  expect(await unlock(before)).toEqual({
    ok: false,
    code: 'sessionNeeded',
    message: expect.stringMatching(/tokentray unlock.*tokentray open/)
  })
  expect(await locked()).toBe(true)
  now += 1000
  expect(await unlock(await signIn())).toEqual({ ok: true, value: { locked: false } })
  for (const door of ['cli', 'window'] as const) {
    await setting.call('gateway.lock', {})
    expect(await core.handle(door, 'gateway.unlock', {})).toEqual({ ok: true, value: { locked: false } })
  }
  expect(await locked()).toBe(false)
})
