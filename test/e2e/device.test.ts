// A new user on a machine without a browser, over SSH: a server that offers only device codes, from `add` to a token.
// The code is entered by somebody else, at the authorization server's real page.
import { expect, test } from 'vitest'
import { enterCode } from '../../app/demo/person.ts'
import { makeHome, makeUpstream } from './harness.ts'

const overSsh = { BROWSER: '', DISPLAY: '', WAYLAND_DISPLAY: '', SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22' }

async function codeOf(command: { line(pattern: RegExp): Promise<string> }): Promise<[uri: string, code: string]> {
  const uri = (await command.line(/^ {2}http/)).trim()
  const code = /enter the code (\S+) within/.exec(await command.line(/enter the code/))?.[1] ?? ''
  return [uri, code]
}

test('signs in to a device-code-only server over SSH, refreshes, and a refusal leaves all as it was', async () => {
  const upstream = await makeUpstream({ deviceOnly: true })
  const home = await makeHome()
  const adding = home.start(['add', upstream.mcp.url, '--name', 'one'], { env: overSsh })
  await enterCode(...(await codeOf(adding)))
  expect((await adding.ended).code).toBe(0)
  const token = (await home.tokentray(['token', 'one'])).out.trim()
  expect(await upstream.use(token)).toBe(200)
  expect((await home.tokentray(['status', 'one'])).out).toMatch(/^ {2}grant: +device code$/m)
  expect(JSON.parse((await home.tokentray(['status', 'one', '--json'])).out).view).toMatchObject({
    grantKind: 'authorizationCode',
    byDeviceCode: true
  })
  expect((await home.tokentray(['refresh', 'one'])).code).toBe(0)
  expect(upstream.count('refreshed')).toBe(1)

  const again = home.start(['login', 'one'], { env: overSsh })
  await enterCode(...(await codeOf(again)), 'no')
  const ended = await again.ended
  expect(ended.err).toContain('was denied')
  expect(ended.code).toBe(1)
  expect(await upstream.use((await home.tokentray(['token', 'one'])).out.trim())).toBe(200)
})
