// The vault's screen in a real Chromium: each way out of a shut vault, on the fixture and once on a real core.
// What is typed goes out once and is found nowhere afterwards.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { silentLog } from '../../app/base/log.ts'
import { locate } from '../../app/base/paths.ts'
import { openCore } from '../../app/core/core.ts'
import { followSnapshots } from '../../app/core/followSnapshots.ts'
import { parseSettings } from '../../app/settings/settings.ts'
import { welcomeWords } from '../../renderer/words/list.ts'
import { vaultWords } from '../../renderer/words/vault.ts'
import { fakeKeychain } from '../fakes/keychain.ts'
import { plantCheapKey } from '../vault/cheapKey.ts'
import { reason } from './chromium.ts'
import { serve } from './dashboard.ts'
import { Refusal } from './fixture.ts'
import { button, openPages, row } from './opened.ts'
import { shutVault } from './pages.ts'

if (reason) console.log(reason)

const text = vaultWords
const passphrase = 'correct horse battery staple'

describe.skipIf(reason !== null)('the vault’s screen', () => {
  const { page: openPage, visit, closePages, files, fixture } = openPages()
  const field = (page: Page, name: string) => page.getByLabel(name, { exact: true })
  const open = () => {
    fixture().change(({ vault }) => Object.assign(vault, { state: 'open', message: '', errorCode: null, offers: null }))
    return {}
  }

  test('a wrong passphrase is told at its field, which is emptied and has the focus; the right one opens', async () => {
    shutVault(fixture(), 'passphrase')
    fixture().handlers['vault.unlock'] = (input: { passphrase: string }) => {
      if (input.passphrase === passphrase) return open()
      throw new Refusal('passphraseWrong', 'Wrong passphrase for /home/ada/vault.db. Try again.')
    }
    const page = await openPage('')
    await field(page, text.label).waitFor()
    expect(await field(page, text.label).getAttribute('type')).toBe('password')
    // By keyboard alone: the field has the focus from the start.
    const focused = () => page.evaluate('document.activeElement.type')
    await expect.poll(focused).toBe('password')
    await page.keyboard.type('wrong')
    await page.keyboard.press('Enter')
    await page.getByText(text.wrong).waitFor()
    await expect.poll(() => field(page, text.label).inputValue()).toBe('')
    await expect.poll(focused).toBe('password')
    await page.keyboard.type(passphrase)
    await page.keyboard.press('Enter')
    await page.getByText(welcomeWords.title).waitFor()
    await page.getByText(text.opened).waitFor()
    expect(fixture().inputsOf('vault.unlock')).toEqual([{ passphrase: 'wrong' }, { passphrase }])
  })

  test('a new passphrase is typed twice: where the two differ nothing is sent', async () => {
    shutVault(fixture(), 'new')
    fixture().handlers['vault.unlock'] = open
    const page = await openPage('')
    await page.getByText(/gnome-keyring or KWallet\)\. Make a keychain available\.$/).waitFor()
    await field(page, text.newLabel).fill(passphrase)
    expect(await button(page, text.create).isDisabled()).toBe(true)
    await field(page, text.again).fill('another')
    await button(page, text.create).click()
    await page.getByText(text.differ).waitFor()
    expect(fixture().inputsOf('vault.unlock')).toEqual([])
    await field(page, text.again).fill(passphrase)
    await button(page, text.create).click()
    await page.getByText(text.created).waitFor()
    expect(fixture().inputsOf('vault.unlock')).toEqual([{ passphrase }])
  })

  test('trying again tells why it failed, and goes on once it works', async () => {
    shutVault(fixture(), 'locked')
    fixture().handlers['vault.retry'] = () => {
      throw new Refusal('keychainLocked', 'The keychain is still locked.')
    }
    const page = await openPage('')
    await button(page, text.retry).click()
    await page.locator('.toast.bad').getByText('The keychain is still locked.').waitFor()
    fixture().handlers['vault.retry'] = open
    await button(page, text.retry).click()
    await page.getByText(welcomeWords.title).waitFor()
    expect(fixture().inputsOf('vault.retry')).toEqual([{}, {}])
  })

  test('the newest backup is offered with its date, and put back', async () => {
    shutVault(fixture(), 'damaged')
    fixture().handlers['vault.restore'] = () => {
      open()
      return { restored: '/home/ada/vault.db.backup' }
    }
    const page = await openPage('')
    await page.getByText(/made .*3.* Jun/).waitFor()
    await button(page, text.restore).click()
    await page.getByText(text.restored).waitFor()
    expect(fixture().inputsOf('vault.restore')).toEqual([{}])
  })

  test('starting anew wants the word typed', async () => {
    shutVault(fixture(), 'keyMissing')
    fixture().handlers['vault.reset'] = () => {
      open()
      return { keptAs: '/home/ada/vault.db.set-aside' }
    }
    const page = await openPage('')
    await field(page, text.resetLabel).fill('rese')
    expect(await button(page, text.reset).isDisabled()).toBe(true)
    await field(page, text.resetLabel).press('Enter')
    await field(page, text.resetLabel).fill('reset')
    await button(page, text.reset).click()
    await page.getByText('/home/ada/vault.db.set-aside').waitFor()
    expect(fixture().inputsOf('vault.reset')).toEqual([{ confirmation: 'reset' }])
  })

  test('what is not offered is not shown', async () => {
    shutVault(fixture(), 'keychainWaiting')
    const page = await openPage('')
    await page.getByRole('heading', { level: 1, name: text.keychainWaiting.title }).waitFor()
    expect(await page.getByRole('button').count()).toBe(0)
    expect(await page.locator('input').count()).toBe(0)
  })

  test('the vault’s screen goes away by itself when the vault opens', async () => {
    fixture().change(({ vault }) => {
      vault.state = 'keychainWaiting'
    })
    const page = await openPage('')
    await page.getByRole('heading', { name: vaultWords.keychainWaiting.title }).waitFor()
    fixture().change(({ vault }) => {
      vault.state = 'open'
    })
    await row(page, 'notion').waitFor()
  })

  test('FM-25 on a real core: the passphrase typed in the browser opens the vault and appears nowhere else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tokentray-unlock-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const home = locate({ TOKENTRAY_HOME: folder }, process.platform)
    await plantCheapKey(home.vault, passphrase)
    const start = (environment: Record<string, string>) =>
      openCore({
        home,
        kind: 'lasting',
        standBy: true,
        version: '0.0.0',
        clock: systemClock(),
        random: () => 0.5,
        environment,
        keychain: fakeKeychain(),
        log: silentLog,
        settings: parseSettings({}, 'settings.json')
      })
    const first = await start({ TOKENTRAY_PASSPHRASE: passphrase })
    const given = { url: 'https://mcp.example.com/mcp', name: 'Kept', grantKind: 'staticToken', accessToken: 'planted' }
    expect(await first.handle('cli', 'server.add', given)).toMatchObject({ ok: true })
    await first.close()

    const core = await start({})
    const dashboard = await serve(core, files(), folder)
    const snapshots: string[] = []
    followSnapshots(core.stream, (snapshot) => snapshots.push(JSON.stringify(snapshot)))
    const page = await visit(dashboard.link({ as: 'text' }).link!)
    const sent: string[] = []
    page.on('response', async (response) => {
      if (!response.url().endsWith('/snapshots')) sent.push(await response.text().catch(() => ''))
    })
    await field(page, text.label).fill('not-the-right-words')
    await button(page, text.unlock).click()
    await page.getByText(text.wrong).waitFor()
    await field(page, text.label).fill(passphrase)
    await button(page, text.unlock).click()
    await page.getByText('Kept', { exact: true }).first().waitFor()
    const values = await page.evaluate("[...document.querySelectorAll('input')].map(({ value }) => value).join()")
    const seen = `${await page.content()}${values}${sent.join()}${snapshots.join()}`
    for (const typed of [passphrase, 'not-the-right-words']) expect(seen).not.toContain(typed)
    expect([sent.length > 1, snapshots.length > 1]).toEqual([true, true])
    await closePages()
    await dashboard.close()
    await core.close()
  })
})
