// Sign-ins at one authorization server come one after the other, never a storm of pages; those elsewhere do not wait.
// Against the demo's real authorization server; the pages that would open are counted by who has a url.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Authority, startAuthority } from '../../app/demo/authority.ts'
import { type McpServer, startMcpServer } from '../../app/demo/mcpServer.ts'
import { approve } from '../../app/demo/person.ts'
import { createSetting, type Setting } from '../core.fixture.ts'

let s: Setting
let others: McpServer[]
let elsewhere: Authority
const names = ['one', 'two', 'three', 'four', 'five']

beforeEach(async () => {
  s = await createSetting()
  elsewhere = await startAuthority({ accessTokenTtl: 3600 })
  others = await Promise.all(names.slice(1).map(() => startMcpServer({ authority: s.authority })))
  for (const [index, name] of names.entries())
    await s.call('server.add', { url: others[index - 1]?.url ?? s.mcp.url, name })
})
afterEach(async () => {
  await s.stop()
  for (const other of others) await other.stop()
  await elsewhere.stop()
})

const urls = () => s.core.snapshot().servers.filter(({ signIn }) => signIn?.url)
const start = (server: string) => s.call('signIn.start', { server })

/** One after the other, so that the order of the queue is known. */
async function startAll(servers = names) {
  const started = []
  for (const server of servers) started.push(await start(server))
  return started
}

test('five at once: one page at a time, in order, and all are signed in with one client', async () => {
  const started = await Promise.all(names.map(start))
  expect(started.filter(({ url }) => url !== null)).toHaveLength(1)
  expect(new Set(started.map(({ waitingFor }) => waitingFor)).size).toBe(2)
  const ends = started.map(async ({ signIn }) => {
    const { url } = await s.call('signIn.ready', { signIn })
    expect(urls()).toHaveLength(1)
    const done = s.call('signIn.wait', { signIn })
    await approve(url!)
    return (await done).view
  })
  const views = await Promise.all(ends)
  expect(views.map(({ light }) => light)).toEqual(names.map(() => 'green'))
  expect(new Set(views.map(({ clientId }) => clientId)).size).toBe(1)
  expect(s.authority.events.filter(({ kind }) => kind === 'registered')).toHaveLength(1)
})

test('who waits says for whom, does not block, and is told again when it asks again', async () => {
  const [one, two] = await startAll(['one', 'two'])
  expect(one?.url).not.toBeNull()
  expect(two).toMatchObject({ url: null, redirectUri: null, waitingFor: 'one' })
  expect(await start('two')).toEqual(two)
  expect(s.view('two').signIn).toMatchObject({ url: null, waitingFor: 'one' })
  expect(s.view('one').signIn?.waitingFor).toBeUndefined()
  await s.call('signIn.cancel', { signIn: one!.signIn })
  const view = await s.until(({ signIn }) => Boolean(signIn?.url), 'two')
  expect(view.signIn?.waitingFor).toBeUndefined()
  expect((await start('two')).url).toBe(view.signIn?.url)
})

test('a sign-in that fails, or a waiting one that is cancelled, lets the next one through, and only then', async () => {
  const [one, two, three] = await startAll(['one', 'two', 'three'])
  const second = s.call('signIn.wait', { signIn: two!.signIn })
  await s.call('signIn.cancel', { signIn: two!.signIn })
  await expect(second).rejects.toMatchObject({ code: 'signInCancelled' })
  expect(urls().map(({ id }) => id)).toEqual(['one'])
  const ready = s.call('signIn.ready', { signIn: three!.signIn })
  const first = s.call('signIn.wait', { signIn: one!.signIn })
  first.catch(() => {})
  await approve(one!.url!, 'no')
  await expect(first).rejects.toMatchObject({ code: 'authorizationDenied' })
  expect((await ready).url).toContain(s.authority.issuer)
})

test('an issuer elsewhere is not waited for', async () => {
  const mcp = await startMcpServer({ authority: elsewhere })
  await s.call('server.add', { url: mcp.url, name: 'elsewhere' })
  await startAll(['one', 'two'])
  const { url, waitingFor } = await start('elsewhere')
  expect([url === null, waitingFor]).toEqual([false, undefined])
  await mcp.stop()
})

test('an owner that ends lets who only waited ask the next one', async () => {
  const [, two] = await startAll(['one', 'two'])
  const ready = s.call('signIn.ready', { signIn: two!.signIn })
  ready.catch(() => {})
  await s.restart()
  await expect(ready).rejects.toMatchObject({ code: 'ownerStopping' })
  expect((await s.call('server.history', { server: 'two' })).events.map(({ kind }) => kind)).toEqual(['added'])
  expect((await start('two')).url).not.toBeNull()
})

test('an owner that ends before it has an address to show lets who asked ask the next one', async () => {
  const begun = start('one')
  begun.catch(() => {})
  await s.until(({ state }) => state === 'signingIn')
  await s.restart()
  await expect(begun).rejects.toMatchObject({ code: 'ownerStopping' })
  expect((await s.call('server.history', { server: 'one' })).events.map(({ kind }) => kind)).toEqual(['added'])
})
