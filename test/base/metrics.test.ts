// Metrics as Prometheus reads them: names and labels are an interface, so they are pinned down here.
// Removed servers must not linger as gauges.
import { expect, test } from 'vitest'
import { createMetrics } from '../../app/base/metrics.ts'

test('prints the documented names, labels and units', async () => {
  const metrics = createMetrics()
  metrics.countRefresh('one', 'refreshed', 1500)
  metrics.countRefresh('one', 'busy', 200)
  metrics.countIgnored('one', 'due')
  metrics.countRequest('one', '200', 500)
  metrics.countRequest('one', 'refused', 0)
  const text = await metrics.print([{ id: 'one', expiresAt: 1_700_000_000_000, attempts: 3, gapMs: 2500, isUp: false }])
  for (const line of [
    'tokentray_oauth_refresh_total{server="one",result="refreshed"} 1',
    'tokentray_oauth_refresh_total{server="one",result="busy"} 1',
    'tokentray_oauth_refresh_duration_seconds_sum{server="one"} 1.7',
    'tokentray_gateway_requests_total{server="one",result="200"} 1',
    'tokentray_gateway_requests_total{server="one",result="refused"} 1',
    'tokentray_gateway_request_duration_seconds_sum{server="one"} 0.5',
    'tokentray_token_gap_seconds_total{server="one"} 2.5',
    'tokentray_token_expires_at_seconds{server="one"} 1700000000',
    'tokentray_refresh_attempts{server="one"} 3',
    'tokentray_server_up{server="one"} 0',
    'tokentray_ignored_events_total{server="one",event="due"} 1'
  ])
    expect(text.split('\n')).toContain(line)
})

test('a removed server is gone from the gauges; a token without end has no end to tell, and one that was not seen is not up', async () => {
  const metrics = createMetrics()
  await metrics.print([{ id: 'old', expiresAt: 1, attempts: 0, gapMs: 0, isUp: true }])
  const text = await metrics.print([{ id: 'new', expiresAt: null, attempts: 0, gapMs: 0, isUp: null }])
  expect(text).not.toContain('server="old"')
  expect(text).not.toContain('tokentray_token_expires_at_seconds{server="new"}')
  expect(text).not.toContain('tokentray_server_up{')
})
