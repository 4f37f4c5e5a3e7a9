// What a server calls itself, made fit to be shown: short, visible, and never the name of somebody else's host.
// A server may answer anything at all to `initialize`.
import { expect, test } from 'vitest'
import { cleanName, readServerInfo } from '../../app/oauth/serverInfo.ts'

const url = 'https://mcp.linear.app/mcp'
const said = (serverInfo: unknown) => JSON.stringify({ jsonrpc: '2.0', id: 1, result: { serverInfo } })

test('the title, else the name', () => {
  expect(readServerInfo(said({ name: 'linear-mcp', title: 'Linear' }), url)).toEqual({ name: 'Linear' })
  expect(readServerInfo(said({ name: 'linear-mcp' }), url)).toEqual({ name: 'linear-mcp' })
  expect(readServerInfo(said({ name: 'linear-mcp', title: '\u202e' }), url)).toEqual({ name: 'linear-mcp' })
  expect(readServerInfo(said({ name: 7, title: null }), url)).toEqual({ name: null })
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
