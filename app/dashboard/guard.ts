// Refuses requests to the dashboard by Host, Origin and Sec-Fetch-* before anything is read or done.
// Ports are ignored on purpose, so that the dashboard works through an SSH tunnel that ends at another port.
import type { IncomingHttpHeaders } from 'node:http'
import { loopbackNames } from '../net/hosts.ts'

/** The dashboard's own name: browsers resolve it to loopback, and its cookies reach nothing else on localhost. */
export const ownName = 'tokentray.localhost'
export const dashboardNames: ReadonlySet<string> = new Set([ownName, ...loopbackNames])

/** Whether `origin` (RFC 6454) is that of a page under the very host name this request was sent to. */
export function isOwnOrigin(origin: string, host: string): boolean {
  const url = URL.parse(origin)
  return url !== null && url.protocol === 'http:' && url.hostname === host && url.origin === origin
}

/**
 * Fetch Metadata: accepts our own pages and a person's navigation; refuses what another site embeds, frames or fetches:
 * `localhost:3000` is "same-site" for `localhost:4141`, so a SameSite cookie alone would not keep it out.
 */
export function isOwnFetch(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin') return true
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
}
