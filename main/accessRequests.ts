// Clients that wait for access to the gateway, as lines of the tray's menu and as notifications: pure, like menu.ts.
// A notification cannot allow anything: the name in it is the client's own, so a person must compare the digits first.
import type { ClientsView, PendingClient } from '../app/contract/clients.ts'
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
      label: `${write(it.name)} requests access — digits ${it.digits}`,
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

/** Notifications of the requests that have had none; `told` holds the ids of those that have. */
export function decideRequestNotices(
  told: ReadonlySet<string>,
  { pending }: ClientsView
): { notices: RequestNotice[]; told: ReadonlySet<string> } {
  const plain = (text: string) => text.replace(/[\p{Cc}\p{Cf}]/gu, ' ')
  const notices = pending
    .filter(({ request }) => !told.has(request))
    .map((it) => ({
      title: plain(`${it.name} requests access`),
      body: plain(
        `From ${it.source}. Servers: ${wanted(it)}. If its page shows the digits ${it.digits}, review the request in Tokentray.`
      )
    }))
  return { notices, told: new Set(pending.map(({ request }) => request)) }
}
