// What the pages know: the newest snapshot, the connection, actions in progress, and the current page.
// Kept in small stores outside React; messages of the core's stream keep the snapshot up to date.
import { useSyncExternalStore } from 'react'
import { TokentrayError } from '../app/contract/errors.ts'
import { createFollower } from '../app/contract/follower.ts'
import type { StreamMessage } from '../app/contract/stream.ts'
import { streamVersion } from '../app/contract/streamVersion.ts'
import type { ServerView, Snapshot } from '../app/contract/views.ts'
import { setClock } from './clock.ts'
import { type Connection, door } from './door.ts'

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

/** A server's view before and after a message; undefined where it was not known before, or is gone. */
export type Change = { before: ServerView | undefined; after: ServerView | undefined }
/** What the newest message changed. */
export const changes = createStore<readonly Change[]>([])

let pending: Change[] = []
const follower = createFollower((before, after) => void pending.push({ before, after }))

/** The view of one server; a component is drawn anew only when that view changed. */
export function useServer(id: string): ServerView | undefined {
  return useSyncExternalStore(snapshots.subscribe, () => follower.server(id))
}

export const serverOf = follower.server

/** For places that do not show the server's host: any server can call itself anything. */
export const fullName = ({ name, nameWithHost }: Pick<ServerView, 'name' | 'nameWithHost'>) => nameWithHost ?? name

/** False: messages were missed. */
function accept(message: StreamMessage): boolean {
  const snapshot = follower.take(message)
  if (!snapshot) return false
  setClock(message.kind === 'snapshot' ? message.snapshot.at : message.at)
  const changed = pending
  pending = []
  if (snapshot !== snapshots.get()) snapshots.set(snapshot)
  changes.set(changed)
  return true
}

let stopFollowing = () => {}

function follow(): void {
  stopFollowing()
  stopFollowing = door.onMessage((message) => {
    try {
      if (!accept(message)) follow()
    } catch (error) {
      // Another version: these pages are not those of the core that answers now.
      if (!(error instanceof TokentrayError)) throw error
      stopFollowing()
      connections.set('outdated')
    }
  })
}

export function connect(): void {
  door.onConnection?.((connection) => connections.set(connection))
  follow()
}

/** Asks for the newest state at once instead of waiting to be told. */
export async function reload(): Promise<void> {
  accept({ version: streamVersion, kind: 'snapshot', snapshot: await door.call('snapshot', {}) })
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
