// The pages' only connection to the core: Electron's preload script in the window, HTTP and server-sent events in a browser.
// Only types come from the contract; its schemas would enlarge the bundle, and the core checks all input anyway.
import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream'
import type { Call, Reply } from '../app/contract/commands.ts'
import type { DesktopSettings } from '../app/contract/desktop.ts'
import { type ErrorCode, TokentrayError } from '../app/contract/errors.ts'
import type { StreamMessage } from '../app/contract/stream.ts'
import { fetchInSession } from './session.ts'
import { appWords } from './words/app.ts'

/** `ended`: the browser's session is over, which only a new link mends. `outdated`: these pages are of another version. */
export type Connection = 'connecting' | 'open' | 'lost' | 'ended' | 'outdated'

export interface PageDoor {
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

function windowDoor(preload: Preload): PageDoor {
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

const reconnectAfterMs = 1000

/** The server-sent events of a fetch, since EventSource sends no header of ours. Ends when the stream has ended or broken. */
async function* readEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<EventSourceMessage> {
  const reader = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()).getReader()
  for (;;) {
    const read = await reader.read().catch(() => null)
    if (read === null || read.done) return
    yield read.value
  }
}

function browserDoor(): PageDoor {
  let connection: Connection = 'connecting'
  const listeners = new Set<(connection: Connection) => void>()
  const tell = (now: Connection) => {
    if (connection === 'ended') return
    connection = now
    for (const listener of listeners) listener(now)
  }

  async function post(command: string, input: unknown): Promise<Reply<unknown>> {
    const unreachable = { ok: false, code: 'ownerUnreachable', message: appWords.connection.unreachable } as const
    // Whoever is at the port then may be another program; nothing is sent before the stream has proved that it is none.
    if (connection === 'lost') return unreachable
    const response = await fetchInSession('./call', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ command, input })
    })
    if (response === 'ended') tell('ended')
    if (connection === 'ended' || response === 'ended')
      return { ok: false, code: 'notAllowedHere', message: appWords.connection.ended }
    const reply: unknown = await response?.json().catch(() => null)
    if (typeof reply === 'object' && reply !== null && 'ok' in reply) return reply as Reply<unknown>
    return unreachable
  }

  async function follow(listener: (message: StreamMessage) => void, signal: AbortSignal): Promise<void> {
    let seen = ''
    while (!signal.aborted) {
      const headers = seen ? { 'last-event-id': seen } : {}
      const response = await fetchInSession('./snapshots', { headers, signal })
      if (signal.aborted) return
      if (response === 'ended') return tell('ended')
      if (response?.ok && response.body) {
        tell('open')
        for await (const { id = '', data } of readEvents(response.body)) {
          seen = id
          if (!signal.aborted) listener(JSON.parse(data))
        }
      }
      if (signal.aborted) return
      tell('lost')
      await new Promise((resolve) => window.setTimeout(resolve, reconnectAfterMs))
    }
  }

  return {
    platform: 'browser',
    call: (async (name: string, input: unknown) => unwrap(await post(name, input))) as Call,
    onMessage(listener) {
      const stopping = new AbortController()
      void follow(listener, stopping.signal)
      return () => stopping.abort()
    },
    onConnection(listener) {
      listeners.add(listener)
      listener(connection)
      return () => listeners.delete(listener)
    }
  }
}

export const door: PageDoor = window.tokentray ? windowDoor(window.tokentray) : browserDoor()
