// Other users of this computer at the gateway: refused by who they are, whatever key they send, and told how to be let in.
// The attacking process really runs as another user; what a container's or an old kernel's would be is played.
import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { type GatewayOptions, startGateway } from '../../app/gateway/gateway.ts'
import { judgePeer, type Machine, readMachine } from '../../app/gateway/users.ts'
import type { Peer } from '../../app/net/peers.ts'
import { createSetting } from '../core.fixture.ts'
import { nobody, reason, runAsNobody } from '../support/nobody.ts'
import { ask } from './gateway.fixture.ts'

if (reason) console.log(reason)

const machine: Machine = { ownUid: 1000, isInUserNamespace: false, overflowUid: 65_534, isShared: true }

async function open(options: Partial<GatewayOptions> = {}) {
  const s = await createSetting()
  await s.signIn()
  const notices: string[] = []
  let dispatched = 0
  const gateway = await startGateway({
    ...s.core.gateway,
    parts() {
      dispatched++
      return s.core.gateway.parts()
    },
    notice: (sentence) => notices.push(sentence),
    ...{ clock: systemClock(), port: 0, publicUrl: null },
    ...options
  })
  onTestFinished(async () => {
    await gateway.close()
    await s.stop()
  })
  const { key } = await s.call('clients.addKey', { name: 'ci', servers: ['one'] })
  return { s, gateway, key, notices, dispatched: () => dispatched }
}

const seenAs = (peer: Peer) => ({ meet: () => {}, of: () => peer })

describe('who is let on to the check of the key', () => {
  test.each<[string, Peer, Partial<Machine>, unknown]>([
    ['this user', 1000, {}, 'own'],
    ['root', 0, {}, 'admitted'],
    ['a user that the settings name', 33, {}, 'admitted'],
    ['another user', 1001, {}, { refused: 1001 }],
    ['nobody, who is a user too', 65_534, {}, { refused: 65_534 }],
    ['anybody whom a user namespace cannot name', 65_534, { isInUserNamespace: true, ownUid: 0 }, 'unknown'],
    ['another user of the same namespace', 1001, { isInUserNamespace: true, ownUid: 0 }, { refused: 1001 }],
    ['somebody in another network namespace', 'unknown', {}, 'unknown'],
    ['somebody who closed', 'gone', {}, 'gone']
  ])('%s', (_, peer, more, expected) => {
    expect(judgePeer(peer, { ...machine, ...more }, [33])).toEqual(expected)
  })
})

describe('a machine is shared', () => {
  const passwd =
    'root:x:0:0::/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\nmail:x:8:8::/:/usr/sbin/nologin\n'
  const bob = 'bob:x:1001:1001::/home/bob:/bin/zsh\nkiosk:x:1002:1002::/:/bin/false\n'
  const files = { '/proc/self/uid_map': '         0          0 4294967295\n', '/etc/passwd': passwd + bob }
  test.each<[string, number, Record<string, string>, string | null, boolean]>([
    ['with two people', 1000, {}, null, true],
    ['not with one person and services', 1000, { '/etc/passwd': passwd }, null, false],
    ['with a user of a directory', 70_123, { '/etc/passwd': passwd }, null, true],
    ['not in a container', 1000, {}, '/.dockerenv', false],
    ['not in a user namespace', 0, { '/proc/self/uid_map': '0 1000 1\n' }, null, false],
    ['not in WSL', 1000, { '/proc/sys/kernel/osrelease': '5.15.0-microsoft-standard-WSL2' }, null, false]
  ])('%s', (_, uid, change, marker, isShared) => {
    const read = (path: string) => ({ ...files, ...change })[path] ?? ''
    expect(readMachine('linux', uid, read, (path) => path === marker)).toMatchObject({ ownUid: uid, isShared })
  })

  test('elsewhere than on Linux nobody is told apart', () => {
    expect(readMachine('darwin')).toBeNull()
  })
})

test('a sender that nobody can tell begins nothing on a shared machine, and uses a key', async () => {
  const { s, gateway, key } = await open({ machine, peers: seenAs('unknown') })
  for (const path of ['/register', '/token', '/revoke', '/authorize?client_id=x', '/authorize/wait'])
    expect((await ask({ gateway }, path, { key: null })).status).toBe(403)
  expect((await ask({ gateway }, '/one', { method: 'POST', body: '{}', key })).status).not.toBe(403)
  expect((await s.call('clients.list', {})).refused).toMatchObject([{ kind: 'otherUser', times: 5 }])
})

test('elsewhere it is let through to the key check, and its request for access is not called local', async () => {
  const { s, gateway } = await open({ machine: { ...machine, isShared: false }, peers: seenAs('unknown') })
  const redirectUri = 'http://127.0.0.1:1/cb'
  const body = JSON.stringify({ redirect_uris: [redirectUri] })
  const headers = { 'content-type': 'application/json' }
  const { text } = await ask({ gateway }, '/register', { method: 'POST', headers, body, key: null })
  const query = new URLSearchParams({
    client_id: JSON.parse(text).client_id,
    response_type: 'code',
    code_challenge: randomUUID().replaceAll('-', '').padEnd(43, 'x'),
    code_challenge_method: 'S256'
  })
  await ask({ gateway }, `/authorize?${query}`, { key: null })
  expect(s.core.snapshot().clients.pending).toMatchObject([
    { source: 'another user, a container, or another computer', destination: 'a program on another computer' }
  ])
})

describe.skipIf(reason !== null)('another user', () => {
  const request = (port: number, path: string, options: object = {}) => `
    const response = await fetch('http://127.0.0.1:${port}${path}', ${JSON.stringify(options)})
    console.log(JSON.stringify({ status: response.status, text: await response.text() }))`

  test('is refused with a right key, and the person is told which user and what to set', async () => {
    const { s, gateway, key, notices } = await open()
    const options = { method: 'POST', body: '{}', headers: { 'x-tokentray-key': key } }
    for (const [path, sent] of [
      ['/one', options],
      ['/register', { method: 'POST' }],
      ['/.well-known/oauth-authorization-server', {}]
    ] as const) {
      const answer = (await runAsNobody(request(gateway.port, path, sent))) as { status: number; text: string }
      expect(answer).toMatchObject({ status: 403, text: expect.stringContaining(`add ${nobody} to`) })
    }
    expect(notices).toEqual([expect.stringMatching(new RegExp(`User ${nobody} .*gatewayUsers`))])
    expect((await s.call('clients.list', {})).refused).toMatchObject([{ kind: 'otherUser', times: 3 }])
    expect((await ask({ gateway }, '/one', { method: 'POST', body: '{}', key })).status).not.toBe(403)
  })

  test('is let in to the key check by the settings', async () => {
    const settings = { gatewayHeaderTimeout: 300_000, gatewayKeepBody: 1000, gatewayUsers: [nobody] }
    const { gateway } = await open({ settings })
    expect(await runAsNobody(request(gateway.port, '/one', { method: 'POST' }))).toMatchObject({ status: 401 })
  })

  test('who sends a request and closes, or resets, at once has nothing done', async () => {
    const { gateway, dispatched } = await open()
    const body = JSON.stringify({ client_name: 'Hit and run', redirect_uris: ['http://127.0.0.1:1/cb'] })
    const head = `POST /register HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    await runAsNobody(`import { connect } from 'node:net'
      const sent = ${JSON.stringify(head + body)}
      for (let n = 0; n < 40; n++)
        await new Promise((resolve) => {
          const socket = connect(${gateway.port}, '127.0.0.1', () =>
            socket.write(sent, () => (n % 2 ? socket.destroy() : socket.resetAndDestroy())))
          socket.on('error', () => {}).on('close', resolve)
        })`)
    // Lookups end in the order of their connections, so all of those were dealt with before this one.
    const { status } = await ask({ gateway }, '/token', { method: 'POST', key: null })
    expect([status, dispatched()]).toEqual([400, 1])
  })
})
