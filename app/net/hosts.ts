// Checks the Host header of a request: a page whose name was rebound to this machine (DNS rebinding) sends its own name.
// Also recognises a browser's prefetch, which must not use up a link that works only once.
import type { IncomingHttpHeaders } from 'node:http'

export const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** The name in a Host header, in small letters and without the port; null where the header is none. */
export function nameInHost(host: string | undefined): string | null {
  return /^(\[[\da-f:]+\]|[a-z\d.-]+)(?::\d{1,5})?$/i.exec(host ?? '')?.[1]?.toLowerCase() ?? null
}

/** The name in a Host header, where it is one of `ours`; else null, and the request must be refused. */
export function hostName(host: string | undefined, ours: ReadonlySet<string>): string | null {
  const name = nameInHost(host)
  return name !== null && ours.has(name) ? name : null
}

/** True where a browser fetches or renders a page ahead of a click. */
export function isLookingAhead(headers: IncomingHttpHeaders): boolean {
  return /prefetch|prerender|preview/i.test(`${headers['sec-purpose'] ?? ''} ${headers.purpose ?? ''}`)
}
