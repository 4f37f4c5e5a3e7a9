// Reads and writes durations and times of day for people.
// A typed duration is read by the command line's own parser, so that both accept the same notation.
import { parseDuration as parse } from '../app/contract/duration.ts'

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `text` in ms; null where it is not a duration. */
export function parseDuration(text: string): number | null {
  try {
    return parse(text.replaceAll(' ', ''))
  } catch {
    return null
  }
}

/** `length` ms exactly, for a field a person edits: "1h 30m". */
export function writeDuration(length: number): string {
  let rest = length
  const parts: string[] = []
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const amount = Math.floor(rest / units[unit])
    rest -= amount * units[unit]
    if (amount > 0) parts.push(`${amount}${unit}`)
  }
  return parts.join(' ') || '0s'
}

/** The largest unit only, for reading: "41 min", "7 h", "23 days". */
export function roughly(length: number): string {
  if (length < units.m) return `${Math.max(0, Math.ceil(length / units.s))} s`
  if (length < 90 * units.m) return `${Math.round(length / units.m)} min`
  if (length < 36 * units.h) return `${Math.round(length / units.h)} h`
  return `${Math.round(length / units.d)} days`
}

/** A falling clock: "0:38", "12:05"; from an hour on as `roughly`. */
export function countdown(length: number): string {
  const seconds = Math.max(0, Math.ceil(length / 1000))
  if (seconds >= 3600) return roughly(length)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })

export const writeTime = (at: number) => timeOfDay.format(at)

export const writeDay = (at: number) => day.format(at)

/** "14:02" today, "19 Nov, 14:02" on other days. */
export function writeMoment(at: number, now: number): string {
  return day.format(at) === day.format(now) ? writeTime(at) : `${day.format(at)}, ${writeTime(at)}`
}
