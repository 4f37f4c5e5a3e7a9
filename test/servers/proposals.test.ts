// Proposals through a whole core: a sign-in fails and says what it would need, a person allows it, and it works from then on.
// The server is shaped like Microsoft Entra: silent on PKCE, and no friend of the resource parameter.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TokentrayError } from '../../app/contract/errors.ts'
import { createSetting, type Setting } from '../core.fixture.ts'
import { type FakeServer, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'

let setting: Setting
let fake: FakeServer
beforeEach(async () => {
  setting = await createSetting()
  fake = await startFakeServer()
  fake.script('/.well-known/oauth-authorization-server', {
    body: { ...metadataOf(fake.origin), code_challenge_methods_supported: undefined }
  })
  let count = 0
  fake.script('/token', ({ form }) =>
    form.has('resource')
      ? { status: 400, body: { error: 'invalid_request', error_description: 'AADSTS901002: not supported.' } }
      : { body: { access_token: `a${++count}`, token_type: 'Bearer', expires_in: 3600, refresh_token: `r${count}` } }
  )
})
afterEach(async () => {
  await setting.stop()
  await fake.stop()
})

/** One sign-in as far as it goes; the code it failed with, or null. */
async function signIn(): Promise<string | null> {
  try {
    const { signIn, url } = await setting.call('signIn.start', { server: 'one' })
    const done = setting.call('signIn.wait', { signIn })
    done.catch(() => {})
    await fetch(url ?? '')
    await done
    return null
  } catch (error) {
    return error instanceof TokentrayError ? error.code : String(error)
  }
}

/** Says yes to the one proposal there is. */
async function accept(): Promise<void> {
  const [one, ...more] = setting.view().proposals
  expect([one?.trust, more]).toEqual(['seen', []])
  await setting.call('server.set', { server: 'one', ...one?.change, reason: one?.reason })
}

test('nothing is relaxed by itself; each yes is recorded with its reason, and sign-in and refresh work then', async () => {
  await setting.call('server.add', { url: fake.mcp, name: 'one' })
  expect(setting.view().proposals).toEqual([])
  expect(await signIn()).toBe('pkceUnsupported')
  expect(await signIn()).toBe('pkceUnsupported')
  expect(setting.view().quirks).toEqual({})
  const { proposals } = setting.view()
  await setting.restart()
  expect(setting.view().proposals).toEqual(proposals)
  await accept()
  expect(setting.view().proposals).toEqual([])
  expect(await signIn()).toBe('signInFailed')
  await setting.restart()
  await accept()
  expect(await signIn()).toBe(null)
  expect(setting.view()).toMatchObject({
    proposals: [],
    quirks: { allowMissingPkceMetadata: true, omitResource: true },
    quirkReasons: {
      allowMissingPkceMetadata: expect.stringContaining('does not mention PKCE'),
      omitResource: expect.stringContaining('resource parameter')
    }
  })
  await setting.restart()
  expect(setting.view().proposals).toEqual([])
  await setting.call('server.refresh', { server: 'one' })
  expect(fake.to('/token').at(-1)?.form.get('grant_type')).toBe('refresh_token')
  expect(setting.view().quirkReasons.omitResource).toContain('resource parameter')
})

test('a quirk set without a reason is said to be set manually, and one taken back takes its reason along', async () => {
  await setting.call('server.add', { url: fake.mcp, name: 'one' })
  await setting.call('server.set', { server: 'one', quirks: { omitResource: true, acceptIssuerSlash: true } })
  expect(setting.view().quirkReasons).toEqual({ omitResource: 'set manually', acceptIssuerSlash: 'set manually' })
  await setting.call('server.set', { server: 'one', quirks: { omitResource: false } })
  expect(setting.view().quirkReasons).toEqual({ acceptIssuerSlash: 'set manually' })
})

test('a refresh that is refused for its resource proposes the quirk too, across restarts; once allowed it works', async () => {
  fake.script('/.well-known/oauth-authorization-server', { body: metadataOf(fake.origin) })
  const sound = { body: { access_token: 'a', token_type: 'Bearer', expires_in: 3600, refresh_token: 'r' } }
  fake.script('/token', sound, ({ form }) =>
    form.has('resource') ? { status: 400, body: { error: 'invalid_target' } } : sound
  )
  await setting.call('server.add', { url: fake.mcp, name: 'one' })
  expect(await signIn()).toBe(null)
  expect(setting.view().proposals).toEqual([])
  await setting.call('server.refresh', { server: 'one' }).catch(() => {})
  expect(setting.view()).toMatchObject({ action: 'fixSettings', quirks: {} })
  await setting.restart()
  await accept()
  await setting.call('server.refresh', { server: 'one' })
  expect(setting.view()).toMatchObject({ light: 'green', proposals: [], quirks: { omitResource: true } })
})

test('a client that signs in by itself is proposed the quirk as well, and nothing that only a browser would need', async () => {
  const kind = { grantKind: 'clientCredentials', clientId: 'robot', clientSecret: 's' } as const
  await setting.call('server.add', { url: fake.mcp, name: 'one', ...kind })
  const alone = async () => {
    const { signIn } = await setting.call('signIn.start', { server: 'one' })
    return (await setting.call('signIn.wait', { signIn })).view.light
  }
  await expect(alone()).rejects.toMatchObject({ code: 'signInFailed' })
  await accept()
  expect(await alone()).toBe('green')
  const entra = 'https://login.microsoftonline.com/tenant/mcp'
  await setting.call('server.add', { url: entra, name: 'entra', ...kind })
  expect(setting.view('entra').proposals.map(({ change }) => change)).toEqual([{ quirks: { omitResource: true } }])
})
