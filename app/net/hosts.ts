// Which names a request may have been sent to, read from its Host header: what stops DNS rebinding.
// Also whether a browser only looks ahead (prefetch), which must not use up anything that works once.
import type { IncomingHttpHeaders } from 'node:http'

export const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** The name in a Host header where it is one of `ours`, else null: what stops DNS rebinding. */
export function hostName(host: string | undefined, ours: ReadonlySet<string>): string | null {
  const name = /^(\[[\da-f:]+\]|[a-z\d.-]+)(?::\d{1,5})?$/i.exec(host ?? '')?.[1]?.toLowerCase()
  return name !== undefined && ours.has(name) ? name : null
}

/** Whether a browser only looks ahead: that must not use up a link. */
export function isLookingAhead(headers: IncomingHttpHeaders): boolean {
  return /prefetch|prerender|preview/i.test(`${headers['sec-purpose'] ?? ''} ${headers.purpose ?? ''}`)
}
