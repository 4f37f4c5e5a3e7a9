// A browser's session with the dashboard: what a one-time link became, kept where all tabs of this origin find it.
// The origin is new for each start of Tokentray and known to nobody else, so no other page can read what is kept.
import { type DashboardSession, sessionHeader, sessionProofHeader } from '../app/contract/dashboardSession.ts'

const key = 'session'
/** As last read: a browser may keep nothing for us (SecurityError), and the next Tokentray has it forget the last one's. */
let known: DashboardSession | null = null

function read(): DashboardSession | null {
  try {
    const text = localStorage.getItem(key)
    if (text !== null) known = JSON.parse(text) as DashboardSession
  } catch {
    // The session ends with this page.
  }
  return known
}

function keep(session: DashboardSession): void {
  known = session
  try {
    localStorage.setItem(key, JSON.stringify(session))
  } catch {
    // The same.
  }
}

// Read and taken away before anything else looks at the address: it stays in no history, and is no screen.
const link = /^#link\/([\w-]+)$/.exec(location.hash)?.[1]
if (link !== undefined) history.replaceState(null, '', location.pathname)

async function redeem(): Promise<void> {
  const response = await fetch('./link', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ link })
  }).catch(() => null)
  // A spent link changes nothing: this browser may be in already.
  if (response?.ok) keep((await response.json()).value)
}

const isEntered = link === undefined ? Promise.resolve() : redeem()

/**
 * fetch() with the session's secret. Null where nobody answered; 'ended' where only a new link helps: the session is over, or
 * another program has taken the place of the Tokentray that the session is with.
 */
export async function fetchInSession(url: string, init: RequestInit = {}): Promise<Response | 'ended' | null> {
  await isEntered
  const session = read()
  const headers = { ...init.headers, ...(session && { [sessionHeader]: session.secret }) }
  const response = await fetch(url, { ...init, headers }).catch(() => null)
  if (response === null) return null
  const isEnded = response.status === 401 || response.status === 421
  return isEnded || response.headers.get(sessionProofHeader) !== (session?.proof ?? null) ? 'ended' : response
}

/** What a person types into a terminal to get in again. */
export const openCommand = (): string => read()?.command ?? 'tokentray open'
