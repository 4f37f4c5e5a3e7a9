// Where a client's request came from, as people read it beside the request: this computer, or another one.
// A request from afar that was called local would be allowed by a person who just started a sign-in here.
import type { IncomingHttpHeaders } from 'node:http'
import { hostName, loopbackNames } from '../../net/hosts.ts'

/** Headers that only proxies add. Anybody may send them, so they can only make a request less trusted. */
const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'cf-connecting-ip']

/** `origin`: how the client addresses the gateway. `isOwnUser`: see OwnRoutes. */
export type Place = { origin: string; isOwnUser: boolean }

/** Whether the request came, or may have come, from another computer. */
export function isRemote(headers: IncomingHttpHeaders, { isOwnUser }: Pick<Place, 'isOwnUser'>): boolean {
  return !isOwnUser || isFromElsewhere(headers)
}

/** For "Requested from …". */
export function describeSource(headers: IncomingHttpHeaders, place: Place): string {
  if (isPublic(place.origin)) return `the internet, through ${new URL(place.origin).host}`
  if (!isRemote(headers, place)) return 'this computer'
  return place.isOwnUser ? 'another computer, through a proxy' : 'another user, a container, or another computer'
}

/** Only the public URL is https: the gateway itself listens without TLS. */
const isPublic = (origin: string) => origin.startsWith('https:')

/**
 * Whether a request came by the public URL, or by a proxy that says so, for a key that is good on this computer only. A tunnel
 * or a container of this computer does not count: its end is here.
 */
export function isFromElsewhere(headers: IncomingHttpHeaders): boolean {
  // Without a Host no request gets as far as this.
  const isNamedHere = headers.host === undefined || hostName(headers.host, loopbackNames) !== null
  return !isNamedHere || proxyHeaders.some((name) => headers[name] !== undefined)
}
