// Where a client's request came from, as people read it beside the request: this computer, or another one.
// A request from afar that was called local would be allowed by a person who just started a sign-in here.
import type { IncomingHttpHeaders } from 'node:http'

/** Headers that only proxies add. Anybody may send them, so they can only make a request less trusted. */
const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'cf-connecting-ip']

/** Whether the request came by the public URL or through a proxy. `origin`: how the client addresses the gateway. */
export function isRemote(headers: IncomingHttpHeaders, origin: string): boolean {
  return isPublic(origin) || proxyHeaders.some((name) => headers[name] !== undefined)
}

/** For "Requested from …". */
export function describeSource(headers: IncomingHttpHeaders, origin: string): string {
  if (isPublic(origin)) return `the internet, through ${new URL(origin).host}`
  return isRemote(headers, origin) ? 'another computer, through a proxy' : 'this computer'
}

/** Only the public URL is https: the gateway itself listens without TLS. */
const isPublic = (origin: string) => origin.startsWith('https:')
