// Time without a valid token, for metrics and for the demo's verdict.
// A gap runs from a token's known end to the moment its successor is stored; paused and signed-out time does not count.
import type { Health } from '../contract/health.ts'

/**
 * How long, in ms, this server had no valid token between `from` and `to` (ms since the epoch) although it should have had
 * one.
 */
export function gapBetween(health: Health, from: number, to: number): number {
  const { grant, paused, state } = health
  if (paused || !grant || grant.expiresAt === null || state.kind === 'signedOut') return 0
  return Math.max(0, to - Math.max(from, grant.expiresAt))
}
