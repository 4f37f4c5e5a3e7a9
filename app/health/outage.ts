// Decides from what was seen of a server whether it works: the second fact beside its token, under the same light.
// Pure. One failed request among good ones, or one tool that always fails, must not make a working server look broken.
import type { Outage, State } from '../contract/health.ts'
import { isTokenRefused } from './questions.ts'

/** What one exchange showed of a server. `detail` is a code or a status; `tool`: the tool that was called; null: none was. */
export type Sighting =
  /** A good answer at the server's own URL, or an answer of an MCP server to a question of Tokentray's own. */
  | { kind: 'well' }
  /** An answer that shows no more than that the server can be reached, such as a 404 or whatever another path answers. */
  | { kind: 'reached' }
  /** It refused the token when Tokentray asked. */
  | { kind: 'rejecting'; detail: string }
  /** What Tokentray asked was answered, but not by an MCP server: a 404, a redirect, or a body that is no MCP. */
  | { kind: 'notMcp'; detail: string }
  /** No connection: nothing was sent. */
  | { kind: 'unreachable'; detail: string }
  /** It was sent, and no complete answer came. */
  | { kind: 'silent'; detail: string; tool: string | null }
  /** 5xx at the server's own URL, or an error to a question of Tokentray's own. */
  | { kind: 'failing'; detail: string; tool: string | null }

/** What is known of one server since this process started. */
export type Seen = {
  /** The last answer of any kind, in ms since the epoch; null: none yet. */
  readonly answeredAt: number | null
  /** The last good answer, likewise. */
  readonly wellAt: number | null
  /** Bad answers in a row, the good ones aside. */
  readonly failures: number
  /** The tool that all of these were calls of; null: they were not of one tool. */
  readonly tool: string | null
  readonly outage: Outage | null
}

export const unseen: Seen = { answeredAt: null, wellAt: null, failures: 0, tool: null, outage: null }

/** What an answer that shows no more than that there is a server does not end. */
const outlivesReply: ReadonlySet<Outage['kind']> = new Set(['failing', 'rejecting', 'notMcp'])

/** So many bad answers in a row, of more than one tool, speak of the server. */
const failuresOfServer = 3

/** What a server showed holds for so long: Tokentray does not ask it again before. */
const holdsMs = 5 * 60_000

/** Whether what a server showed at `at` still holds at `now` (ms since the epoch), also where the clock was set back a little. */
export const stillHolds = (at: number, now: number): boolean => Math.abs(now - at) < holdsMs

/**
 * What is known after one more exchange, which began at `startedAt` and ended at `now` (ms since the epoch). `isOwn`: Tokentray
 * asked by itself, so that no client's request can be what the server failed at.
 */
export function see(before: Seen, sighting: Sighting, startedAt: number, now: number, isOwn: boolean): Seen {
  if (sighting.kind === 'well') return { ...unseen, answeredAt: now, wellAt: now }
  if (sighting.kind === 'reached') {
    const stays = before.outage !== null && outlivesReply.has(before.outage.kind)
    const outage = stays ? before.outage : null
    return { ...before, answeredAt: now, outage }
  }
  const { answeredAt, wellAt } = before
  // It took its time to fail, and meanwhile the server answered others: that is the newer fact. What it answers to Tokentray itself
  // is outdone by a good answer only, or the refusals of a busy minute would hide that it refuses.
  const isAnswer = sighting.kind !== 'unreachable' && sighting.kind !== 'silent'
  const newestAt = isOwn && isAnswer ? wellAt : answeredAt
  if (newestAt !== null && startedAt < newestAt && newestAt <= now) return before
  const { kind, detail } = sighting
  const outage = goOn(before.outage, { kind, since: now, detail })
  if (kind === 'unreachable') return { ...before, outage }
  if (kind === 'rejecting' || kind === 'notMcp') return { ...before, answeredAt: now, outage }
  const failures = before.failures + 1
  const tool = failures === 1 || before.tool === sighting.tool ? sighting.tool : null
  const isOut = isOwn || before.outage !== null || (failures >= failuresOfServer && tool === null)
  return { wellAt, answeredAt: kind === 'failing' ? now : answeredAt, failures, tool, outage: isOut ? outage : null }
}

/** The outage there is where it goes on as it was, with its newest reason, else the new one. */
function goOn(before: Outage | null, now: Outage): Outage {
  if (before?.kind !== now.kind) return now
  return before.detail === now.detail ? before : { ...now, since: before.since }
}

/** The outage that is shown, which stays until a good answer: a newer token is no proof that it is taken. Not said twice of a refused token. */
export function outageOf(seen: Seen | null, state: State): Outage | null {
  const outage = seen?.outage ?? null
  return outage?.kind === 'rejecting' && isTokenRefused(state) ? null : outage
}
