// Metrics in Prometheus' text format: refreshes, requests through the gateway, and when each token expires.
// One registry per core, so that tests and owners never share counts. Labels are server ids and results, never anything secret.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/**
 * `expiresAt` in ms since the epoch, null: no known end; `attempts`: failed ones in a row; `isUp`: the server was working when it
 * was last seen, null: it was not seen yet.
 */
export type ServerGauges = {
  id: string
  expiresAt: number | null
  attempts: number
  gapMs: number
  isUp: boolean | null
}

export interface Metrics {
  /** One refresh attempt ended: `result` is "refreshed", "superseded" or the fault; `tookMs` from its start. */
  countRefresh(server: string, result: string, tookMs: number): void
  /** An event met a state it means nothing to; many of them hint at a mistake of ours. */
  countIgnored(server: string, event: string): void
  /** The gateway answered a request: `result` is the status, "refused" or "gone"; `tookMs` covers streams to their end. */
  countRequest(server: string, result: string, tookMs: number): void
  /** The Prometheus text format, gauges taken from `servers` at this moment. */
  print(servers: readonly ServerGauges[]): Promise<string>
}

export function createMetrics(): Metrics {
  const registers = [new Registry()]
  const named = <Label extends string>(name: string, help: string, ...more: Label[]) => {
    const labelNames: ('server' | Label)[] = ['server', ...more]
    return { name, help, labelNames, registers }
  }
  const total = new Counter(named('tokentray_oauth_refresh_total', 'Refresh attempts by server and result.', 'result'))
  const duration = new Histogram({
    ...named('tokentray_oauth_refresh_duration_seconds', 'Duration of refresh attempts, including storing the tokens.'),
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
  })
  const requests = new Counter(
    named(
      'tokentray_gateway_requests_total',
      'Requests from local clients by server and status; "refused" were denied access, "gone" were abandoned by their client.',
      'result'
    )
  )
  const requestDuration = new Histogram({
    ...named(
      'tokentray_gateway_request_duration_seconds',
      'Duration of requests from arrival to the end of the response.'
    ),
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600]
  })
  const ignored = new Counter(
    named('tokentray_ignored_events_total', 'Events ignored because they did not apply to the current state.', 'event')
  )
  const gap = new Counter(
    named('tokentray_token_gap_seconds_total', 'Time without a valid token since this process started.')
  )
  const expires = new Gauge(named('tokentray_token_expires_at_seconds', 'Access token expiry (Unix time).'))
  const attempts = new Gauge(named('tokentray_refresh_attempts', 'Failed refresh attempts in a row.'))
  const up = new Gauge(
    named(
      'tokentray_server_up',
      'Whether the server was working when it was last seen (1 or 0); absent until it was seen.'
    )
  )
  return {
    countRefresh(server, result, tookMs) {
      total.inc({ server, result })
      duration.observe({ server }, tookMs / 1000)
    },
    countRequest(server, result, tookMs) {
      requests.inc({ server, result })
      requestDuration.observe({ server }, tookMs / 1000)
    },
    countIgnored: (server, event) => ignored.inc({ server, event }),
    print(servers) {
      for (const gauge of [gap, expires, attempts, up]) gauge.reset() // removed servers must not linger
      for (const { id: server, expiresAt, attempts: failed, gapMs, isUp } of servers) {
        gap.inc({ server }, gapMs / 1000)
        attempts.set({ server }, failed)
        if (isUp !== null) up.set({ server }, isUp ? 1 : 0)
        if (expiresAt !== null) expires.set({ server }, expiresAt / 1000)
      }
      return registers[0]!.metrics()
    }
  }
}
