// What every door says and offers about the renewal of a server's token, from its view: alike in tray, pages and terminal.
// Free of zod, so that the pages and short commands do not load it.
import type { ServerView } from './views.ts'

type Renewal = Pick<
  ServerView,
  'state' | 'paused' | 'light' | 'outage' | 'renewable' | 'expiresAt' | 'expirySource' | 'grantKind'
>

/**
 * A token that is in order and that only a person can replace: what they are to do, and when at the latest (ms since the epoch),
 * `at` null where a sign-in's end is unknown. null: it is renewed, was pasted without a known end, or there is something more urgent
 * to say.
 */
export function endingOf(view: Renewal): { remedy: string; at: number | null } | null {
  const { state, paused, light, outage, renewable, expiresAt, expirySource, grantKind } = view
  // A server that is down changes nothing about the end of its token.
  const isInOrder = state === 'fresh' && !paused && (light === 'green' || outage !== undefined)
  if (!isInOrder || renewable || expirySource === 'guess') return null
  if (grantKind === 'staticToken') return expiresAt === null ? null : { remedy: 'Replace the token', at: expiresAt }
  return { remedy: 'Sign in again', at: expiresAt }
}

/** A refresh makes sense: there is something to refresh with, and the server has not refused it for good. */
export function canRefresh(view: Pick<ServerView, 'renewable' | 'state' | 'fault' | 'nextAt'>): boolean {
  return view.renewable && !(view.state === 'needsUser' && view.fault === 'refused' && view.nextAt === null)
}
