// Adding on a real core: what is looked for is not stored, and of two that add one URL only the first does.
// A search must end with the core, or a person who gave up would wait for a server that does not answer.
import { expect, onTestFinished, test } from 'vitest'
import { createSetting } from '../core.fixture.ts'
import { startFakeServer } from '../fakes/authorizationServer.ts'

test('looking for a server stores nothing, and names one that is there already', async () => {
  const setting = await createSetting()
  onTestFinished(setting.stop)
  const { url } = setting.mcp
  const { origin } = new URL(url)
  expect(await setting.call('server.find', { url: origin })).toEqual({ url })
  expect(setting.core.snapshot().servers).toEqual([])
  await setting.call('server.add', { url })
  const { id } = setting.core.snapshot().servers[0]!
  // By the URL that was typed, and by the one that is found.
  for (const typed of [url, url.replace('http://', ''), origin])
    await expect(setting.call('server.find', { url: typed })).rejects.toMatchObject({
      code: 'serverExists',
      message: expect.stringContaining(`${id} already has this URL`)
    })
  await expect(setting.call('server.find', { url, name: 'another' })).resolves.toEqual({ url })
  await expect(setting.call('server.find', { url, name: 'token' })).rejects.toMatchObject({ code: 'nameReserved' })
})

test('of two that add one URL at once, only the first does', async () => {
  const setting = await createSetting()
  onTestFinished(setting.stop)
  const { url } = setting.mcp
  const both = await Promise.allSettled([setting.call('server.add', { url }), setting.call('server.add', { url })])
  expect(both).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'serverExists', message: expect.stringContaining('already has this URL') } }
  ])
  const seeds = await Promise.all(
    [1, 2].map(() => setting.call('server.add', { url, keepExisting: true, accessToken: 'a', id: 'seeded' }))
  )
  expect(seeds.map(({ existed }) => existed)).toEqual([false, true])
  expect(setting.core.snapshot().servers).toHaveLength(2)
})

test('a search ends with the core, and asks to be made again by the next', async () => {
  const setting = await createSetting()
  const fake = await startFakeServer()
  onTestFinished(async () => {
    await setting.stop()
    await fake.stop()
  })
  fake.script('/mcp', 'hang')
  const arrived = fake.arrived('/mcp')
  const search = setting.call('server.find', { url: fake.mcp })
  search.catch(() => {})
  await arrived
  await setting.core.close()
  await expect(search).rejects.toMatchObject({ code: 'ownerStopping' })
})
