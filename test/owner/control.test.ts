// The control socket end to end: a real listener, real clients, a core that answers what the test says.

import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { createServer, type IncomingMessage, type RequestOptions, request, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { locate, type Paths } from '../../app/base/paths.ts'
import { streamVersionHeader } from '../../app/contract/streamVersion.ts'
import { connect } from '../../app/owner/client.ts'
import { type Listener, listen, maxBodyBytes } from '../../app/owner/listen.ts'
import { isSkipped } from '../support/skipped.ts'
import { makeCore, makeView } from './fakeCore.ts'

const clock = systemClock()
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function makePaths(): Paths {
  const home = mkdtempSync(join(tmpdir(), 'tt-control-'))
  cleanups.push(() => rmSync(home, { recursive: true, force: true }))
  return locate({ TOKENTRAY_HOME: home, XDG_RUNTIME_DIR: home }, process.platform)
}

async function start(core = makeCore(), paths = makePaths()) {
  const listener: Listener = await listen({ core, paths, kind: 'lasting', version: '1.2.3', clock })
  cleanups.push(() => listener.close())
  return { core, paths, listener }
}

const note = (paths: Paths) => JSON.parse(readFileSync(join(paths.ownerFolder, 'owner.json'), 'utf8'))

/** A raw request, as somebody who wrote their own client would send it. */
function send(paths: Paths, over: RequestOptions, body = ''): Promise<{ status: number; text: string }> {
  const { socket, key } = note(paths)
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}` }
    const ask = request(
      { socketPath: socket, method: 'POST', path: '/call', headers, agent: false, ...over },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      }
    )
    ask.on('error', reject)
    ask.end(body)
  })
}

test('a command reaches the core by the door of the CLI, and its answer comes back', async () => {
  const { core, paths } = await start()
  core.on('server.pause', (input: { server: string }) => ({ view: makeView(input.server, { paused: true }) }))
  const client = await connect(paths, clock)
  const { view } = await client!.call('server.pause', { server: 'a' })
  expect(view).toMatchObject({ id: 'a', paused: true })
  expect(core.calls).toEqual([{ door: 'cli', name: 'server.pause', input: { server: 'a' } }])
  expect(client).toMatchObject({ pid: process.pid, kind: 'lasting', version: '1.2.3' })
})

test('an error keeps its code and its sentence on the way', async () => {
  const { core, paths } = await start()
  core.on('readToken', () => {
    throw { code: 'signInNeeded', message: 'Sign in first.' }
  })
  const client = await connect(paths, clock)
  await expect(client!.call('readToken', { server: 'a' })).rejects.toMatchObject({
    code: 'signInNeeded',
    message: 'Sign in first.'
  })
})

test.skipIf(isSkipped(process.platform === 'win32', 'Windows has no modes'))(
  'socket, note and folder belong to the user alone (no modes on Windows)',
  async () => {
    const { paths } = await start()
    expect(statSync(paths.socket!).mode & 0o777).toBe(0o600)
    expect(statSync(paths.runtime!).mode & 0o777).toBe(0o700)
    expect(statSync(join(paths.ownerFolder, 'owner.json')).mode & 0o777).toBe(0o600)
  }
)

const isOrdinary = process.getuid?.() !== 0
test.skipIf(isSkipped(isOrdinary, 'only root can make files of another user'))(
  'a note, a socket or a folder of another user is not believed: nothing is sent there',
  async () => {
    // The stranger's listener, whose note stands where the owner's would.
    const { core, paths } = await start()
    core.on('server.add', () => ({ view: makeView('stolen') }))
    const ownerFile = join(paths.ownerFolder, 'owner.json')
    const whole = readFileSync(ownerFile, 'utf8')
    for (const path of [ownerFile, paths.socket!, paths.runtime!]) {
      chownSync(path, 65_534, 65_534)
      await expect(connect(paths, clock)).rejects.toMatchObject({
        code: 'vaultNotPrivate',
        message: expect.stringContaining(path)
      })
      chownSync(path, process.getuid!(), process.getgid!())
    }
    chmodSync(ownerFile, 0o666)
    await expect(connect(paths, clock)).rejects.toMatchObject({ code: 'vaultNotPrivate' })
    chmodSync(ownerFile, 0o600)
    expect(await connect(paths, clock)).not.toBeNull()
    expect([readFileSync(ownerFile, 'utf8'), core.calls]).toEqual([whole, []])
  }
)

describe('what is not a proper request is refused, and the core never hears of it', () => {
  const call = JSON.stringify({ command: 'snapshot', input: {} })
  test.each([
    ['no key', { headers: {} }, call, 401, 'notAllowedHere'],
    ['a wrong key', { headers: { authorization: `Bearer ${'x'.repeat(43)}` } }, call, 401, 'notAllowedHere'],
    ['no key on the stream', { headers: {}, method: 'GET', path: '/snapshots' }, '', 401, 'notAllowedHere'],
    ['another route', { path: '/other' }, call, 404, 'commandUnknown'],
    ['broken JSON', {}, '{"command":', 400, 'inputInvalid'],
    ['JSON that is no command', {}, 'null', 400, 'inputInvalid'],
    ['a command without a name', {}, '{"input":{}}', 400, 'inputInvalid'],
    ['an oversized body', {}, `"${'x'.repeat(maxBodyBytes)}"`, 413, 'inputInvalid']
  ] as [string, RequestOptions, string, number, string][])('%s', async (_name, over, body, status, code) => {
    const { core, paths } = await start()
    const reply = await send(paths, over, body)
    expect(reply.status).toBe(status)
    expect(JSON.parse(reply.text)).toMatchObject({ ok: false, code })
    expect(core.calls).toEqual([])
    expect(core.listeners()).toBe(0)
  })
})

test('two clients get every snapshot, each from the current one on; one that leaves is forgotten', async () => {
  const { core, paths } = await start(makeCore([makeView('a')]))
  const leave = new AbortController()
  const first = (await connect(paths, clock))!.snapshots(leave.signal)
  const second = (await connect(paths, clock))!.snapshots(new AbortController().signal)
  expect((await first.next()).value.servers[0].id).toBe('a')
  expect((await second.next()).value.servers[0].id).toBe('a')
  core.publish([makeView('b')])
  expect((await first.next()).value.servers[0].id).toBe('b')
  expect((await second.next()).value.servers[0].id).toBe('b')
  leave.abort()
  expect((await first.next()).done).toBe(true)
  await expect.poll(() => core.listeners()).toBe(1)
  await second.return(undefined)
})

test('the stream tells its version; another one that is asked for is refused', async () => {
  const { core, paths } = await start(makeCore([makeView('a')]))
  const { socket, key } = note(paths)
  const asked = request({
    ...{ socketPath: socket, path: '/snapshots', agent: false },
    headers: { authorization: `Bearer ${key}` }
  })
  cleanups.push(() => asked.destroy())
  const [response] = (await once(asked.end(), 'response')) as [IncomingMessage]
  expect(response.headers[streamVersionHeader]).toBe('1')
  const [line] = (await once(response.setEncoding('utf8'), 'data')) as [string]
  expect(JSON.parse(line)).toEqual({ version: 1, kind: 'snapshot', snapshot: core.snapshot() })
  const headers = { authorization: `Bearer ${key}`, [streamVersionHeader]: '2' }
  const refused = await send(paths, { method: 'GET', path: '/snapshots', headers })
  expect([refused.status, JSON.parse(refused.text)]).toMatchObject([406, { ok: false, code: 'versionUnsupported' }])
})

describe('an owner of another build', () => {
  /** Listens in the owner's place and answers every stream with `answer`. */
  async function pretend(answer: (response: ServerResponse, turn: number) => void) {
    const { paths, listener } = await start()
    const left = note(paths)
    await listener.close()
    let turn = 0
    const server = createServer((question, response) => {
      if (question.url === '/') response.end('{"ok":true,"value":{}}')
      else answer(response, ++turn)
    }).listen(paths.socket!)
    cleanups.push(() => server.close())
    await once(server, 'listening')
    writeFileSync(join(paths.ownerFolder, 'owner.json'), JSON.stringify(left))
    return (await connect(paths, clock))!.snapshots(new AbortController().signal)
  }
  const refusal = JSON.stringify({ ok: false, code: 'versionUnsupported', message: 'Update it.' })
  const snapshot = { ...makeCore().snapshot(), revision: 1 }
  const version1 = { [streamVersionHeader]: '1' }
  const write = (response: ServerResponse, ...messages: object[]) => {
    response.writeHead(200, version1)
    for (const message of messages) response.write(`${JSON.stringify(message)}\n`)
  }
  test.each([
    ['that says so itself', (response: ServerResponse) => response.writeHead(406).end(refusal), 'Update it.'],
    ['that knows no versions', (response: ServerResponse) => response.writeHead(200).write('{}\n'), 'Update the older'],
    [
      'of a later version',
      (r: ServerResponse) => r.writeHead(200, { [streamVersionHeader]: '2' }).write('{}\n'),
      'changes 2 and 1'
    ]
  ] as [string, (response: ServerResponse) => void, string][])(
    '%s is an error with its own code',
    async (_, answer, words) => {
      const snapshots = await pretend(answer)
      await expect(snapshots.next()).rejects.toMatchObject({
        code: 'versionUnsupported',
        message: expect.stringContaining(words)
      })
    }
  )
  test('one that leaves a message out is asked for everything anew', async () => {
    const change = { kind: 'changes', at: 0, changed: [], removed: [] }
    const snapshots = await pretend((response, turn) => {
      if (turn === 1)
        write(response, { version: 1, kind: 'snapshot', snapshot }, { ...change, from: 5, revision: 6, theme: 'dark' })
      else write(response, { version: 1, kind: 'snapshot', snapshot: { ...snapshot, revision: 6, theme: 'light' } })
    })
    const told = [await snapshots.next(), await snapshots.next()].map(({ value }) => [value.revision, value.theme])
    expect(told).toEqual([
      [1, 'system'],
      [6, 'light']
    ])
    await snapshots.return(undefined)
  })
})

test('closing answers what is in flight, ends the streams and leaves nothing behind', async () => {
  const { core, paths, listener } = await start()
  const held = Promise.withResolvers<object>()
  const arrived = Promise.withResolvers<void>()
  core.on('poke', () => {
    arrived.resolve()
    return held.promise
  })
  const client = (await connect(paths, clock))!
  const stream = client.snapshots(new AbortController().signal)
  await stream.next()
  const answer = client.call('poke', {})
  await arrived.promise
  const closed = listener.close()
  expect((await stream.next()).done).toBe(true)
  held.resolve({})
  expect(await answer).toEqual({})
  await closed
  expect(existsSync(join(paths.ownerFolder, 'owner.json'))).toBe(false)
  expect(existsSync(paths.socket!)).toBe(false)
  expect(await connect(paths, clock)).toBeNull()
})

test('an owner that cannot leave its note says why, and leaves no socket behind', async () => {
  const paths = makePaths()
  const file = join(paths.ownerFolder, 'owner.json')
  mkdirSync(file, { recursive: true })
  await expect(start(makeCore(), paths)).rejects.toMatchObject({
    code: 'vaultUnwritable',
    message: expect.stringContaining(`${file} could not be written: it is a folder (EISDIR).`)
  })
  expect(existsSync(paths.socket!)).toBe(false)
})

describe('nobody answers', () => {
  test('no note at all', async () => {
    expect(await connect(makePaths(), clock)).toBeNull()
  })
  test('a note left by an owner that was killed, with its socket gone', async () => {
    const { paths, listener } = await start()
    const left = readFileSync(join(paths.ownerFolder, 'owner.json'))
    await listener.close()
    writeFileSync(join(paths.ownerFolder, 'owner.json'), left)
    expect(await connect(paths, clock)).toBeNull()
  })
  test('a socket file nobody listens on; the next owner takes its place', async () => {
    const { paths, listener } = await start()
    const left = readFileSync(join(paths.ownerFolder, 'owner.json'))
    await listener.close()
    writeFileSync(paths.socket!, '')
    writeFileSync(join(paths.ownerFolder, 'owner.json'), left)
    expect(await connect(paths, clock)).toBeNull()
    await start(makeCore(), paths)
    expect(await connect(paths, clock)).not.toBeNull()
  })
  test('a note that cannot be understood', async () => {
    const paths = makePaths()
    writeFileSync(join(paths.ownerFolder, 'owner.json'), '{"pid":')
    expect(await connect(paths, clock)).toBeNull()
  })
  test('the note’s key is not that of whoever listens', async () => {
    const { paths } = await start()
    writeFileSync(join(paths.ownerFolder, 'owner.json'), JSON.stringify({ ...note(paths), key: 'another' }))
    expect(await connect(paths, clock)).toBeNull()
  })
})

test('an owner that goes away without an answer is told as such', async () => {
  const { core, paths, listener } = await start()
  const client = (await connect(paths, clock))!
  await listener.close()
  await expect(client.call('poke', {})).rejects.toMatchObject({ code: 'ownerUnreachable' })
  expect(core.calls).toEqual([])
})

test('another vault in the same folder is not mistaken for this one', async () => {
  const { paths } = await start()
  const other = { ...paths, vault: join(paths.home, 'other.db') }
  await expect(connect(other, clock)).rejects.toMatchObject({ code: 'ownerElsewhere' })
})

test('a closing owner leaves the note of its successor alone', async () => {
  const { paths, listener } = await start()
  const successor = { ...note(paths), key: 'successor' }
  writeFileSync(join(paths.ownerFolder, 'owner.json'), JSON.stringify(successor))
  await listener.close()
  expect(note(paths)).toEqual(successor)
})
