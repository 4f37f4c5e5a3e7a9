// The live table of the terminal, and plain lines where the output is no terminal: pure, from a snapshot and the time.
// Used by `demo` and `status --watch`. A light is always a shape and words too, never a colour alone.
import { formatDuration } from '../contract/duration.ts'
import type { Action, Light } from '../contract/health.ts'
import { endingOf } from '../contract/renewal.ts'
import type { ServerView, Snapshot } from '../contract/views.ts'
import { clean, toWidth } from './textWidth.ts'
import { formatTime } from './times.ts'

export type TableOptions = {
  /** Of the terminal, in cells; less than 60 is taken as 60. */
  width: number
  /** False where NO_COLOR is set or the output is no terminal. */
  color: boolean
}

const lights: Record<Light, { shape: string; sgr: number }> = {
  green: { shape: '●', sgr: 32 },
  amber: { shape: '▲', sgr: 33 },
  red: { shape: '✖', sgr: 31 },
  grey: { shape: '○', sgr: 90 }
}
/** Of a token that only a person can replace. */
const endingMark = { shape: '◐', sgr: 33 }
const actions: Record<Action, string> = {
  signIn: 'sign in',
  fixSettings: 'fix settings',
  grantMore: 'grant more permission',
  tryRestored: 'decide whether to try it'
}
const barWidth = 10
const leftWidth = 9

/**
 * Two lines per server: light, name, words, lifetime bar, time left; then what comes next, attempts, last event.
 * `now` in ms since the epoch. Lines are joined by `\n`, none is wider than `width`, and there is no newline at the end.
 */
export function renderTable(snapshot: Snapshot, now: number, { width, color }: TableOptions): string {
  const total = Math.max(60, Math.floor(width))
  const paint = (text: string, sgr: number) => (color ? `\u001b[${sgr}m${text}\u001b[0m` : text)
  const free = total - barWidth - leftWidth - 5
  const nameWidth = Math.min(28, Math.floor(free * 0.4))
  const wordsWidth = free - nameWidth

  const lines = [toWidth(`Tokentray  ${countLights(snapshot.servers)}`, total)]
  if (snapshot.vault.state !== 'open') {
    lines.push(paint(toWidth(`✖ Vault: ${clean(snapshot.vault.message)}`, total), lights.red.sgr))
  }
  if (snapshot.servers.length === 0) lines.push(toWidth('No servers yet.', total))
  for (const view of snapshot.servers) {
    const { shape, sgr } = endingOf(view) ? endingMark : lights[view.light]
    // What commands take comes first; the server's own name tells nobody which server it is.
    const name = toWidth(clean(view.nameWithHost ? `${view.id} (${view.name})` : view.name), nameWidth)
    const words = toWidth(clean(view.words), wordsWidth)
    lines.push(
      `${paint(shape, sgr)} ${name} ${paint(words, sgr)} ${bar(view, now)} ${toWidth(timeLeft(view, now), leftWidth)}`,
      paint(toWidth(`  ${remarks(view, now).join(' · ')}`, total), 2)
    )
  }
  return lines.map((line) => line.trimEnd()).join('\n')
}

/** One server on one plain line, with the time first: for logs and pipes. */
export function renderLine(view: ServerView, now: number): string {
  const facts = [clean(view.words), `token ${timeLeft(view, now)}`, ...remarks(view, now)]
  return `${formatTime(now)} ${view.id} ${view.light} ${facts.join(' · ')}`
}

function countLights(servers: readonly ServerView[]): string {
  const order: (Light | 'ending')[] = ['red', 'amber', 'ending', 'green', 'grey']
  return order
    .map((kind) => ({
      kind,
      count: servers.filter((view) => (endingOf(view) ? 'ending' : view.light) === kind).length
    }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${(kind === 'ending' ? endingMark : lights[kind]).shape} ${count} ${kind}`)
    .join('  ')
}

/** What is left of the access token's life, full at the start; empty where its length is not known. */
function bar({ obtainedAt, expiresAt }: ServerView, now: number): string {
  const lifetime = obtainedAt === null || expiresAt === null ? 0 : expiresAt - obtainedAt
  const left = lifetime <= 0 ? 0 : Math.min(1, Math.max(0, ((expiresAt ?? 0) - now) / lifetime))
  const filled = Math.ceil(left * barWidth)
  return '█'.repeat(filled) + '░'.repeat(barWidth - filled)
}

function timeLeft({ obtainedAt, expiresAt, expirySource }: ServerView, now: number): string {
  if (expiresAt === null) return obtainedAt === null ? 'none' : 'no expiry'
  if (expiresAt <= now) return 'expired'
  return `${expirySource === 'guess' ? '~' : ''}${formatDuration(expiresAt - now)}`
}

function remarks(view: ServerView, now: number): string[] {
  const { lastEvent } = view
  return [
    whatNext(view, now),
    `attempts ${view.attempt}`,
    lastEvent === null
      ? 'nothing has happened yet'
      : `${formatDuration(now - lastEvent.at)} ago: ${clean(lastEvent.detail)}`
  ]
}

function whatNext(view: ServerView, now: number): string {
  const { state, paused, action, nextAt } = view
  const ending = endingOf(view)
  if (ending && ending.at > now) return `${ending.remedy.toLowerCase()} in ${formatDuration(ending.at - now)}`
  if (paused) return 'paused'
  if (state === 'refreshing') return 'refreshing now'
  if (action === 'fixSettings' && state === 'signedOut') return 'needs you: fix the client'
  if (action !== null) return `needs you: ${actions[action]}`
  if (nextAt === null) return 'no refresh scheduled'
  const verb = state === 'waiting' ? 'next attempt' : 'next refresh'
  return nextAt <= now ? `${verb} now` : `${verb} in ${formatDuration(nextAt - now)}`
}
