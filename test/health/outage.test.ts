// Whether a server works, as far as its answers show: what counts at once, what only in a row, and what ends it.
// Pure, so each line is a story of exchanges, a second apart.
import { describe, expect, test } from 'vitest'
import type { Outage } from '../../app/contract/health.ts'
import { type Seen, type Sighting, see, unseen } from '../../app/health/outage.ts'
import { addOutage, explainOutage, readOutage } from '../../app/health/outageWords.ts'
import { newHealth } from '../../app/health/questions.ts'
import { lightOf, wellWords } from '../../app/health/words.ts'

const start = Date.UTC(2026, 10, 29, 1, 19)
const second = 1000
const time = (at: number) => new Date(at).toISOString().slice(11, 16)
const well: Sighting = { kind: 'well' }
const reached: Sighting = { kind: 'reached' }
const refused: Sighting = { kind: 'unreachable', detail: 'ECONNREFUSED' }
const error = (tool: string | null = null, detail = 'HTTP 500'): Sighting => ({ kind: 'failing', detail, tool })
const silent = (tool: string | null = null): Sighting => ({ kind: 'silent', detail: 'UND_ERR_HEADERS_TIMEOUT', tool })

function story(sightings: Sighting[], { isOwn = false, from = unseen }: { isOwn?: boolean; from?: Seen } = {}): Seen {
  return sightings.reduce(
    (seen, sighting, n) => see(seen, sighting, start + n * second, start + n * second, isOwn),
    from
  )
}
const kindAfter = (sightings: Sighting[]) => story(sightings).outage?.kind ?? null

describe('what makes a server down', () => {
  test.each<[string, Sighting[], string | null]>([
    ['no connection, at once', [well, refused], 'unreachable'],
    ['one error among good answers', [well, error(), well], null],
    ['two errors', [well, error(), error()], null],
    ['three errors in a row', [well, error(), error(), error()], 'failing'],
    ['three errors with a good answer between', [error(), error(), well, error()], null],
    ['one tool that fails, however often', Array.from({ length: 50 }, () => error('closed')), null],
    ['one tool that never answers', Array.from({ length: 50 }, () => silent('slow')), null],
    ['two tools that fail', [error('a'), error('b'), error('a')], 'failing'],
    ['a tool and the list of tools', [error('a'), error('a'), error()], 'failing'],
    ['no answer in time, thrice', [silent(), silent(), silent()], 'silent'],
    ['a 404 between errors ends nothing', [error(), reached, error(), error()], 'failing'],
    ['a 404 after a failed connection shows that it is there', [refused, reached], null],
    ['errors after a failed connection', [refused, error('a')], 'failing'],
    ['a good answer ends each', [refused, well], null]
  ])('%s', (_, sightings, kind) => {
    expect(kindAfter(sightings)).toBe(kind)
  })

  test('what Tokentray asks itself counts at once', () => {
    expect(story([error()], { isOwn: true }).outage).toMatchObject({ kind: 'failing', detail: 'HTTP 500' })
    expect(story([silent()], { isOwn: true }).outage).toMatchObject({ kind: 'silent' })
  })

  test('a failure that began before the newest answer is the older fact', () => {
    const answered = see(unseen, well, start, start + 5 * second, false)
    expect(see(answered, refused, start, start + 10 * second, false)).toBe(answered)
    expect(see(answered, refused, start + 6 * second, start + 10 * second, false).outage).not.toBeNull()
    // The clock went back: that answer lies in the future.
    expect(see(answered, refused, start - 60 * second, start - 50 * second, false).outage).not.toBeNull()
  })

  test('what Tokentray is answered itself is outdone by a good answer only, and not by refusals of others', () => {
    const own: Sighting = { kind: 'rejecting', detail: 'HTTP 403' }
    const busy = see(unseen, reached, start + second, start + 2 * second, false)
    expect(see(busy, own, start, start + 3 * second, true).outage).toMatchObject({ kind: 'rejecting' })
    const fine = see(busy, well, start + second, start + 2 * second, false)
    expect(see(fine, own, start, start + 3 * second, true)).toBe(fine)
  })

  test('an outage keeps its beginning while it goes on, and its newest reason', () => {
    const timeout: Sighting = { kind: 'unreachable', detail: 'UND_ERR_CONNECT_TIMEOUT' }
    expect(story([refused, refused, timeout]).outage).toEqual({ ...timeout, since: start })
    expect(story([refused, refused, error()]).outage).toMatchObject({ kind: 'failing', since: start + 2 * second })
  })
})

describe('what is said of it', () => {
  const outage = (kind: Outage['kind'], detail: string) => ({ kind, since: start, detail })

  test('the light is amber, and the words name both facts', () => {
    const health = {
      ...newHealth,
      grant: null,
      state: { kind: 'fresh', since: start, roll: 0, dueAt: null }
    } as const
    const gone = outage('unreachable', 'ECONNREFUSED')
    expect(lightOf(health, start)).toBe('green')
    expect(lightOf(health, start, null, gone)).toBe('amber')
    expect(lightOf({ ...health, paused: true }, start, null, gone)).toBe('grey')
    expect(addOutage(wellWords, gone, time)).toBe('Token valid · server unreachable since 01:19')
    expect(addOutage(wellWords, null, time)).toBe('Healthy')
    // The token's own trouble comes first.
    expect(addOutage('Sign-in needed', gone, time)).toBe('Sign-in needed')
  })

  test.each([
    [
      'unreachable',
      'ECONNREFUSED',
      'The server could not be reached since 01:19: the connection was refused (ECONNREFUSED).'
    ],
    [
      'unreachable',
      'ENOTFOUND',
      'The server could not be reached since 01:19: the host name was not found (ENOTFOUND).'
    ],
    [
      'unreachable',
      'CERT_HAS_EXPIRED',
      'The server could not be reached since 01:19: the certificate has expired (CERT_HAS_EXPIRED).'
    ],
    [
      'silent',
      'timeout',
      'The server accepted requests but sent no complete response since 01:19: no response in time (timeout).'
    ],
    ['failing', 'HTTP 500', 'The server has returned errors since 01:19: HTTP 500.'],
    [
      'failing',
      'HTTP 502',
      'The server has returned errors since 01:19: its proxy got no valid response from it (HTTP 502).'
    ],
    ['failing', 'JSON-RPC error -32603', 'The server has returned errors since 01:19: JSON-RPC error -32603.'],
    [
      'rejecting',
      'HTTP 403',
      'The server has rejected the token since 01:19 (HTTP 403). Verify it to see whether a new token helps.'
    ],
    ['notMcp', 'HTTP 404', "The server's URL has not answered as an MCP server since 01:19 (HTTP 404). Check the URL."]
  ] as const)('%s, %s', (kind, detail, sentence) => {
    expect(explainOutage(outage(kind, detail), time)).toBe(sentence)
    const told = explainOutage(outage(kind, detail), null)
    expect(told).not.toContain('01:19')
    expect(readOutage(told, 7)).toEqual({ kind, since: 7, detail })
  })
})
