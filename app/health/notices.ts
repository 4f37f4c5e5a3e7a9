// Decides which desktop notifications to show, from those shown before, the newest snapshot and the time. Pure.
// An incident is announced once, across restarts too, and is over when the server is well again.

import type { ServerView, Snapshot, VaultView } from '../contract/views.ts'
import { plainText } from './plainText.ts'
import { endNoticeMs } from './schedule.ts'

/** `person`: somebody must act. `ending`: the refresh token's own end is near. `gap`: no valid token for too long. */
export type Kind = 'person' | 'ending' | 'gap'
/** `server` null: it is about several, and the list shows them. */
export type Notice = { server: string | null; kind: Kind; title: string; body: string }

/** The incidents already announced, or muted while they began, as "kind server". */
export type Announced = readonly string[]

/** How long a server may be without a valid token before that is announced. */
export const gapGraceMs = 5 * 60_000

const kinds: readonly Kind[] = ['person', 'ending', 'gap']
const key = (kind: Kind, view: ServerView) => `${kind} ${view.id}`

/** True while this incident begins or goes on: a try in between does not make it a new one. */
function isOngoing(kind: Kind, view: ServerView, now: number, awakeSince: number, wasAnnounced: boolean): boolean {
  if (view.state === 'signedOut') return false
  // A pause neither begins nor ends anything.
  if (view.paused) return wasAnnounced
  switch (kind) {
    case 'person':
      // Whoever wants more permission may be hostile, and would call a person at will.
      if (view.action === 'grantMore') return wasAnnounced
      return view.state === 'needsUser' || (wasAnnounced && view.state !== 'fresh')
    case 'ending':
      return (
        view.refreshExtends === false && view.refreshExpiresAt !== null && view.refreshExpiresAt - now < endNoticeMs
      )
    case 'gap':
      if (view.expiresAt === null) return false
      // What ended while nobody could refresh it gets the grace from then on, or every morning would begin with this.
      return wasAnnounced ? now > view.expiresAt : now - Math.max(view.expiresAt, awakeSince) > gapGraceMs
  }
}

function write(kind: Kind, view: ServerView): Notice {
  const [brief = view.words] = view.words.split(': ')
  const name = plainText(view.nameWithHost ?? view.name)
  const reason = plainText(view.detail || view.words)
  const words: Record<Kind, [string, string]> = {
    person: [`${name}: ${plainText(brief.toLowerCase())}`, reason],
    ending: [
      `${name}: sign in again when convenient`,
      'This sign-in expires within days, and refreshing cannot extend it.'
    ],
    gap: [`${name} has no valid token`, reason]
  }
  const [title, body] = words[kind]
  return { server: view.id, kind, title, body }
}

/** More at once than this are announced as one. */
const maxAtOnce = 3
const together: Record<Kind, string> = {
  person: 'servers need you',
  ending: 'servers: sign in again when convenient',
  gap: 'servers have no valid token'
}

function group(shown: readonly { notice: Notice; name: string }[]): Notice[] {
  return kinds.flatMap((kind) => {
    const alike = shown.filter(({ notice }) => notice.kind === kind)
    if (alike.length <= maxAtOnce) return alike.map(({ notice }) => notice)
    const names = alike.map(({ name }) => plainText(name))
    const rest = names.length - maxAtOnce
    const body = `${names.slice(0, maxAtOnce).join(', ')} and ${rest} more.`
    return [{ server: null, kind, title: `${names.length} ${together[kind]}`, body }]
  })
}

/** The one notice about a vault that waits for a person; null where none does. The keychain's own window needs no second. */
export function vaultNotice({ state, message }: VaultView): { title: string; body: string } | null {
  if (state === 'open' || state === 'keychainWaiting') return null
  const title = state === 'locked' ? 'Tokentray is locked' : 'Tokentray cannot open its vault'
  return { title, body: message }
}

/**
 * What to show now, and what counts as announced from now on. `now` and `awakeSince`, when the machine last woke or this process
 * began, in ms since the epoch.
 */
export function decideNotices(
  announced: Announced,
  snapshot: Snapshot,
  now: number,
  settings: { notifications: boolean; muted: readonly string[] },
  awakeSince: number,
  views: readonly ServerView[] = snapshot.servers
): { show: Notice[]; announced: Announced } {
  // No servers are known then, which does not mean that they are well.
  if (snapshot.vault.state !== 'open') return { show: [], announced }
  const show: { notice: Notice; name: string }[] = []
  const next = new Set(views === snapshot.servers ? [] : announced)
  const before = new Set(announced)
  for (const view of views) {
    for (const kind of kinds) {
      const wasAnnounced = before.has(key(kind, view))
      if (!isOngoing(kind, view, now, awakeSince, wasAnnounced)) {
        next.delete(key(kind, view))
        continue
      }
      next.add(key(kind, view))
      // A server that needs a person has no token either: that is the same news.
      const isSaid = kind !== 'person' && next.has(key('person', view))
      const isWanted = settings.notifications && !settings.muted.includes(view.id)
      if (!wasAnnounced && !isSaid && isWanted)
        show.push({ notice: write(kind, view), name: view.nameWithHost ?? view.name })
    }
  }
  return { show: group(show), announced: [...next] }
}
