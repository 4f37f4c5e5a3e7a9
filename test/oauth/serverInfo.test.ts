// What a server calls itself, made fit to be shown: short, visible, and never the name of somebody else's host.
// A server may answer anything at all to `initialize`.
import { expect, test } from 'vitest'
import { cleanName, readServerInfo } from '../../app/oauth/serverInfo.ts'

const url = 'https://mcp.linear.app/mcp'
const said = (serverInfo: unknown) => JSON.stringify({ jsonrpc: '2.0', id: 1, result: { serverInfo } })

test('the title, else the name', () => {
  expect(readServerInfo(said({ name: 'linear-mcp', title: 'Linear' }), url)).toEqual({ name: 'Linear', icons: [] })
  expect(readServerInfo(said({ name: 'linear-mcp' }), url)).toEqual({ name: 'linear-mcp', icons: [] })
  expect(readServerInfo(said({ name: 'linear-mcp', title: '\u202e' }), url)).toEqual({ name: 'linear-mcp', icons: [] })
  expect(readServerInfo(said({ name: 7, title: null }), url)).toEqual({ name: null, icons: [] })
})

test.each([
  '',
  '[]',
  '{}',
  '"x"',
  '{"result":[]}',
  '{"result":{"serverInfo":"x"}}',
  said(null),
  said([]),
  '{"error":{}}'
])('is nothing in %j', (body) => expect(readServerInfo(body, url)).toBeNull())

test.each<[string, string | null]>([
  ['  Linear \n MCP  ', 'Linear MCP'],
  ['Gi\u200btHub\u202e\u0007\u001b[31m', 'GitHub[31m'],
  ['\u{e0041}Linear\ufeff', 'Linear'],
  ['L\u0301\u0302\u0303\u0304\u0305inear', '\u0139\u0302\u0303inear'],
  ['天気サーバー', '天気サーバー'],
  ['🚀', null],
  ['—', null],
  ['', null],
  // Its own site may be named, no other one.
  ['Linear (linear.app)', 'Linear (linear.app)'],
  ['mcp.linear.app', 'mcp.linear.app'],
  ['github.com', null],
  ['GitHub · https://api.github.com/x', null],
  ['github．com', null],
  ['v1.2 of Linear', 'v1.2 of Linear']
])('%j becomes %j', (name, clean) => expect(cleanName(name, url)).toBe(clean))

test('is bounded, also where it is huge', () => {
  expect(cleanName('é'.repeat(5_000_000), url)).toBe('é'.repeat(60))
  expect([...cleanName('😀a'.repeat(1000), url)!]).toHaveLength(60)
})

test('its icons: those that may be pictures, nearest to 64 pixels and for light pages first, and not too many', () => {
  const icon = (src: unknown, more: object = {}) => ({ src, ...more })
  const icons = [
    icon('https://a.example/vector', { mimeType: 'image/svg+xml' }),
    icon('https://a.example/any'),
    icon('https://a.example/512', { sizes: ['512x512'], mimeType: 'image/png' }),
    icon('https://a.example/dark', { sizes: ['64x64'], theme: 'dark' }),
    icon('https://a.example/64', { sizes: ['16x16', '64x64'], mimeType: 'image/jpg' }),
    icon(7),
    icon('x'.repeat(100_000)),
    null,
    'https://a.example/text'
  ]
  expect(readServerInfo(said({ name: 'a', icons }), url)?.icons).toEqual(
    ['64', 'dark', '512', 'any'].map((name) => `https://a.example/${name}`)
  )
  expect(readServerInfo(said({ name: 'a', icons: 'x' }), url)?.icons).toEqual([])
  const many = Array.from({ length: 1000 }, (_, n) => icon(`https://a.example/${n}`))
  expect(readServerInfo(said({ name: 'a', icons: many }), url)?.icons).toHaveLength(20)
})
