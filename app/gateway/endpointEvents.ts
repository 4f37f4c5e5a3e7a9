// Replaces the address in each `endpoint` event of an event stream: MCP's transport of 2024-11-05 tells clients in one where to post.
// A server's own address there would lead clients past the gateway, or with their messages and another server's token to that one.
import type { Rewriter } from './bodyDown.ts'

/** Of one event, in bytes, held back until its type is known. An endpoint event is far smaller. */
const maxHeldBytes = 16_384

const none = Buffer.alloc(0)
const typeLetters = 'eventendpoint'
/**
 * A line that some client may take for the type of an endpoint event. Clients differ in what they trim and in the case of names, and
 * their decoders in the bytes that they leave out: so the letters alone count. A comment begins with a colon for all of them.
 */
const typeLine = new RegExp(`^(?!:)[^a-z]*${[...typeLetters].join('[^a-z]*')}[^a-z]*$`, 'i')
const isType = (line: string) => typeLine.test(line)
/** Whether what follows may make a line of the type out of this beginning. */
const mayBecomeType = (line: string) =>
  !line.startsWith(':') && typeLetters.startsWith(line.replace(/[^a-z]/gi, '').toLowerCase())

/**
 * Characters that are no line ends in an event stream, but at which some clients split it (Python's `splitlines`), each as its
 * bytes and as JSON writes it: messages are JSON, where both mean the same.
 */
const escapes: Readonly<Record<string, string>> = {
  '\x0b': '\\u000b',
  '\x0c': '\\u000c',
  '\x1c': '\\u001c',
  '\x1d': '\\u001d',
  '\x1e': '\\u001e',
  '\xc2\x85': '\\u0085',
  '\xe2\x80\xa8': '\\u2028',
  '\xe2\x80\xa9': '\\u2029'
}
const otherLineEnds = new RegExp(Object.keys(escapes).join('|'), 'g')

/**
 * The rewriter of one event stream (HTML standard, 9.2.6). `replace` gets an address as the event names it, and returns the one
 * for the client, in ASCII. All other events pass as they came, each at its end.
 */
export function createEndpointRewriter(replace: (address: string) => string): Omit<Rewriter, 'close'> {
  /** What was not sent on: an event without an end, from its first field on; while spilling: the beginning of a line. */
  let held = none
  let isBegun = false
  /** The held event was too large, so its beginning was sent on. */
  let isSpilling = false
  /** While spilling: the beginning of the current line was sent on. */
  let isInLine = false
  /** All was sent on, and ended with CR: an LF that follows belongs to it. */
  let isAfterReturn = false

  function push(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk
    const came = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    // One character per byte, so that a place in the text is one in the bytes.
    const cameText = came.toString('latin1')
    const text = cameText.replace(otherLineEnds, (end) => escapes[end]!)
    const bytes = text === cameText ? came : Buffer.from(text, 'latin1')
    // Some clients would read UTF-16 or UTF-32 after its mark.
    if (!isBegun && '\0\xfe\xff'.includes(text[0]!)) throw new Error('a stream that is not UTF-8')
    isBegun = true
    const parts: Buffer[] = []
    let sentTo = 0
    let at = isAfterReturn && text.startsWith('\n') ? 1 : 0
    let eventAt = at
    let lines: string[] = []
    const ends = /\r\n?|\n/g
    ends.lastIndex = at
    for (;;) {
      const found = ends.exec(text)
      if (!found) break
      const line = text.slice(at, found.index)
      at = ends.lastIndex
      if (isSpilling) {
        if (!isInLine && isType(line)) throw new Error('an endpoint event that is too large')
        isSpilling = isInLine || line !== ''
        isInLine = false
        eventAt = at
      } else if (line !== '') {
        // A comment before any field keeps the connection alive, and waits for nothing.
        if (lines.length === 0 && line.startsWith(':')) eventAt = at
        else lines.push(line)
      } else {
        if (lines.some(isType)) {
          parts.push(bytes.subarray(sentTo, eventAt), Buffer.from(rewrite(lines, found[0]), 'latin1'))
          sentTo = at
        }
        eventAt = at
        lines = []
      }
    }
    if (!isSpilling && bytes.length - eventAt > maxHeldBytes) {
      if (lines.some(isType)) throw new Error('an endpoint event that is too large')
      isSpilling = true
      eventAt = at
    }
    if (isSpilling) {
      const rest = text.slice(eventAt)
      if (isInLine || !mayBecomeType(rest)) {
        isInLine = true
        // The beginning of a character at which some clients split.
        eventAt = bytes.length - (/(\xc2|\xe2\x80?)?$/.exec(rest)?.[0].length ?? 0)
      } else if (rest.length > maxHeldBytes) throw new Error('a line that is too large to be judged')
    }
    parts.push(bytes.subarray(sentTo, eventAt))
    held = eventAt < bytes.length ? Buffer.from(bytes.subarray(eventAt)) : none
    isAfterReturn = held.length === 0 && text.endsWith('\r')
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  /** The event with another address; empty where it names none, since some clients would keep its type for the next one. */
  function rewrite(lines: readonly string[], eol: string): string {
    const fields = lines.map((line) => line.replace(/^\xef\xbb\xbf/, ''))
    const data = fields.filter((line) => /^data(:|$)/.test(line)).map((line) => line.replace(/^data:? ?/, ''))
    if (data.length === 0) return ''
    const kept = fields.filter((line) => /^(id|retry)(:|$)/.test(line))
    const address = Buffer.from(data.join('\n'), 'latin1').toString()
    return [...kept, 'event: endpoint', `data: ${replace(address)}`, '', ''].join(eol)
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
        .some(isType)
        ? none
        : rest
    }
  }
}
