// The page of one server in a real Chromium: what it tells, what can be done there, and each command as it reached the core.
// The settings of a server are in settings.test.ts.
import { describe, expect, test } from 'vitest'
import { actionWords } from '../../renderer/words/actions.ts'
import { detailWords, keyWords, proposalWords, restoredWords, verifyWords } from '../../renderer/words/server.ts'
import { signInWords } from '../../renderer/words/signIn.ts'
import { reason } from './chromium.ts'
import { Refusal } from './fixture.ts'
import { button, copied, openPages, row } from './opened.ts'
import { keyed, restored } from './pages.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('the page of a server', () => {
  const { page: open, fixture } = openPages()

  test.each([
    [actionWords.refresh, 'server.refresh'],
    [actionWords.pause, 'server.pause'],
    [actionWords.forget, 'server.forgetRegistration']
  ])('%s calls %s and tells the result', async (text, command) => {
    const page = await open('#server/linear')
    await button(page, text).click()
    await page.locator('.toast.ok').waitFor()
    expect(fixture().inputsOf(command)).toEqual([{ server: 'linear' }])
  })

  test('a paused server can be resumed', async () => {
    const page = await open('#server/cloudflare')
    await button(page, actionWords.resume).click()
    await page.locator('.toast.ok').waitFor()
    expect(fixture().inputsOf('server.resume')).toEqual([{ server: 'cloudflare' }])
  })

  test('a failure is told in its own words, and stays', async () => {
    fixture().handlers['server.refresh'] = () => {
      throw new Refusal('serverBusy', 'linear.app answered 503.')
    }
    const page = await open('#server/linear')
    await button(page, actionWords.refresh).click()
    await page.locator('.toast.bad').getByText('linear.app answered 503.').waitFor()
    await button(page, actionWords.close).click()
    await page.locator('.toast').waitFor({ state: 'detached' })
  })

  test('a server that moved within its host is asked about while all is well, and one press changes its URL', async () => {
    const to = 'https://mcp.linear.app/v2/mcp'
    fixture().change(({ servers }) => {
      servers.find(({ id }) => id === 'linear')!.proposals = [
        { change: { url: to }, reason: 'It redirects.', givesUp: 'None.', trust: 'seen', source: null },
        { change: { redirectHost: 'localhost' }, reason: 'Not now.', givesUp: 'None.', trust: 'cited', source: null }
      ]
    })
    const page = await open('#server/linear')
    await page.getByText(proposalWords.newUrl(to)).waitFor()
    expect(await page.getByText('Not now.').count()).toBe(0)
    fixture().handlers['server.set'] = () => ({ view: fixture().snapshot.servers[0] })
    await button(page, proposalWords.set).click()
    await expect
      .poll(() => fixture().inputsOf('server.set'))
      .toEqual([{ server: 'linear', url: to, reason: 'It redirects.' }])
    expect(fixture().inputsOf('signIn.start')).toEqual([])
  })

  test('remove asks first: no leaves all, yes removes and goes back', async () => {
    const page = await open('#server/linear')
    await button(page, actionWords.remove).click()
    const dialog = page.getByRole('alertdialog', { name: actionWords.removeTitle('Linear') })
    await button(page, actionWords.cancel).click()
    await dialog.waitFor({ state: 'detached' })
    expect(fixture().inputsOf('server.remove')).toEqual([])
    await button(page, actionWords.remove).click()
    await dialog.getByRole('button', { name: actionWords.removeNow, exact: true }).click()
    await row(page, 'notion').waitFor()
    expect(fixture().inputsOf('server.remove')).toEqual([{ server: 'linear' }])
    await expect.poll(() => row(page, 'linear').count()).toBe(0)
  })

  test('signing out asks first and says what the server made of it', async () => {
    const page = await open('#server/linear')
    await button(page, actionWords.signOut).click()
    expect(fixture().inputsOf('server.signOut')).toEqual([])
    const dialog = page.getByRole('alertdialog')
    await dialog.getByRole('button', { name: actionWords.signOut, exact: true }).click()
    await page.getByText('The server revoked the tokens.').waitFor()
  })

  test('the timeline says in words what it draws', async () => {
    const page = await open('#server/linear')
    const picture = page.getByRole('img', { name: /9 min without a valid token, \d+ refreshes, 8 failures, 1 sign-in/ })
    await picture.waitFor()
    expect(await picture.locator('.expired').count()).toBe(1)
    expect(await picture.locator('.failed').count()).toBe(8)
  })

  test('the timeline calls no token expired that is still valid', async () => {
    const at = Date.parse('2026-03-04T10:00:00Z')
    fixture().handlers['server.history'] = () => ({
      events: [{ at, kind: 'signedIn', detail: 'Signed in', fault: null, expiresAt: at + 40_000 }]
    })
    const page = await open('blank')
    fixture().snapshot.at = at + 10_000
    await page.clock.install({ time: at + 10_000 })
    await page.goto(`${fixture().url}#server/linear`)
    const picture = (text: string) => page.getByRole('img', { name: text }).waitFor()
    await picture(detailWords.noGap)
    await page.clock.runFor(120_000)
    await picture(detailWords.gap('1 min'))
  })

  test.each(['accepted', 'rejected', 'unknown'] as const)(
    'verify shows the verdict "%s" until the token changes',
    async (verdict) => {
      fixture().handlers['server.verify'] = ({ server }: { server: string }) => ({
        view: fixture().snapshot.servers.find(({ id }) => id === server),
        verdict,
        sentence: 'It answered at once.'
      })
      const page = await open('#server/github')
      await button(page, actionWords.verify).click()
      const status = page.getByRole('status').filter({ hasText: verifyWords[verdict] })
      await status.getByText('It answered at once.').waitFor()
      expect(fixture().inputsOf('server.verify')).toEqual([{ server: 'github' }])
      fixture().change(({ servers }) => {
        servers.find(({ id }) => id === 'github')!.obtainedAt = Date.now()
      })
      await page.getByText(verifyWords[verdict]).waitFor({ state: 'detached' })
    }
  )

  test.each([
    ['staticToken', false, detailWords.givenByHand],
    ['clientCredentials', true, detailWords.renewsAlone],
    ['jwtBearer', true, detailWords.renewsAlone]
  ] as const)('a %s is said to have no refresh token, and what happens instead', async (grantKind, renewable, said) => {
    Object.assign(fixture().snapshot.servers.find(({ id }) => id === 'github')!, {
      grantKind,
      renewable,
      refreshExpiresAt: null
    })
    const page = await open('#server/github')
    await page.getByText(said, { exact: true }).waitFor()
  })

  test('a day that held a sign-out is not called one without a gap', async () => {
    fixture().handlers['server.history'] = () => {
      const at = fixture().snapshot.at
      const event = { detail: '', fault: null }
      return {
        events: [
          { ...event, at: at - 3_600_000, kind: 'signedOut', expiresAt: null },
          { ...event, at: at - 7_200_000, kind: 'signedIn', expiresAt: at + 7_200_000 }
        ]
      }
    }
    const page = await open('#server/github')
    await page.getByRole('img', { name: detailWords.signedOut }).waitFor()
  })

  test('a key that tokens are bound to and a certificate are among the facts, where there are any', async () => {
    const page = await open('#server/github')
    await page.getByText(detailWords.facts.issuer, { exact: true }).waitFor()
    for (const fact of [detailWords.facts.binding, detailWords.facts.certificate, keyWords.title])
      expect(await page.getByText(fact, { exact: true }).count()).toBe(0)
    keyed(fixture())
    await page.getByText(detailWords.bound, { exact: true }).waitFor()
    await page.getByText('/home/ada/ada.pem', { exact: true }).waitFor()
  })

  test('a sign-in by device code is called one, and no sign-in with the browser', async () => {
    const page = await open('#server/github')
    await page.getByText(detailWords.kinds.authorizationCode, { exact: true }).waitFor()
    fixture().change(({ servers }) => {
      servers.find(({ id }) => id === 'github')!.byDeviceCode = true
    })
    await page.getByText(detailWords.kinds.deviceCode, { exact: true }).waitFor()
    await expect.poll(() => page.getByText(detailWords.kinds.authorizationCode, { exact: true }).count()).toBe(0)
  })

  test('that a server passes credentials through is among the facts, where it does', async () => {
    const page = await open('#server/github')
    await page.getByText(detailWords.facts.issuer, { exact: true }).waitFor()
    expect(await page.getByText(detailWords.passThrough).count()).toBe(0)
    fixture().change(({ servers }) => {
      for (const server of servers) server.mode = 'passThrough'
    })
    await page.getByText(detailWords.passThrough, { exact: true }).waitFor()
  })

  test('the public key of a client that signs is shown and copied whole; where it cannot be read, why', async () => {
    keyed(fixture())
    const page = await open('#server/github')
    const line = page.locator('.copyLine', { hasText: keyWords.label })
    await line.getByRole('button', { name: actionWords.copy }).click()
    await page.getByText(actionWords.copied).waitFor()
    const keys = JSON.parse(String(await copied(page)))
    expect(keys).toEqual({ keys: [expect.objectContaining({ kid: 'k1', kty: 'EC', x: 'x'.repeat(43) })] })
    fixture().handlers['server.keys'] = () => {
      throw new Refusal('inputInvalid', 'It has no key.')
    }
    await page.reload()
    await page.getByText('It has no key.').waitFor()
  })

  test('sign-out and removal say what became of the revocation', async () => {
    const sentence = 'The server could not be asked to revoke the tokens: it did not answer.'
    fixture().handlers['server.signOut'] = ({ server }: { server: string }) => ({
      view: fixture().snapshot.servers.find(({ id }) => id === server),
      revoked: sentence
    })
    const page = await open('#server/linear')
    await button(page, actionWords.signOut).click()
    await page.getByRole('alertdialog').getByRole('button', { name: actionWords.signOut, exact: true }).click()
    await page.locator('.toast').getByText(actionWords.signedOut('Linear', sentence)).waitFor()
    await button(page, actionWords.remove).click()
    await page.getByRole('alertdialog').getByRole('button', { name: actionWords.removeNow, exact: true }).click()
    await page.getByText(actionWords.removed('Linear', 'The server revoked the tokens.')).waitFor()
  })

  describe('a restored grant', () => {
    test('is explained, and tried only when a person says so', async () => {
      restored(fixture())
      const page = await open('')
      await page.getByRole('button', { name: `${actionWords.tryRestored}: Notion` }).click()
      await page.getByText(restoredWords.risk).waitFor()
      expect(await button(page, actionWords.refresh).count()).toBe(0)
      expect(fixture().inputsOf('server.refresh')).toEqual([])
      await button(page, restoredWords.attempt).click()
      await page.locator('.toast.ok').waitFor()
      expect(fixture().inputsOf('server.refresh')).toEqual([{ server: 'notion' }])
    })

    test('can be replaced by a sign-in, and the focus does not get lost', async () => {
      restored(fixture())
      fixture().handlers['signIn.start'] = () => new Promise(() => {})
      const page = await open('#server/notion')
      await button(page, restoredWords.signInInstead).focus()
      fixture().change(({ servers }) => {
        servers.find(({ id }) => id === 'notion')!.action = 'signIn'
      })
      await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H1')
      restored(fixture())
      await button(page, restoredWords.signInInstead).click()
      await page.getByRole('heading', { level: 1, name: signInWords.title('Notion') }).waitFor()
      expect(fixture().inputsOf('signIn.start')).toEqual([{ server: 'notion' }])
    })
  })
})
