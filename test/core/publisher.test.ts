// What the core tells its doors: whole snapshots first, then changes, at most every 200 ms.
// The work after one change is counted with few servers and with many.
import { beforeEach, describe, expect, test } from 'vitest'
import { type Log, silentLog } from '../../app/base/log.ts'
import { compareServers } from '../../app/contract/follower.ts'
import type { StreamMessage } from '../../app/contract/stream.ts'
import type { ServerView, Snapshot } from '../../app/contract/views.ts'
import { followSnapshots } from '../../app/core/followSnapshots.ts'
import { createPublisher, type Publisher, publishEvery } from '../../app/core/publisher.ts'
import { type FakeClock, fakeClock } from '../fakes/clock.ts'
import { healthyView } from '../fakes/view.ts'
import { snapshotOf } from '../main/views.ts'

let clock: FakeClock
let servers: Map<string, Partial<ServerView> & { endsAt?: number }>
let rest: Omit<Snapshot, 'revision' | 'at' | 'light' | 'servers'>
let made: string[]
let errors: string[]
let publisher: Publisher
/** Making one view takes a second. */
let isSlow: boolean

beforeEach(() => {
  clock = fakeClock()
  servers = new Map([
    ['a', {}],
    ['b', {}]
  ])
  const { revision: _, at: __, light: ___, servers: ____, ...parts } = snapshotOf()
  rest = parts
  made = []
  errors = []
  isSlow = false
  const log: Log = { ...silentLog, error: (message) => void errors.push(message) }
  const view = (id: string): ServerView | null => {
    const found = servers.get(id)
    if (!found) return null
    made.push(id)
    const { endsAt = Number.POSITIVE_INFINITY, ...more } = found
    const view = healthyView({ id, light: endsAt <= clock.now() ? 'amber' : 'green', ...more })
    if (isSlow) clock.jump(1000)
    return view
  }
  publisher = createPublisher({
    clock,
    log,
    rest: () => rest,
    light: () => null,
    view,
    views: () => [...servers.keys()].map((id) => view(id)!).sort(compareServers),
    changesAt: (id, since) => {
      const { endsAt = null } = servers.get(id) ?? {}
      return endsAt !== null && endsAt > since ? endsAt : null
    }
  })
})

function listen(): StreamMessage[] {
  const told: StreamMessage[] = []
  publisher.subscribe((message) => told.push(message))
  told.shift()
  made = []
  return told
}

function set(id: string, more: Partial<ServerView> & { endsAt?: number } = {}): void {
  servers.set(id, more)
  publisher.changed(id)
}

const pass = () => clock.advance(publishEvery)

test('a whole snapshot at once, then only what changed, with the parts that differ', async () => {
  const first: StreamMessage[] = []
  publisher.subscribe((message) => first.push(message))
  expect(first).toEqual([{ version: 1, kind: 'snapshot', snapshot: publisher.snapshot() }])
  const told = listen()
  set('a', { light: 'red', name: 'A' })
  await pass()
  rest = { ...rest, theme: 'dark' }
  publisher.changed()
  await pass()
  const at = expect.any(Number)
  expect(told).toEqual([
    {
      ...{ kind: 'changes', from: 0, revision: 1, at, light: 'red', removed: [] },
      changed: [healthyView({ id: 'a', light: 'red', name: 'A' })]
    },
    { kind: 'changes', from: 1, revision: 2, at, theme: 'dark', changed: [], removed: [] }
  ])
})

test('changes of one window go out together, each server once and as it is then', async () => {
  const told = listen()
  set('a', { name: 'first' })
  set('b')
  set('a', { name: 'second' })
  await clock.advance(publishEvery - 1)
  expect(told).toEqual([])
  await pass()
  expect(told).toMatchObject([{ from: 0, revision: 3, changed: [{ name: 'second' }, { id: 'b' }], removed: [] }])
  await clock.advance(10 * publishEvery)
  expect(told).toHaveLength(1)
})

test('a server that is gone is told as such; one removed and added anew in one window is a change', async () => {
  const told = listen()
  for (const id of ['a', 'b']) {
    servers.delete(id)
    publisher.changed(id)
  }
  set('b', { name: 'another' })
  servers.set('c', {})
  publisher.changed('c')
  servers.delete('c')
  publisher.changed('c')
  await pass()
  expect(told).toMatchObject([{ changed: [{ id: 'b', name: 'another' }], removed: ['a'] }])
})

describe('what changes by time alone', () => {
  test('goes out at its moment, with the light of all', async () => {
    const endsAt = clock.now() + 100_000
    set('a', { endsAt })
    const told = listen()
    await clock.advance(99_000)
    expect(told).toEqual([])
    await clock.advance(1000 + publishEvery)
    expect(told).toMatchObject([{ light: 'amber', changed: [{ id: 'a', light: 'amber' }] }])
    expect(made).toEqual(['a'])
  })

  test('a moment that was put off is skipped, and none piles up', async () => {
    set('a', { endsAt: clock.now() + 50_000 })
    const told = listen()
    for (let turn = 0; turn < 100; turn++) {
      set('a', { endsAt: clock.now() + 50_000 + turn })
      await pass()
    }
    expect(told).toHaveLength(100)
    await clock.advance(40_000)
    expect(told).toHaveLength(100)
    await clock.advance(20_000)
    expect(told).toHaveLength(101)
  })

  test('a clock that was set back makes what had ended live again', async () => {
    set('a', { endsAt: clock.now() + 100_000 })
    const told = listen()
    await clock.advance(120_000)
    expect(told).toMatchObject([{ light: 'amber' }])
    clock.jump(-60_000)
    clock.poke()
    await pass()
    expect(told[1]).toMatchObject({ kind: 'snapshot', snapshot: { light: 'green' } })
    await clock.advance(60_000)
    expect(told[2]).toMatchObject({ kind: 'changes', light: 'amber' })
  })
})

test('where anything may have changed, a whole snapshot goes out and changes go on from it', async () => {
  const told = listen()
  servers.set('c', { light: 'red' })
  publisher.changedAll()
  await pass()
  set('c', { light: 'grey' })
  await pass()
  expect(told).toMatchObject([
    { kind: 'snapshot', snapshot: { revision: 1, light: 'red', servers: [{ id: 'c' }, { id: 'a' }, { id: 'b' }] } },
    { from: 1, light: 'green' }
  ])
})

test('FM-25 a message that may contain more than its schema is not sent, and the next one shows that it is missing', async () => {
  const told = listen()
  set('a', { accessToken: 'planted-token' } as never)
  await pass()
  expect(publisher.whole()).toBeNull()
  set('a')
  await pass()
  expect(told).toMatchObject([{ kind: 'changes', from: 1, revision: 2 }])
  expect(new Set(errors)).toEqual(new Set(['a snapshot did not fit its schema and was not sent']))
})

test('a listener that begins while nothing fits gets what comes later, and no error', async () => {
  servers.set('a', { accessToken: 'planted-token' } as never)
  const seen: Snapshot[] = []
  followSnapshots(publisher, (snapshot) => seen.push(snapshot))
  expect(seen).toEqual([])
  set('a')
  await pass()
  expect(seen).toMatchObject([{ revision: 1, servers: [{ id: 'a' }, { id: 'b' }] }])
})

test('one door that throws takes nothing from another; without listeners nothing is made', async () => {
  publisher.changed('a')
  await pass()
  expect(made).toEqual([])
  let isFirst = true
  const stop = publisher.subscribe(() => {
    if (!isFirst) throw new Error('its window is gone')
    isFirst = false
  })
  const told = listen()
  set('a')
  await pass()
  expect([told.length, errors]).toEqual([1, ['a snapshot could not be delivered']])
  stop()
})

test('continuesFrom: from what listeners were told up to now, and nothing else', async () => {
  expect(publisher.continuesFrom(0)).toBe(false)
  listen()
  publisher.changed('a')
  await pass()
  publisher.changed('a')
  expect([0, 1, 2, 3].map(publisher.continuesFrom)).toEqual([false, true, true, false])
})

test('closing tells what was not told yet, and nothing after', async () => {
  const told = listen()
  set('a')
  publisher.close()
  expect(told).toMatchObject([{ revision: 1 }])
  set('a')
  await clock.advance(60_000)
  expect(told).toHaveLength(1)
})

describe('after one change of one server', () => {
  async function measure(count: number) {
    servers = new Map(Array.from({ length: count }, (_, number) => [`s-${1000 + number}`, {}]))
    const told = listen()
    set('s-1003', { name: 'Changed' })
    await pass()
    publisher.close()
    return { made: [...made], bytes: JSON.stringify(told).length }
  }
  test('as many views are made and as many bytes told with ten servers as with a thousand', async () => {
    const few = await measure(10)
    expect(few.made).toEqual(['s-1003'])
    expect(await measure(1000)).toEqual(few)
  })
})

describe('who joins while changes wait to be told', () => {
  test('learns that a part is again as the others know it', async () => {
    listen()
    rest = { ...rest, theme: 'dark' }
    publisher.changed()
    let newest: Snapshot | null = null
    followSnapshots(publisher, (snapshot) => (newest = snapshot))
    expect(newest).toMatchObject({ theme: 'dark' })
    rest = { ...rest, theme: 'system' }
    publisher.changed()
    await pass()
    expect(newest).toMatchObject({ theme: 'system' })
  })

  test('learns that a server is gone which the others never knew', async () => {
    listen()
    set('c')
    let newest: Snapshot | null = null
    followSnapshots(publisher, (snapshot) => (newest = snapshot))
    servers.delete('c')
    publisher.changed('c')
    await pass()
    expect(newest).toMatchObject({ servers: [{ id: 'a' }, { id: 'b' }] })
  })
})

test('who comes back goes on from what it knows only where somebody followed meanwhile: time alone changes views', async () => {
  set('a', { endsAt: clock.now() + 100_000 })
  const seen: number[] = []
  publisher.subscribe((message) =>
    seen.push(message.kind === 'snapshot' ? message.snapshot.revision : message.revision)
  )()
  await clock.advance(200_000)
  listen()
  expect(publisher.continuesFrom(seen[0]!)).toBe(false)
})

test('a moment that comes while a long list of views is being made is not missed', async () => {
  const endsAt = clock.now() + 100
  servers.set('a', { endsAt })
  let newest: Snapshot | null = null
  isSlow = true
  followSnapshots(publisher, (snapshot) => (newest = snapshot))
  isSlow = false
  expect(newest).toMatchObject({ light: 'green' })
  await clock.advance(1000)
  expect(newest).toMatchObject({ light: 'amber' })
})
