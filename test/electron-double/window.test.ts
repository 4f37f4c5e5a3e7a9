// The real shell, preload and pages in a real Chromium window, on the stand-in: "stand-in, not Electron".
// What the renderer's own tests prove alone is here proved through the IPC.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startAuthority } from '../../app/demo/authority.ts'
import { startMcpServer } from '../../app/demo/mcpServer.ts'
import { approve } from '../../app/demo/person.ts'
import { executablePath, reason } from '../renderer/chromium.ts'
import { ChromiumPage } from './chromiumPage.ts'
import { makeHome, start } from './start.ts'

if (reason) console.log(`test/electron-double/window.test.ts is skipped: ${reason}`)

const root = join(import.meta.dirname, '..', '..')
const pages = mkdtempSync(join(tmpdir(), 'tokentray-pages-'))
let browser: Browser

describe.skipIf(reason !== null)('stand-in, not Electron: the window', () => {
  beforeAll(async () => {
    const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
    const args = [vite, 'build', '-c', join(root, 'renderer', 'vite.config.ts'), '--outDir', pages, '--emptyOutDir']
    const env = { ...process.env, NODE_ENV: 'production' }
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' })
    expect([status, status === 0 ? '' : stderr]).toEqual([0, ''])
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
    })
  })
  afterAll(async () => {
    await browser?.close()
    rmSync(pages, { recursive: true, force: true })
  })

  test('a broken upstream shows in the window and in the tray, and so does its mending; red is mended from the menu', async () => {
    const authority = await startAuthority({ accessTokenTtl: 3600 })
    const mcp = await startMcpServer({ authority })
    onTestFinished(async () => {
      await mcp.stop()
      await authority.stop()
    })
    const shell = await start(await makeHome(), {
      argv: [],
      pages,
      makePage: (...parts) => new ChromiumPage(browser, ...parts)
    })
    await shell.until(() => shell.window()?.isVisible)
    await shell.until(() => shell.labels()[0] === 'No servers yet')
    const page = shell.window().page as ChromiumPage
    const { tab } = page
    const call = (name: string, input: unknown) =>
      tab.evaluate(
        ([command, given]) =>
          (globalThis as never as { tokentray: { call(...it: unknown[]): Promise<{ ok: boolean }> } }).tokentray.call(
            command,
            given
          ),
        [name, input] as const
      )
    expect(await call('server.add', { url: mcp.url, name: 'Upstream' })).toMatchObject({ ok: true })
    await tab.getByText('Upstream').first().waitFor()
    await tab.getByText('Not signed in').first().waitFor()

    await shell.until(() => shell.labels()[0]?.includes('Not signed in'))
    shell.click('Upstream', 'Sign in')
    await approve(await shell.until(() => shell.recorded.opened.at(-1)))
    await tab.getByText('Healthy').first().waitFor()

    authority.faults.decide(({ grantType }) => (grantType === 'refresh_token' ? { kind: '503' } : null))
    shell.click('Upstream', 'Refresh now')
    await tab
      .getByText(/^Retrying/)
      .first()
      .waitFor()
    await shell.until(() => shell.labels()[0]?.startsWith('waiting: Upstream — Retrying'))
    authority.faults.clear()
    await tab.getByText('Healthy').first().waitFor()

    authority.revokeAll()
    shell.click('Upstream', 'Refresh now')
    await tab
      .getByText(/Sign in needed/)
      .first()
      .waitFor()
    const before = shell.recorded.opened.length
    await shell.until(() => shell.labels()[0]?.startsWith('attention: '))
    shell.click('Upstream', 'Sign in again')
    await approve(await shell.until(() => shell.recorded.opened[before]))
    await tab.getByText('Healthy').first().waitFor()

    shell.click('Upstream', 'Open')
    await tab.waitForURL(/#server\/upstream$/)
    expect(page.complaints).toEqual([])
  })

  test('the smoke start sees the real pages paint', async () => {
    const lines: string[] = []
    const log = console.log
    console.log = (line: string) => lines.push(line)
    onTestFinished(() => {
      console.log = log
    })
    const shell = await start(await makeHome(), {
      argv: ['--smoke'],
      pages,
      makePage: (...parts) => new ChromiumPage(browser, ...parts)
    })
    await shell.until(() => shell.recorded.exits.length > 0)
    expect(JSON.parse(lines[0]!)).toMatchObject({ smoke: true })
    expect(shell.recorded.exits).toEqual([0])
  })
})
