// Makes the demo authorization server fail on demand, in every way that token endpoints fail in practice.
// A fault acts on the real connection, so that clients meet it as they would at a real server.
import type { ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'

/**
 * `cutBefore`: the connection dies and the provider saw nothing. `cutAfter`: the provider answered (and rotated),
 * the reply is lost. `html`: a captive portal's 200. `garbled`: 200 with broken JSON. `slow`: answered late.
 * `hang`: never answered. `slow` and `cutAfter` reach the provider, no other does.
 */
export type FaultKind =
  | '503'
  | '500'
  | '429'
  | 'html'
  | 'garbled'
  | 'invalid_grant'
  | 'invalid_client'
  | 'cutBefore'
  | 'cutAfter'
  | 'slow'
  | 'hang'

/** `retryAfter` in seconds, for 503 and 429. `slow` waits for `until`, else for `delay` ms. */
export type FaultSettings = { kind: FaultKind; retryAfter?: number; delay?: number; until?: Promise<unknown> }

/** What is known of a request before the provider sees it. */
export type RequestFacts = {
  path: string
  clientId: string | null
  resource: string | null
  grantType: string | null
}

/** Matches when every given field does; `path` by prefix, `/token` unless said otherwise. */
export type RequestMatch = Partial<{ path: string; clientId: string; resource: string; grantType: string }>

export type FaultOptions = Omit<FaultSettings, 'kind'> & { match?: RequestMatch }

export type Faults = {
  /** The next `times` matching requests fail in this way. Faults asked for earlier come first. */
  next(kind: FaultKind, times?: number, options?: FaultOptions): void
  /** Calls `rule` for each request that no queued fault matches; null: no rule. */
  decide(rule: ((facts: RequestFacts) => FaultSettings | null) | null): void
  /** Removes all queued faults and the rule. */
  clear(): void
  take(facts: RequestFacts): FaultSettings | null
}

export function createFaults(): Faults {
  let queue: { fault: FaultSettings; left: number; match: RequestMatch }[] = []
  let rule: ((facts: RequestFacts) => FaultSettings | null) | null = null
  return {
    next(kind, times = 1, { match = {}, ...settings } = {}) {
      queue.push({ fault: { kind, ...settings }, left: times, match })
    },
    decide(newRule) {
      rule = newRule
    },
    clear() {
      queue = []
      rule = null
    },
    take(facts) {
      const entry = queue.find(({ match }) => matches(match, facts))
      if (!entry) return rule?.(facts) ?? null
      entry.left -= 1
      if (entry.left <= 0) queue = queue.filter((other) => other !== entry)
      return entry.fault
    }
  }
}

function matches(match: RequestMatch, facts: RequestFacts): boolean {
  const { path = '/token', ...rest } = match
  const fields = Object.entries(rest) as [keyof RequestFacts, string | undefined][]
  return facts.path.startsWith(path) && fields.every(([field, value]) => value === undefined || facts[field] === value)
}

/** Makes the fault happen on this reply; `handle` lets the provider answer. */
export function applyFault(fault: FaultSettings, reply: ServerResponse, clock: Clock, handle: () => void): void {
  const { kind, retryAfter = 1, delay = 3000, until } = fault
  const json = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  const send = (status: number, headers: Record<string, string>, body: string) =>
    reply.writeHead(status, headers).end(body)
  const refuse = (status: number, error: string, headers = {}) =>
    send(status, { ...json, ...headers }, JSON.stringify({ error, error_description: 'made by the fault layer' }))

  switch (kind) {
    case '503':
    case '429':
      send(Number(kind), { 'content-type': 'text/plain', 'retry-after': String(retryAfter) }, 'busy\n')
      return
    case '500':
      send(500, { 'content-type': 'text/plain' }, 'broken\n')
      return
    case 'html':
      send(200, { 'content-type': 'text/html' }, '<!doctype html><title>Welcome to Airport WiFi</title>\n')
      return
    case 'garbled':
      send(200, json, '{"access_token": "cut sho')
      return
    case 'invalid_grant':
      refuse(400, kind)
      return
    case 'invalid_client':
      // RFC 6749 section 5.2 has the challenge beside the body; some clients then overlook the body.
      refuse(401, kind, { 'www-authenticate': 'Basic realm="demo"' })
      return
    case 'cutBefore':
      reply.destroy()
      return
    case 'cutAfter':
      // The provider writes its whole reply with one end(); until then nothing has left.
      reply.end = () => reply.destroy()
      handle()
      return
    case 'slow': {
      const cancel = until ? () => {} : clock.after(delay, handle)
      reply.once('close', cancel)
      void until?.then(() => reply.destroyed || handle())
      return
    }
    case 'hang':
      return
  }
}
