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
  const isOwn = origin === undefined || origin === own || (hasCredential(headers) && isOtherNameOf(own, origin))
  return isOwn ? { origin: own } : 403
}

/**
 * Whether a credential is in a header, right or not. A page of another origin would first have to be allowed to send it (CORS preflight),
 * and the gateway allows nobody: so a program sends it, whatever `Origin` it gives.
 */
function hasCredential(headers: IncomingHttpHeaders): boolean {
  return headers['x-tokentray-key'] !== undefined || headers.authorization !== undefined
}

/** Whether `origin` has another loopback name than the `own` one, with the same port. */
function isOtherNameOf(own: string, origin: string): boolean {
  const [asked, given] = [new URL(own), URL.parse(origin)]
  if (given?.origin !== origin || given.protocol !== 'http:' || given.port !== asked.port) return false
  return [asked, given].every(({ host }) => hostName(host, loopbackNames) !== null)
}

function originOf(host: string | undefined, published: URL | null): string | null {
  // The dashboard's name is refused: cookies ignore ports, so a browser would send its cookie here.
  const origin = `http://${host?.toLowerCase()}`
  if (hostName(host, loopbackNames) !== null) return URL.canParse(origin) ? origin : null
  if (!published || !host) return null
  return host.replace(/:\d{1,5}$/, '').toLowerCase() === published.hostname ? published.origin : null
}
