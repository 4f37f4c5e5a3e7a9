// What the pages know: the newest snapshot, the connection, what is being done, and the screen shown.
// Small external stores; a snapshot older than the one shown is dropped.
import { useSyncExternalStore } from 'react'
import type { ServerView, Snapshot } from '../app/contract/views.ts'
import { bridge, type Connection } from './bridge.ts'
import { setClock } from './clock.ts'

/** A value that components can read and be told of. */
export function createStore<T>(initial: T) {
  let value = initial
  const listeners = new Set<() => void>()
  const subscribe = (listener: () => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  return {
    get: () => value,
    set(next: T) {
      value = next
      for (const listener of listeners) listener()
    },
    subscribe,
    use: () => useSyncExternalStore(subscribe, () => value)
  }
}

export const snapshots = createStore<Snapshot | null>(null)
export const connections = createStore<Connection>('open')

function accept(snapshot: Snapshot): void {
  const known = snapshots.get()
  const sameOwner = known?.owner.startedAt === snapshot.owner.startedAt
  if (known && sameOwner && snapshot.revision < known.revision) return
  setClock(snapshot.at)
  snapshots.set(known ? { ...snapshot, servers: keepUnchanged(known.servers, snapshot.servers) } : snapshot)
}

/** A view that says the same is the same object again: what is drawn from it need not be drawn anew. */
function keepUnchanged(known: readonly ServerView[], next: readonly ServerView[]): ServerView[] {
  const byId = new Map(known.map((view) => [view.id, view]))
  return next.map((view) => {
    const old = byId.get(view.id)
    return old && JSON.stringify(old) === JSON.stringify(view) ? old : view
  })
}

export function connect(): void {
  bridge.onConnection?.((connection) => connections.set(connection))
  bridge.onSnapshot(accept)
}

/** Asks for the newest state at once instead of waiting to be told. */
export async function reload(): Promise<void> {
  accept(await bridge.call('snapshot', {}))
}

export type Way = 'browser' | 'ownClient' | 'clientCredentials' | 'assertion' | 'staticToken' | 'refreshToken'
export type Screen =
  | { name: 'list' }
  | { name: 'server'; id: string; part: string | null }
  | { name: 'signIn'; id: string }
  | { name: 'add'; url: string; way: Way }
  | { name: 'settings' }
  | { name: 'clients' }

const ways: readonly string[] = ['browser', 'ownClient', 'clientCredentials', 'staticToken', 'refreshToken']

/** The screen is the address's fragment: the back button works, and a notification can open a server. */
function parse(hash: string): Screen {
  const [name, first, second] = hash.replace(/^#/, '').split('/').map(decode)
  if (name === 'server' && first) return { name, id: first, part: second ?? null }
  if (name === 'sign-in' && first) return { name: 'signIn', id: first }
  if (name === 'add') return { name, way: ways.includes(first ?? '') ? (first as Way) : 'browser', url: second ?? '' }
  if (name === 'settings' || name === 'clients') return { name }
  return { name: 'list' }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

export function hashOf(screen: Screen): string {
  const join = (...parts: string[]) => `#${parts.map(encodeURIComponent).join('/')}`
  switch (screen.name) {
    case 'list':
      return '#'
    case 'settings':
      return '#settings'
    case 'clients':
      return '#clients'
    case 'server':
      return screen.part ? join('server', screen.id, screen.part) : join('server', screen.id)
    case 'signIn':
      return join('sign-in', screen.id)
    case 'add':
      return join('add', screen.way, screen.url)
  }
}

export const screens = createStore<Screen>(parse(location.hash))
/** Whether the screen was changed by a person here: only then may focus be moved. */
export let hasMoved = false
/** The server whose row gets the focus back. */
export let lastServer: string | null = null

window.addEventListener('hashchange', () => {
  hasMoved = true
  const from = screens.get()
  if (from.name === 'server' || from.name === 'signIn') lastServer = from.id
  screens.set(parse(location.hash))
})

export function go(screen: Screen): void {
  location.hash = hashOf(screen)
}
