// Reads durations as people write them (90s, 5m, 1h, 2d, 1h30m) into milliseconds, and writes them back.
// A bare number is refused: nobody can tell seconds from milliseconds by looking at it.
import { TokentrayError } from './errors.ts'

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `text` in ms. Throws `inputInvalid`. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy)]
  const read = parts.reduce((length, part) => length + part[0].length, 0)
  if (text === '0') return 0
  if (parts.length === 0 || read !== text.length)
    throw new TokentrayError('inputInvalid', `"${text}" is not a duration. Use 90s, 5m, 1h or 2d.`)
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit as keyof typeof units], 0)
  if (total > 10_000 * units.d)
    throw new TokentrayError('inputInvalid', `"${text}" is too long. The maximum is 10000d.`)
  return Math.round(total)
}

/** The two largest units of `length` ms: "4m 10s", "2d 3h", "0s". */
export function formatDuration(length: number): string {
  let rest = Math.max(0, Math.round(length / 1000)) * 1000
  const words: string[] = []
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const amount = Math.floor(rest / units[unit])
    rest -= amount * units[unit]
    if (amount > 0) words.push(`${amount}${unit}`)
    else if (words.length > 0) break
    if (words.length === 2) break
  }
  return words.join(' ') || '0s'
}
