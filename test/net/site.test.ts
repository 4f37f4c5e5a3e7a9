// Which hosts are one site: what belongs to one registrant, and nothing that two may share.
// The public suffix list decides; hosts it says nothing about are sites of their own.
import { expect, test } from 'vitest'
import { siteOf } from '../../app/net/site.ts'

test.each([
  ['https://mcp.example.com/mcp', 'example.com'],
  ['https://example.com', 'example.com'],
  ['https://a.b.example.co.uk', 'example.co.uk'],
  ['https://MCP.Example.COM.:8443/', 'example.com'],
  // Private suffixes: anybody can have a name below them.
  ['https://evil.github.io', 'evil.github.io'],
  ['https://a.b.workers.dev', 'b.workers.dev'],
  ['https://github.io', 'github.io'],
  ['https://pool.auth.us-east-1.amazoncognito.com', 'pool.auth.us-east-1.amazoncognito.com'],
  // No name that was registered: each host is its own site.
  ['http://127.0.0.1:4140', '127.0.0.1'],
  ['http://127.0.0.2', '127.0.0.2'],
  ['http://[::1]:1', '[::1]'],
  ['http://localhost:3000', 'localhost'],
  ['http://evil.localhost', 'evil.localhost'],
  ['https://intranet', 'intranet'],
  ['https://wiki.corp.internal', 'wiki.corp.internal'],
  ['https://good.team.svc.cluster.local', 'good.team.svc.cluster.local'],
  ['https://xn--mnchen-3ya.de', 'xn--mnchen-3ya.de'],
  ['https://www.münchen.de', 'xn--mnchen-3ya.de']
])('%s is of the site %s', (url, site) => expect(siteOf(url)).toBe(site))
