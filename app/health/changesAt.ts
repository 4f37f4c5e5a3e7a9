// When a server's light, words or warnings change because time passes, without any event that would tell.
// Every use of `now` in words.ts has its moment here; a moment left out would be shown too late.
import type { Health } from '../contract/health.ts'
import { endNoticeMs } from './schedule.ts'

/** The next such moment after `now`, in ms since the epoch; null where time alone changes nothing. */
export function changesAt({ grant }: Health, now: number): number | null {
  if (!grant) return null
  const moments: number[] = []
  // The token is over from this moment on.
  if (grant.expiresAt !== null) moments.push(grant.expiresAt)
  // The warning begins as soon as less than this is left.
  if (grant.refreshExpiresAt !== null && !grant.refreshExtends) moments.push(grant.refreshExpiresAt - endNoticeMs + 1)
  const ahead = moments.filter((at) => at > now)
  return ahead.length > 0 ? Math.min(...ahead) : null
}
