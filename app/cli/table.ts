// The live table of the terminal, and plain lines where the output is no terminal: pure, from a snapshot and the time.
// Used by `demo` and `status --watch`. A light is always a shape and words too, never a colour alone.
import { needsYou } from '../contract/attention.ts'
import { formatDuration } from '../contract/duration.ts'
import type { Action, Light } from '../contract/health.ts'
import { endingOf } from '../contract/renewal.ts'
import type { ServerView, Snapshot } from '../contract/views.ts'
import { clean, toWidth, widthOf } from './textWidth.ts'
import { formatTime } from './times.ts'
import { nextVerb } from './words.ts'

export type TableOptions = {
  /** Of the terminal, in cells; less than 60 is taken as 60. Infinity: no terminal, so nothing is cut. */
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
 * Two lines per server: light, name, words, lifetime bar, time left; then what comes next, failed attempts if any, last event.
 * `now` in ms since the epoch. Lines are joined by `\n`, none is wider than `width`, and there is no newline at the end.
 */
export function renderTable(snapshot: Snapshot, now: number, { width, color }: TableOptions): string {
  const total = Math.max(60, Math.floor(width))
  const paint = (text: string, sgr: number) => (color ? `\u001b[${sgr}m${text}\u001b[0m` : text)
  const cut = (text: string) => (total === Infinity ? text : toWidth(text, total))
  // What commands take comes first; the server's own name tells nobody which server it is.
  const nameOf = (view: ServerView) => clean(view.nameWithHost ? `${view.id} (${view.name})` : view.name)
  const longest = (textOf: (view: ServerView) => string) =>
    Math.max(0, ...snapshot.servers.map((view) => widthOf(textOf(view))))
  const free = total - barWidth - leftWidth - 5
  const nameWidth = Math.min(total === Infinity ? Infinity : 28, Math.floor(free * 0.4), longest(nameOf))
  const wordsWidth = Math.min(free - nameWidth, total === Infinity ? longest(({ words }) => clean(words)) : Infinity)

  const lines = [cut(`Tokentray  ${countStates(snapshot.servers)}`)]
  if (snapshot.vault.state !== 'open') {
    lines.push(paint(cut(`✖ Vault: ${clean(snapshot.vault.message)}`), lights.red.sgr))
  }
  if (snapshot.servers.length === 0) lines.push(cut('No servers yet.'))
  for (const view of snapshot.servers) {
    const kind = kindOf(view)
    const { shape, sgr } = kind === 'ending' ? endingMark : lights[kind === 'red' ? kind : view.light]
    const name = toWidth(nameOf(view), nameWidth)
    const words = clean(view.words)
    // The reason of a trouble tells more than the bar, and takes its place where both do not fit.
    const state =
      widthOf(words) <= wordsWidth
        ? `${paint(toWidth(words, wordsWidth), sgr)} ${bar(view, now)}`
        : paint(toWidth(words, wordsWidth + 1 + barWidth), sgr)
    lines.push(
      `${paint(shape, sgr)} ${name} ${state} ${toWidth(timeLeft(view, now), leftWidth)}`,
      paint(cut(`  ${remarks(view, now).join(' · ')}`), 2)
    )
  }
  return lines.map((line) => line.trimEnd()).join('\n')
}

/** One server on one plain line, with the time first: for logs and pipes. */
export function renderLine(view: ServerView, now: number): string {
  const facts = [clean(view.words), `token ${timeLeft(view, now)}`, ...remarks(view, now)]
  return `${formatTime(now)} ${view.id} ${view.light} ${facts.join(' · ')}`
}

/** The servers' states in words, the most urgent first: "✖ 1 needs you  ● 9 healthy  ○ 2 not signed in". */
function countStates(servers: readonly ServerView[]): string {
  const counts = new Map<string, number>()
  for (const view of servers) counts.set(kindOf(view), (counts.get(kindOf(view)) ?? 0) + 1)
  return Object.entries(kinds)
    .flatMap(([kind, { shape, one, more }]) => {
      const count = counts.get(kind)
      return count ? `${shape} ${count} ${count === 1 ? one : (more ?? one)}` : []
    })
    .join('  ')
}

type Kind = { shape: string; one: string; more?: string }
const kinds: Record<string, Kind> = {
  red: { shape: lights.red.shape, one: 'needs you', more: 'need you' },
  amber: { shape: lights.amber.shape, one: 'has a problem', more: 'have problems' },
  ending: { shape: endingMark.shape, one: 'cannot be refreshed' },
  green: { shape: lights.green.shape, one: 'healthy' },
  paused: { shape: lights.grey.shape, one: 'paused' },
  passThrough: { shape: lights.grey.shape, one: 'pass-through' },
  grey: { shape: lights.grey.shape, one: 'not signed in' }
}

function kindOf(view: ServerView): string {
  if (view.paused) return 'paused'
  if (view.mode === 'passThrough' && view.light === 'grey') return 'passThrough'
  if (needsYou(view)) return 'red'
  // A server that is down is the worse news.
  return view.light === 'green' && endingOf(view) ? 'ending' : view.light
}

/** What is left of the access token's life, full at the start; empty where its length is not known. */
function bar({ obtainedAt, expiresAt }: ServerView, now: number): string {
  const lifetime = obtainedAt === null || expiresAt === null ? 0 : expiresAt - obtainedAt
  const left = lifetime <= 0 ? 0 : Math.min(1, Math.max(0, ((expiresAt ?? 0) - now) / lifetime))
  const filled = Math.ceil(left * barWidth)
  return '█'.repeat(filled) + '░'.repeat(barWidth - filled)
}

function timeLeft(view: ServerView, now: number): string {
  const { obtainedAt, expiresAt, expirySource } = view
  if (expiresAt === null) return obtainedAt === null ? 'none' : endingOf(view) ? 'unknown' : 'no expiry'
  if (expiresAt <= now) return 'expired'
  return `${expirySource === 'guess' ? '~' : ''}${formatDuration(expiresAt - now)}`
}

function remarks(view: ServerView, now: number): string[] {
  const { lastEvent } = view
  return [
    whatNext(view, now),
    ...(view.attempt > 0 ? [`attempts ${view.attempt}`] : []),
    lastEvent === null
      ? 'nothing has happened yet'
      : `${formatDuration(now - lastEvent.at)} ago: ${clean(lastEvent.detail)}`
  ]
}

function whatNext(view: ServerView, now: number): string {
  const { state, paused, action, nextAt } = view
  const ending = endingOf(view)
  if (ending?.at && ending.at > now) return `${ending.remedy.toLowerCase()} in ${formatDuration(ending.at - now)}`
  if (paused) return 'paused'
  if (state === 'refreshing') return 'refreshing now'
  if (action === 'fixSettings' && state === 'signedOut') return 'needs you: fix the client'
  if (action !== null) return `needs you: ${actions[action]}`
  if (nextAt === null) return 'no refresh scheduled'
  const verb = nextVerb(view)
  return nextAt <= now ? `${verb} now` : `${verb} in ${formatDuration(nextAt - now)}`
}
