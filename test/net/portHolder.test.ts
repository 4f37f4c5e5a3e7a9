// Who listens on a port, found in the system's own tables; on real sockets, of this user and of another one.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { describeHolder, findPortHolder } from '../../app/net/portHolder.ts'
import { freePort } from '../support/freePort.ts'
import { isSkipped } from '../support/skipped.ts'

const isLinux = process.platform === 'linux'

test.skipIf(isSkipped(!isLinux, 'needs the tables of a Linux kernel')).each(['127.0.0.1', '::1', '0.0.0.0'])(
  'this process is found at %s',
  async (host) => {
    const port = await freePort()
    expect(findPortHolder(port)).toBeNull()
    const server = createServer()
    onTestFinished(() => void server.close())
    await new Promise<void>((resolve) => server.listen(port, host, resolve))
    expect(findPortHolder(port)).toMatchObject({ uid: process.getuid?.(), pid: process.pid, name: 'node' })
  }
)

test.skipIf(isSkipped(!isLinux || process.getuid?.() !== 0, 'needs root on Linux, to run as another user'))(
  'a process of another user is found, with its number where this user may see it',
  async () => {
    const port = await freePort()
    const source = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('ready'))`
    const words = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, '-e', source]
    const child: ChildProcess = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await ended
    })
    await once(createInterface(child.stdout!), 'line')
    expect(findPortHolder(port)).toMatchObject({ uid: 65_534, pid: child.pid })
  }
)

test('it is told with what is known', () => {
  expect(describeHolder({ uid: 33, pid: 12, name: 'nginx' })).toBe('process 12 (nginx) of user 33')
  expect(describeHolder({ uid: 33, pid: 12, name: null })).toBe('process 12 of user 33')
  expect(describeHolder({ uid: 33, pid: null, name: null })).toBe('a process of user 33')
})
