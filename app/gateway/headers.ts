// Which headers cross the gateway: no hop-by-hop ones, no credentials, none that act on the gateway's own origin.
// Works on raw name-value pairs, so that repeated headers, their order and their case survive.
import { canUnpack } from './bodyDown.ts'

export type RawHeaders = readonly string[]

/** RFC 9110 section 7.6.1, and what older proxies and clients treat alike. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings'
]

/** Never sent to the upstream: credentials of the gateway, what a browser adds, and where the request came from. */
const neverUp: ReadonlySet<string> = new Set([
  ...hopByHop,
  'host',
  'expect',
  'trailer',
  'cookie',
  'cookie2',
  'x-tokentray-key',
  'origin',
  'referer',
  'sec-fetch-site',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'sec-fetch-user',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-real-ip'
])

/** Never sent to the client: the upstream's cookies, and headers that would apply to the gateway's whole origin. */
const neverDown: ReadonlySet<string> = new Set([
  ...hopByHop,
  'set-cookie',
  'set-cookie2',
  'authentication-info',
  'alt-svc',
  'clear-site-data',
  'service-worker-allowed',
  'strict-transport-security',
  'content-security-policy',
  'content-security-policy-report-only',
  'x-content-type-options',
  'cross-origin-resource-policy',
  'refresh',
  'nel',
  'report-to',
  'reporting-endpoints',
  'location',
  'content-location'
])

/** What describes the bytes of a body, and is wrong once they were changed. */
const ofBody: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'etag'
])

/** On every answer: a browser must not sniff, frame or run what comes from an upstream. */
export const safetyHeaders: readonly [string, string][] = [
  ['x-content-type-options', 'nosniff'],
  ['content-security-policy', "sandbox; default-src 'none'; frame-ancestors 'none'"],
  ['cross-origin-resource-policy', 'same-origin']
]

function* pairs(raw: RawHeaders): Generator<[name: string, lower: string, value: string]> {
  for (let at = 0; at + 1 < raw.length; at += 2) yield [raw[at]!, raw[at]!.toLowerCase(), raw[at + 1]!]
}

/** The names that `Connection` declares to be hop-by-hop. */
function connectionHeaders(raw: RawHeaders): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [, lower, value] of pairs(raw))
    if (lower === 'connection') for (const name of value.split(',')) names.add(name.trim().toLowerCase())
  return names
}

/** `Accept-Encoding` without what the gateway could not unpack: any answer may be an event stream. */
const unpackable = (codings: string) =>
  codings
    .split(',')
    .filter((coding) => canUnpack(coding.split(';')[0]!))
    .join(',') || 'identity'

/** The content type of a rewritten body: one, and in UTF-8, since in another charset the client would read other lines in it. */
function rewrittenType(types: readonly string[]): string {
  const all = types.join()
  const type = isEventStream(all) ? 'text/event-stream' : (/^[\w.+-]+\/[\w.+-]+/.exec(all)?.[0] ?? 'text/plain')
  return `${type}; charset=utf-8`
}

/** Whether some client takes an answer of this `Content-Type` for an event stream: they compare it in many ways. */
export const isEventStream = (contentType: string): boolean => /text\/event-stream/i.test(contentType)

/** A key or token of this gateway. */
const isOurCredential = (value: string) => /(^|\s)tt[ackr]_/.test(value)

/**
 * The headers for the upstream. `credentials`: the token's; null (pass-through mode): the client's own `Authorization`.
 * `isRead`: the gateway has to read the answer, so that no compression is asked for. `cookies`: those that the gateway keeps.
 */
export function headersUp(
  raw: RawHeaders,
  host: string,
  credentials: readonly [string, string][] | null,
  isRead: boolean,
  cookies: string | null
): string[] {
  const dropped = connectionHeaders(raw)
  const up = ['host', host]
  if (isRead) up.push('accept-encoding', 'identity')
  for (const [name, lower, value] of pairs(raw)) {
    if (neverUp.has(lower) || dropped.has(lower)) continue
    if (isRead && lower === 'accept-encoding') continue
    // A client sent its credential of the gateway by mistake: the upstream must not see it.
    if (!credentials && lower === 'authorization' && isOurCredential(value)) continue
    if (credentials && (lower === 'authorization' || lower === 'dpop')) continue
    up.push(name, lower === 'accept-encoding' ? unpackable(value) : value)
  }
  for (const pair of credentials ?? []) up.push(...pair)
  if (cookies !== null) up.push('cookie', cookies)
  return up
}

/**
 * The headers for the client. `passesChallenges`: with the upstream's own `WWW-Authenticate` (pass-through mode).
 * `isRewritten`: the body is changed on its way.
 */
export function headersDown(raw: RawHeaders, passesChallenges: boolean, isRewritten: boolean): string[] {
  const dropped = connectionHeaders(raw)
  const down: string[] = []
  const types: string[] = []
  for (const [name, lower, value] of pairs(raw)) {
    if (neverDown.has(lower) || dropped.has(lower) || lower.startsWith('access-control-')) continue
    if (!passesChallenges && lower === 'www-authenticate') continue
    if (isRewritten && lower === 'content-type') types.push(value)
    if (isRewritten && ofBody.has(lower)) continue
    down.push(name, value)
  }
  if (types.length > 0) down.push('content-type', rewrittenType(types))
  for (const pair of safetyHeaders) down.push(...pair)
  return down
}

/** Trailers for the client: fields that may not come as trailers (RFC 9110 section 6.5.1) are left out too. */
export function trailersDown(raw: RawHeaders): [string, string][] {
  const kept: [string, string][] = []
  for (const [name, lower, value] of pairs(raw))
    if (!neverDown.has(lower) && !/^(www-authenticate|content-|access-control-)/.test(lower)) kept.push([name, value])
  return kept
}
