// Which notifications are shown: only where a person is needed or soon will be, and once per incident.
import { expect, test } from 'vitest'
import type { ServerView } from '../../app/contract/views.ts'
import { type Announced, decideNotices, gapGraceMs } from '../../app/health/notices.ts'
import { endNoticeMs } from '../../app/health/schedule.ts'
import { day, minute, needy, now, retrying, server, snapshotOf } from '../main/views.ts'

const wanted = { notifications: true, muted: [] as string[] }

/** Runs the views one after another, a minute apart; the titles that were shown, one list for each. */
function follow(views: readonly Partial<ServerView>[], settings = wanted, from: Announced = []): string[][] {
  let announced = from
  return views.map((change, index) => {
    const decided = decideNotices(announced, snapshotOf(server(change)), now + index * minute, settings, 0)
    announced = decided.announced
    return decided.show.map(({ title }) => title)
  })
}
const refreshing: Partial<ServerView> = { state: 'refreshing', light: 'amber' }

test('FM-20 a notification that a person is needed is shown once, despite further attempts', () => {
  expect(follow([{}, needy, needy, refreshing, needy, retrying, needy])).toEqual([
    [],
    ['Linear: sign-in needed'],
    [],
    [],
    [],
    [],
    []
  ])
})

test('after the server was well again, the next incident is announced', () => {
  expect(follow([needy, {}, needy])).toEqual([['Linear: sign-in needed'], [], ['Linear: sign-in needed']])
})

test('FM-20 a restart does not repeat earlier notifications', () => {
  const { announced } = decideNotices([], snapshotOf(server(needy)), now, wanted, 0)
  expect(follow([needy], wanted, JSON.parse(JSON.stringify(announced)))).toEqual([[]])
})

test('FM-20 retries are not announced until the server has had no valid token for longer than the grace period', () => {
  const ended = (ago: number) => ({ ...retrying, expiresAt: now - ago })
  expect(follow([retrying, { ...ended(0), expiresAt: now + minute }])).toEqual([[], []])
  expect(follow([ended(gapGraceMs)])).toEqual([[]])
  expect(follow([ended(gapGraceMs + 1), ended(gapGraceMs + 1)])).toEqual([['Linear has no valid token'], []])
})

test('FM-20 a token that expired while the computer slept gets its grace period from the moment it woke', () => {
  const slept = snapshotOf(server({ ...retrying, expiresAt: now - 8 * 60 * minute }))
  const at = (time: number, announced: Announced = []) => decideNotices(announced, slept, time, wanted, now)
  expect(at(now)).toEqual({ show: [], announced: [] })
  expect(at(now + gapGraceMs).show).toEqual([])
  expect(at(now + gapGraceMs + 1).show).toMatchObject([{ title: 'Linear has no valid token' }])
  // Announced before the machine slept: still the same incident.
  expect(at(now, ['gap linear'])).toEqual({ show: [], announced: ['gap linear'] })
})

test('a server that wants more permission calls nobody: it may be hostile, and would call at will', () => {
  const more = { light: 'amber', state: 'needsUser', action: 'grantMore', words: 'More permission needed' } as const
  expect(follow([{}, more, {}, more])).toEqual([[], [], [], []])
  expect(follow([more, needy])).toEqual([[], ['Linear: sign-in needed']])
})

test('a server that is down while its token is valid is shown and not announced', () => {
  const outage = { kind: 'unreachable', since: now, detail: 'ECONNREFUSED' } as const
  expect(follow([{}, { light: 'amber', outage }, {}])).toEqual([[], [], []])
})

test('a vault that is not open forgets no incident', () => {
  const { announced } = decideNotices([], snapshotOf(server(needy)), now, wanted, 0)
  const open = snapshotOf()
  const shut = { ...open, vault: { ...open.vault, state: 'locked' as const } }
  expect(decideNotices(announced, shut, now, wanted, 0)).toEqual({ show: [], announced })
})

test('a server that needs a person is one piece of news, not two', () => {
  expect(follow([{ ...needy, expiresAt: now - day }])).toEqual([['Linear: sign-in needed']])
})

test('the coming end of a refresh token is announced days before, where refreshing cannot prolong it', () => {
  const ending = { refreshExpiresAt: now + endNoticeMs - 1, refreshExtends: false }
  expect(follow([ending, ending])).toEqual([['Linear: sign in again when convenient'], []])
  expect(follow([{ ...ending, refreshExtends: true }])).toEqual([[]])
  expect(follow([{ ...ending, refreshExpiresAt: now + endNoticeMs + 1 }])).toEqual([[]])
})

test('muted, one server or all: nothing is shown, and nothing old when it is unmuted', () => {
  for (const settings of [
    { notifications: false, muted: [] },
    { notifications: true, muted: ['linear'] }
  ]) {
    const { show, announced } = decideNotices([], snapshotOf(server(needy)), now, settings, 0)
    expect(show).toEqual([])
    expect(follow([needy], wanted, announced)).toEqual([[]])
  }
})

test('more than three at once are one notification, muted ones left out; three are three', () => {
  const many = (count: number) =>
    snapshotOf(...Array.from({ length: count }, (_, n) => server({ ...needy, id: `s${n}`, name: `S${n}` })))
  const { show, announced } = decideNotices([], many(6), now, { notifications: true, muted: ['s1'] }, 0)
  expect(show).toEqual([{ server: null, kind: 'person', title: '5 servers need you', body: 'S0, S2, S3 and 2 more.' }])
  expect(decideNotices(announced, many(6), now, wanted, 0).show).toEqual([])
  expect(decideNotices([], many(3), now, wanted, 0).show.map(({ server }) => server)).toEqual(['s0', 's1', 's2'])
  // One more incident later is announced by itself.
  expect(decideNotices(announced, many(7), now, wanted, 0).show).toMatchObject([{ server: 's6' }])
})

test('where only servers that changed are looked at, what was announced of the others stays so', () => {
  const [linear, notion] = [server(needy), server({ id: 'notion', name: 'Notion' })]
  const look = (announced: Announced, views: ServerView[]) =>
    decideNotices(announced, snapshotOf(linear, notion), now, wanted, 0, views)
  expect(look(['person linear'], [notion])).toEqual({ show: [], announced: ['person linear'] })
  expect(look(['person linear'], [{ ...notion, ...needy }])).toMatchObject({
    show: [{ server: 'notion' }],
    announced: ['person linear', 'person notion']
  })
  expect(look(['person linear', 'person notion'], [notion]).announced).toEqual(['person linear'])
})

test('paused and signed-out servers say nothing, and a removed one is forgotten', () => {
  expect(follow([{ ...needy, paused: true, light: 'grey' }])).toEqual([[]])
  expect(follow([{ state: 'signedOut', light: 'grey', action: 'signIn' }])).toEqual([[]])
  expect(follow([needy, { ...needy, paused: true }, needy])).toEqual([['Linear: sign-in needed'], [], []])
  expect(decideNotices(['person linear'], snapshotOf(), now, wanted, 0).announced).toEqual([])
})
