// Clients on the pages: who waits and the three answers, who was let in, keys shown once, the lock.
// In a real Chromium on the built pages; each command is checked as it reached the core.
import { describe, expect, test } from 'vitest'
import { refusalWords } from '../../app/contract/refusals.ts'
import { actionWords } from '../../renderer/words/actions.ts'
import { clientsWords } from '../../renderer/words/clients.ts'
import { reason } from './chromium.ts'
import { clientOf, Refusal } from './fixture.ts'
import { button, copied, openPages } from './opened.ts'
import { addAccessRequests } from './pages.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('clients on the pages', () => {
  const { page: open, fixture } = openPages()

  test('a client that waits is announced on every screen, and answered with its digits in view', async () => {
    const page = await open('')
    await page.locator('[data-server="github"]').waitFor()
    addAccessRequests(fixture())
    await page
      .getByRole('status')
      .filter({ hasText: clientsWords.waiting('Claude Code', 2) })
      .waitFor()
    await button(page, clientsWords.answer).click()
    const request = page.getByRole('region', { name: clientsWords.wants('Claude Code') })
    await request.getByText('4821').waitFor()
    await request.getByText('http://localhost:33418/callback').waitFor()
    await request.getByText('GitHub').waitFor()
    await request
      .getByText(/left|no/)
      .first()
      .waitFor()
    fixture().handlers['clients.allow'] = () => ({})
    await request.getByRole('button', { name: clientsWords.once }).click()
    await page.getByText(clientsWords.allowed('Claude Code')).waitFor()
    await request.getByRole('button', { name: clientsWords.always }).click()
    await expect
      .poll(() => fixture().inputsOf('clients.allow'))
      .toEqual([
        { request: 'r1', always: false },
        { request: 'r1', always: true }
      ])
  })

  test('a client that named no server gets those a person ticks, and none by itself', async () => {
    addAccessRequests(fixture())
    const page = await open('#clients')
    const request = page.getByRole('region', { name: clientsWords.wants('Inspector') })
    const once = request.getByRole('button', { name: clientsWords.once })
    await once.waitFor()
    expect(await once.isDisabled()).toBe(true)
    fixture().handlers['clients.allow'] = () => ({})
    await request.getByText('Linear', { exact: true }).click()
    await once.click()
    await expect
      .poll(() => fixture().inputsOf('clients.allow'))
      .toEqual([{ request: 'r2', always: false, servers: ['linear'] }])
  })

  test('no is sent, and an answer that came too late is told', async () => {
    addAccessRequests(fixture())
    fixture().handlers['clients.deny'] = () => {
      throw new Refusal('clientUnknown', 'This request is over.')
    }
    const page = await open('#clients')
    const request = page.getByRole('region', { name: clientsWords.wants('Claude Code') })
    await request.getByRole('button', { name: clientsWords.deny }).click()
    await page.getByText('This request is over.').waitFor()
    expect(fixture().inputsOf('clients.deny')).toEqual([{ request: 'r1' }])
  })

  test('clients and keys are shown with their reach and last use, and revoked with one press', async () => {
    const page = await open('#clients')
    const key = page.locator('[data-client="k1"]')
    await key.getByText(clientsWords.lastUse('GitHub')).waitFor()
    await page.getByText(clientsWords.alwaysFor('GitHub')).waitFor()
    await page.getByText(clientsWords.used('ci', 'GitHub', 12)).waitFor()
    fixture().handlers['clients.revoke'] = () => {
      fixture().handlers['clients.list'] = () => ({
        clients: [clientOf({ id: 'c1' })],
        ...{ pending: [], locked: false, refused: [] }
      })
      fixture().change(({ clients }) => {
        clients.revision++
      })
      return { name: 'ci' }
    }
    await button(page, `${clientsWords.revoke}: ci`).click()
    await key.waitFor({ state: 'detached' })
    expect(fixture().inputsOf('clients.revoke')).toEqual([{ client: 'k1' }])
  })

  test('a key for the metrics says so, and what was refused stands there with its count', async () => {
    fixture().handlers['clients.list'] = () => ({
      clients: [clientOf({ id: 'metrics.k', kind: 'key', name: 'prometheus', servers: [], always: [] })],
      ...{ pending: [], locked: false },
      refused: [{ kind: 'foreignOrigin', times: 3, lastAt: fixture().snapshot.at, detail: 'https://evil.example' }]
    })
    const page = await open('#clients')
    await page.locator('[data-client="metrics.k"]').getByText(clientsWords.metricsOnly).waitFor()
    expect(await page.getByText(clientsWords.usesNone).count()).toBe(0)
    const told = clientsWords.refusedTimes(refusalWords.foreignOrigin, 3, 'https://evil.example')
    await page.locator('[data-refused="foreignOrigin"]').getByText(told).waitFor()
  })

  test('a new key is shown once, can be copied, and is gone when the screen is left', async () => {
    fixture().handlers['clients.addKey'] = () => ({ key: 'ttk_shown-once', client: clientOf({ kind: 'key' }) })
    const page = await open('#clients')
    await button(page, clientsWords.addKey).click()
    const make = button(page, clientsWords.keyMake)
    await page.getByLabel(clientsWords.keyName).fill(' deploy ')
    expect(await make.isDisabled()).toBe(true)
    await page
      .locator('label')
      .filter({ hasText: /^GitHub$/ })
      .click()
    await page.getByText(clientsWords.days(30), { exact: true }).click()
    await make.click()
    await page.getByText('ttk_shown-once').waitFor()
    expect(fixture().inputsOf('clients.addKey')).toEqual([
      { name: 'deploy', servers: ['github'], validFor: 30 * 86_400_000 }
    ])
    await button(page, actionWords.copy).click()
    await page.getByText(actionWords.copied).waitFor()
    expect(await copied(page)).toBe('ttk_shown-once')
    await button(page, clientsWords.keyKept).click()
    await button(page, clientsWords.addKey).waitFor()
    expect(await page.content()).not.toContain('ttk_shown-once')
  })

  test('lock all is one press, stands on every screen, and ends from there', async () => {
    const lock = (locked: boolean) => () => {
      fixture().change(({ clients }) => {
        clients.locked = locked
      })
      return { locked }
    }
    fixture().handlers['gateway.lock'] = lock(true)
    fixture().handlers['gateway.unlock'] = lock(false)
    const page = await open('#clients')
    await button(page, clientsWords.lock).click()
    await page.getByText(clientsWords.lockedHelp).waitFor()
    await page.goto(`${fixture().url}#`)
    await page.getByText(clientsWords.lockedBanner).waitFor()
    await button(page, clientsWords.unlock).click()
    await page.getByText(clientsWords.lockedBanner).waitFor({ state: 'detached' })
  })

  test('the activity keeps its times on one line, also where the page is narrow', async () => {
    const use = { client: 'c1', kind: 'key', server: 'github', firstAt: 0, lastAt: 0, requests: 12 }
    fixture().handlers['clients.activity'] = () => ({ uses: [{ ...use, name: 'tokentray mcp (process 17416)' }] })
    const page = await open('#clients', { width: 360, scheme: 'light' })
    const time = page.locator('.use .host')
    await time.waitFor()
    const [wraps, height] = await time.evaluate((it) => {
      const before = it.clientHeight
      it.style.whiteSpace = 'nowrap'
      it.style.flex = 'none'
      return [before > it.clientHeight, before]
    })
    expect([wraps, height > 0]).toEqual([false, true])
  })
})
