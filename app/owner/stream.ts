// The stream of changes on the control socket: one message of contract/stream.ts per line, a whole snapshot first.
// A reader too slow for the changes gets a whole snapshot once it reads again; nothing piles up in the owner's memory.
import type { ServerResponse } from 'node:http'
import type { StreamMessage } from '../contract/stream.ts'
import { streamVersion, streamVersionHeader } from '../contract/streamVersion.ts'
import type { Core } from '../core/core.ts'

/** Streams until the reader leaves or the function put into `streams` is called. */
export function streamChanges(
  { stream }: Pick<Core, 'stream'>,
  response: ServerResponse,
  streams: Set<() => void>
): void {
  response.writeHead(200, {
    'content-type': 'application/x-ndjson',
    [streamVersionHeader]: streamVersion,
    connection: 'close'
  })
  // Where there is nothing to say yet, the reader still learns the version.
  response.flushHeaders()
  let isBehind = true
  const write = (message: StreamMessage | null) => {
    // A response that is ending counts as a reader until it has closed.
    if (response.writableEnded) return
    if (!message || response.writableNeedDrain) {
      isBehind = true
      return
    }
    isBehind = false
    response.write(`${JSON.stringify(message)}\n`)
  }
  const hear = (message: StreamMessage) => {
    if (message.kind === 'snapshot' || !isBehind) write(message)
    else if (!response.writableNeedDrain) write(stream.whole())
  }
  response.on('drain', () => {
    if (isBehind) write(stream.whole())
  })
  const unsubscribe = stream.subscribe(hear)
  const end = () => response.end()
  streams.add(end)
  response.on('close', () => {
    unsubscribe()
    streams.delete(end)
  })
}
