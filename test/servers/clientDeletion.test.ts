// A client we registered ends at its server (RFC 7592) when nothing uses it any more, and never before.
// Against the demo's real authorization server; what came of it is told in words.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type McpServer, startMcpServer } from '../../app/demo/mcpServer.ts'
import { approve } from '../../app/demo/person.ts'
import { createSetting, type Setting } from '../core.fixture.ts'

let s: Setting
let other: McpServer
beforeEach(async () => {
  s = await createSetting()
  other = await startMcpServer({ authority: s.authority })
})
afterEach(async () => {
  await s.stop()
  await other.stop()
})

const deleted = () => s.authority.events.filter(({ kind }) => kind === 'deleted').map(({ clientId }) => clientId)
const forget = async (server = 'one') => (await s.call('server.forgetRegistration', { server })).sentence

async function signInAgain(server = 'one') {
  const { signIn, url } = await s.call('signIn.start', { server })
  const done = s.call('signIn.wait', { signIn })
  await approve(url!)
  return (await done).view
}

test('forgetting leaves a token that works alone; its client is deleted when the next sign-in has replaced it', async () => {
  const { clientId } = await s.signIn()
  expect(await forget()).toContain('The current token keeps working')
  expect(deleted()).toEqual([])
  await s.call('server.refresh', { server: 'one' })
  expect(s.view().light).toBe('green')
  const next = await signInAgain()
  await s.authority.seen(({ kind }) => kind === 'deleted')
  expect(deleted()).toEqual([clientId])
  expect(next.clientId).not.toBe(clientId)
  await s.call('server.refresh', { server: 'one' })
  expect(s.view().light).toBe('green')
})

test('forgetting the client of a grant that is dead deletes it at once', async () => {
  const { clientId } = await s.signIn()
  s.authority.revokeAll()
  await s.call('server.refresh', { server: 'one' }).catch(() => {})
  expect(s.view().light).toBe('red')
  expect(await forget()).toContain('has deleted the client')
  expect(deleted()).toEqual([clientId])
})

test('a client shared by two servers ends with the last of them', async () => {
  const { clientId } = await s.signIn()
  const two = await s.signIn({ url: other.url, name: 'two' })
  expect(two.clientId).toBe(clientId)
  expect(await forget()).toContain('two still signed in with the same client')
  expect((await s.call('server.remove', { server: 'one' })).revoked).toBe('The server revoked the tokens.')
  expect(deleted()).toEqual([])
  expect((await s.call('server.remove', { server: 'two' })).revoked).toContain('has deleted the client')
  expect(deleted()).toEqual([clientId])
})

test('signing out keeps the client for the next sign-in; forgotten before, it ends too', async () => {
  const { clientId } = await s.signIn()
  await s.call('server.signOut', { server: 'one' })
  expect(deleted()).toEqual([])
  expect((await signInAgain()).clientId).toBe(clientId)
  await forget()
  expect((await s.call('server.signOut', { server: 'one' })).revoked).toContain('has deleted the client')
})

test('a sign-in under way elsewhere may be using the client, so it is left', async () => {
  await s.signIn()
  await s.call('server.add', { url: other.url, name: 'two' })
  const { signIn, url } = await s.call('signIn.start', { server: 'two' })
  await s.call('server.remove', { server: 'one' })
  expect(deleted()).toEqual([])
  const done = s.call('signIn.wait', { signIn })
  await approve(url!)
  expect((await done).view.light).toBe('green')
})

test('the settings of the server, gone with it or not, hold for the deletion too: its client certificate is shown', async () => {
  await s.signIn()
  await s.call('server.set', {
    server: 'one',
    clientCertificate: { certificateFile: '/nowhere.pem', keyFile: '/nowhere.key' }
  })
  const { revoked } = await s.call('server.remove', { server: 'one' })
  expect(revoked.match(/client_certificate_unreadable/g)).toHaveLength(2)
  expect(deleted()).toEqual([])
})

test.each([
  ['503', 'did not delete the client (HTTP 503)'],
  ['cutBefore', 'did not confirm']
] as const)('a server that fails (%s) stops no removing, and is told of', async (fault, words) => {
  await s.signIn()
  s.authority.faults.next(fault, 1, { match: { path: '/reg' } })
  expect((await s.call('server.remove', { server: 'one' })).revoked).toContain(words)
  expect(s.core.snapshot().servers).toEqual([])
})
