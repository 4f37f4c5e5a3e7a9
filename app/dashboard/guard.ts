// Refuses requests to the dashboard by Host, Origin and Sec-Fetch-* before anything is read or done.
// Ports are compared with each other, never with our own, so that the dashboard works through a tunnel that ends at another one.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { loopbackNames } from '../net/hosts.ts'

/** The name that people are told; anybody can plant things on its origin, so it only says how to get in. */
export const knownName = 'tokentray.localhost'

/** Whether browsers take `name` for this computer (RFC 6761, section 6.3). */
export const isLocalName = (name: string): boolean => loopbackNames.has(name) || name.endsWith('.localhost')

/** A name with 128 random bits: nobody can lure a browser to it, or plant a service worker or a cookie there beforehand. */
export const makeHost = (random: Buffer): string =>
  `${BigInt(`0x${random.toString('hex')}`)
    .toString(32)
    .padStart(26, '0')}.localhost`

/** Whether a script of a page at `origin` sent this. Browsers send Origin with each POST. */
export function isOwnScript({ method, headers }: IncomingMessage, origin: string): boolean {
  const from = headers.origin ?? (method === 'POST' ? '' : origin)
  return from === origin && (headers['sec-fetch-site'] ?? 'same-origin') === 'same-origin'
}

/**
 * Fetch Metadata: accepts what our own pages load and a person's navigation; refuses what another site embeds, frames or
 * fetches.
 */
export function isOwnFetch(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin') return true
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
}
