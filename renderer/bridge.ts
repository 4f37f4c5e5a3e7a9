// The pages' only connection to the core: Electron's preload script in the window, HTTP and server-sent events in a browser.
// Only types come from the contract; its schemas would enlarge the bundle, and the core checks all input anyway.
import type { Call, Reply } from '../app/contract/commands.ts'
import type { DesktopSettings } from '../app/contract/desktop.ts'
import { type ErrorCode, TokentrayError } from '../app/contract/errors.ts'
import type { StreamMessage } from '../app/contract/stream.ts'
import { appWords } from './words/app.ts'

/** `ended`: the browser's session is over, which only a new link mends. `outdated`: these pages are of another version. */
export type Connection = 'connecting' | 'open' | 'lost' | 'ended' | 'outdated'

export interface Bridge {
  /** Rejects with TokentrayError. */
  call: Call
  /** Calls `listener` with a whole snapshot and then with what changes; returns what stops it. Again: whole again. */
  onMessage(listener: (message: StreamMessage) => void): () => void
  /** Absent where the connection cannot break: the window's core is in the same application. */
  onConnection?(listener: (connection: Connection) => void): () => void
  /** What the desktop itself keeps; absent in a browser. */
  desktop?: {
    read(): Promise<DesktopSettings>
    set(change: Partial<DesktopSettings>): Promise<DesktopSettings>
  }
  platform: 'window' | 'browser'
}

type Preload = {
  call(name: string, input: unknown): Promise<Reply<unknown>>
  onMessage(listener: (message: StreamMessage) => void): () => void
}

declare global {
  interface Window {
    tokentray?: Preload
  }
}

function unwrap(reply: Reply<unknown>): unknown {
  if (reply.ok) return reply.value
  throw new TokentrayError(reply.code as ErrorCode, reply.message)
}

function windowBridge(preload: Preload): Bridge {
  return {
    platform: 'window',
    call: (async (name: string, input: unknown) => unwrap(await preload.call(name, input))) as Call,
    onMessage: (listener) => preload.onMessage(listener),
    desktop: {
      read: async () => unwrap(await preload.call('desktop.read', {})) as DesktopSettings,
      set: async (change) => unwrap(await preload.call('desktop.set', change)) as DesktopSettings
    }
  }
}

const reconnectAfter = 3000

function browserBridge(): Bridge {
  let connection: Connection = 'connecting'
  const listeners = new Set<(connection: Connection) => void>()
  const tell = (now: Connection) => {
    connection = now
    for (const listener of listeners) listener(now)
  }

  async function post(command: string, input: unknown): Promise<Reply<unknown>> {
    const response = await fetch('./call', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ command, input })
    }).catch(() => null)
    if (response?.status === 401) {
      tell('ended')
      return { ok: false, code: 'notAllowedHere', message: appWords.connection.ended }
    }
    const reply: unknown = await response?.json().catch(() => null)
    if (typeof reply === 'object' && reply !== null && 'ok' in reply) return reply as Reply<unknown>
    return { ok: false, code: 'ownerUnreachable', message: appWords.connection.unreachable }
  }

  return {
    platform: 'browser',
    call: (async (name: string, input: unknown) => unwrap(await post(name, input))) as Call,
    onMessage(listener) {
      let source: EventSource | null = null
      let again: number | undefined
      const open = () => {
        const opened = new EventSource('./snapshots')
        source = opened
        opened.onopen = () => tell('open')
        opened.onmessage = (event) => listener(JSON.parse(event.data))
        opened.onerror = async () => {
          if (connection !== 'ended') tell('lost')
          // A stream that broke is taken up by the browser itself; a refused one is not, and says nothing of why.
          if (opened.readyState !== EventSource.CLOSED) return
          await post('snapshot', {})
          if (connection === 'lost' && source === opened) again = window.setTimeout(open, reconnectAfter)
        }
      }
      open()
      return () => {
        source?.close()
        source = null
        window.clearTimeout(again)
      }
    },
    onConnection(listener) {
      listeners.add(listener)
      listener(connection)
      return () => listeners.delete(listener)
    }
  }
}

export const bridge: Bridge = window.tokentray ? windowBridge(window.tokentray) : browserBridge()
