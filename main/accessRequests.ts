// Clients that wait for access to the gateway, as lines of the tray's menu and as notifications: pure, like menu.ts.
// A notification cannot allow anything: the name in it is the client's own, so a person must compare the digits first.
import type { ClientsView, PendingClient } from '../app/contract/clients.ts'
import { plainText } from '../app/health/plainText.ts'
import type { Line } from './menu.ts'

/** The window's screen where clients are. */
export const clientsScreen = 'clients'

const wanted = ({ asks }: PendingClient) => asks?.join(', ') ?? 'you choose'

/** First in the menu. `write` makes a name fit for it. */
export function requestLines({ pending, locked }: ClientsView, write: (name: string) => string): Line[] {
  if (locked) return [{ label: 'Locked: all clients are blocked', mark: 'paused', lines: [unlockLine] }, 'separator']
  if (pending.length === 0) return []
  const lines = pending.map(
    (it): Line => ({
      // First, so that digits in a client's own name are not taken for them.
      label: `Digits ${it.digits}: ${write(it.name)} requests access`,
      mark: 'attention',
      lines: [
        { label: `Servers: ${write(wanted(it))}` },
        { label: `Requested from ${write(it.source)}` },
        { label: `Returns to ${write(it.destination)}` },
        'separator',
        ...(it.asks === null
          ? []
          : ([
              { label: 'Allow once', act: { do: 'allow', request: it.request, always: false } },
              { label: 'Always allow', act: { do: 'allow', request: it.request, always: true } }
            ] as Line[])),
        { label: 'Deny', act: { do: 'deny', request: it.request } },
        { label: it.asks === null ? 'Choose servers…' : 'Open…', act: { do: 'clients' } }
      ]
    })
  )
  return [...lines, 'separator']
}

const unlockLine: Line = { label: 'Unlock clients', act: { do: 'unlock' } }
export const lockLine = ({ locked }: ClientsView): Line =>
  locked ? unlockLine : { label: 'Lock all clients', act: { do: 'lock' } }

export type RequestNotice = { title: string; body: string }

/** What was told of requests: the ids already seen, and until when (ms since the epoch) the next news waits. */
export type RequestsTold = { requests: ReadonlySet<string>; quietUntil: number; quietMs: number }
export const noRequestsTold: RequestsTold = { requests: new Set(), quietUntil: 0, quietMs: 0 }

const firstQuietMs = 60_000
const maxQuietMs = 16 * firstQuietMs

/**
 * The notification about requests that have had none. Strangers can make requests as they like, and who is interrupted all day
 * allows one in the end: while a request waits for an answer, news waits a minute, then two, up to sixteen, and is told together.
 */
export function decideRequestNotice(
  told: RequestsTold,
  { pending }: ClientsView,
  now: number
): { notice: RequestNotice | null; told: RequestsTold } {
  const known = pending.filter(({ request }) => told.requests.has(request))
  const fresh = pending.filter(({ request }) => !told.requests.has(request))
  // Time spent quiet is forgotten once every request is answered.
  const before = known.length === 0 && now >= told.quietUntil ? noRequestsTold : told
  const kept = new Set(known.map(({ request }) => request))
  const [first] = fresh
  if (!first || now < before.quietUntil) return { notice: null, told: { ...before, requests: kept } }
  const quietMs = Math.min(before.quietMs * 2 || firstQuietMs, maxQuietMs)
  return {
    notice: fresh.length === 1 ? noticeOf(first) : noticeOfMany(fresh.length),
    told: { requests: new Set(pending.map(({ request }) => request)), quietUntil: now + quietMs, quietMs }
  }
}

const noticeOf = (it: PendingClient): RequestNotice => ({
  title: `${plainText(it.name)} requests access`,
  body: `From ${plainText(it.source)}. Servers: ${plainText(wanted(it))}. If its page shows the digits ${it.digits}, review the request in Tokentray.`
})

const noticeOfMany = (count: number): RequestNotice => ({
  title: `${count} clients request access`,
  body: 'Review the requests in Tokentray, and allow only one whose page shows the same digits.'
})
