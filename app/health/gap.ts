// Time without a valid token, for metrics and for the demo's verdict.
// A gap runs from a token's known end to the moment its successor is stored; paused and signed-out time does not count.
import type { Health } from '../contract/health.ts'

/** How much of [from, to] (ms) this server had no valid token although it should have had one. */
export function gapBetween(health: Health, from: number, to: number): number {
  const { grant, paused, state } = health
  if (paused || !grant || grant.expiresAt === null || state.kind === 'signedOut') return 0
  return Math.max(0, to - Math.max(from, grant.expiresAt))
}
