// The hostile matrix as data: every step of a token's life, every way its reply can go wrong, and what must come of it.
// hostile.test.ts proves each cell on a real server; build/coverage.ts writes the same cells to docs/protocol-coverage.md.
import { gzipSync } from 'node:zlib'
import type { Received, Reply } from '../fakes/authorizationServer.ts'

export const steps = {
  challenge: { path: '/mcp', name: 'first request' },
  resourceMetadata: { path: '/.well-known/oauth-protected-resource/mcp', name: 'resource metadata' },
  serverMetadata: { path: '/.well-known/oauth-authorization-server', name: 'server metadata' },
  registration: { path: '/register', name: 'registration' },
  code: { path: '/token', name: 'token (code)' },
  refresh: { path: '/token', name: 'token (refresh)' },
  revocation: { path: '/revoke', name: 'revocation' }
} as const

export type StepName = keyof typeof steps

/** What a fault is made from: the request, and what the server would have answered. */
export type Bend = (request: Received, sound: { status: number; body: unknown; stranger: string }) => Reply

const json = { 'content-type': 'application/json' }
const later = { 'retry-after': '7' }

export const faults: Record<string, { what: string; bend: Bend }> = {
  error500: { what: '500', bend: () => ({ status: 500, body: 'broken' }) },
  busy503: {
    what: '503 with `Retry-After`',
    bend: () => ({ status: 503, headers: later, body: { error: 'invalid_grant' } })
  },
  busy429: { what: '429 with `Retry-After`', bend: () => ({ status: 429, headers: later, body: 'slow down' }) },
  late408: { what: '408', bend: () => ({ status: 408, body: '' }) },
  cut: { what: 'connection cut before the reply', bend: () => 'cut' },
  cutBody: { what: 'connection cut during the reply', bend: () => 'cutBody' },
  hang: { what: 'no reply within 30 s', bend: () => 'hang' },
  portal: { what: '200, a captive portal’s HTML', bend: () => ({ body: '<!doctype html><title>Welcome</title>' }) },
  portalRedirect: {
    what: '302 to another host',
    bend: (_request, { stranger }) => ({ status: 302, headers: { location: `${stranger}/portal` }, body: '' })
  },
  loop: { what: '302 to itself', bend: ({ path }) => ({ status: 302, headers: { location: path }, body: '' }) },
  notFound: { what: '404, HTML', bend: () => ({ status: 404, body: 'not here' }) },
  forbidden: { what: '403, HTML', bend: () => ({ status: 403, body: '<h1>Forbidden</h1>' }) },
  empty: { what: '200, empty', bend: () => ({ headers: json, body: '' }) },
  nothing: { what: '200, JSON `null`', bend: () => ({ headers: json, body: 'null' }) },
  list: { what: '200, a JSON array', bend: (_request, { body }) => ({ headers: json, body: [body] }) },
  halfJson: {
    what: '200, JSON cut short',
    bend: (_request, { body }) => ({ headers: json, body: JSON.stringify(body).slice(0, -4) })
  },
  wrongType: {
    what: 'valid JSON sent as `text/html`',
    bend: (_request, { status, body }) => ({
      status,
      headers: { 'content-type': 'text/html' },
      body: JSON.stringify(body)
    })
  },
  latin1: {
    what: 'JSON with bytes that are not UTF-8',
    bend: (_request, { status, body }) => ({
      status,
      headers: json,
      body: Buffer.from(JSON.stringify({ ...(body as object), client_name: 'Café', x: '\u00ff' }), 'latin1')
    })
  },
  deep: {
    what: '200, JSON nested 100,000 deep',
    bend: () => ({ headers: json, body: '['.repeat(100_000) })
  },
  oversized: { what: '200, 2 MB', bend: () => ({ headers: json, body: `{"x":"${'x'.repeat(2_000_000)}"}` }) },
  endless: { what: '200, endless', bend: () => 'endless' },
  bomb: {
    what: '200, gzip of 100 MB in 100 kB',
    bend: () => ({ headers: { ...json, 'content-encoding': 'gzip' }, body: bomb() })
  },
  badGzip: {
    what: '200, marked `gzip` but not compressed',
    bend: (_request, { body }) => ({ headers: { ...json, 'content-encoding': 'gzip' }, body: JSON.stringify(body) })
  }
}

let packed: Buffer | undefined
function bomb(): Buffer {
  packed ??= gzipSync(Buffer.alloc(100_000_000, 0x20))
  return packed
}

/** What comes of it: `signed in` or the error's code; for a refresh `renewed` or the fault; for a revocation whether it is believed. */
type Row = Record<StepName, string>

/** A sign-in that ends with this code at every step; a refresh with this fault; a revocation nobody confirmed. */
const everywhere = (code: string, fault: string): Row => ({
  challenge: code,
  resourceMetadata: code,
  serverMetadata: code,
  registration: code,
  code,
  refresh: fault,
  revocation: 'unconfirmed'
})

/** The first request needs no sound answer: the metadata lies in known places. So it is with any busy answer to it. */
const busy = { ...everywhere('serverBusy', 'busy'), challenge: 'signed in' }
const lost = everywhere('replyLost', 'lost')
/** The other places are tried where the named one has nothing that can be read. */
const unreadable = { ...everywhere('responseInvalid', 'garbled'), resourceMetadata: 'signed in' }
/** Sound HTTP that is no JSON object. The body of a revocation's 200 means nothing (RFC 7009 section 2.2). */
const noObject: Row = {
  ...unreadable,
  challenge: 'signed in',
  serverMetadata: 'metadataInvalid',
  revocation: 'confirmed'
}
const refused: Row = {
  ...unreadable,
  challenge: 'signed in',
  serverMetadata: 'metadataInvalid',
  registration: 'registrationRefused'
}
const understood: Row = { ...everywhere('signed in', 'renewed'), revocation: 'confirmed' }

export const expected: Record<keyof typeof faults, Row> = {
  error500: busy,
  busy503: busy,
  busy429: busy,
  late408: busy,
  cut: lost,
  cutBody: lost,
  hang: lost,
  portal: noObject,
  portalRedirect: refused,
  loop: refused,
  notFound: refused,
  forbidden: refused,
  empty: noObject,
  nothing: noObject,
  list: noObject,
  halfJson: noObject,
  deep: noObject,
  wrongType: understood,
  latin1: understood,
  oversized: unreadable,
  endless: unreadable,
  bomb: unreadable,
  badGzip: unreadable
}

/** What may come back through the browser: changes to a sound answer's parameters (null: left out), and what comes of it. */
export const answers: {
  what: string
  change: Record<string, string | null>
  promisesIssuer?: boolean
  outcome: string
}[] = [
  { what: 'a valid answer', change: {}, outcome: 'signed in' },
  { what: 'a valid answer with `iss`', change: { iss: 'ISSUER' }, outcome: 'signed in' },
  { what: 'a different `state`', change: { state: 'other' }, outcome: 'still waiting' },
  { what: 'no `state`', change: { state: null }, outcome: 'still waiting' },
  {
    what: 'an `error` with a different `state`',
    change: { state: 'other', error: 'access_denied' },
    outcome: 'still waiting'
  },
  { what: '`iss` of another server', change: { iss: 'https://evil.example' }, outcome: 'issuerMismatch' },
  {
    what: 'an `error` from another `iss`',
    change: { iss: 'https://evil.example', code: null, error: 'access_denied', error_description: 'call 555-EVIL' },
    outcome: 'issuerMismatch'
  },
  { what: 'no `iss`, although the metadata promises it', change: {}, promisesIssuer: true, outcome: 'responseInvalid' },
  { what: 'no `code`', change: { code: null }, outcome: 'responseInvalid' },
  { what: 'an empty `code`', change: { code: '' }, outcome: 'responseInvalid' },
  { what: '`access_denied`', change: { code: null, error: 'access_denied' }, outcome: 'authorizationDenied' },
  { what: 'another `error`', change: { code: null, error: 'server_error' }, outcome: 'signInFailed' },
  { what: 'a token next to the code, which is ignored', change: { access_token: 'SECRET' }, outcome: 'signed in' }
]
