// Metrics as a person sets them up: serve --metrics, a key from the command line, and a scrape over the wire.
// The key opens nothing else, and without the option there is no such page.
import { expect, test } from 'vitest'
import { freePort } from '../support/freePort.ts'
import { makeHome, makeUpstream } from './harness.ts'

test('serve --metrics and clients add-key --metrics: a scrape with that key, and with nothing else', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome()
  const port = await freePort()
  const serve = async (...more: string[]) => {
    const owner = home.start(['serve', '--no-dashboard', '--gateway-port', `${port}`, ...more])
    return { owner, origin: /http:\/\/[\d.:]+/.exec(await owner.line(/gateway: +http/))?.[0] ?? '' }
  }
  const { owner, origin } = await serve('--metrics')
  expect((await home.tokentray(['add', upstream.mcp.url, '--id', 'one'])).code).toBe(0)
  const added = await home.tokentray(['clients', 'add-key', 'prometheus', '--metrics'])
  expect(added).toMatchObject({ code: 0, err: expect.stringContaining('for the metrics') })
  const key = added.out.trim()

  const scrape = (headers: Record<string, string> = {}) => fetch(`${origin}/metrics`, { headers })
  const told = await scrape({ authorization: `Bearer ${key}` })
  expect([told.status, told.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  expect(await told.text()).toMatch(/^tokentray_token_expires_at_seconds\{server="one"\} \d+/m)
  expect((await scrape()).status).toBe(401)
  expect((await fetch(`${origin}/one`, { headers: { 'x-tokentray-key': key } })).status).toBe(403)
  const { out } = await home.tokentray(['clients', 'list'])
  expect(out).toMatch(/^prometheus +key +the metrics +[-\d]+ [:\d]+ +\S.* \(metrics\) /m)
  expect((await home.tokentray(['clients', 'add-key', 'both', '--metrics', '--servers', 'one'])).code).toBe(2)

  expect((await home.tokentray(['clients', 'revoke', 'prometheus'])).code).toBe(0)
  expect((await scrape({ authorization: `Bearer ${key}` })).status).toBe(401)
  owner.kill('SIGTERM')
  await owner.ended
  const without = await serve()
  expect((await fetch(`${without.origin}/metrics`)).status).toBe(404)
})
