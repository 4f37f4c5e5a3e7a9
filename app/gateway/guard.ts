// Who may speak to the gateway at all, by Host and Origin (DNS rebinding), before anything is read or done.
// Any port of a loopback name will do, so that it works through a tunnel that ends at another port.
import type { IncomingHttpHeaders } from 'node:http'
import { hostName, loopbackNames } from '../net/hosts.ts'

/**
 * How the client addresses the gateway, as an origin; else the status that refuses it: 421 for a foreign Host, 403 for a
 * foreign page. `published`: the public URL. Headers that a proxy may add (`X-Forwarded-*`) are believed in nothing.
 */
export function judgeAddress(headers: IncomingHttpHeaders, published: URL | null): { origin: string } | 421 | 403 {
  const { host, origin } = headers
  const own = originOf(host, published)
  if (own === null) return 421
  return origin === undefined || origin === own ? { origin: own } : 403
}

function originOf(host: string | undefined, published: URL | null): string | null {
  // Not the dashboard's name: its cookie knows no ports and must not come here.
  const origin = `http://${host?.toLowerCase()}`
  if (hostName(host, loopbackNames) !== null) return URL.canParse(origin) ? origin : null
  if (!published || !host) return null
  return host.replace(/:\d{1,5}$/, '').toLowerCase() === published.hostname ? published.origin : null
}
