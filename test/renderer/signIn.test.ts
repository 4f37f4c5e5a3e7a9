// A sign-in under way in a real Chromium: the ways to help it along, how it failed, and what would cure it.
// How the first one begins is in adding.test.ts.
import { describe, expect, test } from 'vitest'
import { actionWords } from '../../renderer/words/actions.ts'
import { markWords } from '../../renderer/words/list.ts'
import { detailWords, proposalWords } from '../../renderer/words/server.ts'
import { serverSettingsWords } from '../../renderer/words/serverSettings.ts'
import { signInWords } from '../../renderer/words/signIn.ts'
import { reason } from './chromium.ts'
import { Refusal } from './fixture.ts'
import { button, copied, openPages, row } from './opened.ts'
import { keyed, proposing, signingIn } from './pages.ts'

if (reason) console.log(reason)

describe.skipIf(reason !== null)('a sign-in on the pages', () => {
  const { page: open, fixture } = openPages()

  test('by device code shows the code, the address and a picture of it', async () => {
    signingIn(fixture())
    fixture().change(({ servers }) => {
      const signIn = servers.find(({ id }) => id === 'figma')!.signIn!
      signIn.url = null
      signIn.device = {
        userCode: 'WDJB-MJHT',
        verificationUri: 'https://figma.example/device',
        verificationUriComplete: 'https://figma.example/device?user_code=WDJB-MJHT',
        expiresAt: Date.now() + 600_000
      }
    })
    const page = await open('#sign-in/figma')
    await page.getByText('WDJB-MJHT', { exact: true }).waitFor()
    const link = page.getByRole('link', { name: signInWords.deviceOpen })
    expect(await link.getAttribute('href')).toBe('https://figma.example/device?user_code=WDJB-MJHT')
    expect(await page.locator('svg.qr path').getAttribute('d')).toMatch(/^(M\d+ \d+h1v1h-1z){200}/)
    expect(await page.getByLabel(signInWords.pasteLabel).count()).toBe(0)
    // Longer than any picture can hold: the address stands alone, and the page with it.
    fixture().change(({ servers }) => {
      const device = servers.find(({ id }) => id === 'figma')!.signIn!.device!
      device.verificationUriComplete = `https://figma.example/${encodeURI('ü'.repeat(600))}`
      device.verificationUri = `https://figma.example/${'x'.repeat(1900)}`
    })
    await page.locator('svg.qr').waitFor({ state: 'detached' })
    expect(await page.getByText('WDJB-MJHT', { exact: true }).count()).toBe(1)
  })

  test('can be copied, opened again, pasted and cancelled', async () => {
    signingIn(fixture())
    fixture().handlers['signIn.paste'] = () => {
      throw new Refusal('responseInvalid', 'This address belongs to another sign-in.')
    }
    const page = await open('#sign-in/figma')
    const url = fixture().snapshot.servers.find(({ id }) => id === 'figma')!.signIn!.url!
    const link = page.getByRole('link', { name: signInWords.open })
    expect(await link.getAttribute('href')).toBe(url)
    expect(await link.getAttribute('rel')).toBe('noreferrer')
    await button(page, signInWords.copyLink).click()
    await page.getByText(actionWords.copied).waitFor()
    expect(await copied(page)).toBe(url)
    await page.getByLabel(signInWords.pasteLabel).fill('http://127.0.0.1:1/callback?code=typed-code')
    await button(page, signInWords.pasteSubmit).click()
    await page.getByText('This address belongs to another sign-in.').waitFor()
    await expect.poll(() => page.getByLabel(signInWords.pasteLabel).inputValue()).toBe('')
    await button(page, signInWords.cancel).click()
    await expect.poll(() => fixture().inputsOf('signIn.cancel')).toEqual([{ signIn: 'sign-in-1' }])
  })

  test('a sign-in that failed keeps showing who would have signed the person in', async () => {
    const failed = Promise.withResolvers<never>()
    fixture().handlers['signIn.start'] = () => ({ signIn: 'sign-in-1', url: null, redirectUri: null })
    fixture().handlers['signIn.wait'] = () => failed.promise
    const page = await open('#sign-in/figma')
    await button(page, signInWords.start).click()
    signingIn(fixture())
    const found = page.locator('[data-step=authorizationServer] small')
    await found.getByText('www.figma.com').waitFor()
    fixture().change(({ servers }) => {
      Object.assign(servers.find(({ id }) => id === 'figma')!, { state: 'signedOut', signIn: null })
    })
    failed.reject(new Refusal('signInFailed', 'Nobody finished it.'))
    await page.getByRole('alert').getByText('Nobody finished it.').waitFor()
    await found.getByText('www.figma.com').waitFor()
  })

  test('more permission is asked for by the names of the scopes', async () => {
    keyed(fixture())
    fixture().handlers['signIn.start'] = () => new Promise(() => {})
    const page = await open('')
    await button(page, `${actionWords.grantMore(['repo:write'])}: GitHub`).waitFor()
    // The server goes on serving other requests: not the mark of one that needs a person.
    await row(page, 'github').getByRole('img', { name: markWords.wantsMore }).waitFor()
    fixture().change(({ servers }) => {
      servers.find(({ id }) => id === 'github')!.missingScope = `repo:write ${'long'.repeat(20)} admin`
    })
    await button(page, 'Grant repo:write and 2 more…: GitHub').waitFor()
    await page.goto(`${fixture().url}#server/github`)
    await page.getByText(`repo:write ${'long'.repeat(20)} admin`, { exact: true }).waitFor()
    await button(page, 'Grant repo:write and 2 more…').click()
    await expect
      .poll(() => fixture().inputsOf('signIn.start'))
      .toEqual([{ server: 'github', addScope: `repo:write ${'long'.repeat(20)} admin` }])
  })

  test('what a failed sign-in would need is shown with its cost, and set and tried again by one press', async () => {
    fixture().handlers['signIn.start'] = () => {
      throw new Refusal('issuerMismatch', 'Another issuer.')
    }
    fixture().change(({ servers }) => {
      servers.find(({ id }) => id === 'figma')!.proposals = [
        {
          change: { quirks: { acceptIssuerSlash: true } },
          reason: 'One slash apart.',
          givesUp: 'Equality.',
          trust: 'cited',
          source: 'https://example.com/why'
        }
      ]
    })
    const page = await open('#sign-in/figma')
    await page.getByText('One slash apart.').waitFor()
    await page.getByText(`${proposalWords.givesUp} Equality.`).waitFor()
    await page.getByText(serverSettingsWords.acceptIssuerSlash).waitFor()
    expect(await page.getByText(proposalWords.source).getAttribute('href')).toBe('https://example.com/why')
    expect(fixture().inputsOf('server.set')).toEqual([])
    fixture().handlers['server.set'] = () => ({ view: fixture().snapshot.servers[0] })
    await button(page, proposalWords.setAndTry).click()
    await page.getByText('Another issuer.').waitFor()
    expect(fixture().inputsOf('server.set')).toEqual([
      { server: 'figma', quirks: { acceptIssuerSlash: true }, reason: 'One slash apart.' }
    ])
    expect(fixture().inputsOf('signIn.start')).toEqual([{ server: 'figma' }])
  })

  test('a question about sites is asked, not told as a failure, and one press says yes and signs in', async () => {
    const pair = { passes: 'token', from: 'good.example', to: 'evil.example', issuer: 'https://good.example' } as const
    const question = 'The token for good.example will be given to evil.example.'
    signingIn(fixture())
    fixture().change(({ servers }) => {
      const figma = servers.find(({ id }) => id === 'figma')!
      Object.assign(figma, { state: 'signedOut', action: 'signIn', signIn: null })
    })
    const allowedSites = [pair]
    fixture().handlers['signIn.start'] = () => {
      fixture().change(({ servers }) => {
        const proposal = { change: { allowedSites }, reason: question, givesUp: 'Much.', trust: 'seen', source: null }
        Object.assign(servers.find(({ id }) => id === 'figma')!, { proposals: [proposal] })
      })
      throw new Refusal('confirmationNeeded', `${question} Nothing was opened or sent.`)
    }
    const page = await open('#sign-in/figma')
    await button(page, signInWords.start).click()
    await page.getByText(signInWords.question).waitFor()
    await page.getByText('Give tokens of good.example to evil.example').waitFor()
    expect(await button(page, signInWords.again).count()).toBe(0)
    fixture().handlers['server.set'] = () => ({ view: fixture().snapshot.servers[0] })
    await button(page, proposalWords.allowAndSignIn).click()
    await expect.poll(() => fixture().inputsOf('signIn.start').length).toBe(2)
    expect(fixture().inputsOf('server.set')).toEqual([{ server: 'figma', allowedSites, reason: question }])
  })

  test('that the sign-in is at another site than the server is a line on the page', async () => {
    signingIn(fixture())
    fixture().change(({ servers }) => {
      servers.find(({ id }) => id === 'figma')!.signIn!.otherSite = 'tenant.auth0.com'
    })
    const page = await open('#sign-in/figma')
    await page.getByText(signInWords.otherSite('tenant.auth0.com')).waitFor()
  })

  test('what arrived meanwhile and was not acted on is a line on the page', async () => {
    signingIn(fixture())
    fixture().change(({ servers }) => {
      servers.find(({ id }) => id === 'figma')!.signIn!.notice = 'A response arrived. It says: no plan.'
    })
    const page = await open('#sign-in/figma')
    await page.getByText('It says: no plan.').waitFor()
  })

  test('scopes that a server asked for are shown on its page with a no', async () => {
    fixture().change(({ servers }) => {
      servers.find(({ id }) => id === 'github')!.missingScope = 'admin:org delete_repo'
    })
    fixture().handlers['server.set'] = () => ({ view: fixture().snapshot.servers[0] })
    const page = await open('#server/github')
    await page.getByText('admin:org delete_repo').waitFor()
    await button(page, detailWords.declineScopes).click()
    await expect.poll(() => fixture().inputsOf('server.set')).toEqual([{ server: 'github', declineScopes: true }])
  })

  test('what a sign-in that failed elsewhere would need is on the server’s page too, until another one runs', async () => {
    const change = { quirks: { acceptIssuerSlash: true } }
    fixture().change(({ servers }) => {
      const figma = servers.find(({ id }) => id === 'figma')!
      Object.assign(figma, { state: 'signedOut', action: 'signIn', signIn: null })
      figma.proposals = [{ change, reason: 'One slash apart.', givesUp: 'Equality.', trust: 'seen', source: null }]
    })
    const page = await open('')
    // Another try without it would fail as well: the row leads to the page that offers it.
    await button(page, `${actionWords.fix}: Figma`).click()
    await page.getByText('One slash apart.').waitFor()
    await page.locator('button.primary', { hasText: proposalWords.setAndTry }).waitFor()
    await button(page, actionWords.signIn).waitFor()
    expect(await button(page, actionWords.signInAgain).count()).toBe(0)
    expect(await button(page, actionWords.fix).count()).toBe(0)
    fixture().change(({ servers }) => {
      const signIn = { id: '1', since: 0, step: 'discovery' as const, url: null, redirectUri: null }
      Object.assign(servers.find(({ id }) => id === 'figma')!, { signIn })
    })
    await page.getByText('One slash apart.').waitFor({ state: 'detached' })
  })

  test('of a setting that is proposed and a plain start, the first is the button that stands out', async () => {
    proposing(fixture())
    const page = await open('#sign-in/figma')
    await button(page, signInWords.start).waitFor()
    expect(await page.locator('button.primary').allTextContents()).toEqual([proposalWords.setAndTry])
  })

  test('what a refused refresh would need is on the server’s page, and one press sets it and refreshes', async () => {
    fixture().change(({ servers }) => {
      const github = servers.find(({ id }) => id === 'github')!
      Object.assign(github, { light: 'red', state: 'needsUser', action: 'fixSettings', words: 'Settings need fixing' })
      const change = { quirks: { omitResource: true } }
      github.proposals = [{ change, reason: 'It refused it.', givesUp: 'Much.', trust: 'seen', source: null }]
    })
    fixture().handlers['server.set'] = () => ({ view: fixture().snapshot.servers[0] })
    const page = await open('#server/github')
    await page.getByText('It refused it.').waitFor()
    await button(page, proposalWords.setAndTry).click()
    await expect.poll(() => fixture().inputsOf('server.refresh')).toEqual([{ server: 'github' }])
    expect(fixture().inputsOf('server.set')).toEqual([
      { server: 'github', quirks: { omitResource: true }, reason: 'It refused it.' }
    ])
    expect(fixture().inputsOf('signIn.start')).toEqual([])
  })

  test.each([
    [
      'serverUnreachable',
      'figma.com could not be reached: the host name was not found (ENOTFOUND). Check your network connection and the URL.',
      null
    ],
    ['authorizationDenied', 'The sign-in to Figma was denied. To allow it, sign in again.', null],
    [
      'registrationRefused',
      'figma.com rejected the client registration: no. Create a client there with the redirect URI http://127.0.0.1:1/callback, and use it as your own client.',
      'figma.com rejected the client registration: no. Use your own client ID.'
    ]
  ])('a sign-in that fails with %s says once what to do, in words of the page', async (code, sentence, said) => {
    fixture().handlers['signIn.start'] = () => {
      throw new Refusal(code, sentence)
    }
    const page = await open('#sign-in/figma')
    await button(page, signInWords.start).click()
    const alert = page.getByRole('alert')
    await alert.getByText(said ?? sentence, { exact: true }).waitFor()
    expect(await alert.getByRole('paragraph').count()).toBe(1)
  })
})
