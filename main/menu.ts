// The tray's menu, icon and tooltip as data, made from the snapshot: pure, so that every line of it can be tested.
// Decides wording and order only; health's own words come from the core.
import { needsYou, sayAttention } from '../app/contract/attention.ts'
import { canRefresh, endingOf } from '../app/contract/renewal.ts'
import type { ServerView, Snapshot, VaultView } from '../app/contract/views.ts'
import { plainText } from '../app/health/plainText.ts'
import { lockLine, requestLines } from './accessRequests.ts'

/** Seven marks that differ in shape as well as in colour; each is a drawing in build/icons. */
export type Mark = 'healthy' | 'ending' | 'refreshing' | 'waiting' | 'attention' | 'paused' | 'signedOut'

/** What a click asks for. */
export type Act =
  | { do: 'signIn' | 'refresh' | 'pause' | 'resume' | 'open'; server: string }
  | { do: 'mute'; server: string; on: boolean }
  | { do: 'startAtLogin' | 'notifications'; on: boolean }
  | { do: 'allow'; request: string; always: boolean }
  | { do: 'deny'; request: string }
  | { do: 'add' | 'show' | 'clients' | 'lock' | 'unlock' | 'pauseAll' | 'resumeAll' | 'quit' }

/** One line of the menu; without `act` and `lines` it only tells something. */
export type Line = { label: string; mark?: Mark; act?: Act; isChecked?: boolean; lines?: Line[] } | 'separator'

export type MenuSettings = {
  startAtLogin: boolean
  notifications: boolean
  muted: readonly string[]
  /**
   * 'countdown' where the menu is built as it opens; 'clock' where the system shows it whenever it likes (Linux), since a
   * time of day does not go stale.
   */
  times: 'countdown' | 'clock'
  /** Writes a time of day, such as "14:02". */
  writeTime: (at: number) => string
}

/** More lines than this no screen shows; the window has them all. */
const maxServerLines = 20
const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** What is the matter with a vault that is not open. */
const shut: Record<Exclude<VaultView['state'], 'open'>, string> = {
  keychainWaiting: 'Waiting for the keychain…',
  locked: 'Locked',
  keyMissing: 'The encryption key is missing',
  damaged: 'The vault is damaged',
  fromFuture: 'The vault is from a newer version of Tokentray',
  unavailable: 'The vault cannot be opened'
}

function shutLine(state: keyof typeof shut): string {
  if (state === 'keychainWaiting') return shut[state]
  return `${shut[state]}: open Tokentray ${state === 'locked' ? 'to unlock' : 'to see what to do'}`
}

/** The mark of one server. */
export function markOf(view: ServerView): Mark {
  if (view.paused) return 'paused'
  if (needsYou(view)) return 'attention'
  if (view.light === 'amber') return 'waiting'
  if (view.light === 'grey') return 'signedOut'
  if (endingOf(view)) return 'ending'
  return view.state === 'refreshing' ? 'refreshing' : 'healthy'
}

/** How many servers have each mark: kept up to date by the shell, so that the tray need not walk all servers. */
export type Tally = Record<Mark, number>

export function tallyOf(servers: readonly ServerView[] = []): Tally {
  const tally = { healthy: 0, ending: 0, refreshing: 0, waiting: 0, attention: 0, paused: 0, signedOut: 0 }
  for (const view of servers) tally[markOf(view)]++
  return tally
}

/** The worst of all in one mark; an ordinary refresh does not make the tray flicker. */
export function trayMark(snapshot: Snapshot | null, tally = tallyOf(snapshot?.servers)): Mark {
  if (!snapshot) return 'signedOut'
  if (snapshot.vault.state === 'keychainWaiting') return 'waiting'
  if (snapshot.vault.state !== 'open' || tally.attention > 0 || snapshot.clients.pending.length > 0) return 'attention'
  if (snapshot.light === 'amber') return 'waiting'
  if (snapshot.light === 'green') return tally.ending > 0 ? 'ending' : 'healthy'
  return tally.paused > 0 ? 'paused' : 'signedOut'
}

/** One line for the pointer that rests on the icon. */
export function tooltipOf(snapshot: Snapshot | null, tally = tallyOf(snapshot?.servers)): string {
  if (!snapshot) return 'Tokentray: starting'
  if (snapshot.vault.state !== 'open')
    return `Tokentray: ${shut[snapshot.vault.state].replace(/^./, (first) => first.toLowerCase())}`
  const asking = snapshot.clients.pending.length
  if (asking > 0) return `Tokentray: ${asking === 1 ? 'a client requests' : `${asking} clients request`} access`
  const { attention, waiting } = tally
  const troubles = sayAttention(attention, waiting)
  if (troubles) return `Tokentray: ${troubles}`
  const healthy = tally.healthy + tally.refreshing
  const counts = [healthy > 0 && `${healthy} healthy`, tally.ending > 0 && `${tally.ending} without a refresh token`]
  return `Tokentray: ${counts.filter(Boolean).join(', ') || 'no servers signed in'}`
}

/** "0:38" under an hour, "1 h 5 min" above. */
function countdown(length: number): string {
  const seconds = Math.max(0, Math.ceil(length / second))
  if (seconds >= 3600) return distance(length)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** "under a minute", "12 min", "1 h 5 min", "6 h", "3 days". */
function distance(length: number): string {
  if (length < minute) return 'under a minute'
  if (length < hour) return `${Math.round(length / minute)} min`
  const minutes = Math.round((length % hour) / minute)
  if (length < 6 * hour && minutes > 0 && minutes < 60) return `${Math.floor(length / hour)} h ${minutes} min`
  if (length < 2 * day) return `${Math.round(length / hour)} h`
  return `${Math.round(length / day)} days`
}

/** A server's state in a few words, with the moving number that its view leaves out. */
export function describe(
  view: ServerView,
  now: number,
  { times, writeTime }: Pick<MenuSettings, 'times' | 'writeTime'>
): string {
  // A colon begins the reason, which has its place in the window.
  const [brief = view.words] = view.words.split(': ')
  if (view.signIn || view.paused) return brief
  const isNear = (at: number) => at - now < day
  const when = (at: number, write: (length: number) => string) =>
    times === 'clock' && isNear(at) ? `at ${writeTime(at)}` : `in ${write(at - now)}`
  if (view.state === 'waiting' && view.nextAt !== null)
    return `Retrying · attempt ${view.attempt} · ${view.nextAt <= now ? 'next now' : `next ${when(view.nextAt, countdown)}`}`
  // A server that is down makes the next refresh the lesser news.
  if (view.state !== 'fresh' || view.outage) return brief
  const ending = endingOf(view)
  if (ending?.at && ending.at > now) return `${ending.remedy} ${when(ending.at, distance)}`
  if (view.nextAt !== null && view.nextAt > now) return `${brief} · refreshes ${when(view.nextAt, distance)}`
  if (view.nextAt === null && view.expiresAt !== null && view.expiresAt > now)
    return `${brief} · expires ${when(view.expiresAt, distance)}`
  return brief
}

/** A name fit for a menu: "&" would become an underline, and a server's owner may have put anything in it. */
function write(name: string, maxLength = 40): string {
  const letters = [...name.trim()]
  const cut = letters.length > maxLength ? `${letters.slice(0, maxLength - 1).join('')}…` : letters.join('')
  return plainText(cut).replaceAll('&', '&&')
}

/** The core has shortened a name with a host, and kept the part that tells whose the host is. */
const nameOf = ({ name, nameWithHost }: ServerView) => (nameWithHost ? write(nameWithHost, 80) : write(name))

function serverLine(view: ServerView, now: number, settings: MenuSettings): Line {
  const server = view.id
  const isMuted = settings.muted.includes(server)
  return {
    label: `${nameOf(view)} — ${describe(view, now, settings)}`,
    mark: markOf(view),
    lines: [
      { label: view.state === 'signedOut' ? 'Sign in' : 'Sign in again', act: { do: 'signIn', server } },
      // Before the first token nobody knows whether it can be refreshed.
      ...(view.obtainedAt === null || canRefresh(view)
        ? [{ label: 'Refresh now', act: { do: 'refresh', server } } as Line]
        : []),
      view.paused
        ? { label: 'Resume', act: { do: 'resume', server } }
        : { label: 'Pause', act: { do: 'pause', server } },
      { label: 'Open', act: { do: 'open', server } },
      'separator',
      { label: 'Notifications', isChecked: !isMuted, act: { do: 'mute', server, on: !isMuted } }
    ]
  }
}

function serverLines(snapshot: Snapshot | null, now: number, settings: MenuSettings, tally: Tally): Line[] {
  if (!snapshot) return [{ label: 'Opening the vault…' }]
  if (snapshot.vault.state !== 'open')
    return [{ label: shutLine(snapshot.vault.state), mark: trayMark(snapshot, tally), act: { do: 'show' } }]
  if (snapshot.servers.length === 0) return [{ label: 'No servers yet' }]
  const { servers } = snapshot
  const lines = servers.slice(0, maxServerLines).map((view) => serverLine(view, now, settings))
  const left = servers.length - maxServerLines
  if (left > 0) lines.push({ label: `${left} more…`, act: { do: 'show' } })
  return lines
}

/** The whole menu at `now` (ms since the epoch), servers in the snapshot's order; `null`: the core is not open yet. */
export function menuOf(
  snapshot: Snapshot | null,
  now: number,
  settings: MenuSettings,
  tally = tallyOf(snapshot?.servers)
): Line[] {
  const servers = snapshot?.servers ?? []
  const isOpen = snapshot?.vault.state === 'open'
  const allPaused = servers.length > 0 && tally.paused === servers.length
  return [
    ...(isOpen ? requestLines(snapshot.clients, write) : []),
    ...serverLines(snapshot, now, settings, tally),
    'separator',
    { label: 'Add server…', act: { do: 'add' } },
    { label: 'Open Tokentray', act: { do: 'show' } },
    'separator',
    {
      label: 'Start at login',
      isChecked: settings.startAtLogin,
      act: { do: 'startAtLogin', on: !settings.startAtLogin }
    },
    {
      label: 'Notifications',
      isChecked: settings.notifications,
      act: { do: 'notifications', on: !settings.notifications }
    },
    ...(servers.length === 0
      ? []
      : [{ label: allPaused ? 'Resume all' : 'Pause all', act: { do: allPaused ? 'resumeAll' : 'pauseAll' } } as Line]),
    ...(isOpen && servers.length > 0 ? [lockLine(snapshot.clients)] : []),
    'separator',
    { label: 'Quit Tokentray', act: { do: 'quit' } }
  ]
}
