// Prometheus metrics of the keeper, one registry per core, so that tests and owners never share counts.
// Labels are server ids and fault names, never anything secret.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export type ServerGauges = { id: string; expiresAt: number | null; attempts: number; gapMs: number }

export interface Metrics {
  /** One refresh attempt ended: `result` is "refreshed", "superseded" or the fault; `took` in ms. */
  countRefresh(server: string, result: string, took: number): void
  /** An event met a state it means nothing to; many of them hint at a mistake of ours. */
  countIgnored(server: string, event: string): void
  /** The gateway answered a request: `result` is the status, "refused" or "gone"; `took` in ms, streams to their end. */
  countRequest(server: string, result: string, took: number): void
  /** The Prometheus text format, gauges taken from `servers` at this moment. */
  print(servers: readonly ServerGauges[]): Promise<string>
}

export function createMetrics(): Metrics {
  const registers = [new Registry()]
  const total = new Counter({
    name: 'tokentray_oauth_refresh_total',
    help: 'Refresh attempts by server and result.',
    labelNames: ['server', 'result'],
    registers
  })
  const duration = new Histogram({
    name: 'tokentray_oauth_refresh_duration_seconds',
    help: 'How long refresh attempts took, storing included.',
    labelNames: ['server'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers
  })
  const requests = new Counter({
    name: 'tokentray_gateway_requests_total',
    help: 'Requests of local clients by server and status; "refused" were not let in, "gone" were left by their client.',
    labelNames: ['server', 'result'],
    registers
  })
  const requestDuration = new Histogram({
    name: 'tokentray_gateway_request_duration_seconds',
    help: 'How long requests took from their arrival to the end of the answer.',
    labelNames: ['server'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600],
    registers
  })
  const ignored = new Counter({
    name: 'tokentray_ignored_events_total',
    help: 'Events that meant nothing to the state they met.',
    labelNames: ['server', 'event'],
    registers
  })
  const gap = new Counter({
    name: 'tokentray_token_gap_seconds_total',
    help: 'Time without a valid token since this process started.',
    labelNames: ['server'],
    registers
  })
  const expires = new Gauge({
    name: 'tokentray_token_expires_at_seconds',
    help: 'When the access token ends (Unix time).',
    labelNames: ['server'],
    registers
  })
  const attempts = new Gauge({
    name: 'tokentray_refresh_attempts',
    help: 'Failed refresh attempts in a row.',
    labelNames: ['server'],
    registers
  })
  return {
    countRefresh(server, result, took) {
      total.inc({ server, result })
      duration.observe({ server }, took / 1000)
    },
    countRequest(server, result, took) {
      requests.inc({ server, result })
      requestDuration.observe({ server }, took / 1000)
    },
    countIgnored: (server, event) => ignored.inc({ server, event }),
    print(servers) {
      for (const gauge of [gap, expires, attempts]) gauge.reset() // removed servers must not linger
      for (const { id: server, expiresAt, attempts: failed, gapMs } of servers) {
        gap.inc({ server }, gapMs / 1000)
        attempts.set({ server }, failed)
        if (expiresAt !== null) expires.set({ server }, expiresAt / 1000)
      }
      return registers[0]!.metrics()
    }
  }
}
