// The waiting page in a real Chromium, under its own policy: it waits, goes on by itself, and complains of nothing.
// The client's end is a listener of the test's own, as a native client has one.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openChromium, reason } from '../../renderer/chromium.ts'
import { connectChromium } from '../../renderer/sharedChromium.ts'
import { allow, browse, deny, startGateway } from './access.fixture.ts'
import { TestClient } from './client.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('the waiting page', () => {
  let chromium: Awaited<ReturnType<typeof openChromium>>
  beforeAll(async () => {
    chromium = await openChromium(connectChromium())
  })
  afterAll(() => chromium?.close())

  async function ask(metadata = {}, change: Record<string, string> = {}) {
    const gateway = await startGateway()
    const listener = createServer((_request, response) => response.end('You can close this page.'))
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      await chromium.closePages()
      listener.close()
    })
    const redirectUri = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/callback`
    const client = await TestClient.register(gateway, metadata)
    const page = await chromium.page(await client.authorizationUrl({ redirect_uri: redirectUri, ...change }))
    return { gateway, client, page, redirectUri }
  }

  test.each(['light', 'dark'] as const)('is readable for everybody, in %s', async (colorScheme) => {
    const { gateway, page } = await ask()
    await page.emulateMedia({ colorScheme })
    await page.getByText(gateway.access.view().pending[0]!.digits, { exact: true }).waitFor()
    const axe = readFileSync(join(import.meta.dirname, '../../../node_modules/axe-core/axe.min.js'), 'utf8')
    await page.evaluate(axe)
    expect(await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id }) => id))')).toEqual([])
    expect(chromium.complaints.splice(0)).toEqual([])
  })

  test('names the whole command that answers it', async () => {
    const { gateway, page } = await ask()
    await page.getByRole('heading').waitFor()
    const { digits } = gateway.access.view().pending[0]!
    await page.getByText(`tokentray clients allow ${digits}`, { exact: true }).waitFor()
  })

  test('goes back to the client as soon as a person has decided, with a code that works', async () => {
    const { gateway, client, page, redirectUri } = await ask()
    await page.getByRole('heading').waitFor()
    await allow()(gateway)
    await page.waitForURL(/callback\?code=/)
    await client.exchange(client.read(new URL(page.url())), redirectUri)
    expect(chromium.complaints.splice(0)).toEqual([])
  })

  test('opens an application, with a link for browsers that want a click', async () => {
    const uri = 'cursor://x/cb'
    const { gateway, client, page } = await ask({ redirect_uris: [uri] }, { redirect_uri: uri })
    await page.getByRole('heading', { name: 'Waiting for your decision' }).waitFor()
    await allow()(gateway)
    const link = page.getByRole('link', { name: 'Continue to Test client' })
    await client.exchange(client.read(new URL((await link.getAttribute('href'))!)), uri)
  })

  test('says so where its request is over', async () => {
    const { gateway, page } = await ask()
    await page.getByRole('heading').waitFor()
    await gateway.restart()
    await page.getByRole('heading', { name: 'This request is no longer pending' }).waitFor()
  })

  test('takes the place of the page before when it is loaded again', async () => {
    const { gateway, page } = await ask()
    const first = gateway.access.view().pending[0]!
    await page.reload()
    await page.getByRole('heading').waitFor()
    const [again, ...others] = gateway.access.view().pending
    expect(others).toEqual([])
    expect(again!.request).not.toBe(first.request)
    await page.getByText(again!.digits, { exact: true }).waitFor()
  })

  // The attack: begin with a program, then send the person's browser to a page that shows these very digits.
  test('no address and no cookie makes a browser show the digits of a request that began elsewhere', async () => {
    const { gateway, page } = await ask()
    await deny(gateway)
    await page.waitForURL(/callback\?error/)
    const attacker = await TestClient.register(gateway, { client_name: 'Claude Code' })
    const begun = await browse(await attacker.authorizationUrl())
    const { digits } = gateway.access.view().pending[0]!
    const { ticket } = begun
    expect([begun.text.includes(digits), ticket]).toEqual([true, expect.any(String)])
    expect(begun.headers.get('set-cookie')).toBeNull()
    const names = ['x-tokentray-ticket', 'tokentray', 'ticket']
    await page.context().addCookies(names.map((name) => ({ name, value: ticket!, url: gateway.origin })))
    for (const path of [`/${ticket}`, '/wait', `/${ticket}/wait`, `/wait?ticket=${ticket}`, `?ticket=${ticket}`]) {
      await page.goto(`${gateway.origin}/authorize${path}`)
      expect(await page.locator('body').innerText()).not.toContain(digits)
    }
    expect(gateway.access.view().pending).toHaveLength(1)
  })

  test('goes back with a no as well', async () => {
    const { gateway, page } = await ask()
    await page.getByRole('heading').waitFor()
    await deny(gateway)
    await page.waitForURL(/callback\?error=access_denied/)
  })
})
