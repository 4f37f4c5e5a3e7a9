// The tray's menu as data: words, order, marks and what each click asks for.
import { describe, expect, test } from 'vitest'
import type { ServerView } from '../../app/contract/views.ts'
import {
  type Line,
  type MenuSettings,
  markOf,
  menuOf,
  tallyOf,
  tooltipOf,
  trayMark,
  describe as wordsOf
} from '../../main/menu.ts'
import { day, hour, minute, needy, now, retrying, server, snapshotOf } from './views.ts'

const settings: MenuSettings = {
  startAtLogin: false,
  notifications: true,
  muted: [],
  times: 'countdown',
  writeTime: (at) => new Date(at).toISOString().slice(11, 16)
}
const labels = (lines: readonly Line[]) => lines.map((line) => (line === 'separator' ? '-' : line.label))
/** Its first sign-in failed. */
const failed: Partial<ServerView> = {
  light: 'grey',
  state: 'signedOut',
  action: 'signIn',
  lastEvent: { at: now, kind: 'signInFailed', detail: 'Refused.', fault: null, expiresAt: null }
}

const find = (lines: readonly Line[], label: string) => {
  const line = lines.find((each) => each !== 'separator' && each.label.startsWith(label))
  if (!line || line === 'separator') throw new Error(`no line ${label}`)
  return line
}

/** Only a person can replace its token. */
const lone = { renewable: false, nextAt: now + 17 * minute }

describe('words', () => {
  test.each([
    ['Healthy · refreshes in 12 min', {}],
    ['Healthy · refreshes in under a minute', { nextAt: now + 20_000 }],
    ['Healthy · refreshes in 1 h 5 min', { nextAt: now + hour + 5 * minute }],
    ['Healthy · refreshes in 7 h', { nextAt: now + 7 * hour }],
    ['Healthy · refreshes in 3 days', { nextAt: now + 3 * day }],
    ['Healthy', { nextAt: null, expiresAt: null }],
    ['Healthy · expires in 17 min', { nextAt: null }],
    ['Sign in again in 17 min', { ...lone, words: 'Token valid, no refresh token' }],
    [
      'No refresh token; the end of the token is unknown',
      { renewable: false, nextAt: null, expiresAt: null, words: 'No refresh token; the end of the token is unknown' }
    ],
    ['Replace the token in 17 min', { ...lone, grantKind: 'staticToken' as const }],
    ['Retrying · attempt 3 · next in 0:38', retrying],
    ['Retrying · attempt 3 · next in 5:00', { ...retrying, nextAt: now + 5 * minute }],
    ['Retrying · attempt 3 · next now', { ...retrying, nextAt: now }],
    [
      'Token valid · server unreachable since 01:19',
      {
        light: 'amber' as const,
        words: 'Token valid · server unreachable since 01:19',
        outage: { kind: 'unreachable' as const, since: now, detail: 'ECONNREFUSED' }
      }
    ],
    ['Sign-in needed', needy],
    ['Refreshing…', { state: 'refreshing' as const, words: 'Refreshing…' }],
    ['Paused', { paused: true, words: 'Paused' }],
    [
      'Signing in…',
      {
        words: 'Signing in…',
        signIn: { id: '', step: 'browser' as const, since: now, url: null, redirectUri: null, device: null }
      }
    ]
  ])('%s', (words, change) => {
    expect(wordsOf(server(change), now, settings)).toBe(words)
  })

  test('where the menu is not built as it opens, times of day stand in for countdowns', () => {
    const clock = { ...settings, times: 'clock' as const }
    expect(wordsOf(server(), now, clock)).toBe('Healthy · refreshes at 12:12')
    expect(wordsOf(server(retrying), now, clock)).toBe('Retrying · attempt 3 · next at 12:00')
    expect(wordsOf(server(lone), now, clock)).toBe('Sign in again at 12:17')
    expect(wordsOf(server({ nextAt: now + 3 * day }), now, clock)).toBe('Healthy · refreshes in 3 days')
  })
})

describe('menu', () => {
  const snapshot = snapshotOf(
    server(),
    server({ id: 'git', name: 'Git & Hub', ...retrying }),
    server({ id: 'notion', name: 'Notion', ...needy })
  )
  const lines = menuOf(snapshot, now, settings)

  test('servers that need a person come first, then those retrying; then what Tokentray itself offers', () => {
    expect(labels(lines)).toEqual([
      'Notion — Sign-in needed',
      'Git && Hub — Retrying · attempt 3 · next in 0:38',
      'Linear — Healthy · refreshes in 12 min',
      '-',
      'Add server…',
      'Open Tokentray',
      '-',
      'Start at login',
      'Notifications',
      'Pause all',
      'Lock all clients',
      '-',
      'Quit Tokentray'
    ])
    expect(lines.slice(0, 3)).toMatchObject([{ mark: 'attention' }, { mark: 'waiting' }, { mark: 'healthy' }])
  })

  test('each server offers its actions, for itself', () => {
    const { lines: inner = [] } = find(lines, 'Linear')
    expect(inner.filter((line) => line !== 'separator').map(({ label, act }) => [label, act])).toEqual([
      ['Sign in again', { do: 'signIn', server: 'linear' }],
      ['Refresh now', { do: 'refresh', server: 'linear' }],
      ['Pause', { do: 'pause', server: 'linear' }],
      ['Open', { do: 'open', server: 'linear' }],
      ['Notifications', { do: 'mute', server: 'linear', on: true }]
    ])
  })

  test('a paused server can be resumed, and all of them at once', () => {
    const paused = menuOf(snapshotOf(server({ paused: true, light: 'grey', words: 'Paused' })), now, settings)
    expect(find(find(paused, 'Linear').lines ?? [], 'Resume').act).toEqual({ do: 'resume', server: 'linear' })
    expect(find(paused, 'Resume all').act).toEqual({ do: 'resumeAll' })
  })

  test('checkboxes show what is, and ask for the opposite', () => {
    const on = menuOf(snapshot, now, { ...settings, startAtLogin: true, notifications: false, muted: ['notion'] })
    expect(find(on, 'Start at login')).toMatchObject({ isChecked: true, act: { on: false } })
    expect(find(on, 'Notifications')).toMatchObject({ isChecked: false, act: { on: true } })
    expect(find(find(on, 'Notion').lines ?? [], 'Notifications')).toMatchObject({
      isChecked: false,
      act: { do: 'mute', on: false }
    })
  })

  test('before the core is open, with no server and with a shut vault it says so, and can still be quit', () => {
    const shut = snapshotOf()
    shut.vault.state = 'locked'
    expect(labels(menuOf(null, now, settings))[0]).toBe('Opening the vault…')
    expect(labels(menuOf(snapshotOf(), now, settings))[0]).toBe('No servers yet')
    expect(labels(menuOf(shut, now, settings))[0]).toBe('Locked: open Tokentray to unlock')
    expect([trayMark(shut), tooltipOf(shut)]).toEqual(['attention', 'Tokentray: locked'])
    shut.vault.state = 'keychainWaiting'
    expect(labels(menuOf(shut, now, settings))[0]).toBe('Waiting for the keychain…')
    expect([trayMark(shut), tooltipOf(shut)]).toEqual(['waiting', 'Tokentray: waiting for the keychain…'])
    for (const each of [null, snapshotOf(), shut])
      expect(find(menuOf(each, now, settings), 'Quit').act).toEqual({ do: 'quit' })
  })

  test('after one change only what is shown is looked at: with a thousand servers no more than with twenty', () => {
    const many = Array.from({ length: 1000 }, (_, n) => server({ id: `s-${1000 + n}`, name: `S ${1000 + n}` }))
    const kept = tallyOf(many)
    const seen = new Set<string>()
    const servers = new Proxy(many, {
      get: (target, name, receiver) => {
        if (/^\d+$/.test(String(name))) seen.add(String(name))
        return Reflect.get(target, name, receiver)
      }
    })
    const large = { ...snapshotOf(), light: 'green' as const, servers }
    expect(menuOf(large, now, settings, kept).length).toBeLessThan(40)
    expect([trayMark(large, kept), tooltipOf(large, kept)]).toEqual(['healthy', 'Tokentray: 1000 healthy'])
    expect(seen.size).toBe(20)
  })

  test('200 servers fit on a screen, and a name cannot break its line', () => {
    const many = Array.from({ length: 200 }, (_, index) => server({ id: `s${index}`, name: `S${index}` }))
    const menu = menuOf(snapshotOf(...many), now, settings)
    expect(menu.length).toBeLessThan(40)
    expect(find(menu, '180 more…').act).toEqual({ do: 'show' })
    const [odd] = labels(menuOf(snapshotOf(server({ name: `a\nb\u202e${'c'.repeat(90)}` })), now, settings))
    expect(odd).toMatch(/^a b c+… — Healthy/)
  })
})

test('a refresh is offered only where there is something to refresh with', () => {
  const acts = (change: Partial<ServerView>) =>
    find(menuOf(snapshotOf(server(change)), now, settings), 'Linear').lines!.map(
      (line) => line !== 'separator' && line.label
    )
  expect(acts({})).toContain('Refresh now')
  expect(acts(lone)).not.toContain('Refresh now')
  expect(acts(lone)).toContain('Sign in again')
})

describe('icon', () => {
  test('the worst server decides, whatever the others say', () => {
    const grey = server({ light: 'grey', state: 'signedOut', words: 'Not signed in' })
    const paused = server({ light: 'grey', paused: true })
    expect(trayMark(snapshotOf(server(), server(retrying), server(needy)))).toBe('attention')
    expect(trayMark(snapshotOf(server(), server(retrying)))).toBe('waiting')
    expect(trayMark(snapshotOf(server({ state: 'refreshing' }), grey))).toBe('healthy')
    expect(trayMark(snapshotOf(server(retrying), server(failed)))).toBe('attention')
    expect(trayMark(snapshotOf(server(), server(lone)))).toBe('ending')
    expect(trayMark(snapshotOf(server(retrying), server(lone)))).toBe('waiting')
    expect(trayMark(snapshotOf(grey))).toBe('signedOut')
    expect(trayMark(snapshotOf(paused))).toBe('paused')
    expect(trayMark(null)).toBe('signedOut')
  })

  test('seven states have seven marks', () => {
    const views = [
      server(),
      server(lone),
      server({ state: 'refreshing' }),
      server(retrying),
      server(needy),
      server({ paused: true, light: 'grey' }),
      server({ light: 'grey', state: 'signedOut' })
    ]
    expect(views.map(markOf)).toEqual([
      'healthy',
      'ending',
      'refreshing',
      'waiting',
      'attention',
      'paused',
      'signedOut'
    ])
  })

  test('the tooltip counts what matters most', () => {
    expect(tooltipOf(snapshotOf(server(needy), server(retrying)))).toBe(
      'Tokentray: 1 server needs you, 1 has a problem'
    )
    expect(tooltipOf(snapshotOf(server(retrying), server()))).toBe('Tokentray: 1 server has a problem')
    expect(tooltipOf(snapshotOf(server(), server({ state: 'refreshing' })))).toBe('Tokentray: 2 healthy')
    expect(tooltipOf(snapshotOf(server(), server(lone)))).toBe('Tokentray: 1 healthy, 1 without a refresh token')
    expect(tooltipOf(null)).toBe('Tokentray: starting')
  })
})
