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
  ['a byte order mark before its data', '\ufeffdata: /messages\nevent: endpoint\n\n', '/messages'],
  ['comments first', ': hello\n\n:\n: again\nevent: endpoint\ndata: /messages\n\n', '/messages'],
  ['a comment in it', 'event: endpoint\n: here\ndata: /messages\n\n', '/messages'],
  ['a wait and an id', 'retry: 5\nid: 7\nevent: endpoint\ndata: /messages\n\n', '/messages', { id: '7' }],
  ['two types, of which the last counts', 'event: message\nevent: endpoint\ndata: /messages\n\n', '/messages'],
  ['a type that is taken back', 'event: endpoint\nevent: message\ndata: /messages\n\n', '/messages'],
  [
    'a mark that is none, past the beginning',
    'event: endpoint\ndata: /messages\n\ufeffevent: message\n\n',
    '/messages'
  ],
  ['its letters as some clients read them', '\ufeffEvent :\tendpoint\xa0\ndata: /messages\n\n', '/messages'],
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
  ['another type', 'event: endpoints\ndata: /messages\n\nevent: end points\ndata: /messages\n\n'],
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

test('an endpoint event leaves with its id, wait, type and address alone', () => {
  const written =
    'event: endpoint\ndata: /a\nid: 1\nretry: 2\n: c\ndatum: /two\n data: /two\nDATA: /two\nevent : endpoint\n\n'
  expect(rewrite(written).out).toBe('id: 1\nretry: 2\nevent: endpoint\ndata: /one/~/name\n\n')
})

test.each(['event: endpoint\n\n', 'event: endpoint\ndato: /two\n\n'])(
  'a type without data does not pass, since some clients keep it for the next event',
  (typed) => {
    for (const size of [1, 5, Number.POSITIVE_INFINITY])
      expect(rewrite(`${typed}data: /two\n\n`, size).out).toBe('data: /two\n\n')
  }
)

const otherLineEnds = ['\v', '\f', '\x1c', '\x1d', '\x1e', '\x85', '\u2028', '\u2029']
test.each(otherLineEnds)('a character at which some clients split lines is written as JSON writes it: %j', (end) => {
  const escaped = `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`
  const long = 'x'.repeat(20_000)
  for (const line of [
    `data: {"a":"b${end}c"}`,
    `data: "${long}${end}event: endpoint${end}data: /two"`,
    `: c${end}event: endpoint`
  ])
    for (const size of [1, 3, 1000, Number.POSITIVE_INFINITY]) {
      const { out, addresses } = rewrite(`${line}\n\n`, line.length > 1000 && size < 1000 ? size + 6000 : size)
      expect([out, addresses]).toEqual([`${line.replaceAll(end, escaped)}\n\n`, []])
    }
})

test.each(['\xfe\xff', '\xff\xfe', '\0\0\xfe\xff'])('a stream with the mark of another charset is cut: %j', (mark) => {
  expect(() => rewrite(Buffer.from(`${mark}data: 1\n\n`, 'latin1'), 1)).toThrow('not UTF-8')
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

test.each(['\n', '\r', '\r\n'])(
  'a type line behind what was sent on is seen wherever it is cut (line ends %j)',
  (eol) => {
    const before = `data: /two${eol}${'y'.repeat(16_400)}${eol}`
    const stream = Buffer.from(`${before}event: endpoint${eol}${eol}`)
    for (let cut = before.length - 3; cut <= before.length + 'event: endpoint'.length; cut++) {
      const rewriter = createEndpointRewriter(() => 'safe')
      expect(() => {
        rewriter.push(stream.subarray(0, cut))
        rewriter.push(stream.subarray(cut))
      }, `cut at ${cut}`).toThrow('too large')
    }
  }
)

test.each(otherLineEnds)('it is written so wherever a large event is cut: %j', (end) => {
  const before = Buffer.from(`data: "${'x'.repeat(16_400)}`)
  const after = Buffer.from(`${end}event: endpoint${end}data: /two"\n\n`)
  for (let cut = 0; cut < after.length; cut++) {
    const rewriter = createEndpointRewriter(() => 'safe')
    const parts = [Buffer.concat([before, after.subarray(0, cut)]), after.subarray(cut)].map(rewriter.push)
    expect(Buffer.concat(parts).includes(end), `cut at ${cut}`).toBe(false)
  }
})

test('a line that goes on without a letter is not held for ever', () => {
  expect(() => rewrite(`data: 1\nx${'y'.repeat(16_400)}\nev${' '.repeat(20_000)}`, 1000)).toThrow('too large')
})

test('an endpoint event without an end goes nowhere', () => {
  expect(rewrite('data: 1\n\nevent: endpoint\ndata: https://elsewhere.example/').out).toBe('data: 1\n\n')
})

type Read = { event: string; data: string }
/** A client of another kind: splits at `lineEnds`, reads fields by `parse`, and keeps the type where no data came. */
function readLoosely(stream: string, lineEnds: RegExp, parse: (line: string) => RegExpExecArray | null): Read[] {
  const events: Read[] = []
  let now: Read = { event: '', data: '' }
  for (const line of [...stream.split(lineEnds), '']) {
    if (line === '') {
      if (now.data !== '') {
        events.push(now)
        now = { event: '', data: '' }
      }
      continue
    }
    const [, name, value] = parse(line) ?? []
    if (name === 'event') now.event = value!
    if (name === 'data') now.data = now.data === '' ? value! : `${now.data}\n${value}`
  }
  return events
}
const splitlines = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/
const clients: Readonly<Record<string, (stream: string) => Read[]>> = {
  'the parser of the official SDK': (stream) => {
    const events: Read[] = []
    const parser = createParser({ onEvent: ({ event = '', data }) => events.push({ event, data }) })
    parser.feed(stream)
    parser.reset({ consume: true })
    return events
  },
  'one that splits as Python does': (stream) =>
    readLoosely(stream.replace(/^\ufeff/, ''), splitlines, (line) => /^(\w+): ?(.*)$/s.exec(line)),
  'one that trims': (stream) => readLoosely(stream, /\r\n?|\n/, (line) => /^\s*(\w+)\s*:\s*(.*?)\s*$/s.exec(line))
}

/** Numbers from 0 to `below` (mulberry32), the same for the same seed. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const pieces = [
  ...[
    'event: endpoint',
    'event:endpoint',
    'event: message',
    'event',
    'event:',
    'event:  endpoint ',
    'event: end',
    'point'
  ],
  ...[
    'data: /two',
    'data:/two',
    'data',
    'data: {"a":1}',
    'id: 1',
    'retry: 0',
    ': c',
    ': event: endpoint',
    'x',
    ' ',
    '\ufeff'
  ],
  ...['\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n', ...otherLineEnds, 'y'.repeat(16_370), 'y'.repeat(40)]
]
test.each([1, 2, 3, 4])(
  'whatever is written and however it is cut, no client reads an address of the server (seed %d)',
  (seed) => {
    const random = seeded(seed)
    for (let round = 0; round < 1500; round++) {
      const stream = Array.from(
        { length: 1 + random(14) },
        () => pieces[random(pieces.length)]! + ['', '', '\n', '\r', '\r\n'][random(5)]!
      ).join('')
      const bytes = Buffer.from(stream)
      const rewriter = createEndpointRewriter(() => '/safe')
      const out: Buffer[] = []
      try {
        for (let at = 0; at < bytes.length; ) {
          // Small steps through a filler would take long and show nothing.
          const filler = /^y*/.exec(bytes.toString('latin1', at))![0].length
          const end = at + Math.max(filler - 3, 0) + 1 + random(random(2) ? 20 : bytes.length)
          out.push(Buffer.from(rewriter.push(bytes.subarray(at, end))))
          at = end
        }
        out.push(rewriter.end())
      } catch {
        // A stream that is cut: what was sent on before counts.
      }
      const sent = Buffer.concat(out).toString()
      for (const [name, read] of Object.entries(clients)) {
        const endpoints = read(sent).filter(({ event, data }) => event === 'endpoint' && data !== '/safe')
        expect(endpoints, `${name}: ${JSON.stringify(stream).slice(0, 500)}`).toEqual([])
      }
    }
  }
)
