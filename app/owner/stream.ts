// The stream of snapshots on the control socket: one JSON text per line, the current one first.
// A slow reader skips snapshots and always gets the newest; nothing piles up in the owner's memory.
import type { ServerResponse } from 'node:http'
import type { Snapshot } from '../contract/views.ts'
import type { Core } from '../core/core.ts'

/** Streams until the reader leaves or the function put into `streams` is called. */
export function streamSnapshots(core: Core, response: ServerResponse, streams: Set<() => void>): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', connection: 'close' })
  let waiting: Snapshot | null = null
  const write = (snapshot: Snapshot) => {
    // One that is ending is a reader until it has closed.
    if (response.writableEnded) return
    if (response.writableNeedDrain) waiting = snapshot
    else response.write(`${JSON.stringify(snapshot)}\n`)
  }
  response.on('drain', () => {
    const newest = waiting
    waiting = null
    if (newest) write(newest)
  })
  const unsubscribe = core.subscribe(write)
  const end = () => response.end()
  streams.add(end)
  response.on('close', () => {
    unsubscribe()
    streams.delete(end)
  })
}
