// What few servers need, on the pages: each setting as it reached the core; files named in the window, never in a browser.
// In a real Chromium on the built pages; the window is told by its preload's functions.
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { ServerView } from '../../app/contract/views.ts'
import { actionWords } from '../../renderer/words/actions.ts'
import { addWords } from '../../renderer/words/addServer.ts'
import { detailWords, keyWords } from '../../renderer/words/server.ts'
import { advancedWords } from '../../renderer/words/serverSettings.ts'
import { signInWords } from '../../renderer/words/signIn.ts'
import { reason } from './chromium.ts'
import { serverView } from './fixture.ts'
import { button, isSettled, openPages } from './opened.ts'

if (reason) console.log(reason)

const text = advancedWords
const address = 'https://mcp.example.com/mcp'
const preload = `window.tokentray = {
  async call(command, input) {
    if (command.startsWith('desktop.')) return { ok: true, value: { startAtLogin: false, notifications: true, muted: [] } }
    return (await fetch('/call', { method: 'POST', body: JSON.stringify({ command, input }) })).json()
  },
  onMessage(listener) {
    const source = new EventSource('/snapshots')
    source.onmessage = ({ data }) => listener(JSON.parse(data))
    return () => source.close()
  }
}`

describe.skipIf(reason !== null)('the advanced settings', () => {
  const { page: open, fixture } = openPages()

  async function openWindow(hash: string): Promise<Page> {
    const page = await open('blank')
    await page.addInitScript(preload)
    await page.goto(fixture().url + hash)
    return page
  }
  const github = (more: Partial<ServerView>) =>
    fixture().change(({ servers }) => Object.assign(servers.find(({ id }) => id === 'github')!, more))
  const unfold = (page: Page) => button(page, text.title).click()
  const choose = (page: Page, option: string) => page.locator('.radio').filter({ hasText: option }).click()
  const fill = (page: Page, label: string, value: string) => page.getByLabel(label, { exact: true }).fill(value)
  /** Saves, and resolves with what this save sent: an earlier one may still be on show. */
  async function saved(page: Page): Promise<unknown> {
    const sent = () => fixture().inputsOf('server.set')
    const before = sent().length
    await button(page, actionWords.save).click()
    await expect.poll(() => sent().length).toBe(before + 1)
    await isSettled(page)
    return sent()[before]
  }

  test('in a browser: DPoP and the client’s authentication, and why no file', async () => {
    github({ ownClient: true, dpop: true })
    const page = await open('#server/github/settings')
    await unfold(page)
    await page.getByText(text.filesElsewhere).waitFor()
    expect(await page.getByLabel(text.certificateFile).count()).toBe(0)
    await choose(page, text.dpopWays.auto)
    await choose(page, text.clientAuths.private_key_jwt)
    await page.getByText(text.keyHelp).waitFor()
    expect(await page.getByLabel(text.clientSecret, { exact: true }).count()).toBe(0)
    expect(await saved(page)).toEqual({ server: 'github', dpop: null, clientAuth: 'private_key_jwt' })
    await choose(page, text.clientAuths.client_secret_post)
    await fill(page, text.clientSecret, 'typed-secret')
    expect(await saved(page)).toEqual({
      server: 'github',
      clientAuth: 'client_secret_post',
      clientSecret: 'typed-secret'
    })
    await expect.poll(() => page.getByLabel(text.clientSecret, { exact: true }).inputValue()).toBe('')
    await fill(page, text.clientId, ' mine ')
    expect(await saved(page)).toEqual({ server: 'github', clientId: 'mine' })
    await expect.poll(() => page.getByLabel(text.clientId, { exact: true }).inputValue()).toBe('')
  })

  test('a closed fold inside an open one shows that it is closed', async () => {
    const page = await open('#server/github/settings')
    const turned = (title: string) =>
      page.evaluate(`
        const folds = [...document.querySelectorAll('.disclosure')]
        const fold = folds.find((each) => each.querySelector('button').textContent.trim() === '${title}')
        getComputedStyle(fold.querySelector('.chevron')).transform`)
    const opened = await turned(detailWords.settings)
    expect(opened).toMatch('matrix')
    expect(await turned(text.title)).not.toBe(opened)
    await unfold(page)
    await expect.poll(() => turned(text.title)).toBe(opened)
  })

  test('a client registered by itself has no authentication to choose', async () => {
    const page = await open('#server/github/settings')
    await unfold(page)
    await page.getByText(text.dpop).waitFor()
    expect(await page.getByText(text.clientAuth).count()).toBe(0)
  })

  test.each(['authorizationCode', 'staticToken'] as const)(
    'what the gateway sends up is set, and told what that means before it is (%s)',
    async (grantKind) => {
      github({ grantKind })
      const page = await open('#server/github/settings')
      await unfold(page)
      await page.getByText(text.modes.token.help).waitFor()
      expect(await page.getByText(text.dpop).count()).toBe(grantKind === 'staticToken' ? 0 : 1)
      await page.getByText(text.modes.passThrough.help).waitFor()
      await choose(page, text.modes.passThrough.text)
      expect(await saved(page)).toEqual({ server: 'github', mode: 'passThrough' })
      // The name shows that the page knows the new mode: before that, choosing the old one changes nothing.
      github({ mode: 'passThrough', name: 'GitHub Docs' })
      await page.getByRole('heading', { name: 'GitHub Docs' }).waitFor()
      await choose(page, text.modes.token.text)
      expect(await saved(page)).toEqual({ server: 'github', mode: 'token' })
    }
  )

  test('in the window: certificate and assertion by their files, both of a pair or none', async () => {
    const identityProvider = { tokenEndpoint: 'https://idp.example/token', clientId: 'c' }
    github({ grantKind: 'jwtBearer', assertionFrom: '/id.jwt', certificateFile: '/ada.pem', identityProvider })
    const page = await openWindow('#server/github/settings')
    await unfold(page)
    await fill(page, text.certificateFile, '/eve.pem')
    await button(page, actionWords.save).click()
    await page.getByText(text.certificateWrong).waitFor()
    await fill(page, text.certificateKeyFile, '/eve.key')
    await fill(page, text.identityProviderClient, '')
    await button(page, actionWords.save).click()
    await page.getByText(text.identityProviderWrong).waitFor()
    expect(fixture().inputsOf('server.set')).toEqual([])
    await fill(page, text.identityProvider, '')
    await fill(page, text.assertionFile, '/other.jwt')
    expect(await saved(page)).toEqual({
      server: 'github',
      clientCertificate: { certificateFile: '/eve.pem', keyFile: '/eve.key' },
      identityProvider: null,
      assertion: { file: '/other.jwt' }
    })
    await fill(page, text.certificateFile, '')
    expect(await saved(page)).toEqual({ server: 'github', clientCertificate: null })
  })

  test('a server is added with a key of its client, and its page shows what to register before the sign-in', async () => {
    fixture().handlers['server.add'] = ({ url }: { url: string }) => {
      const view = serverView({ id: 'example', name: 'example', url, hasKeys: true }, Date.now())
      fixture().change(({ servers }) => void servers.push(view))
      return { view, existed: false }
    }
    fixture().handlers['server.keys'] = () => ({ jwks: { keys: [] } })
    const page = await open('#add/clientCredentials')
    await page.getByLabel(addWords.url).fill(address)
    await fill(page, addWords.clientId, 'machine')
    await fill(page, addWords.clientSecret, 'typed-before')
    await choose(page, addWords.clientAuths.key)
    await unfold(page)
    await choose(page, text.dpopWays.on)
    await button(page, addWords.submitKey).click()
    await page.getByText(keyWords.label).waitFor()
    expect(fixture().inputsOf('server.add')).toEqual([
      { url: address, clientId: 'machine', clientAuth: 'private_key_jwt', dpop: true, grantKind: 'clientCredentials' }
    ])
    expect(fixture().inputsOf('signIn.start')).toEqual([])
  })

  test('a way by assertion is offered in the window alone, with a client certificate on top', async () => {
    const browser = await open('#add')
    await button(browser, addWords.other).click()
    const way = (text: string) => browser.locator('.radio').filter({ hasText: text })
    await way(addWords.ways.clientCredentials).waitFor()
    expect(await way(addWords.ways.assertion).count()).toBe(0)
    fixture().handlers['server.add'] = ({ url }: { url: string }) => {
      const view = serverView({ id: 'example', name: 'example', url }, Date.now())
      fixture().change(({ servers }) => void servers.push(view))
      return { view, existed: false }
    }
    fixture().handlers['signIn.start'] = () => ({ signIn: 's1', url: null, redirectUri: null })
    fixture().handlers['signIn.wait'] = () => ({})
    const page = await openWindow('#add')
    await page.getByLabel(addWords.url).fill(address)
    await button(page, addWords.other).click()
    await choose(page, addWords.ways.assertion)
    await fill(page, addWords.clientId, 'workload')
    await fill(page, text.assertionFile, '/id.jwt')
    await fill(page, text.identityProvider, 'https://idp.example/token')
    await fill(page, text.identityProviderClient, 'c')
    await fill(page, text.identityProviderSecret, 'typed-secret')
    await unfold(page)
    await fill(page, text.certificateFile, '/ada.pem')
    await fill(page, text.certificateKeyFile, '/ada.key')
    await button(page, addWords.submit).click()
    await page.getByText(signInWords.done, { exact: true }).waitFor()
    expect(fixture().inputsOf('server.add')).toEqual([
      {
        url: address,
        clientId: 'workload',
        grantKind: 'jwtBearer',
        assertion: { file: '/id.jwt' },
        identityProvider: { tokenEndpoint: 'https://idp.example/token', clientId: 'c' },
        identityProviderSecret: 'typed-secret',
        clientCertificate: { certificateFile: '/ada.pem', keyFile: '/ada.key' }
      }
    ])
  })
})
