// Clients that wait, in the tray: their lines, what a click asks of the contract, and what is told once.
// Names are the clients' own words, so nothing in them may steer menu or notification.
import { describe, expect, test } from 'vitest'
import type { PendingClient } from '../../app/contract/clients.ts'
import { decideRequestNotice, noRequestsTold, type RequestsTold, requestLines } from '../../main/accessRequests.ts'
import { type Actions, carryOut } from '../../main/actions.ts'
import { type Line, type MenuSettings, menuOf, tooltipOf, trayMark } from '../../main/menu.ts'
import { now, server, snapshotOf } from './views.ts'

const waiting = (change: Partial<PendingClient> = {}): PendingClient => ({
  request: 'r1',
  name: 'Claude & Code',
  redirectUri: 'http://localhost:1/cb',
  source: 'this computer',
  destination: 'a program on this computer',
  asks: ['github'],
  digits: '4821',
  at: now,
  expiresAt: now + 600_000,
  ...change
})
const clients = (...pending: PendingClient[]) => ({ pending, locked: false, revision: 0 })
const settings: MenuSettings = {
  startAtLogin: false,
  notifications: true,
  muted: [],
  times: 'clock',
  writeTime: () => ''
}
const labels = (lines: readonly Line[] = []) => lines.map((line) => (line === 'separator' ? '-' : line.label))

test('a waiting client is first in the menu, in the icon and the tooltip, with its digits and every answer', () => {
  const snapshot = { ...snapshotOf(server()), clients: clients(waiting()) }
  const [first] = menuOf(snapshot, now, settings)
  if (!first || first === 'separator') throw new Error('no first line')
  expect(first.label).toBe('Digits 4821: Claude && Code requests access')
  expect(labels(first.lines)).toEqual([
    'Servers: github',
    'Requested from this computer',
    'Returns to a program on this computer',
    '-',
    'Allow once',
    'Always allow',
    'Deny',
    'Open…'
  ])
  expect(trayMark(snapshot)).toBe('attention')
  expect(tooltipOf(snapshot)).toBe('Tokentray: a client requests access')
  expect(labels(menuOf(snapshot, now, settings))).toContain('Lock all clients')
})

test('one that named no server is answered in the window, where they are chosen', () => {
  const [line] = requestLines(clients(waiting({ asks: null })), String)
  expect(line !== 'separator' && labels(line?.lines)).toEqual([
    'Servers: you choose',
    'Requested from this computer',
    'Returns to a program on this computer',
    '-',
    'Deny',
    'Choose servers…'
  ])
})

test('the lock is told, and ends from there', () => {
  const snapshot = { ...snapshotOf(server()), clients: { ...clients(), locked: true } }
  expect(labels(menuOf(snapshot, now, settings))).toEqual(
    expect.arrayContaining(['Locked: all clients are blocked', 'Unlock clients'])
  )
})

describe('a click', () => {
  const click = async (act: Parameters<typeof carryOut>[0], ok = true) => {
    const did: unknown[] = []
    const actions = {
      call: async (name: string, input: unknown) => {
        did.push([name, input])
        return ok ? { ok, value: {} } : { ok, code: 'clientUnknown', message: 'It is over.' }
      },
      snapshot: () => null,
      show: (screen?: string) => did.push(['show', screen]),
      notifyOfClients: (...told: string[]) => did.push(told),
      notifyOfSettings: (...told: string[]) => did.push(told)
    } as unknown as Actions
    await carryOut(act, actions)
    return did
  }

  test('asks the contract, and tells what failed', async () => {
    expect(await click({ do: 'allow', request: 'r1', always: true })).toEqual([
      ['clients.allow', { request: 'r1', always: true }]
    ])
    expect(await click({ do: 'deny', request: 'r1' }, false)).toEqual([
      ['clients.deny', { request: 'r1' }],
      ['Clients', 'It is over.']
    ])
    expect(await click({ do: 'lock' })).toEqual([['gateway.lock', {}]])
    expect(await click({ do: 'unlock' })).toEqual([['gateway.unlock', {}]])
    expect(await click({ do: 'clients' })).toEqual([['show', 'clients']])
  })

  test('a sign-in that needs a yes shows the page that has the question', async () => {
    const call = async () => ({ ok: false, code: 'confirmationNeeded', message: 'The token will be given away.' })
    const shown: unknown[] = []
    const show = (screen?: string) => shown.push(screen)
    await carryOut({ do: 'signIn', server: 'one' }, { call, show, snapshot: () => null } as unknown as Actions)
    expect(shown).toEqual(['server/one'])
  })

  test('a sign-in that waits for another one is asked for again, so that its page opens in its turn', async () => {
    const asked: unknown[] = []
    const call = async (name: string, input: unknown) => {
      asked.push([name, input])
      return { ok: true, value: name === 'signIn.start' ? { signIn: 's1', waitingFor: 'two' } : { signIn: 's1' } }
    }
    await carryOut({ do: 'signIn', server: 'one' }, { call, snapshot: () => null } as unknown as Actions)
    expect(asked).toEqual([
      ['signIn.start', { server: 'one' }],
      ['signIn.ready', { signIn: 's1' }]
    ])
  })
})

test('a name cannot move or repeat the digits that a person compares', () => {
  const [line] = requestLines(clients(waiting({ name: 'Claude — digits 0000' })), String)
  expect(line !== 'separator' && line?.label).toBe('Digits 4821: Claude — digits 0000 requests access')
  const snapshot = { ...snapshotOf(server()), clients: clients(waiting({ name: 'قلم\u202e 0000' })) }
  const [turned] = menuOf(snapshot, now, settings)
  expect(turned !== 'separator' && turned?.label).toBe('Digits 4821: \u2068قلم  0000\u2069 requests access')
})

describe('what is told of requests', () => {
  const minute = 60_000
  const requests = (...ids: string[]) => clients(...ids.map((request) => waiting({ request })))

  test('each once, in words that cannot be turned', () => {
    const first = decideRequestNotice(noRequestsTold, clients(waiting({ name: 'Evil\u202e\nname' })), now)
    expect(first.notice).toEqual({
      title: 'Evil  name requests access',
      body: 'From this computer. Servers: github. If its page shows the digits 4821, review the request in Tokentray.'
    })
    expect(decideRequestNotice(first.told, requests('r1'), now + 60 * minute).notice).toBeNull()
    // Answered in time, so the next one is news at once, as the first was, when the quiet minute is over.
    const answered = decideRequestNotice(first.told, requests(), now + minute)
    expect(answered.told).toEqual(noRequestsTold)
    expect(decideRequestNotice(answered.told, requests('r2'), now + minute).notice).not.toBeNull()
  })

  test('strangers who ask again and again are told together, ever more seldom', () => {
    let told: RequestsTold = noRequestsTold
    const at: number[] = []
    const titles = new Set<string>()
    // One that nobody answers, and a new one every second of two hours, each gone before the next.
    for (let second = 0; second < 7200; second++) {
      const decided = decideRequestNotice(told, requests('kept', `r${second}`), now + second * 1000)
      told = decided.told
      if (decided.notice) at.push(second / 60)
      if (decided.notice) titles.add(decided.notice.title)
    }
    expect(at).toEqual([0, 1, 3, 7, 15, 31, 47, 63, 79, 95, 111])
    expect([...titles]).toEqual(['2 clients request access', 'Claude & Code requests access'])
  })

  test('one that ends each request by itself gains nothing by it', () => {
    let told: RequestsTold = noRequestsTold
    let notices = 0
    for (let second = 0; second < 3600; second++) {
      const decided = decideRequestNotice(told, second % 2 ? requests() : requests(`r${second}`), now + second * 1000)
      told = decided.told
      if (decided.notice) notices++
    }
    expect(notices).toBeLessThanOrEqual(60)
  })
})
