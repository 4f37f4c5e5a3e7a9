// Tells which hosts belong to one site: the name that one registrant holds, by the public suffix list (publicsuffix.org).
// If two sites were taken for one, a hostile server could use what belongs to somebody else's.
import { parse } from 'tldts'

/**
 * The site of a URL: `mcp.example.co.uk` is of `example.co.uk`, `a.github.io` of itself. An IP address, a name of one label and a
 * name below no listed suffix (an internal one) are each a site of their own. The port does not count.
 * @throws TypeError where it is no URL
 */
export function siteOf(url: string): string {
  const { hostname } = new URL(url)
  const { domain, isIcann, isPrivate } = parse(hostname, { allowPrivateDomains: true })
  return domain !== null && (isIcann || isPrivate) ? domain : hostname.replace(/\.$/, '')
}
