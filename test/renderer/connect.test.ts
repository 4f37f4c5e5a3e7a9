// Connecting a client from the pages, on a real core and a real file: seen masked, written with one press, taken back.
// The key goes into the file and into nothing that was sent to the page.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connectWords } from '../../renderer/words/connect.ts'
import { createSetting } from '../core.fixture.ts'
import { reason } from './chromium.ts'
import { serve } from './dashboard.ts'
import { openBrowser } from './opened.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('connecting from the pages', () => {
  const browser = openBrowser()

  test('see, write, undo; an entry of somebody else', async () => {
    const home = mkdtempSync(join(tmpdir(), 'tt-connect-'))
    const setting = await createSetting({ core: { environment: { HOME: home } } })
    await setting.signIn()
    const dashboard = await serve(setting.core, browser.files(), setting.home)
    const page = await browser.visit(dashboard.link({ as: 'text' }).link!)
    const sent: string[] = []
    page.on('response', async (response) => sent.push(await response.text().catch(() => '')))
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    await page.locator('[data-server="one"]').click()
    await button(connectWords.title).click()

    const cursor = join(home, '.cursor', 'mcp.json')
    await page.locator('.radio').filter({ hasText: 'Cursor' }).click()
    await page.getByText(connectWords.states.new).waitFor()
    await expect
      .poll(() => page.locator('pre.report').textContent())
      .toContain('+        "Authorization": "Bearer [key]"')
    expect(existsSync(cursor)).toBe(false)
    await button(connectWords.write).click()
    await page.locator('.toast.ok').getByText(connectWords.written('Cursor', cursor)).waitFor()
    await page.getByText(connectWords.states.connected).waitFor()
    const { Authorization } = JSON.parse(readFileSync(cursor, 'utf8')).mcpServers.one.headers
    expect(Authorization).toMatch(/^Bearer ttk_/)
    await button(connectWords.undo).click()
    await page.locator('.toast.ok').getByText(connectWords.undone('Cursor')).waitFor()
    expect(existsSync(cursor)).toBe(false)
    expect((await setting.call('clients.list', {})).clients).toEqual([])

    const windsurf = join(home, '.codeium', 'windsurf', 'mcp_config.json')
    mkdirSync(join(windsurf, '..'), { recursive: true })
    writeFileSync(windsurf, '{"mcpServers":{"one":{"command":"docker","env":{"T":"foreign-secret"}}}}')
    await page.locator('.radio').filter({ hasText: 'Windsurf' }).click()
    await page.getByText(connectWords.states.foreign).waitFor()
    expect(await button(connectWords.write).count()).toBe(0)
    await button(connectWords.replace).click()
    await button(connectWords.write).click()
    await page.getByText(connectWords.states.connected).waitFor()

    await page.locator('.radio').filter({ hasText: 'Gemini CLI' }).click()
    await page.getByText(connectWords.states.new).waitFor()
    mkdirSync(join(home, '.gemini'))
    writeFileSync(join(home, '.gemini', 'settings.json'), '{"theme":"x"}')
    await button(connectWords.write).click()
    await page
      .locator('.toast.bad')
      .getByText(/Another program changed/)
      .waitFor()
    expect(readFileSync(join(home, '.gemini', 'settings.json'), 'utf8')).toBe('{"theme":"x"}')

    for (const text of sent) expect(text).not.toMatch(/ttk_|foreign-secret/)
    await browser.closePages()
    await dashboard.close()
    await setting.stop()
    rmSync(home, { recursive: true, force: true })
  })
})
