// GET /metrics on the gateway: absent unless asked for, and then for keys made for it alone, which open nothing else.
// A whole core behind it, so that the keys are the vault's.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { openGateway } from '../../app/owner/openGateway.ts'
import { createSetting } from '../core.fixture.ts'
import { ask } from './gateway.fixture.ts'

async function start(metrics: boolean) {
  const s = await createSetting()
  onTestFinished(() => s.stop())
  await s.signIn()
  const folder = mkdtempSync(join(tmpdir(), 'tokentray-metrics-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const choice = { metrics, gatewayPort: 0 }
  const opened = await openGateway(s.core, { folder, clock: systemClock(), choice })
  onTestFinished(() => opened.close())
  const gateway = { port: Number(new URL(opened.address ?? '').port) }
  const read = (key: string | null, method = 'GET') =>
    ask({ gateway }, '/metrics', {
      method,
      key: null,
      headers: key === null ? {} : { authorization: `Bearer ${key}` }
    })
  return { s, gateway, read }
}

test('off by default, also for a key made for it', async () => {
  const { s, read } = await start(false)
  const { key } = await s.call('clients.addKey', { name: 'prometheus', metrics: true })
  expect((await read(key)).status).toBe(404)
})

test('a key of their own reads them, nobody else does, and it opens no server', async () => {
  const { s, gateway, read } = await start(true)
  const { key, client } = await s.call('clients.addKey', { name: 'prometheus', metrics: true })
  const { key: other } = await s.call('clients.addKey', { name: 'script', servers: ['one'] })
  expect((await ask({ gateway }, '/one', { key: other })).status).toBe(405)
  const told = await read(key)
  expect([told.status, told.headers['content-type'], told.headers['x-content-type-options']]).toEqual([
    200,
    expect.stringMatching(/^text\/plain; version=0\.0\.4/),
    'nosniff'
  ])
  expect(told.text).toContain('tokentray_gateway_requests_total{server="one",result="405"} 1')
  expect((await ask({ gateway }, '/one', { key })).status).toBe(403)
  for (const refused of [await read(null), await read(other), await read('ttk_unknown'), await read(key, 'POST')]) {
    expect(refused.status).toBe(401)
    expect(refused.text).not.toContain('one"')
  }
  const { clients } = await s.call('clients.list', {})
  expect(clients.find(({ id }) => id === client.id)).toMatchObject({ servers: [], lastUse: { server: 'metrics' } })

  await s.call('gateway.lock', {})
  expect((await read(key)).status).toBe(401)
  await s.call('gateway.unlock', {})
  expect((await read(key)).status).toBe(200)
  await s.call('clients.revoke', { client: 'prometheus' })
  expect((await read(key)).status).toBe(401)
})

test('a key is for servers or for the metrics, not both and not neither', async () => {
  const { s } = await start(false)
  for (const input of [{ name: 'both', servers: ['one'], metrics: true }, { name: 'neither' }])
    await expect(s.call('clients.addKey', input)).rejects.toMatchObject({ code: 'inputInvalid' })
})
