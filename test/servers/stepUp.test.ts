// Step-up on a real core: what a 403 said is missing is asked for besides what was granted, once, and never in a loop.
import { expect, test as plainTest } from 'vitest'
import type { ServerConfig } from '../../app/contract/serverConfig.ts'
import { approve } from '../../app/demo/person.ts'
import { addScope } from '../../app/servers/stepUp.ts'
import { createSetting, type Setting } from '../core.fixture.ts'
import { configOf, grantOf } from '../oauth/oauth.fixture.ts'

const test = plainTest.extend<{ setting: Setting }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest wants the pattern
  setting: async ({}, use) => {
    const setting = await createSetting()
    await use(setting)
    await setting.stop()
  }
})

async function signInFor(setting: Setting, addScope: string): Promise<URLSearchParams> {
  const { signIn, url } = await setting.call('signIn.start', { server: 'one', addScope })
  const done = setting.call('signIn.wait', { signIn })
  await approve(url!)
  await done
  return new URL(url!).searchParams
}

test('asks for the union of what was granted and what is missing, now and at later sign-ins', async ({ setting }) => {
  await setting.signIn()
  const granted = setting.view().scope
  const asked = await signInFor(setting, 'openid')
  expect(asked.get('scope')?.split(' ')).toEqual(expect.arrayContaining([...(granted?.split(' ') ?? []), 'openid']))
  await setting.restart()
  const { url } = await setting.call('signIn.start', { server: 'one' })
  expect(new URL(url!).searchParams.get('scope')).toContain('openid')
})

test('a person who sets the scopes has the last word: what a server wanted since is forgotten', async ({ setting }) => {
  await setting.signIn()
  for (const scope of ['offline_access', null]) {
    await signInFor(setting, 'openid')
    await setting.call('server.set', { server: 'one', scope })
    const { signIn, url } = await setting.call('signIn.start', { server: 'one' })
    expect(new URL(url!).searchParams.get('scope') ?? '').not.toContain('openid')
    await setting.call('signIn.cancel', { signIn })
  }
})

test('what is missing is noted also where more was granted than is looked through of a challenge', async () => {
  const many = Array.from({ length: 150 }, (_, at) => `granted:${at}`)
  const noted: ServerConfig[] = []
  const vault = {
    readGrant: async () => grantOf('https://i.example', { scope: many.join(' ') }, { registration: 'none' })
  }
  const config = configOf('https://mcp.example/')
  const changeConfig = async (_: string, change: (old: ServerConfig) => { config: ServerConfig }) => {
    noted.push(change(config).config)
  }
  const keeper = { roster: { config: () => config }, changeConfig }
  await addScope({ keeper, vault, oauth: {} } as never, 'test', 'the-missing-one')
  expect(noted[0]?.addedScope?.split(' ')).toEqual(expect.arrayContaining([...many, 'the-missing-one']))
  const twice = addScope({ keeper, vault, oauth: {} } as never, 'test', many.at(-1)!)
  await expect(twice).rejects.toMatchObject({ code: 'scopeGranted' })
})

test('never asks again for what was granted: the limit against loops', async ({ setting }) => {
  await setting.signIn()
  const granted = setting.view().scope ?? ''
  await expect(setting.call('signIn.start', { server: 'one', addScope: granted })).rejects.toMatchObject({
    code: 'scopeGranted'
  })
  await expect(setting.call('signIn.start', { server: 'one', addScope: ' "" ' })).rejects.toMatchObject({
    code: 'inputInvalid'
  })
  expect(setting.view().state).toBe('fresh')
})
