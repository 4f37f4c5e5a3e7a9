// Settings in a real Chromium, of one server and of the whole: shown, checked where they are typed, and only what changed sent.
// Each command is checked as it reached the core.
import { describe, expect, test } from 'vitest'
import { actionWords } from '../../renderer/words/actions.ts'
import { addWords } from '../../renderer/words/addServer.ts'
import { clientsWords } from '../../renderer/words/clients.ts'
import { scheduleWords, serverSettingsWords } from '../../renderer/words/serverSettings.ts'
import { settingsWords } from '../../renderer/words/settings.ts'
import { reason } from './chromium.ts'
import { button, copied, openPages } from './opened.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('settings on the pages', () => {
  const { page: open, fixture } = openPages()

  describe('of one server', () => {
    test('settings send only what was changed, times as people write them', async () => {
      const page = await open('#server/linear/settings')
      await page.getByRole('button', { name: scheduleWords.title }).click()
      await page.getByRole('textbox', { name: scheduleWords.fields.refreshMargin }).fill('soon')
      await button(page, actionWords.save).click()
      await page.getByText(scheduleWords.notDuration).waitFor()
      expect(fixture().inputsOf('server.set')).toEqual([])
      await page.getByRole('textbox', { name: scheduleWords.fields.refreshMargin }).fill('1m 30s')
      await page.getByRole('textbox', { name: scheduleWords.fields.jitter }).fill('2.5')
      await page.getByText(serverSettingsWords.omitResource).click()
      await button(page, actionWords.save).click()
      await page.getByText(actionWords.saved).first().waitFor()
      expect(fixture().inputsOf('server.set')).toEqual([
        { server: 'linear', quirks: { omitResource: true }, schedule: { refreshMargin: 90_000, jitter: 0.025 } }
      ])
    })

    test('an exception for one issuer is shown where there is one, and ended', async () => {
      const acceptIssuer = 'https://as.example/{tenantid}/v2.0'
      fixture().change(({ servers }) => {
        servers.find(({ id }) => id === 'linear')!.quirks = { acceptIssuer }
      })
      const page = await open('#server/linear/settings')
      await page.getByText(serverSettingsWords.quirkIssuer(acceptIssuer)).waitFor()
      expect(await page.getByText(serverSettingsWords.allowMissingIss).count()).toBe(0)
      await page.getByText(serverSettingsWords.signInAnyway).click()
      for (let clicks = 0; clicks < 3; clicks++) await page.getByText(serverSettingsWords.acceptIssuer).click()
      await button(page, actionWords.save).click()
      const quirks = { acceptIssuer: false, signInAnyway: true }
      await expect.poll(() => fixture().inputsOf('server.set')).toEqual([{ server: 'linear', quirks }])
    })

    test('an override is cleared by its own button, which names the default', async () => {
      fixture().change(({ servers }) => {
        servers.find(({ id }) => id === 'linear')!.schedule = { refreshMargin: 90_000 }
      })
      const page = await open('#server/linear/settings')
      const field = page.getByRole('textbox', { name: scheduleWords.fields.refreshMargin })
      await expect.poll(() => field.inputValue()).toBe('1m 30s')
      await page.getByText(scheduleWords.followDefault('5m')).click()
      await expect.poll(() => field.inputValue()).toBe('')
      await expect.poll(() => field.getAttribute('placeholder')).toBe('5m')
      await button(page, actionWords.save).click()
      await expect
        .poll(() => fixture().inputsOf('server.set'))
        .toEqual([{ server: 'linear', schedule: { refreshMargin: null } }])
    })

    test('redirect host, port and parameters are shown, checked and sent; the address is copied exactly', async () => {
      fixture().change(({ servers }) => {
        const linear = servers.find(({ id }) => id === 'linear')!
        Object.assign(linear, { redirectPort: 41_414, params: { audience: 'a' } })
      })
      const page = await open('#server/linear/settings')
      const port = page.getByLabel(serverSettingsWords.redirectPort)
      const params = page.getByLabel(serverSettingsWords.params)
      expect([await port.inputValue(), await params.inputValue()]).toEqual(['41414', 'audience=a'])
      await page.getByText('localhost', { exact: true }).click()
      await button(page, actionWords.copy).click()
      await page.getByText(actionWords.copied).waitFor()
      expect(await copied(page)).toBe('http://localhost:41414/callback')
      await port.fill('99999')
      await params.fill('audience=b\nnonsense')
      await button(page, actionWords.save).click()
      await page.getByText(addWords.portWrong).waitFor()
      await page.getByText(serverSettingsWords.paramsWrong).waitFor()
      expect(fixture().inputsOf('server.set')).toEqual([])
      await port.fill('')
      await params.fill('audience=b\nresource_hint = x=y')
      await button(page, actionWords.save).click()
      await expect
        .poll(() => fixture().inputsOf('server.set'))
        .toEqual([
          {
            server: 'linear',
            redirectHost: 'localhost',
            redirectPort: null,
            params: { audience: 'b', resource_hint: 'x=y' }
          }
        ])
    })
  })

  describe('of the whole', () => {
    test('a browser that keeps nothing for us shows the pages and the theme all the same', async () => {
      const page = await open('blank')
      await page.addInitScript(`Object.defineProperty(window, 'localStorage', {
      get() { throw new DOMException('Access is denied', 'SecurityError') }
    })`)
      fixture().change((snapshot) => {
        snapshot.theme = 'dark'
      })
      await page.goto(fixture().url)
      await page.locator('[data-server="github"]').waitFor()
      await expect.poll(() => page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
    })

    test('the theme is switched for good, whatever the system says', async () => {
      const page = await open('#settings', { width: 900, scheme: 'light' })
      const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
      const light = await background()
      await page.getByText(settingsWords.themes.dark).click()
      await expect.poll(background).not.toBe(light)
      await expect.poll(() => fixture().inputsOf('settings.set')).toEqual([{ theme: 'dark' }])
      // Before the first snapshot the page is already dark: it remembers.
      await page.reload()
      expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
      await page.getByText(settingsWords.themes.system).click()
      await expect.poll(background).toBe(light)
    })

    test('the general schedule is checked before it is sent, in the units people write', async () => {
      const page = await open('#settings')
      await page.getByText(settingsWords.scheduleShow).click()
      const floor = page.getByRole('textbox', { name: scheduleWords.fields.floor })
      expect(await floor.getAttribute('placeholder')).toBe('10s')
      await floor.fill('1')
      await button(page, actionWords.save).click()
      await page.getByText(scheduleWords.notDuration).waitFor()
      await floor.fill('500ms')
      await button(page, actionWords.save).click()
      await page.getByText(scheduleWords.tooShort('1s')).waitFor()
      expect(fixture().inputsOf('settings.set')).toEqual([])
      await floor.fill('90s')
      await button(page, actionWords.save).click()
      await page.getByText(actionWords.saved).waitFor()
      await expect.poll(() => floor.inputValue()).toBe('1m 30s')
      await page.getByText(scheduleWords.followDefault('')).click()
      await button(page, actionWords.save).click()
      await expect
        .poll(() => fixture().inputsOf('settings.set'))
        .toEqual([{ schedule: { floor: 90_000 } }, { schedule: { floor: null } }])
    })

    test('a report is shown and copied as the core wrote it', async () => {
      const page = await open('#settings')
      await button(page, settingsWords.showReport).click()
      await page.getByText('tokentray 0.1.0').waitFor()
      await button(page, settingsWords.copyReport).click()
      await page.getByText(actionWords.copied).waitFor()
      expect(await copied(page)).toBe('tokentray 0.1.0\nservers: 7')
    })

    test('the gateway is shown with its address and problem, and leads to the clients', async () => {
      fixture().snapshot.gateway = {
        address: 'http://127.0.0.1:4140',
        port: 4140,
        publicUrl: 'https://mcp.example.com',
        problem: 'Port 4140 is taken.'
      }
      const page = await open('#settings')
      const section = page
        .locator('section')
        .filter({ has: page.getByRole('heading', { name: settingsWords.gateway }) })
      for (const text of ['http://127.0.0.1:4140', '4140', 'https://mcp.example.com', 'Port 4140 is taken.'])
        await section.getByText(text, { exact: true }).waitFor()
      await page.getByText(settingsWords.keyLost.keychain).waitFor()
      await section.getByRole('button', { name: settingsWords.gatewayClients }).click()
      await page.getByRole('heading', { level: 1, name: clientsWords.title }).waitFor()
    })

    test('a backup is made and told', async () => {
      const page = await open('#settings')
      await button(page, settingsWords.backup).click()
      await page.getByText('backups/vault-1.db').waitFor()
      await expect.poll(() => page.getByText(fixture().snapshot.vault.path, { exact: true }).count()).toBe(1)
      await expect.poll(() => page.getByText(settingsWords.keySources.keychain).count()).toBe(1)
    })
  })
})
