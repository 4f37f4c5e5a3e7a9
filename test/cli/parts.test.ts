// The small parts of the CLI: durations, command splitting, browsers, the demo's count of gaps.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { browserCommands, openBrowser, splitCommand } from '../../app/cli/browser.ts'
import { Gaps } from '../../app/cli/commands/demo.ts'
import { readTokenArguments } from '../../app/cli/commands/token.ts'
import { formatDuration, parseDuration } from '../../app/contract/duration.ts'
import { makeView } from '../owner/fakeCore.ts'

test.each([
  ['90s', 90_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['2d', 172_800_000],
  ['1.5s', 1500],
  ['250ms', 250],
  ['0', 0]
])('%s is %i ms', (text, length) => expect(parseDuration(text)).toBe(length))

test.each(['', '5', '-5m', '5 m', '5y', 'm', '5mm', '1e3s', '99999999d'])('"%s" is no duration', (text) => {
  expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'inputInvalid' }))
})

test('durations are shown in their two largest units', () => {
  expect([0, 999, 59_000, 250_000, 3_600_000, 90_061_000].map(formatDuration)).toEqual([
    '0s',
    '1s',
    '59s',
    '4m 10s',
    '1h',
    '1d 1h'
  ])
})

describe('BROWSER', () => {
  test.each([
    ['firefox', ['firefox']],
    ['  a  b ', ['a', 'b']],
    [`"my browser" --x 'a "b' c\\ d ""`, ['my browser', '--x', 'a "b', 'c d', '']],
    [`a"b"'c'`, ['abc']],
    ['"a\\"b\\n"', ['a"b\\n']]
  ])('%s', (line, words) => expect(splitCommand(line)).toEqual(words))
  test('a quote left open is told', () => expect(() => splitCommand('a "b')).toThrow(/unclosed/))
  test('any words, quoted, come back as they were', () => {
    const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(splitCommand(words.map(quote).join(' '))).toEqual(words)
      })
    )
  })
  test('only web addresses are opened', () => {
    const url = 'https://a.example/'
    expect(browserCommands(url, { BROWSER: 'b -n' }, 'linux')).toEqual([['b', '-n', url]])
    expect(browserCommands('file:///etc/passwd', { BROWSER: 'b' }, 'linux')).toEqual([])
    expect(browserCommands(url, {}, 'linux')).toEqual([])
    expect(browserCommands(url, { DISPLAY: ':0' }, 'linux')).toEqual([['xdg-open', url]])
    expect(browserCommands(url, { BROWSER: '"C:\\My Apps\\b.exe" --at %s' }, 'win32')).toEqual([
      ['C:\\My Apps\\b.exe', '--at', url]
    ])
  })
  const url = 'https://a.example/?x=%s&y=$&'
  test.each<[string, string[][]]>([
    ['my-browser --new %s', [['my-browser', '--new', url]]],
    [`b '--at=%s' -n`, [['b', `--at=${url}`, '-n']]],
    [
      'one %s:two -n:/usr/bin/three',
      [
        ['one', url],
        ['two', '-n', url],
        ['/usr/bin/three', url]
      ]
    ],
    [':one::', [['one', url]]],
    ['b --proxy http://p:80', [['b', '--proxy', 'http://p:80', url]]],
    [`'/a:b/c' "d:e" f\\:g`, [['/a:b/c', 'd:e', 'f:g', url]]]
  ])('as xdg-open reads it: %j', (line, commands) => {
    expect(browserCommands(url, { BROWSER: line }, 'linux')).toEqual(commands)
  })
  test('the first of a list that is there is started', async () => {
    expect(await openBrowser(url, { BROWSER: `/no/such/browser %s:'${process.execPath}'` }, 'linux')).toBe(true)
    expect(await openBrowser(url, { BROWSER: '/no/such/browser:/nor/this' }, 'linux')).toBe(false)
  })
})

test('only the plain forms of `token` take the quick way', () => {
  expect(readTokenArguments(['token', 'a', '--min-valid=5m', '--json'])).toEqual({
    server: 'a',
    options: { minValid: '5m', json: true }
  })
  for (const argv of [
    ['token'],
    ['token', '--help'],
    ['token', 'a', 'b'],
    ['token', 'a', '-x'],
    ['list'],
    ['token', 'a', '--min-valid']
  ])
    expect(readTokenArguments(argv)).toBeNull()
})

test('a gap is the time without a valid token, counted once', () => {
  const gaps = new Gaps()
  const at = (now: number, expiresAt: number | null) => gaps.see([makeView('steady', { expiresAt })], now)
  at(0, null)
  at(10, 100)
  at(90, 200)
  expect(gaps.summary()).toEqual({ steady: { gapMs: 0, refreshes: 1 } })
  at(250, 200)
  at(260, 400)
  at(300, 400)
  expect(gaps.summary()).toEqual({ steady: { gapMs: 60, refreshes: 2 } })
})
