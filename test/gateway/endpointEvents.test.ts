// The addresses in endpoint events are replaced, however the bytes are cut and written; all else passes byte for byte.
// What a client reads is read by the parser of the official SDK.
import { createParser } from 'eventsource-parser'
import { expect, test } from 'vitest'
import { createEndpointRewriter } from '../../app/gateway/endpointEvents.ts'

/** The stream as it leaves when it arrives in pieces of `size` bytes, and the addresses that were replaced. */
function rewrite(stream: Buffer | string, size = Number.POSITIVE_INFINITY) {
  const bytes = Buffer.from(stream as string)
  const addresses: string[] = []
  const rewriter = createEndpointRewriter((address) => {
    addresses.push(address)
    return '/one/~/name'
  })
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) parts.push(rewriter.push(bytes.subarray(at, at + size)))
  const before = Buffer.concat(parts).toString()
  parts.push(rewriter.end())
  return { out: Buffer.concat(parts).toString(), before, addresses }
}

function read(stream: string) {
  const events: { event: string | undefined; data: string; id: string | undefined }[] = []
  const parser = createParser({ onEvent: ({ event, data, id }) => events.push({ event, data, id }) })
  parser.feed(stream)
  return events
}

const replaced = { event: 'endpoint', data: '/one/~/name', id: undefined }
const message = { event: 'message', data: '{"jsonrpc":"2.0"}', id: undefined }

test.each<[string, string, string, { id?: string }?]>([
  ['as the SDK writes it', 'event: endpoint\ndata: /messages?sessionId=1\n\n', '/messages?sessionId=1'],
  ['CRLF', 'event: endpoint\r\ndata: /messages\r\n\r\n', '/messages'],
  ['CR', 'event: endpoint\rdata: /messages\r\r', '/messages'],
  ['line ends of each kind', 'event: endpoint\r\ndata: /messages\r\n', '/messages'],
  ['no spaces', 'event:endpoint\ndata:/messages\n\n', '/messages'],
  ['data first', 'data: /messages\nevent: endpoint\n\n', '/messages'],
  ['a byte order mark', '\ufeffevent: endpoint\ndata: /messages\n\n', '/messages'],
  ['comments first', ': hello\n\n:\n: again\nevent: endpoint\ndata: /messages\n\n', '/messages'],
  ['a comment in it', 'event: endpoint\n: here\ndata: /messages\n\n', '/messages'],
  ['a wait and an id', 'retry: 5\nid: 7\nevent: endpoint\ndata: /messages\n\n', '/messages', { id: '7' }],
  ['two types, of which the last counts', 'event: message\nevent: endpoint\ndata: /messages\n\n', '/messages'],
  ['two lines of data', 'event: endpoint\ndata: /mess\ndata: ages\n\n', '/mess\nages'],
  ['an address beyond ASCII', 'event: endpoint\ndata: /bücher\n\n', '/bücher']
])('%s', (_, written, address, more = {}) => {
  const stream = `${written.endsWith('data: /messages\r\n') ? `${written}\n` : written}event: message\ndata: {"jsonrpc":"2.0"}\n\n`
  for (const size of [1, 2, 3, 7, Number.POSITIVE_INFINITY]) {
    const { out, addresses } = rewrite(stream, size)
    expect(addresses, `in pieces of ${size}`).toEqual([address])
    expect(read(out.replace(/^\ufeff/, '')), `in pieces of ${size}`).toEqual([{ ...replaced, ...more }, message])
  }
})

test.each([
  ['messages', 'event: message\ndata: {"endpoint":"event: endpoint"}\n\ndata: 2\r\n\r\n'],
  ['another type', 'event: endpoints\ndata: /messages\n\nevent:  endpoint\ndata: /messages\n\n'],
  ['a type that is taken back', 'event: endpoint\nevent: message\ndata: /messages\n\n'],
  ['no data, which is no event', 'event: endpoint\n\ndata: 1\n\n'],
  ['the words in data and comments', ': event: endpoint\ndata: event: endpoint\ndata: \n\n'],
  ['a last event without an end', 'data: 1\n\ndata: 2'],
  ['bytes that are no text', `data: ${String.fromCharCode(0x80, 0xff)}\n\n\n\n`]
])('%s: passes as it came', (_, stream) => {
  const bytes = Buffer.from(stream, 'latin1')
  for (const size of [1, 2, 5, Number.POSITIVE_INFINITY]) {
    const { out, addresses } = rewrite(bytes, size)
    expect([out, addresses]).toEqual([bytes.toString(), []])
  }
})

test('each endpoint event of a stream is replaced, wherever it comes', () => {
  const stream = 'event: ping\ndata: 1\n\nevent: endpoint\ndata: /a\n\ndata: 1\n\nevent: endpoint\ndata: /b\n\n'
  for (const size of [1, 4, Number.POSITIVE_INFINITY]) expect(rewrite(stream, size).addresses).toEqual(['/a', '/b'])
})

test('an event passes at its end, and a comment at the end of its line', () => {
  expect(rewrite('data: 1\n\ndata: 2\n').before).toBe('data: 1\n\n')
  expect(rewrite('data: 1\n\n: still here\n').before).toBe('data: 1\n\n: still here\n')
})

test.each([1, 1000, 65_536, Number.POSITIVE_INFINITY])('a message of megabytes passes, in pieces of %d', (size) => {
  const large = `event: message\r\ndata: ${'x'.repeat(size === 1 ? 50_000 : 2_000_000)}\r\ndata: y\r\n\r\n`
  const { out, before, addresses } = rewrite(`${large}event: endpoint\r\ndata: /a\r\n\r\n`, size)
  expect(out === before && out.startsWith(large)).toBe(true)
  expect(addresses).toEqual(['/a'])
})

test.each([
  ['before its address', `event: endpoint\ndata: ${'x'.repeat(70_000)}`],
  ['behind it', `data: ${'x'.repeat(70_000)}\nevent: endpoint\n\n`]
])('an endpoint event too large to hold ends the stream, with its type %s', (_, stream) => {
  expect(() => rewrite(stream, 1000)).toThrow('endpoint event')
})

test('an endpoint event without an end goes nowhere', () => {
  expect(rewrite('data: 1\n\nevent: endpoint\ndata: https://elsewhere.example/').out).toBe('data: 1\n\n')
})
