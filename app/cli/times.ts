// Times as people read them on a terminal: in their own time zone, and how long ago or how soon that is.
// With --json, times stay milliseconds since 1970, which mean the same in every zone.
import { formatDuration } from '../contract/duration.ts'

/** "2026-01-31 12:00:00" in the time zone of whoever runs the command (TZ); `at` in ms since the epoch. */
export function formatTime(at: number): string {
  const date = new Date(at)
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${date.toTimeString().slice(0, 8)}`
}

/** "in 4m 10s", "2h ago", "now". */
export function formatDistance(at: number, now: number): string {
  const length = formatDuration(Math.abs(at - now))
  if (length === '0s') return 'now'
  return at > now ? `in ${length}` : `${length} ago`
}
