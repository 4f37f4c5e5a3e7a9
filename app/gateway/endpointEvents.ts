// Replaces the address in each `endpoint` event of an event stream: MCP's transport of 2024-11-05 tells clients in one where to post.
// All other bytes pass as they came, each event at its end; an upstream's own address there would lead clients past the gateway.
import type { Rewriter } from './bodyDown.ts'

/** Of one event, in bytes, held back until its type is known. An endpoint event is far smaller. */
const maxHeldBytes = 16_384

const none = Buffer.alloc(0)
const isEndpoint = (line: string) => line === 'event:endpoint' || line === 'event: endpoint'
/** A line of this length, in bytes, without an end is no endpoint's. */
const maxEventLine = 'event: endpoint'.length

/**
 * The rewriter of one event stream (HTML standard, 9.2.6). `replace` gets an address as the event names it, and returns the one
 * for the client.
 */
export function createEndpointRewriter(replace: (address: string) => string): Omit<Rewriter, 'close'> {
  /** What was not sent on: an event without an end, from its first field on. */
  let held = none
  /** The held event was too large, so its beginning was sent on. */
  let isSpilling = false
  /** While spilling: the beginning of the current line was sent on. */
  let isInLine = false
  let isFirstLine = true

  function push(chunk: Buffer): Buffer {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    // One character per byte, so that a place in the text is one in the bytes.
    const text = bytes.toString('latin1')
    const parts: Buffer[] = []
    let sentTo = 0
    let eventAt = 0
    let lines: string[] = []
    const ends = /\r\n?|\n/g
    for (let at = 0; ; ) {
      const found = ends.exec(text)
      if (!found) break
      const line = withoutMark(text.slice(at, found.index))
      at = ends.lastIndex
      if (isSpilling) {
        if (!isInLine && isEndpoint(line)) throw new Error('an endpoint event without an end')
        isSpilling = isInLine || line !== ''
        isInLine = false
        eventAt = at
      } else if (line !== '') {
        // A comment before any field keeps the connection alive, and waits for nothing.
        if (lines.length === 0 && line.startsWith(':')) eventAt = at
        else lines.push(line)
      } else {
        const rewritten = rewrite(lines, found[0])
        if (rewritten !== null) {
          parts.push(bytes.subarray(sentTo, eventAt), Buffer.from(rewritten))
          sentTo = at
        }
        eventAt = at
        lines = []
      }
      if (eventAt === at) isFirstLine = false
    }
    const rest = bytes.length - eventAt
    const isLong = isSpilling ? rest > maxEventLine : rest > maxHeldBytes
    if (isLong) {
      if (lines.some(isEndpoint)) throw new Error('an endpoint event that is too large')
      isInLine = rest > 0 && !/[\r\n]$/.test(text)
      isSpilling = true
      isFirstLine = false
      eventAt = bytes.length
    }
    parts.push(bytes.subarray(sentTo, eventAt))
    held = eventAt < bytes.length ? Buffer.from(bytes.subarray(eventAt)) : none
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  /** The line without the mark that a stream may begin with (a BOM). */
  const withoutMark = (line: string) => (isFirstLine && line.startsWith('\xef\xbb\xbf') ? line.slice(3) : line)

  /** The event with another address; null: it is none that names an address. `eol`: how its lines end. */
  function rewrite(lines: readonly string[], eol: string): string | null {
    // The last type counts, and lines of data are joined.
    if (!isEndpoint(lines.findLast((line) => /^event(:|$)/.test(line)) ?? '')) return null
    const data = lines.filter((line) => /^data(:|$)/.test(line)).map((line) => line.replace(/^data:? ?/, ''))
    if (data.length === 0) return null
    const others = lines.filter((line) => !/^(data|event|:)/.test(line))
    const address = Buffer.from(data.join('\n'), 'latin1').toString()
    return [...others, 'event: endpoint', `data: ${replace(address)}`, '', ''].join(eol)
  }

  return {
    push,
    end() {
      const rest = held
      held = none
      // Some clients take an event without an end as one.
      return rest
        .toString('latin1')
        .split(/[\r\n]+/)
        .some(isEndpoint)
        ? none
        : rest
    }
  }
}
