// FM-25: a real core with real tokens behind the dashboard. No token leaves by any route or stream, whoever asks how.
// And no command that the contract keeps from browsers can be called here.
import { expect, onTestFinished, test } from 'vitest'
import { commands } from '../../app/contract/commands.ts'
import type { Core } from '../../app/core/core.ts'
import { createSetting } from '../core.fixture.ts'
import { ask, command, makeDashboard, openStream } from './dashboard.fixture.ts'

test('FM-25 readToken and everything else that is not for browsers is rejected, even with a session', async () => {
  const setting = await createSetting()
  onTestFinished(() => setting.stop())
  const { port, signIn } = await makeDashboard<Core>({ core: setting.core })
  const session = await signIn()
  const kept = Object.entries(commands).filter(([, { doors }]) => !doors.includes('browser'))
  expect(kept.map(([name]) => name)).toEqual(expect.arrayContaining(['readToken', 'dashboard.link', 'owner.quit']))
  for (const [name] of kept)
    expect(JSON.parse((await command(port, session, name, { server: 'one' })).body)).toMatchObject({
      ok: false,
      code: 'notAllowedHere'
    })
  for (const name of ['__proto__', 'constructor'])
    expect(JSON.parse((await command(port, session, name)).body)).toMatchObject({ code: 'commandUnknown' })
})

test('FM-25 no token appears in any response or stream, through sign-in, refresh, failure, sign-out and removal', async () => {
  const setting = await createSetting()
  onTestFinished(() => setting.stop())
  const { port, signIn } = await makeDashboard<Core>({ core: setting.core })
  const session = await signIn()
  const stream = await openStream(port, session)
  const said: string[] = []
  const run = async (name: string, input: unknown = {}) => {
    const { body } = await command(port, session, name, input)
    said.push(body)
    return JSON.parse(body)
  }
  const secrets = new Set<string>()
  const note = async () => secrets.add((await setting.call('readToken', { server: 'one' })).token)

  await setting.signIn()
  await note()
  expect(await run('server.refresh', { server: 'one' })).toMatchObject({ ok: true })
  await note()
  const pasted = 'pasted-token-5e1f'
  secrets.add(pasted)
  const add = { url: setting.mcp.url, id: 'two', grantKind: 'staticToken', accessToken: pasted }
  expect(await run('server.add', add)).toMatchObject({ ok: true })
  expect(await run('server.giveToken', { server: 'two', accessToken: pasted, wrong: pasted })).toMatchObject({
    ok: false
  })
  for (const [name, input] of [
    ['snapshot', {}],
    ['server.history', { server: 'one' }],
    ['server.set', { server: 'one', name: 'One' }],
    ['server.pause', { server: 'one' }],
    ['server.resume', { server: 'one' }],
    ['vault.backup', {}],
    ['readToken', { server: 'one' }],
    ['signIn.start', { server: 'one' }],
    ['server.signOut', { server: 'one' }],
    ['server.remove', { server: 'two' }],
    ['server.refresh', { server: pasted.slice(0, 4) }]
  ] as const)
    await run(name, input)
  for (const path of ['/', '/health', '/nothing', '/call', '/link', `/${pasted}`])
    said.push(JSON.stringify(await ask(port, path, { headers: session })))
  said.push(await stream.until(/"state":"signedOut"/))
  expect(secrets.size).toBe(3)
  for (const secret of secrets) for (const text of said) expect(text).not.toContain(secret)
})
