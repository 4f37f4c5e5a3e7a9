// Adding a server in a real Chromium: by its address alone, with a client of one's own, with tokens given by hand.
// Each step is told as the core takes it; what is secret is emptied.
import { describe, expect, test } from 'vitest'
import { providers } from '../../app/providers/providers.ts'
import { actionWords } from '../../renderer/words/actions.ts'
import { addWords, changeServerWords } from '../../renderer/words/addServer.ts'
import { signInWords } from '../../renderer/words/signIn.ts'
import { reason } from './chromium.ts'
import { Refusal, serverView } from './fixture.ts'
import { button, copied, openPages } from './opened.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('adding on the pages', () => {
  const { page: open, fixture, forgetComplaints } = openPages()

  const address = 'https://mcp.example.com/mcp'

  function addable(): void {
    fixture().handlers['server.add'] = (input: { url: string; accessToken?: string }) => {
      const view = serverView({ id: 'example', name: 'example', url: input.url }, Date.now())
      const bare = { expiresAt: null, obtainedAt: null, expirySource: null, nextAt: null, words: 'Not signed in' }
      Object.assign(view, bare, { state: 'signedOut', light: 'grey', action: 'signIn' })
      if (input.accessToken) view.grantKind = 'staticToken'
      fixture().change(({ servers }) => void servers.push(view))
      return { view, existed: false }
    }
  }

  const change = (given: object) =>
    fixture().change(({ servers }) => void Object.assign(servers.find(({ id }) => id === 'example')!, given))

  const under = (step: string, url: string | null = null) =>
    change({ state: 'signingIn', signIn: { id: 's1', step, since: Date.now(), url, redirectUri: null } })

  test('shows each step as the core takes it, to the end', async () => {
    addable()
    const started = Promise.withResolvers<unknown>()
    const ended = Promise.withResolvers<unknown>()
    fixture().handlers['signIn.start'] = () => started.promise
    fixture().handlers['signIn.wait'] = () => ended.promise
    const page = await open('#add')
    const step = (name: string, kind: string) => page.locator(`li.${kind}[data-step="${name}"]`).waitFor()
    await page.getByLabel(addWords.url).fill(address)
    await button(page, addWords.submit).click()
    await page.getByRole('heading', { level: 1, name: signInWords.title('example') }).waitFor()
    expect(fixture().inputsOf('server.add')).toEqual([{ url: address }])
    const seen = ['resource', 'authorizationServer', 'registration'] as const
    for (const [index, name] of seen.entries()) {
      under(name)
      await step(name, 'now')
      if (index > 0) await step(seen[index - 1]!, 'done')
    }
    const url = `${fixture().url}authorize`
    under('browser', url)
    // The page it opens is a new one, without a referrer and without a way back here.
    const opened = page.context().waitForEvent('page')
    started.resolve({ signIn: 's1', url, redirectUri: null })
    await step('browser', 'now')
    const popup = await opened
    expect(await popup.evaluate('[window.opener, document.referrer]')).toEqual([null, ''])
    await popup.close()
    // The fixture has no such page: the console says so.
    forgetComplaints()
    under('store')
    await step('store', 'now')
    change({ state: 'fresh', light: 'green', words: 'Healthy', signIn: null, expirySource: 'stated' })
    ended.resolve({ view: fixture().snapshot.servers.at(-1) })
    await page.getByText(signInWords.done, { exact: true }).waitFor()
    await step('store', 'done')
    // There was no token before this one.
    expect(await page.getByText(signInWords.lead).count()).toBe(0)
  })

  test('behind another sign-in at the same authorization server it says so, and opens its page in its turn', async () => {
    addable()
    const ready = Promise.withResolvers<unknown>()
    fixture().handlers['signIn.start'] = () => ({ signIn: 's1', url: null, redirectUri: null, waitingFor: 'linear' })
    fixture().handlers['signIn.ready'] = () => ready.promise
    fixture().handlers['signIn.wait'] = () => new Promise(() => {})
    const page = await open('#add')
    await page.getByLabel(addWords.url).fill(address)
    await button(page, addWords.submit).click()
    await page.getByRole('heading', { level: 1, name: signInWords.title('example') }).waitFor()
    const signIn = { id: 's1', step: 'authorizationServer', since: Date.now(), url: null, redirectUri: null }
    change({ state: 'signingIn', signIn: { ...signIn, waitingFor: 'linear' } })
    await page.getByText(signInWords.waitingFor('Linear')).waitFor()
    const opened = page.context().waitForEvent('page')
    // The click is long ago for the browser or not: the page is opened, or offered.
    const url = `${fixture().url}authorize`
    change({ state: 'signingIn', signIn: { ...signIn, step: 'browser', url } })
    ready.resolve({ signIn: 's1', url, redirectUri: null })
    await (await opened).close()
    expect(fixture().inputsOf('signIn.ready')).toEqual([{ signIn: 's1' }])
    // The fixture has no such page: the console says so.
    forgetComplaints()
  })

  test('where the page that opened does not know a kept client, one press registers anew and opens the new page', async () => {
    addable()
    const first = { signIn: 's1', url: `${fixture().url}authorize`, redirectUri: null, device: null }
    fixture().handlers['signIn.start'] = () => first
    fixture().handlers['signIn.wait'] = () => new Promise(() => {})
    const page = await open('#add')
    await page.getByLabel(addWords.url).fill(address)
    const opened = page.context().waitForEvent('page')
    await button(page, addWords.submit).click()
    await (await opened).close()
    const under = {
      id: 's1',
      step: 'browser' as const,
      since: Date.now(),
      url: first.url,
      redirectUri: null,
      device: null
    }
    change({ state: 'signingIn', signIn: under })
    await button(page, signInWords.copyLink).waitFor()
    expect(await button(page, signInWords.newClient).count()).toBe(0)
    change({ state: 'signingIn', signIn: { ...under, keptClient: true } })
    const url = `${fixture().url}authorize?anew`
    fixture().handlers['signIn.replaceClient'] = () => ({ ...first, url })
    const again = page.context().waitForEvent('request', (request) => request.url() === url)
    await button(page, signInWords.newClient).click()
    await again
    expect(fixture().inputsOf('signIn.replaceClient')).toEqual([{ signIn: 's1' }])
    // The fixture has no such page: the console says so.
    forgetComplaints()
  })

  test('a server without registration is given a client of one’s own, and Cancel leaves it as it was', async () => {
    addable()
    fixture().handlers['signIn.start'] = () => {
      throw new Refusal('registrationUnsupported', 'example.com allows no client to register by itself.')
    }
    const page = await open('#add')
    await page.getByLabel(addWords.url).fill(address)
    await page.keyboard.press('Enter')
    await page.getByText('example.com allows no client to register by itself.').waitFor()
    await page.locator('li.failed[data-step="registration"]').waitFor()
    await button(page, signInWords.ownClient).click()
    await page.getByRole('heading', { level: 1, name: changeServerWords.titles.client }).waitFor()
    await page.getByText('http://127.0.0.1:41414/callback').waitFor()
    await button(page, actionWords.cancel).click()
    await button(page, signInWords.ownClient).click()
    await page.getByLabel(addWords.clientId, { exact: true }).fill('client-1')
    await page.getByLabel(addWords.clientSecretOptional).fill('typed-secret')
    await button(page, changeServerWords.submit).click()
    await expect
      .poll(() => fixture().inputsOf('server.set'))
      .toEqual([
        {
          server: 'example',
          clientId: 'client-1',
          clientSecret: 'typed-secret',
          redirectHost: '127.0.0.1',
          redirectPort: 41_414
        }
      ])
    await expect.poll(() => fixture().inputsOf('signIn.start')).toHaveLength(2)
    expect(fixture().inputsOf('server.add')).toHaveLength(1)
    expect(fixture().inputsOf('server.remove')).toEqual([])
  })

  const failAt = (code: string) => {
    fixture().handlers['signIn.start'] = () => {
      throw new Refusal(code, 'There is no MCP server.')
    }
  }

  test('a wrong URL of a server just added is replaced once the right one is saved, not before', async () => {
    addable()
    failAt('notMcpServer')
    const page = await open('#add')
    await page.getByLabel(addWords.url).fill(address)
    await page.keyboard.press('Enter')
    await button(page, signInWords.changeAddress).click()
    await page.getByRole('heading', { level: 1, name: changeServerWords.titles.url }).waitFor()
    await button(page, actionWords.cancel).click()
    await button(page, signInWords.changeAddress).click()
    fixture().handlers['server.find'] = () => {
      throw new Refusal('serverUnreachable', 'It could not be reached.')
    }
    await page.getByLabel(addWords.url).fill('https://mcp.other.example/mcp')
    await button(page, changeServerWords.submit).click()
    await page.getByRole('alert').getByText('It could not be reached.').waitFor()
    expect(fixture().inputsOf('server.remove')).toEqual([])
    fixture().handlers['server.find'] = ({ url }: { url: string }) => ({ url })
    fixture().handlers['server.add'] = ({ url }: { url: string }) => {
      const view = serverView({ id: 'other', url, obtainedAt: null }, Date.now())
      fixture().change(({ servers }) => void servers.push(view))
      return { view, existed: false }
    }
    await button(page, changeServerWords.submit).click()
    await expect.poll(() => fixture().inputsOf('server.remove')).toEqual([{ server: 'example' }])
    const commands = fixture().called.map(({ command }) => command)
    expect(commands.lastIndexOf('server.add')).toBeLessThan(commands.indexOf('server.remove'))
    await expect.poll(() => page.evaluate('location.hash')).toBe('#sign-in/other')
  })

  test('a server that existed before keeps its place when its URL is changed, or is left alone', async () => {
    addable()
    failAt('notMcpServer')
    const page = await open('#sign-in/figma')
    await button(page, signInWords.start).click()
    await button(page, signInWords.changeAddress).click()
    await page.getByLabel(addWords.url).fill('https://mcp.figma.com/v2')
    await button(page, changeServerWords.submit).click()
    await expect
      .poll(() => fixture().inputsOf('server.set'))
      .toEqual([{ server: 'figma', url: 'https://mcp.figma.com/v2' }])
    await button(page, signInWords.changeAddress).click()
    await page.getByLabel(addWords.url).fill(address)
    await button(page, changeServerWords.submit).click()
    await page.getByRole('heading', { level: 1, name: signInWords.title('example') }).waitFor()
    await page.getByText('There is no MCP server.').waitFor()
    expect(fixture().inputsOf('server.remove')).toEqual([])
  })

  test('a refused client of one’s own leads to its settings, from the sign-in and from the row', async () => {
    addable()
    fixture().handlers['signIn.start'] = () => {
      throw new Refusal('clientRefused', 'example.com does not accept the client (invalid_client).')
    }
    const page = await open('#add/ownClient')
    await page.getByLabel(addWords.url).fill(address)
    await page.getByLabel(addWords.clientId, { exact: true }).fill('client-1')
    await button(page, addWords.submit).click()
    await page.getByText('example.com does not accept the client (invalid_client).').waitFor()
    change({ ownClient: true, action: 'fixSettings', detail: 'It does not accept the client.' })
    await button(page, actionWords.fixClient).click()
    await expect.poll(() => page.evaluate('location.hash')).toBe('#server/example/settings')
    await page.goto(`${fixture().url}#`)
    const row = page.locator('[data-server="example"]')
    await row.getByText('It does not accept the client.').waitFor()
    await row.getByRole('button', { name: actionWords.fixClient }).click()
    await expect.poll(() => page.evaluate('location.hash')).toBe('#server/example/settings')
    expect(fixture().inputsOf('server.remove')).toEqual([])
  })

  test('what is missing is said where it is missing, and nothing is sent', async () => {
    const page = await open('#add/ownClient')
    await page.getByLabel(addWords.url).fill('my server')
    await button(page, addWords.submit).click()
    await page.locator('.fieldError').getByText(addWords.urlInvalid).waitFor()
    await page.getByLabel(addWords.url).fill(address)
    await button(page, addWords.submit).click()
    const clientId = page.locator('.field', { has: page.getByLabel(addWords.clientId, { exact: true }) })
    await clientId.locator('.fieldError').getByText(/./).waitFor()
    expect(fixture().inputsOf('server.add')).toEqual([])
  })

  test('a server is looked for by what was typed, and added where it was found', async () => {
    addable()
    fixture().handlers['server.find'] = () => ({ url: address })
    fixture().handlers['signIn.start'] = () => ({ signIn: 's1', url: null, redirectUri: null })
    fixture().handlers['signIn.wait'] = () => ({})
    const page = await open('#add')
    await page.getByLabel(addWords.url).fill('mcp.example.com')
    await page.keyboard.press('Enter')
    await page.getByText(addWords.using(address)).waitFor()
    expect(fixture().inputsOf('server.find')).toEqual([{ url: 'https://mcp.example.com' }])
    expect(fixture().inputsOf('server.add')).toEqual([{ url: address }])
  })

  test('nothing is added that was not found, unless the person keeps it', async () => {
    addable()
    fixture().handlers['server.find'] = () => {
      throw new Refusal('serverUnreachable', 'mcp.example.com could not be reached.')
    }
    const page = await open('#add/ownClient')
    await page.getByLabel(addWords.url).fill('mcp.example.com/mcp')
    await page.getByLabel(addWords.clientId, { exact: true }).fill('client-1')
    await page.getByLabel(addWords.clientSecretOptional).fill('typed-secret')
    await button(page, addWords.submit).click()
    await page.getByRole('alert').getByText('mcp.example.com could not be reached.').waitFor()
    await page.getByText(addWords.notAdded).waitFor()
    expect(fixture().inputsOf('server.add')).toEqual([])
    // What was typed is still there to be corrected or kept.
    await button(page, addWords.keep).click()
    await expect
      .poll(() => fixture().inputsOf('server.add'))
      .toMatchObject([{ url: address, clientId: 'client-1', clientSecret: 'typed-secret' }])
    expect(fixture().inputsOf('server.find')).toHaveLength(1)
    // It is in the list, and nobody signs in before the person wants to.
    await page.getByText(addWords.kept('example')).waitFor()
    await page.locator('[data-server="example"]').waitFor()
    expect(await page.getByText(addWords.using(address)).count()).toBe(0)
    expect(fixture().inputsOf('signIn.start')).toEqual([])
  })

  test('a server that exists is not offered to be kept', async () => {
    fixture().handlers['server.find'] = () => {
      throw new Refusal('serverExists', 'example already has this URL.')
    }
    const page = await open('#add')
    await page.getByLabel(addWords.url).fill(address)
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('example already has this URL.').waitFor()
    expect(await button(page, addWords.keep).count()).toBe(0)
  })

  test('a page that is no MCP server is not called found', async () => {
    addable()
    fixture().handlers['signIn.start'] = async () => {
      under('authorizationServer')
      await refuse.promise
      change({ state: 'signedOut', signIn: null })
      throw new Refusal('notMcpServer', 'It does not respond like an MCP server (HTTP 404).')
    }
    const refuse = Promise.withResolvers<void>()
    const page = await open('#add')
    await page.getByLabel(addWords.url).fill(address)
    await page.keyboard.press('Enter')
    await page.locator('li.now[data-step="authorizationServer"]').waitFor()
    refuse.resolve()
    await page.locator('li.failed[data-step="resource"]').waitFor()
  })

  test('a refused address is told in plain words, and what was secret is emptied', async () => {
    fixture().handlers['server.add'] = () => {
      throw new Refusal('urlInvalid', 'That is not an https address.')
    }
    const page = await open('#add/staticToken')
    await page.getByLabel(addWords.url).fill('https://x.example')
    const field = page.getByLabel(addWords.accessToken, { exact: true })
    expect(await field.getAttribute('type')).toBe('password')
    await field.fill('typed-token')
    await button(page, addWords.submitToken).click()
    await page.getByRole('alert').getByText('That is not an https address.').waitFor()
    await expect.poll(() => field.inputValue()).toBe('')
    expect(fixture().inputsOf('server.add')).toEqual([{ url: 'https://x.example', accessToken: 'typed-token' }])
    expect(await page.content()).not.toContain('typed-token')
  })

  test('client credentials and a refresh token send what they need', async () => {
    addable()
    fixture().handlers['signIn.start'] = () => ({ signIn: 's1', url: null, redirectUri: null })
    fixture().handlers['signIn.wait'] = () => ({})
    const page = await open('#add/clientCredentials')
    await page.getByLabel(addWords.url).fill(address)
    await page.getByLabel(addWords.clientId, { exact: true }).fill('machine')
    await page.getByLabel(addWords.clientSecret, { exact: true }).fill('s')
    await button(page, addWords.submit).click()
    await page.getByText(signInWords.done, { exact: true }).waitFor()
    await page.goto(`${fixture().url}#add/refreshToken`)
    await page.getByLabel(addWords.url).fill(address)
    await page.getByLabel(addWords.refreshToken, { exact: true }).fill('r')
    await page.getByLabel(addWords.tokenEndpoint, { exact: true }).fill('https://as.example/token')
    await button(page, addWords.submitToken).click()
    await expect
      .poll(() => fixture().inputsOf('server.add'))
      .toEqual([
        { url: address, clientId: 'machine', clientSecret: 's', grantKind: 'clientCredentials' },
        { url: address, refreshToken: 'r', tokenEndpoint: 'https://as.example/token' }
      ])
  })

  describe('a client of one’s own', () => {
    test('shows the steps of each provider by the address', async () => {
      const page = await open('#add/ownClient')
      for (const { hosts, steps, page: source } of providers.filter(({ hosts }) => hosts.length > 0)) {
        await page.goto(`${fixture().url}#add/ownClient/${encodeURIComponent(`https://mcp.${hosts[0]}/mcp`)}`)
        for (const step of steps) await page.getByText(step, { exact: true }).waitFor()
        if (source) expect(await page.locator('.howTo a').getAttribute('href')).toBe(source)
      }
    })

    test('another provider can be chosen, and its kind of redirect address is copied exactly', async () => {
      const page = await open('#add/ownClient')
      await page.getByText(addWords.providerSteps).waitFor()
      await page.getByLabel(addWords.provider).selectOption('Amazon Cognito')
      await page.getByText('http://localhost:41414/callback').waitFor()
      await page.getByLabel(addWords.port).fill('5000')
      await button(page, actionWords.copy).click()
      await page.getByText(actionWords.copied).waitFor()
      expect(await copied(page)).toBe('http://localhost:5000/callback')
    })
  })
})
