// Who owns the vault while a command runs: somebody else, this command for a moment, or a lasting owner that takes over.
import { symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { makeRuntimeFolder, type Paths } from '../../app/base/paths.ts'
import { Secret } from '../../app/base/secret.ts'
import { run } from '../../app/cli/run.ts'
import { requestLimits } from '../../app/net/request.ts'
import { connect } from '../../app/owner/client.ts'
import { writeEndpoint } from '../../app/owner/endpoint.ts'
import { host } from '../../app/owner/host.ts'
import { type Listener, listen } from '../../app/owner/listen.ts'
import { maxOwnerWaitMs, withOwner } from '../../app/owner/withOwner.ts'
import { makeLock, makePaths, makeWorld, runIn } from '../cli/world.ts'
import { fakeClock } from '../fakes/clock.ts'
import { plantCheapKey } from '../vault/cheapKey.ts'
import { makeCore, makeView } from './fakeCore.ts'

const clock = systemClock()
const listeners: Listener[] = []
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close()
})

async function startOwner(paths: Paths, kind: 'lasting' | 'command', core = makeCore()) {
  const listener = await listen({ core, paths, kind, version: '1.2.3', clock })
  listeners.push(listener)
  return { core, listener }
}

test('FM-01 while an owner is running, a command is its client and hosts nothing', async () => {
  const paths = makePaths()
  const { core } = await startOwner(paths, 'lasting', makeCore([makeView('theirs')]))
  const lock = makeLock()
  const { out } = await runIn(['list', '--json'], { paths, lock })
  expect(JSON.parse(out).servers[0].id).toBe('theirs')
  expect([lock.claims(), core.calls.length]).toEqual([0, 1])
})

test('without one it hosts the core, can be reached on the socket meanwhile, and leaves drained', async () => {
  const made = makeWorld()
  let seen: unknown
  made.core.on('poke', async () => {
    const other = await connect(made.paths, clock)
    seen = { kind: other?.kind, held: made.lock.isHeld(), snapshot: await other?.call('snapshot', {}) }
    return {}
  })
  await withOwner(made.world, (owner) => owner.call('poke', {}))
  expect(seen).toMatchObject({ kind: 'command', held: true, snapshot: { revision: 1 } })
  expect([made.core.isClosed(), made.lock.isHeld(), await connect(made.paths, clock)]).toEqual([true, false, null])
})

test('two calls at once open one core', async () => {
  const made = makeWorld()
  made.core.on('poke', () => ({}))
  await withOwner(made.world, (owner) => Promise.all([owner.call('poke', {}), owner.call('poke', {})]))
  expect([made.lock.claims(), made.core.calls.length]).toEqual([1, 2])
})

test('a core that cannot be opened lets go of the ownership and tells why', async () => {
  const made = makeWorld()
  made.world.hostCore = async () => {
    throw Object.assign(new Error('boom'), { code: 'x' })
  }
  expect(await run(['list'], made.world)).toBe(1)
  expect(made.text.err).toBe('tokentray: Something went wrong. Set TOKENTRAY_DEBUG=1 for details.\n')
  expect(made.lock.isHeld()).toBe(false)
})

test('a note that cannot be read is told at once: waiting does not make it readable', async () => {
  const made = makeWorld()
  symlinkSync('owner.json', join(made.paths.ownerFolder, 'owner.json'))
  // Whoever waits on this clock waits for ever.
  const world = { ...made.world, clock: fakeClock() }
  const asking = withOwner(world, (owner) => owner.call('snapshot', {}))
  await expect(asking).rejects.toMatchObject({ code: 'ownerUnreachable', message: expect.stringContaining('(ELOOP)') })
})

test('while the lock is held and nobody answers yet, it waits for the owner that is starting', async () => {
  const made = makeWorld()
  const lock = await made.lock.claim()
  const claim = made.world.claim
  let tries = 0
  made.world.claim = async (folder) => {
    tries += 1
    if (tries === 2) await startOwner(made.paths, 'lasting', made.core)
    return claim(folder)
  }
  expect(await run(['list', '--json'], made.world)).toBe(0)
  expect(tries).toBe(2)
  lock?.release()
})

/** A clock of which each look takes a second, so that no real time passes; `look` is told how many there were. */
const lookedAt = (look: (looks: number) => void): typeof clock => {
  let looks = 0
  return {
    ...clock,
    now() {
      looks += 1
      look(looks)
      return looks * 1000
    },
    after: (_length, wake) => clock.after(0, wake)
  }
}

test('an owner that never answers: one sentence, and the vault left alone', async () => {
  const made = makeWorld()
  await made.lock.claim()
  made.world.clock = lookedAt(() => {})
  expect(await run(['list'], made.world)).toBe(1)
  expect(made.text.err).toMatch(/^tokentray: Another process uses the vault .* but does not respond\. .*\n$/)
})

test('an owner that hears out a request in flight is waited for as long as that may take', async () => {
  const made = makeWorld()
  const lock = await made.lock.claim()
  made.world.clock = lookedAt((looks) => {
    if (looks * 1000 > requestLimits.totalMs + 5000) lock?.release()
  })
  expect(await run(['list', '--json'], made.world)).toBe(0)
})

/** A command that owns the vault, as its note says, and that nobody reaches. */
const noteOwner = ({ ownerFolder, vault }: ReturnType<typeof makePaths>, pid: number) =>
  writeEndpoint(ownerFolder, {
    pid,
    vault,
    socket: `${vault}.nobody`,
    key: new Secret('k'),
    kind: 'command',
    version: '1'
  })

test('where owners take turns, each is waited for as long as that may take', async () => {
  const made = makeWorld()
  const lock = await made.lock.claim()
  const patience = maxOwnerWaitMs / 1000
  let most = 0
  made.world.clock = lookedAt((looks) => {
    most = looks
    if (looks % (patience / 2) === 0) noteOwner(made.paths, looks)
    if (looks > 3 * patience) lock?.release()
  })
  expect(await run(['list', '--json'], made.world)).toBe(0)
  expect(most).toBeGreaterThan(3 * patience)
})

test('but not for ever, where owners come and go and none of them answers', async () => {
  const made = makeWorld()
  const lock = await made.lock.claim()
  made.world.clock = lookedAt((looks) => {
    noteOwner(made.paths, looks)
    if (looks === 2000) lock?.release()
  })
  expect(await run(['list'], made.world)).toBe(1)
  expect(made.text.err).toMatch(/^tokentray: Process \d+ uses the vault .* but does not respond\. .*\n$/)
})

test('a command answered by an owner that is stopping is sent to the next owner', async () => {
  const paths = makePaths()
  const stopping = makeCore()
  const { listener } = await startOwner(paths, 'lasting', stopping)
  stopping.on('server.pause', () => {
    listener.close()
    throw { code: 'ownerStopping', message: 'Stopping.' }
  })
  const core = makeCore()
  core.on('server.pause', () => ({ view: makeView('a') }))
  expect((await runIn(['pause', 'a'], { paths, core })).exitCode).toBe(0)
  expect([stopping.calls.length, core.calls.length]).toEqual([1, 1])
})

test.each([
  ['refresh', 1, 0],
  ['history', 0, 1]
])(
  'an owner dies in the middle of %s: a change is not sent twice, a question is asked again',
  async (what, exitCode, again) => {
    const paths = makePaths()
    const socket = paths.socket ?? '\\\\.\\pipe\\tokentray-test'
    makeRuntimeFolder(paths)
    const dying = createServer((request, response) => {
      if (request.method === 'GET') return response.end('{}')
      dying.close()
      request.socket.destroy()
    })
    await new Promise<void>((resolve) => dying.listen(socket, resolve))
    const note = { pid: 1, socket, key: new Secret('k'), kind: 'lasting', version: '1', vault: paths.vault } as const
    writeEndpoint(paths.ownerFolder, note)
    const core = makeCore()
    core.on('server.history', () => ({ events: [] }))
    const done = await runIn([what, 'a'], { paths, core })
    expect([done.exitCode, core.calls.length]).toEqual([exitCode, again])
    if (exitCode === 1) expect(done.err).toContain('process 1) stopped before it responded')
  }
)

test('serve asks a command-hosted core to hand over; the command finishes its call and goes on as a client', async () => {
  const paths = makePaths()
  const lock = makeLock()
  const command = makeWorld({ paths, lock })
  const serving = makeWorld({ paths, lock, core: makeCore([makeView('served')]) })
  const inFlight = Promise.withResolvers<void>()
  command.core.on('owner.handOver', () => {
    command.core.end('handOver')
    return {}
  })
  command.core.on('server.refresh', async () => {
    inFlight.resolve()
    await command.core.ended
    return { view: makeView('a') }
  })
  const work = withOwner(command.world, async (owner) => {
    await owner.call('server.refresh', { server: 'a' })
    return owner.call('snapshot', {})
  })
  await inFlight.promise
  const served = run(['serve', '--no-dashboard', '--no-gateway'], serving.world)
  expect((await work).servers[0]?.id).toBe('served')
  expect(command.core.isClosed()).toBe(true)
  serving.interrupt()
  expect(await served).toBe(0)
  expect([serving.core.isClosed(), lock.isHeld()]).toEqual([true, false])
})

test('serve refuses beside another lasting owner, naming its process', async () => {
  const paths = makePaths()
  await startOwner(paths, 'lasting')
  const lock = makeLock()
  await lock.claim()
  const { exitCode, err } = await runIn(['serve'], { paths, lock })
  expect(exitCode).toBe(1)
  expect(err).toContain(`Tokentray is already running with this vault (process ${process.pid})`)
})

test('stop ends the lasting owner and waits until it is gone; a command at work is left alone', async () => {
  const paths = makePaths()
  const lock = makeLock()
  const serving = makeWorld({ paths, lock })
  serving.core.on('owner.quit', () => {
    serving.core.end('quit')
    return {}
  })
  const ready = new Promise((resolve) => serving.world.stdout.once('data', resolve))
  const served = run(['serve', '--json', '--no-dashboard', '--no-gateway'], serving.world)
  await ready
  expect(await runIn(['stop', '--json'], { paths })).toMatchObject({ out: `{"stopped":true,"pid":${process.pid}}\n` })
  expect(await served).toBe(0)
  const { leave } = await host(serving.world, { release() {} }, 'command')
  expect(await runIn(['stop'], { paths })).toMatchObject({ exitCode: 0, err: 'Tokentray is not running.\n' })
  await leave()
})

test('a watched status never becomes the owner: it says that Tokentray stopped, and goes on with the next one', async () => {
  const paths = makePaths()
  const { listener } = await startOwner(paths, 'lasting', makeCore([makeView('first')]))
  const made = makeWorld({ paths })
  made.world.stdout.on('data', (text: string) => {
    if (text.includes('"id":"first"')) listener.close()
    if (text.includes('"id":"second"')) made.interrupt()
  })
  made.world.stderr.on('data', (text: string) => {
    if (text.includes('stopped')) startOwner(paths, 'lasting', makeCore([makeView('second')]))
  })
  expect(await run(['status', '--watch', '--json'], made.world)).toBe(130)
  expect(made.text.err).toBe('Tokentray stopped; waiting for it.\n')
  expect(made.lock.claims()).toBe(0)
})

test('a watched status with nobody to watch says so, on a terminal too, and waits without owning anything', async () => {
  for (const isTTY of [false, true]) {
    const made = makeWorld({ isTTY })
    made.world.stdout = Object.assign(made.world.stdout, { isTTY })
    const seen = isTTY ? made.world.stdout : made.world.stderr
    seen.on('data', () => made.interrupt())
    expect(await run(['status', '--watch'], made.world)).toBe(130)
    expect(made.text.out + made.text.err).toContain('Tokentray is not running; waiting for it.')
    expect(made.lock.claims()).toBe(0)
  }
})

/** A world at a terminal, whose vault opens with a passphrase that nobody gave yet. */
async function atTerminal(passphrase = 'right') {
  const made = makeWorld({ isTTY: true })
  await plantCheapKey(made.paths.vault, passphrase)
  let given: Secret | null | undefined
  const { hostCore } = made.world
  made.world.hostCore = (options) => {
    given = options.typed
    return hostCore(options)
  }
  return { ...made, given: () => given && Secret.reveal(given) }
}

test('a passphrase is asked for before the vault is owned, so that whoever has it meanwhile goes first', async () => {
  const made = await atTerminal()
  const listed = run(['list', '--json'], made.world)
  await expect.poll(() => made.text.err).toContain('Vault passphrase:')
  expect(made.lock.isHeld()).toBe(false)
  await startOwner(made.paths, 'lasting', makeCore([makeView('theirs')]))
  made.stdin.write('right\n')
  expect(await listed).toBe(0)
  expect(JSON.parse(made.text.out).servers[0].id).toBe('theirs')
  expect(made.given()).toBeUndefined()
})

test('it is asked for three times at most, and the last answer is what the vault is opened with', async () => {
  const made = await atTerminal()
  made.stdin.write('wrong\nalso wrong\nright\n')
  expect(await run(['list'], made.world)).toBe(0)
  expect(made.text.err.split('Wrong passphrase. Try again.').length - 1).toBe(2)
  expect(made.given()).toBe('right')
  const stubborn = await atTerminal()
  stubborn.stdin.write('a\nb\nc\nright\n')
  await run(['list'], stubborn.world)
  expect([stubborn.text.err.split('Vault passphrase:').length - 1, stubborn.given()]).toEqual([3, 'c'])
})

test('serve asks before it owns the vault too, and not at all for a vault in memory', async () => {
  const made = await atTerminal()
  const served = run(['serve', '--no-dashboard', '--no-gateway'], made.world)
  await expect.poll(() => made.text.err).toContain('Vault passphrase:')
  expect(made.lock.isHeld()).toBe(false)
  made.stdin.write('wrong\n')
  await expect.poll(() => made.text.err).toContain('Try again.')
  expect(made.lock.isHeld()).toBe(false)
  made.stdin.write('right\n')
  await expect.poll(() => made.text.out).toContain('is running')
  made.interrupt()
  expect(await served).toBe(0)
  expect(made.given()).toBe('right')
  const inMemory = await atTerminal()
  inMemory.world.stdout.on('data', () => inMemory.interrupt())
  await run(['serve', '--ephemeral', '--no-dashboard', '--no-gateway'], inMemory.world)
  expect(inMemory.text.err).not.toContain('passphrase')
})

test('an empty answer ends the asking', async () => {
  const made = await atTerminal()
  made.stdin.end('\n')
  await run(['list'], made.world)
  expect([made.text.err.split('Vault passphrase:').length - 1, made.given()]).toEqual([1, null])
})
