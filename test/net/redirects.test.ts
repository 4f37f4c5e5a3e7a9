// Where redirects lead: the origin decides whether a credential may follow, and what is quoted holds no query.
// The addresses are those of public reports and of servers that mean harm.
import { expect, test } from 'vitest'
import { looksLikeSignIn, readRedirect, shownAddress } from '../../app/net/redirects.ts'

const from = 'https://mcp.example/mcp'

test.each([
  [200, '/x', null],
  [304, '/x', null],
  [307, undefined, null],
  [307, '/mcp/', { href: 'https://mcp.example/mcp/', isSameOrigin: true, keepsRequest: true, meant: null }],
  [308, 'https://mcp.example:443/a', { href: 'https://mcp.example/a', isSameOrigin: true, isPermanent: true }],
  [302, '/a', { isSameOrigin: true, keepsRequest: false, isPermanent: false }],
  [307, 'http://mcp.example/mcp/?a=1', { isSameOrigin: false, meant: 'https://mcp.example/mcp/?a=1' }],
  [307, 'http://mcp.example:8080/mcp/', { isSameOrigin: false, meant: 'https://mcp.example/mcp/' }],
  [307, 'http://other.example/mcp', { isSameOrigin: false, meant: null }],
  [307, 'https://mcp.example:8443/mcp', { isSameOrigin: false, meant: null }],
  [307, 'https://mcp.example@evil.example/', { to: null, isSameOrigin: false }],
  [307, 'https://a:b@mcp.example/', { to: null, isSameOrigin: false }],
  [307, '//evil.example/mcp', { href: 'https://evil.example/mcp', isSameOrigin: false }],
  [307, '\\\\evil.example/mcp', { href: 'https://evil.example/mcp', isSameOrigin: false }],
  [307, 'javascript:alert(1)', { to: null, isSameOrigin: false }],
  [307, 'https://', { to: null, isSameOrigin: false }],
  [307, ['/a', '/b'], { to: null, isSameOrigin: false }]
])('%s %j', (status, location, wanted) => {
  const found = readRedirect(status, location, from)
  expect(found && { ...found, href: found.to?.href }).toEqual(wanted && expect.objectContaining(wanted))
})

test.each([
  ['https://login.example/start', true],
  ['https://example.com/users/sign_in', true],
  ['https://example.com/oauth2/authorize', true],
  ['https://example.com/SSO/saml', true],
  ['https://accounts.example.com/', true],
  ['https://example.com/mcp/', false],
  ['https://blog.example/authors/catalogue', false],
  ['https://example.com/docs', false]
])('%s looks like a page to sign in at: %s', (url, isPage) => {
  expect(looksLikeSignIn(new URL(url))).toBe(isPage)
})

test('an address is quoted without its query, and not at any length', () => {
  expect(shownAddress(new URL('https://a.example/b?code=secret#x'))).toBe('https://a.example/b')
  expect(shownAddress(new URL(`https://a.example/${'b'.repeat(1000)}`))).toHaveLength(150)
})
