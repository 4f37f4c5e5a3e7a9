// The reader's end of a stream: messages put together, gaps noticed, the order kept.
// Whatever comes, the result is what a whole snapshot of that moment would say.
import { describe, expect, test } from 'vitest'
import { compareServers, createFollower } from '../../app/contract/follower.ts'
import type { ChangesMessage, SnapshotMessage } from '../../app/contract/stream.ts'
import { checkStreamVersion } from '../../app/contract/streamVersion.ts'
import type { ServerView, Snapshot } from '../../app/contract/views.ts'
import { healthyView } from '../fakes/view.ts'
import { snapshotOf } from '../main/views.ts'

const whole = (revision: number, servers: ServerView[], more: Partial<Snapshot> = {}): SnapshotMessage => ({
  version: 1,
  kind: 'snapshot',
  snapshot: { ...snapshotOf(), ...more, revision, servers }
})
const change = (from: number, revision: number, more: Partial<ChangesMessage> = {}): ChangesMessage => ({
  ...{ kind: 'changes', from, revision, at: revision, changed: [], removed: [] },
  ...more
})
const view = (id: string, more: Partial<ServerView> = {}) => healthyView({ id, ...more })
const ids = (snapshot: Snapshot | null) => snapshot?.servers.map(({ id }) => id)

test('a snapshot, then changes: new, changed and removed servers, and only the parts that are there', () => {
  const follower = createFollower()
  expect(ids(follower.take(whole(1, [view('c'), view('a')])))).toEqual(['a', 'c'])
  const [b, red] = [view('b'), view('c', { light: 'red' })]
  const next = follower.take(change(1, 3, { changed: [b, red], light: 'red', theme: 'dark' }))
  expect(next).toEqual({
    ...snapshotOf(),
    revision: 3,
    at: 3,
    light: 'red',
    theme: 'dark',
    servers: [red, view('a'), b]
  })
  expect(follower.take(change(3, 4, { removed: ['a', 'unknown'], changed: [] }))).toMatchObject({ theme: 'dark' })
  expect([follower.server('a'), follower.server('b')]).toEqual([undefined, b])
})

describe('what was missed', () => {
  test('before the first snapshot nothing is known', () => {
    expect(createFollower().take(change(0, 1))).toBeNull()
  })
  test('a message from a later revision is a gap, and a whole snapshot ends it', () => {
    const follower = createFollower()
    follower.take(whole(1, []))
    expect(follower.take(change(2, 3, { changed: [view('a')] }))).toBeNull()
    expect(ids(follower.take(whole(3, [view('a')])))).toEqual(['a'])
    expect(ids(follower.take(change(3, 4, { changed: [view('b')] })))).toEqual(['a', 'b'])
  })
  test('a snapshot in the middle of a change leaves no gap, and an old message changes nothing', () => {
    const follower = createFollower()
    follower.take(whole(5, [view('a', { name: 'new' })]))
    expect(follower.take(change(4, 6, { changed: [view('b')] }))?.revision).toBe(6)
    const known = follower.take(whole(5, []))
    expect([known?.revision, ids(known)]).toEqual([6, ['b', 'a']])
    expect(follower.take(change(1, 2, { removed: ['a'] }))).toBe(known)
  })
  test("another owner's revisions begin anew", () => {
    const follower = createFollower()
    follower.take(whole(9, [view('a')]))
    const { owner } = snapshotOf()
    expect(ids(follower.take(whole(1, [view('b')], { owner: { ...owner, startedAt: 1 } })))).toEqual(['b'])
  })
})

test('another version is told apart from nonsense, with what to do', () => {
  const message = { ...whole(1, []), version: 2 } as unknown as SnapshotMessage
  expect(() => createFollower().take(message)).toThrow(
    expect.objectContaining({
      code: 'versionUnsupported',
      message: expect.stringMatching(/2 and 1\). Update the older one/)
    })
  )
  // An owner of before there were versions says none.
  expect(() => checkStreamVersion(undefined)).toThrow(/stream of changes unknown and 1/)
})

test('a view that stays is the same object, also in a whole snapshot that says the same', () => {
  const follower = createFollower()
  const first = follower.take(whole(1, [view('a'), view('b')]))!
  const next = follower.take(change(1, 2, { changed: [view('b', { name: 'B' })] }))!
  expect(next.servers[0]).toBe(first.servers[0])
  expect(next.servers).not.toBe(first.servers)
  expect(follower.take(whole(3, [view('a'), view('b')]))!.servers[0]).toBe(first.servers[0])
  expect(follower.take(change(3, 4, { theme: 'dark' }))!.servers).toBe(follower.take(change(4, 5))!.servers)
})

test('each view that came, changed or went is told once', () => {
  const told: (string | undefined)[][] = []
  const follower = createFollower((before, after) => void told.push([before?.name, after?.name]))
  follower.take(whole(1, [view('a'), view('b')]))
  follower.take(change(1, 2, { changed: [view('a', { name: 'A' })], removed: ['b'] }))
  follower.take(whole(3, [view('a', { name: 'A' }), view('c')]))
  expect(told).toEqual([
    [undefined, 'a'],
    [undefined, 'b'],
    ['b', undefined],
    ['a', 'A'],
    [undefined, 'c']
  ])
})

test('those that need a person come first, with them a server whose first sign-in failed; then by name', () => {
  const lastEvent = { at: 1, kind: 'signInFailed', fault: null, detail: 'Refused.', expiresAt: null } as const
  const out = { light: 'grey', state: 'signedOut', action: 'signIn' } as const
  const servers = [
    view('never', out),
    view('well', {}),
    view('failed', { ...out, lastEvent }),
    view('down', { light: 'amber' }),
    view('red', { light: 'red' })
  ]
  const sorted = servers.toSorted(compareServers).map(({ id }) => id)
  expect(sorted).toEqual(['failed', 'red', 'down', 'well', 'never'])
})

test('after any thousand changes it is what a whole snapshot would be', () => {
  let seed = 7
  const dice = (faces: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % faces
  }
  const follower = createFollower()
  const truth = new Map<string, ServerView>()
  follower.take(whole(0, []))
  for (let revision = 1; revision <= 1000; revision++) {
    const [changed, removed] = [new Map<string, ServerView>(), new Set<string>()]
    for (let n = dice(4); n >= 0; n--) {
      const id = `s${dice(40)}`
      changed.delete(id)
      removed.delete(id)
      if (dice(4) === 0) removed.add(id)
      else
        changed.set(
          id,
          view(id, { name: `name ${dice(5)}`, light: (['red', 'amber', 'green', 'grey'] as const)[dice(4)]! })
        )
    }
    for (const id of removed) truth.delete(id)
    for (const [id, each] of changed) truth.set(id, each)
    const message = change(revision - 1, revision, { changed: [...changed.values()], removed: [...removed] })
    expect(follower.take(message)?.servers).toEqual([...truth.values()].sort(compareServers))
  }
})
