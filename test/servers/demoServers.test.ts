// The demo servers beside a person's own: they sign in through a page, are refreshed, and leave nothing behind.
// A whole core, the demo's real authorization server; the person is a small HTTP client that reads the page.
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { TokentrayError } from '../../app/contract/errors.ts'
import { serverConfig } from '../../app/contract/serverConfig.ts'
import { approve, callbackUrl } from '../../app/demo/person.ts'
import { openVault } from '../../app/vault/open.ts'
import { createSetting, type Setting } from '../core.fixture.ts'

let setting: Setting | undefined
afterEach(async () => {
  await setting?.stop()
  setting = undefined
})
const ids = ['demo-steady', 'demo-flaky', 'demo-ending']
const listed = ({ core }: Setting) => core.snapshot().servers.map(({ id }) => id)

test('started, signed in to through a page, and gone on stop, with the person’s own server untouched', async () => {
  setting = await createSetting()
  const { call, signIn, core } = setting
  await signIn()
  expect(core.snapshot().demo).toBe('off')
  const [first, second] = await Promise.all([call('demo.start', {}), call('demo.start', {})])
  expect(first.servers.toSorted()).toEqual(ids.toSorted())
  expect(second).toEqual(first)
  expect(core.snapshot()).toMatchObject({ demo: 'on' })
  expect(setting.view('demo-steady')).toMatchObject({ demo: true, state: 'signedOut' })
  expect(setting.view('one').demo).toBe(false)

  const started = await call('signIn.start', { server: 'demo-steady' })
  const page = await asked(started.url!)
  expect(page).toContain('Allow')
  const ended = call('signIn.wait', { signIn: started.signIn })
  await approve(started.url!)
  expect((await ended).view).toMatchObject({ light: 'green', demo: true })
  expect((await call('server.verify', { server: 'demo-steady' })).verdict).toBe('accepted')

  const refused = await call('signIn.start', { server: 'demo-flaky' })
  const failed = call('signIn.wait', { signIn: refused.signIn }).catch(({ code }) => code)
  await fetch(await callbackUrl(refused.url!, 'no')).then((reply) => reply.text())
  expect(await failed).toBe('authorizationDenied')

  await call('demo.stop', {})
  expect(listed(setting)).toEqual(['one'])
  expect(core.snapshot().demo).toBe('off')
  expect(await call('demo.start', {})).toEqual(first)
})

test('an owner that ends takes them along', async () => {
  setting = await createSetting()
  await setting.call('demo.start', {})
  await setting.restart()
  expect(listed(setting)).toEqual([])
})

test('what a killed owner left is cleared by the next', async () => {
  const keychain = { get: async () => null, set: async () => {}, delete: async () => {} }
  const vault = await openVault({ path: ':memory:', clock: systemClock(), keychain })
  const left = { id: 'demo-steady', name: 'Steady', url: 'http://127.0.0.1:9/mcp', grantKind: 'authorizationCode' }
  await vault.addServer(serverConfig.parse({ ...left, demo: true }), {})
  await vault.addServer(serverConfig.parse({ ...left, id: 'own' }), {})
  setting = await createSetting({ core: { vault } })
  expect(listed(setting)).toEqual(['own'])
  expect((await vault.servers()).map(({ config }) => config.id)).toEqual(['own'])
})

test('a vault that cannot be written at the end is closed all the same', async () => {
  const keychain = { get: async () => null, set: async () => {}, delete: async () => {} }
  const vault = await openVault({ path: ':memory:', clock: systemClock(), keychain })
  let isClosed = false
  const refusing = {
    ...vault,
    removeServer: () => Promise.reject(new TokentrayError('vaultUnwritable', 'The disk is full.')),
    close: async () => {
      isClosed = true
      await vault.close()
    }
  }
  setting = await createSetting({ core: { vault: refusing } })
  await setting.call('demo.start', {})
  await setting.core.close()
  expect(isClosed).toBe(true)
})

test('demo is no setting that a person can give', async () => {
  setting = await createSetting()
  const given = { url: 'https://x.example/mcp', demo: true } as Record<string, unknown>
  expect(await setting.core.handle('cli', 'server.add', given)).toMatchObject({ code: 'inputInvalid' })
})

/** What a browser shows before anybody said anything. */
async function asked(url: string): Promise<string> {
  const cookies = new Map<string, string>()
  for (let at = url; ; ) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const reply = await fetch(at, { redirect: 'manual', headers: { cookie, accept: 'text/html' } })
    for (const line of reply.headers.getSetCookie()) cookies.set(/^[^=]+/.exec(line)![0], /=([^;]*)/.exec(line)![1]!)
    const location = reply.headers.get('location')
    if (location === null) return reply.text()
    await reply.body?.cancel()
    at = new URL(location, at).href
  }
}
