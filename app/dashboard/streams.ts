// Snapshots as server-sent events (WHATWG HTML, section 9.2): one subscription to the core, one text for all readers.
// A slow reader skips snapshots and gets the newest; one that takes nothing between two keep-alives is let go.
import type { ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { type Snapshot, snapshot as snapshotSchema } from '../contract/views.ts'
import type { Core } from '../core/core.ts'

/** A comment this often, in ms, so that no tunnel in between takes a quiet stream for a dead one. */
export const keepAliveEvery = 15_000
export const mostStreams = 32

export type Reader = {
  response: ServerResponse
  /** The event its page has already, from Last-Event-ID: `<startedAt of the owner>-<revision>`. */
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

export function createStreams({ core, clock, log }: { core: Core; clock: Clock; log: Log }): Streams {
  const readers = new Set<Reader>()
  let newest: { id: string; text: string } | null = null
  let stop = () => {}

  function receive(snapshot: Snapshot) {
    // Parsed like every other output: what the schema does not know never leaves.
    const parsed = snapshotSchema.safeParse(snapshot)
    if (!parsed.success) return log.error('a snapshot did not fit its schema and was not sent', parsed.error)
    const { owner, revision } = parsed.data
    // Revisions begin anew with each owner.
    const id = `${owner.startedAt}-${revision}`
    newest = { id, text: `id: ${id}\ndata: ${JSON.stringify(parsed.data)}\n\n` }
    for (const reader of readers) show(reader)
  }

  function show(reader: Reader): void {
    const { response, seen } = reader
    // One that is ending is a reader until it has closed.
    if (newest === null || seen === newest.id || response.writableNeedDrain || response.writableEnded) return
    reader.seen = newest.id
    response.write(newest.text)
  }

  function start(): void {
    let cancel = () => {}
    const keepAlive = () => {
      cancel = clock.after(keepAliveEvery, keepAlive)
      for (const { response, isWelcome } of [...readers]) {
        if (response.writableNeedDrain) response.destroy()
        else if (response.writableEnded) continue
        else if (isWelcome()) response.write(': keep-alive\n\n')
        else response.end()
      }
    }
    cancel = clock.after(keepAliveEvery, keepAlive)
    const unsubscribe = core.subscribe(receive)
    stop = () => {
      cancel()
      unsubscribe()
      newest = null
    }
  }

  return {
    isFull: () => readers.size >= mostStreams,
    add(reader) {
      const { response } = reader
      // Written first, so that the head goes out even where there is nothing new to say.
      response.write('retry: 1000\n\n')
      readers.add(reader)
      response.on('drain', () => show(reader))
      response.on('close', () => {
        if (readers.delete(reader) && readers.size === 0) stop()
      })
      if (readers.size === 1) start()
      else show(reader)
    },
    end() {
      for (const { response } of readers) response.end()
    }
  }
}
