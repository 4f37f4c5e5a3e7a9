// Tells the core which servers a person can see, so that it looks whether these work and leaves the others alone.
// A hidden tab, a minimised window and rows further down tell nothing: what nobody sees must cost no server a request.
import { door } from './door.ts'
import { connections, screens, snapshots } from './store.ts'

/** While they are in sight; the core looks at each far less often. */
const tellEveryMs = 60_000
/** The contract takes no more; no screen shows as many. */
const maxServers = 100

/** Servers whose row in the list is in sight. */
function inSight(): string[] {
  const found: string[] = []
  for (const element of document.querySelectorAll<HTMLElement>('[data-server]')) {
    const { top, bottom, height } = element.getBoundingClientRect()
    if (height === 0 || bottom <= 0) continue
    // Rows stand below each other.
    if (top >= window.innerHeight || found.length === maxServers) break
    found.push(element.dataset.server!)
  }
  return found
}

/** Told since the minute began. */
const told = new Set<string>()

function tell(): void {
  if (document.hidden || connections.get() === 'lost' || !snapshots.get()) return
  const screen = screens.get()
  const seen = screen.name === 'server' ? [screen.id, ...inSight()] : inSight()
  const servers = [...new Set(seen)].filter((id) => !told.has(id)).slice(0, maxServers)
  if (servers.length === 0) return
  for (const id of servers) told.add(id)
  // Nobody waits for it: what is found out comes with the views.
  door.call('servers.shown', { servers }).catch(() => {})
}

let timer: number | undefined

/** Tells again every minute, and not at all while the page is hidden. */
function arm(): void {
  window.clearTimeout(timer)
  if (document.hidden) return
  timer = window.setTimeout(() => {
    told.clear()
    tell()
    arm()
  }, tellEveryMs)
}

/** After the screen has been drawn. */
const tellSoon = () => window.requestAnimationFrame(() => window.setTimeout(tell))

/** Begins to tell, until the page goes. */
export function tellWhatIsShown(): void {
  document.addEventListener('visibilitychange', () => {
    arm()
    if (!document.hidden) tellSoon()
  })
  document.addEventListener('scrollend', tell)
  screens.subscribe(tellSoon)
  const stop = snapshots.subscribe(() => {
    stop()
    tellSoon()
  })
  arm()
}
