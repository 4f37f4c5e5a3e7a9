// The terminal table: what it says, that it fits, and that no server can steer the terminal through it.
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { renderLine, renderTable } from '../../app/cli/table.ts'
import { clean, toWidth, widthOf } from '../../app/cli/textWidth.ts'
import { describeCard, describeLine } from '../../app/cli/words.ts'
import { noClients } from '../../app/contract/clients.ts'
import type { ServerView, Snapshot } from '../../app/contract/views.ts'
import { healthyView } from '../fakes/view.ts'

process.env.TZ = 'Asia/Kathmandu'
const now = Date.UTC(2026, 10, 20, 22, 30)

function viewWith(given: Partial<ServerView> = {}): ServerView {
  return healthyView({
    id: 'steady',
    name: 'Steady',
    url: 'http://127.0.0.1/mcp',
    since: now,
    nextAt: now + 9000,
    obtainedAt: now - 7000,
    expiresAt: now + 13_000,
    lastEvent: { at: now - 7000, kind: 'refreshed', fault: null, detail: 'Refreshed', expiresAt: null },
    ...given
  })
}

function snapshotOf(servers: ServerView[], vault: Partial<Snapshot['vault']> = {}): Snapshot {
  return {
    revision: 1,
    at: now,
    light: 'green',
    vault: {
      state: 'open',
      path: ':memory:',
      keySource: 'throwaway',
      message: '',
      errorCode: null,
      offers: null,
      ...vault
    },
    owner: { pid: 1, kind: 'lasting', version: '0', startedAt: now },
    theme: 'system',
    demo: 'off',
    refreshHold: null,
    clients: noClients,
    gateway: null,
    servers
  }
}
const waiting = { light: 'amber', state: 'waiting', words: 'Retrying', attempt: 3, expiresAt: now - 1 } as const
const lost = { light: 'red', state: 'needsUser', words: 'Sign-in needed', action: 'signIn', nextAt: null } as const
const plain = (...servers: ServerView[]) => renderTable(snapshotOf(servers), now, { width: 80, color: false })

describe('the table', () => {
  test('says light, name, words, life of the token, what comes, failed attempts if any, and the last event', () => {
    expect(plain(viewWith(), viewWith({ ...waiting, name: 'Flaky' })).split('\n')).toEqual([
      'Tokentray  ▲ 1 has a problem  ● 1 healthy',
      '● Steady Healthy                                            ███████░░░ 13s',
      '  next refresh in 9s · 7s ago: Refreshed',
      '▲ Flaky  Retrying                                           ░░░░░░░░░░ expired',
      '  next attempt in 9s · attempts 3 · 7s ago: Refreshed'
    ])
  })

  test.each([
    ['needs you: sign in', lost],
    ['needs you: fix settings', { ...lost, action: 'fixSettings' }],
    ['needs you: grant more permission', { ...lost, action: 'grantMore' }],
    ['paused', { light: 'grey', paused: true }],
    ['refreshing now', { state: 'refreshing' }],
    ['next refresh now', { nextAt: now }],
    ['no refresh scheduled', { nextAt: null }],
    ['nothing has happened yet', { lastEvent: null }],
    ['~13s', { expirySource: 'guess' }],
    ['no expiry', { expiresAt: null }],
    ['none', { expiresAt: null, obtainedAt: null }]
  ] as [string, Partial<ServerView>][])('says "%s"', (words, given) => {
    expect(plain(viewWith(given))).toContain(words)
  })

  test.each([
    [now + 20_000, now, '██████████'],
    [now + 1, now - 20_000, '█░░░░░░░░░'],
    [now, now - 20_000, '░░░░░░░░░░'],
    [now + 5, now + 5, '░░░░░░░░░░'],
    [null, now, '░░░░░░░░░░']
  ])('bar of a token until %s from %s', (expiresAt, obtainedAt, bar) => {
    expect(plain(viewWith({ expiresAt, obtainedAt }))).toContain(` ${bar} `)
  })

  test('each light has a shape and a word of its own, with and without colour', () => {
    const views = (['green', 'amber', 'red', 'grey'] as const).map((light) => viewWith({ light }))
    const without = plain(...views)
    const shapes = without.split('\n').flatMap((line) => /^([^\sT])\s/.exec(line)?.[1] ?? [])
    expect(shapes).toEqual(['●', '▲', '✖', '○'])
    expect(without.split('\n')[0]).toBe('Tokentray  ✖ 1 needs you  ▲ 1 has a problem  ● 1 healthy  ○ 1 not signed in')
    expect(without).not.toContain('\u001b')
    const coloured = renderTable(snapshotOf(views), now, { width: 80, color: true })
    for (const sgr of [32, 33, 31, 90]) expect(coloured).toContain(`\u001b[${sgr}m`)
    const stripped = stripVTControlCharacters(coloured)
    expect(stripped.split('\n').map((line) => line.trimEnd())).toEqual(without.split('\n'))
  })

  test('counts servers in words, several of a kind and paused ones too', () => {
    const red = viewWith(lost)
    const paused = viewWith({ light: 'grey', paused: true })
    const amber = viewWith(waiting)
    const passed = viewWith({ light: 'grey', mode: 'passThrough' })
    const servers = [red, red, amber, amber, paused, passed, viewWith({ light: 'grey' })]
    expect(renderTable(snapshotOf(servers), now, { width: 120, color: false }).split('\n')[0]).toBe(
      'Tokentray  ✖ 2 need you  ▲ 2 have problems  ○ 1 paused  ○ 1 pass-through  ○ 1 not signed in'
    )
  })

  test('a reason takes the place of the bar where both do not fit', () => {
    const words = 'Sign-in needed: the server rejected the refresh token'
    const [, first, , second] = plain(viewWith({ ...lost, words }), viewWith()).split('\n')
    expect(first).toBe(`✖ Steady ${words}         13s`)
    expect(second).toMatch(/ ███████░░░ 13s$/)
  })

  test('where the output is no terminal, nothing is cut', () => {
    const long = 'とても長い名前のサーバー and so on '.repeat(9).trim()
    const view = viewWith({ name: long, words: long, lastEvent: { ...viewWith().lastEvent!, detail: long } })
    const lines = renderTable(snapshotOf([view, viewWith()]), now, { width: Infinity, color: false }).split('\n')
    expect(lines[1]).toBe(`● ${long} ${long} ███████░░░ 13s`)
    expect(lines[2]).toContain(long)
    expect(widthOf(lines[3]!)).toBe(widthOf(lines[1]!))
    expect(renderTable(snapshotOf([]), now, { width: Infinity, color: false })).toBe('Tokentray\nNo servers yet.')
  })

  test('a vault that is not open is said so; no servers too', () => {
    const closed = snapshotOf([], { state: 'locked', message: 'The keychain is\u001b[2J locked.' })
    const text = renderTable(closed, now, { width: 80, color: false })
    expect(text).toBe('Tokentray\n✖ Vault: The keychain is locked.\nNo servers yet.')
  })

  test.each([1, 60, 61, 80, 200])('fits a terminal of %i columns', (width) => {
    const long = 'とても長い名前のサーバー 👩‍👩‍👧 and so on and so on and so on '.repeat(4)
    const views = [
      viewWith({ name: long, words: long, lastEvent: { ...viewWith().lastEvent!, detail: long } }),
      viewWith({ expiresAt: now + 364 * 86_400_000 + 23 * 3_600_000, expirySource: 'guess' })
    ]
    const lines = renderTable(snapshotOf(views), now, { width, color: true }).split('\n')
    expect(lines).toHaveLength(5)
    const widths = lines.map((line) => widthOf(stripVTControlCharacters(line)))
    expect(Math.max(...widths)).toBeLessThanOrEqual(Math.max(60, width))
    expect(lines[1]).toContain('…')
  })
})

const nasty = 'a\u001b[31mb\u001b]0;title\u0007c\nd\te\u009b2Jf\u202eg\u0000h\u2028i\u200bj'

test('server-given text cannot steer the terminal', () => {
  const view = viewWith({ name: nasty, words: nasty, lastEvent: { ...viewWith().lastEvent!, detail: nasty } })
  const outputs = [plain(view), renderLine(view, now), plain(view).replaceAll('\n', '')]
  for (const text of outputs.slice(1)) expect(text).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
  expect(outputs[0]?.split('\n')).toHaveLength(3)
  expect(outputs[0]).toContain('abc d e')
})

test('a token that only a person can replace has a mark of its own, and says when', () => {
  const lone = viewWith({ renewable: false, expiresAt: now + 59 * 60_000, words: 'Token valid, no refresh token' })
  const [head, first, second] = plain(lone, viewWith()).split('\n')
  expect(head).toBe('Tokentray  ◐ 1 cannot be refreshed  ● 1 healthy')
  expect(first).toMatch(/^◐ Steady +Token valid, no refresh token/)
  expect(second).toMatch(/^ {2}sign in again in 59m · /)
  expect(describeLine(lone, now)).toBe('steady: Token valid, no refresh token; sign in again in 59m')
  const card = describeCard(lone, now).join('\n')
  expect(card).toMatch(/sign in again: .*in 59m/)
  expect(card).not.toContain('next attempt')
})

test('a sign-in without a refresh token and a known end has the same mark, and no moment', () => {
  const words = 'No refresh token; the end of the token is unknown'
  const endless = viewWith({ renewable: false, expiresAt: null, expirySource: 'none', nextAt: null, words })
  const [head, first] = plain(endless).split('\n')
  expect(head).toBe('Tokentray  ◐ 1 cannot be refreshed')
  expect(first).toMatch(/^◐ Steady +No refresh token; .* unknown$/)
  expect(describeLine(endless, now)).toBe(`steady: ${words}`)
  expect(describeCard(endless, now).join('\n')).not.toMatch(/sign in again|next attempt/)
})

test('plain lines hold the time, id, light and all facts', () => {
  expect(renderLine(viewWith({ ...waiting, lastEvent: null }), now)).toBe(
    '2026-11-21 04:15:00 steady amber Retrying · token expired · next attempt in 9s · attempts 3 · nothing has happened yet'
  )
})

test('the card of a healthy server says when its next refresh is, of a failing one its next attempt', () => {
  expect(describeCard(viewWith(), now).join('\n')).toContain('next refresh: ')
  expect(describeCard(viewWith(waiting), now).join('\n')).toContain('next attempt: ')
})

describe('cells', () => {
  test.each([
    ['abc', 3],
    ['日本', 4],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['한국', 4],
    ['ｆｕｌｌ', 8],
    ['', 0]
  ])('%s is %i wide', (text, width) => {
    expect(widthOf(text)).toBe(width)
  })

  test.each([
    ['abc', 5, 'abc  '],
    ['abcdef', 4, 'abc…'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日… '],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…']
  ])('%s in %i cells', (text, width, expected) => {
    expect(toWidth(text, width)).toBe(expected)
  })

  test('half a surrogate pair becomes the replacement character', () => {
    expect(clean('a\ud83d')).toBe('a\ufffd')
  })
})
