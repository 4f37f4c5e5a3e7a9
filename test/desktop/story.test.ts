// What a person lives through at the desktop, from adding a server to signing in again, told through the driver alone.
// Real shell, core, vault, preload, pages and authorization server; what stands in for Electron is in each test's name.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startAuthority } from '../../app/demo/authority.ts'
import { startMcpServer } from '../../app/demo/mcpServer.ts'
import { approve } from '../../app/demo/person.ts'
import { actionWords } from '../../renderer/words/actions.ts'
import { addWords } from '../../renderer/words/addServer.ts'
import { listWords } from '../../renderer/words/list.ts'
import { detailWords } from '../../renderer/words/server.ts'
import { signInWords } from '../../renderer/words/signIn.ts'
import { type App, label, makePages, reason, startApp } from './driver.ts'
import { watchIssued } from './issued.ts'

if (reason) console.log(`test/desktop/story.test.ts is skipped: ${reason}`)

async function startUpstream(accessTokenTtl = 3600) {
  const authority = await startAuthority({ accessTokenTtl })
  const mcp = await startMcpServer({ authority })
  onTestFinished(async () => {
    await mcp.stop()
    await authority.stop()
  })
  return { authority, url: mcp.url }
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const state = (page: Page, light: string) => page.locator(`.state.${light}`)

/** Adds the server from the page, signs in as a person would, and stays on the server's own page. */
async function addAndSignIn(app: App, page: Page, url: string): Promise<void> {
  await button(page, listWords.add).click()
  await page.getByLabel(addWords.url).fill(url)
  await button(page, addWords.submit).click()
  await approve(await app.until(({ opened }) => opened.at(-1)))
  await page.getByText(signInWords.done, { exact: true }).waitFor()
  await button(page, signInWords.show).click()
  await state(page, 'green').waitFor()
}

/** Resolves with the seconds that the countdown shows, once they are less than `below`. */
async function secondsLeft(page: Page, below: number): Promise<number> {
  const shown = (seconds: number) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  const lower = Array.from({ length: below }, (_, seconds) => shown(seconds))
  const text = await page.getByText(new RegExp(`^Next attempt in (${lower.join('|')})$`)).innerText()
  return lower.indexOf(text.slice('Next attempt in '.length))
}

describe.skipIf(reason !== null)(label, () => {
  let pages = ''
  beforeAll(async () => {
    pages = await makePages()
  })
  afterAll(async () => {
    const { end } = await import('./standIn.ts')
    await end()
  })

  test('added from the page, it is refreshed by itself; broken, it counts down; mended, it is green', async () => {
    const issued = watchIssued()
    const { authority, url } = await startUpstream(6)
    const app = await startApp({ pages, schedule: { backoffFirst: '5m' } })
    const page = await app.page()
    const seen: string[] = []
    const look = async () => seen.push(await page.content())
    await addAndSignIn(app, page, url)
    await app.until(({ labels }) => /^healthy: .* — Healthy/.test(labels[0] ?? ''))
    await look()

    // Its token lasts six seconds: nobody clicks anything for this one.
    await authority.seen(({ kind }) => kind === 'refreshed')
    await page
      .getByText(/^Refreshed/)
      .first()
      .waitFor()
    await look()

    authority.faults.decide(({ grantType }) => (grantType === 'refresh_token' ? { kind: '503' } : null))
    await state(page, 'amber').getByText('Retrying').waitFor()
    const first = await secondsLeft(page, 400)
    expect(await secondsLeft(page, first)).toBeLessThan(first)
    await app.until(({ labels }) => /^waiting: .* — Retrying · attempt 1 · next /.test(labels[0] ?? ''))
    await app.until(
      ({ icon, tooltip }) => icon?.startsWith('tray-waiting-') && tooltip === 'Tokentray: 1 server has a problem'
    )
    await look()
    await button(page, actionWords.refresh).click()
    await app.until(({ labels }) => labels[0]?.includes('Retrying · attempt 2 · next '))
    await state(page, 'amber').getByText('attempt 2').waitFor()

    authority.faults.clear()
    await button(page, actionWords.refresh).click()
    await state(page, 'green').waitFor()
    await app.until(({ labels, icon }) => labels[0]?.startsWith('healthy: ') && icon?.startsWith('tray-healthy-'))
    await look()

    const crossed = await app.traffic()
    expect(issued.size).toBeGreaterThanOrEqual(6)
    expect(crossed.join('\n')).toContain('"words":"Healthy"')
    for (const token of issued) for (const text of [...seen, ...crossed]) expect(text).not.toContain(token)
    expect(app.complaints).toEqual([])
    expect(await app.quit()).toBe(0)
  })

  test('a dead refresh token is red everywhere, told once, and mended from the menu', async () => {
    const issued = watchIssued()
    const { authority, url } = await startUpstream()
    const app = await startApp({ pages })
    const page = await app.page()
    await addAndSignIn(app, page, url)
    const name = await app.until(({ labels }) => /^healthy: (.*) — /.exec(labels[0] ?? '')?.[1])

    authority.revokeAll()
    await app.click(name, 'Refresh now')
    await state(page, 'red').waitFor()
    await app.until(({ labels }) => labels[0] === `attention: ${name} — Sign-in needed`)
    await app.until(
      ({ icon, tooltip }) => icon?.startsWith('tray-attention-') && tooltip.endsWith('1 server needs you')
    )
    const { title } = await app.until(({ notifications }) => notifications.at(-1))
    expect(title).toBe(`${name}: sign-in needed`)

    const before = (await app.seen()).opened.length
    await app.click(name, 'Sign in again')
    await approve(await app.until(({ opened }) => opened[before]))
    await state(page, 'green').waitFor()
    await app.until(({ labels }) => labels[0]?.startsWith('healthy: '))
    expect((await app.seen()).notifications.map((each) => each.title)).toEqual([`${name}: sign-in needed`])

    await button(page, detailWords.back)
      .or(page.getByRole('link', { name: detailWords.back }))
      .first()
      .click()
    await app.clickNotification(0)
    await page.waitForURL(/#server\//)
    const crossed = (await app.traffic()).join('\n')
    for (const token of issued) expect(crossed).not.toContain(token)
    expect(app.complaints).toEqual([])
  })

  test('a dead refresh token is mended from the window, and no token was ever told to it', async () => {
    const issued = watchIssued()
    const { authority, url } = await startUpstream()
    const app = await startApp({ pages })
    const page = await app.page()
    await addAndSignIn(app, page, url)
    authority.revokeAll()
    await button(page, actionWords.refresh).click()
    await state(page, 'red').waitFor()
    const seen = [await page.content()]
    const before = (await app.seen()).opened.length
    await button(page, actionWords.signIn).click()
    await approve(await app.until(({ opened }) => opened[before]))
    await page.getByText(signInWords.done, { exact: true }).waitFor()
    await button(page, signInWords.show).click()
    await state(page, 'green').waitFor()
    seen.push(await page.content())
    await app.until(({ labels }) => labels[0]?.startsWith('healthy: '))
    expect(issued.size).toBeGreaterThanOrEqual(4)
    const all = [...seen, ...(await app.traffic())].join('\n')
    for (const token of issued) expect(all).not.toContain(token)
    expect(app.complaints).toEqual([])
  })

  test('a wake from sleep cuts a wait short, and the menu’s switch for the login is the system’s', async () => {
    const { authority, url } = await startUpstream()
    const app = await startApp({ pages, schedule: { backoffFirst: '5m' } })
    const page = await app.page()
    await addAndSignIn(app, page, url)
    const name = await app.until(({ labels }) => /^healthy: (.*) — /.exec(labels[0] ?? '')?.[1])
    authority.faults.decide(({ grantType }) => (grantType === 'refresh_token' ? { kind: '503' } : null))
    await app.click(name, 'Refresh now')
    await state(page, 'amber').waitFor()
    // The click's own failure is told; the retrying behind it is not.
    await app.until(({ labels }) => labels[0]?.startsWith('waiting: '))
    await app.until(({ notifications }) => notifications.length > 0)
    expect((await app.seen()).notifications.map(({ title }) => title)).toEqual([name])
    authority.faults.clear()
    await app.power('resume')
    await state(page, 'green').waitFor()

    expect((await app.seen()).ticked).not.toContain('Start at login')
    await app.click('Start at login')
    await app.until(({ ticked }) => ticked.includes('Start at login'))
  })
})
