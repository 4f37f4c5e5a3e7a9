// The bundle as the window loads it: small enough, and at home behind Electron's preload script as in a browser.
// In a real Chromium; the window itself is proved in test/desktop.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { desktopWords } from '../../renderer/words/settings.ts'
import { signInWords } from '../../renderer/words/signIn.ts'
import { reason } from './chromium.ts'
import { button, openPages } from './opened.ts'
import { signingIn } from './pages.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('the bundle', () => {
  const { page: open, fixture, files } = openPages()

  test('the whole bundle is under 250 kB gzip', () => {
    const assets = join(files(), 'assets')
    const size = readdirSync(assets).reduce((sum, file) => sum + gzipSync(readFileSync(join(assets, file))).length, 0)
    console.log(`window bundle: ${(size / 1000).toFixed(1)} kB gzip`)
    expect(size).toBeLessThan(250_000)
  })

  test('in the window the preload is used: the desktop has its switches, and main opens the browser', async () => {
    const page = await open('blank')
    // The preload's two functions, on the fixture's HTTP; the desktop's own commands are answered here.
    await page.addInitScript(`
      const desktop = (window.desktop = { startAtLogin: false, notifications: true, muted: [] })
      window.tokentray = {
        async call(command, input) {
          if (command.startsWith('desktop.')) return { ok: true, value: { ...Object.assign(desktop, input) } }
          const reply = await fetch('/call', { method: 'POST', body: JSON.stringify({ command, input }) })
          return reply.json()
        },
        onMessage(listener) {
          const source = new EventSource('/snapshots')
          source.onmessage = ({ data }) => listener(JSON.parse(data))
          return () => source.close()
        }
      }`)
    await page.goto(`${fixture().url}#settings`)
    const atLogin = page.getByRole('checkbox', { name: desktopWords.startAtLogin })
    await page.getByText(desktopWords.startAtLogin).click()
    await expect.poll(() => atLogin.isChecked()).toBe(true)
    // Changed in the system's own settings meanwhile: coming back shows it.
    await page.evaluate("window.desktop.startAtLogin = false; window.dispatchEvent(new Event('focus'))")
    await expect.poll(() => atLogin.isChecked()).toBe(false)
    await page.getByText(desktopWords.notifications).click()
    await expect.poll(() => page.evaluate('window.desktop.notifications')).toBe(false)
    await page.goto(`${fixture().url}#server/linear`)
    await page.getByText(desktopWords.server).click()
    await expect.poll(() => page.getByRole('checkbox', { name: desktopWords.server }).isChecked()).toBe(false)
    fixture().handlers['signIn.start'] = () => {
      signingIn(fixture())
      return { signIn: 'sign-in-1', url: 'https://www.figma.com/oauth/authorize', redirectUri: null }
    }
    fixture().handlers['signIn.wait'] = () => new Promise(() => {})
    await page.goto(`${fixture().url}#sign-in/figma`)
    await button(page, signInWords.start).click()
    await button(page, signInWords.openAgain).click()
    await expect.poll(() => fixture().inputsOf('signIn.start').length).toBe(2)
    expect(page.context().pages()).toHaveLength(1)
  })
})
