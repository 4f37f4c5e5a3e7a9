// Refuses requests to the gateway by Host and Origin (DNS rebinding, other sites' pages) before anything is read.
// Any port of a loopback name is accepted, so that the gateway works through a tunnel that ends at another port.
import type { IncomingHttpHeaders } from 'node:http'
import { hostName, loopbackNames } from '../net/hosts.ts'

/**
 * How the client addresses the gateway, as an origin; else the status that refuses it: 421 for a foreign Host, 403 for a
 * foreign page. `published`: the public URL. `X-Forwarded-*` is ignored, since anybody may send it.
 */
export function judgeAddress(headers: IncomingHttpHeaders, published: URL | null): { origin: string } | 421 | 403 {
  const { host, origin } = headers
  const own = originOf(host, published)
  if (own === null) return 421
  return origin === undefined || origin === own ? { origin: own } : 403
}

function originOf(host: string | undefined, published: URL | null): string | null {
  // The dashboard's name is refused: cookies ignore ports, so a browser would send its cookie here.
  const origin = `http://${host?.toLowerCase()}`
  if (hostName(host, loopbackNames) !== null) return URL.canParse(origin) ? origin : null
  if (!published || !host) return null
  return host.replace(/:\d{1,5}$/, '').toLowerCase() === published.hostname ? published.origin : null
}
