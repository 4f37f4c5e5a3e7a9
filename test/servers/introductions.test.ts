// A server's own name as its label and its icon, on a real core: learnt after the sign-in, kept, and beside the host wherever it could mislead.
// What a person called a server stays, and by a name that a server gave itself nobody finds it.
import { expect, onTestFinished, test } from 'vitest'
import { createSetting } from '../core.fixture.ts'
import { type Reply, startFakeServer } from '../fakes/authorizationServer.ts'

const json = (serverInfo: object, more: object = {}) => ({
  body: { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo } },
  ...more
})

async function start(reply: Reply) {
  const setting = await createSetting()
  const fake = await startFakeServer()
  onTestFinished(async () => {
    await setting.stop()
    await fake.stop()
  })
  const challenge = `Bearer resource_metadata="${fake.origin}/.well-known/oauth-protected-resource/mcp"`
  const says = { reply }
  const asked = Promise.withResolvers<void>()
  fake.script('/mcp', ({ headers, method }) => {
    if (!headers.authorization) return { status: 401, headers: { 'www-authenticate': challenge } }
    if (method !== 'POST') return { status: 204 }
    asked.resolve()
    return says.reply
  })
  const add = async (more: { name?: string; id?: string } = {}) =>
    (await setting.call('server.add', { url: fake.mcp, ...more })).view.id
  const signIn = async (server: string) => {
    const { signIn, url } = await setting.call('signIn.start', { server })
    const done = setting.call('signIn.wait', { signIn })
    await fetch(url!)
    return (await done).view
  }
  return { setting, fake, says, asked: asked.promise, add, signIn }
}

test.each<[string, Reply]>([
  ['JSON', json({ name: 'tracker', title: 'Tracker' })],
  [
    'an event stream with an empty first event',
    {
      headers: { 'content-type': 'text/event-stream' },
      body: `id: 1\ndata: \n\nevent: message\ndata: ${JSON.stringify(json({ name: 'Tracker' }).body)}\n\n`
    }
  ]
])('a server’s own name is its label after the sign-in, and its id stays (%s)', async (_form, reply) => {
  const { setting, fake, add, signIn } = await start(reply)
  const id = await add()
  await signIn(id)
  const { host } = new URL(fake.mcp)
  const label = { id, name: 'Tracker', nameWithHost: `Tracker (${host})` }
  expect(setting.view(id)).toMatchObject(label)
  await setting.restart()
  expect(setting.view(id)).toMatchObject(label)
  await expect(setting.call('server.verify', { server: 'Tracker' })).rejects.toMatchObject({ code: 'serverUnknown' })
  await setting.call('server.set', { server: id, name: 'Mine' })
  const renamed = setting.view(id)
  expect([renamed.name, renamed.nameWithHost]).toEqual(['Mine', undefined])
})

test.each([{ name: 'tracker' }, { name: 'My tracker' }, { id: 'mine' }])(
  'what a person said wins: %j',
  async (given) => {
    const { setting, add, signIn } = await start(json({ title: 'GitHub', name: 'x' }))
    const id = await add(given)
    await signIn(id)
    await setting.call('server.verify', { server: id })
    const { name, nameWithHost } = setting.view(id)
    expect([name, nameWithHost]).toEqual([given.name ?? given.id, undefined])
  }
)

test('a session that the question opened is ended, and a server that answers nothing useful keeps its id', async () => {
  const { setting, fake, says, add, signIn } = await start(json({ name: 7 }, { headers: { 'mcp-session-id': 's1' } }))
  const id = await add()
  await signIn(id)
  await setting.call('server.verify', { server: id })
  expect(fake.to('/mcp').some(({ method, headers }) => method === 'DELETE' && headers['mcp-session-id'] === 's1')).toBe(
    true
  )
  expect(setting.view(id).name).toBe(id)
  // What it says later is learnt when it is asked anyway.
  says.reply = json({ name: 'Later' })
  await setting.call('server.verify', { server: id })
  expect(setting.view(id).name).toBe('Later')
})

test('a server that never says its name holds up neither an end nor, for long, a sign-in', async () => {
  const { setting, asked, add, signIn } = await start('hang')
  const done = signIn(await add())
  await asked
  // The token is there already.
  expect(setting.core.snapshot().servers[0]).toMatchObject({ light: 'green', state: 'fresh', signIn: null })
  await setting.core.close()
  expect((await done).light).toBe('green')
})

const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

test('a server’s icon is fetched once, kept, and gone when the server names none', async () => {
  const { setting, fake, says, add, signIn } = await start('cut')
  const src = `${fake.origin}/icon.png`
  says.reply = json({ name: 'Tracker', icons: [{ src, mimeType: 'image/png' }] })
  fake.script('/icon.png', { body: Buffer.from(picture, 'base64') })
  const id = await add()
  await signIn(id)
  const { icon } = setting.view(id)
  expect(icon).toMatch(/^[\w-]{16}$/)
  const shown = () => setting.call('server.icon', { server: id })
  expect(await shown()).toEqual({ picture: `data:image/png;base64,${picture}` })
  await setting.restart()
  await signIn(id)
  await setting.call('server.verify', { server: id })
  expect(setting.view(id).icon).toBe(icon)
  expect(await shown()).toEqual({ picture: `data:image/png;base64,${picture}` })
  expect(fake.to('/icon.png')).toHaveLength(1)
  // Another place is another icon.
  says.reply = json({ name: 'Tracker', icons: [{ src: `${src}?2` }] })
  fake.script('/icon.png', { body: '<svg/>' })
  await setting.call('server.verify', { server: id })
  expect([setting.view(id).icon, await shown()]).toEqual([undefined, { picture: null }])
  // One that was no picture is tried once more at a sign-in, not each time the server is asked.
  await setting.call('server.verify', { server: id })
  expect(fake.to('/icon.png')).toHaveLength(2)
  fake.script('/icon.png', { body: Buffer.from(picture, 'base64') })
  await signIn(id)
  expect(setting.view(id).icon).toBe(icon)
  says.reply = json({ name: 'Tracker' })
  await setting.call('server.verify', { server: id })
  expect([setting.view(id).icon, await shown()]).toEqual([undefined, { picture: null }])
})
