// Which servers need a person, and how many need one or have a problem, in a few words: alike in tray, pages and terminal.
// Free of zod, so that the pages and short commands do not load it.
import type { ServerView } from './views.ts'

type Attention = Pick<ServerView, 'light' | 'state' | 'paused' | 'action' | 'lastEvent'>

/**
 * True where nothing goes on without a person: the light is red, or the first sign-in failed. A server whose sign-in was never
 * tried, or was cancelled, is left in peace.
 */
export function needsYou({ light, state, paused, action, lastEvent }: Attention): boolean {
  const isFirstFailed = state === 'signedOut' && action !== null && lastEvent?.kind === 'signInFailed'
  return light === 'red' || (isFirstFailed && !paused && !lastEvent.detail.startsWith(cancelled))
}

/** How the history of a cancelled sign-in begins (sayCancelled in app/health/words.ts). */
const cancelled = 'The sign-in was cancelled.'

const counted = (count: number, one: string, more: string) => `${count} ${count === 1 ? one : more}`

/** "2 servers need you, 1 has a problem"; "1 server has a problem"; empty where there is nothing to say. */
export function sayAttention(needing: number, troubled: number): string {
  if (needing === 0) return troubled === 0 ? '' : counted(troubled, 'server has a problem', 'servers have problems')
  const rest = troubled === 0 ? '' : `, ${counted(troubled, 'has a problem', 'have problems')}`
  return counted(needing, 'server needs you', 'servers need you') + rest
}
