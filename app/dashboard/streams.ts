// Changes as server-sent events (WHATWG HTML, section 9.2): one subscription to the core, one text for all readers.
// A reader who missed a message gets a whole snapshot; one that takes nothing between two keep-alives is let go.
import type { ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import type { StreamMessage } from '../contract/stream.ts'
import type { Core } from '../core/core.ts'

/** A comment this often, in ms, so that no tunnel in between takes a quiet stream for a dead one. */
export const keepAliveEvery = 15_000
export const mostStreams = 32

export type Reader = {
  response: ServerResponse
  /** What its page knows already, from Last-Event-ID: `<startedAt of the owner>-<revision>`. */
  seen: string | null
  /** False once its session is over. */
  isWelcome(): boolean
}

export type Streams = {
  isFull(): boolean
  /** The head of the answer has been written by then. */
  add(reader: Reader): void
  /** Ends every stream. */
  end(): void
}

type Event = { revision: number; text: string }

export function createStreams({ core: { stream }, clock }: { core: Pick<Core, 'stream'>; clock: Clock }): Streams {
  /** Each with the revision that its page knows; null: none, so that it needs a whole snapshot. */
  const readers = new Map<Reader, number | null>()
  /** Revisions begin anew with each owner, so an event's id names the owner too. */
  let startedAt = 0
  let newest = 0
  /** What subscribing brought, until the reader it was done for has it. */
  let first: Event | null = null
  let stop = () => {}

  function eventOf(message: StreamMessage): Event {
    if (message.kind === 'snapshot') startedAt = message.snapshot.owner.startedAt
    const { revision } = message.kind === 'snapshot' ? message.snapshot : message
    return { revision, text: `id: ${startedAt}-${revision}\ndata: ${JSON.stringify(message)}\n\n` }
  }

  function whole(): Event | null {
    const message = stream.whole()
    return message && eventOf(message)
  }

  function send(reader: Reader, event: Event | null): void {
    const { response } = reader
    // A response that is ending counts as a reader until it has closed.
    if (!event || response.writableNeedDrain || response.writableEnded) return
    readers.set(reader, event.revision)
    response.write(event.text)
  }

  function receive(message: StreamMessage): void {
    const event = eventOf(message)
    newest = event.revision
    if (readers.size === 0) first = event
    const from = message.kind === 'snapshot' ? 0 : message.from
    let snapshot: Event | null = null
    for (const [reader, known] of readers) {
      if (known !== null && known >= newest) continue
      if (message.kind === 'snapshot' || (known !== null && known >= from)) send(reader, event)
      else if (!reader.response.writableNeedDrain) {
        snapshot = snapshot ?? whole()
        send(reader, snapshot)
      }
    }
  }

  function start(): void {
    let cancel = () => {}
    const keepAlive = () => {
      cancel = clock.after(keepAliveEvery, keepAlive)
      for (const { response, isWelcome } of [...readers.keys()]) {
        if (response.writableNeedDrain) response.destroy()
        else if (response.writableEnded) continue
        else if (isWelcome()) response.write(': keep-alive\n\n')
        else response.end()
      }
    }
    cancel = clock.after(keepAliveEvery, keepAlive)
    const unsubscribe = stream.subscribe(receive)
    stop = () => {
      cancel()
      unsubscribe()
    }
  }

  /** The revision that a page with this event knows, where no message was missed since. */
  function revisionOf(seen: string | null): number | null {
    const [owner, revision] = (seen ?? '').split('-').map(Number)
    return owner === startedAt && revision !== undefined && stream.continuesFrom(revision) ? revision : null
  }

  return {
    isFull: () => readers.size >= mostStreams,
    add(reader) {
      const { response } = reader
      // Written first, so that the head goes out even where there is nothing new to say.
      response.write('retry: 1000\n\n')
      response.on('drain', () => {
        const known = readers.get(reader)
        if (known === null || (known !== undefined && known < newest)) send(reader, whole())
      })
      response.on('close', () => {
        if (readers.delete(reader) && readers.size === 0) stop()
      })
      if (readers.size === 0) start()
      const known = revisionOf(reader.seen)
      readers.set(reader, known)
      if (known === null) send(reader, first ?? whole())
      first = null
    },
    end() {
      for (const { response } of readers.keys()) response.end()
    }
  }
}
