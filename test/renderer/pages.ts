// Every screen there is, and how to bring the fixture and the page to it.
// Shared by the accessibility tests and the pictures.
import type { Page } from 'playwright-core'
import { words } from '../../renderer/words.ts'
import { type Fixture, Refusal } from './fixture.ts'

export type Setting = {
  name: string
  hash: string
  prepare?(fixture: Fixture): void
  ready(page: Page): Promise<unknown>
}

const heading = (text: string) => (page: Page) => page.getByRole('heading', { level: 1, name: text }).waitFor()

/** Puts Figma's sign-in at the browser's step. */
export function signingIn(fixture: Fixture, step: 'resource' | 'registration' | 'browser' | 'store' = 'browser'): void {
  fixture.change(({ servers }) => {
    const figma = servers.find(({ id }) => id === 'figma')!
    figma.state = 'signingIn'
    figma.words = 'Signing in…'
    figma.signIn = {
      id: 'sign-in-1',
      step,
      since: Date.now(),
      url: step === 'browser' ? 'https://www.figma.com/oauth/authorize?client_id=c1&state=s1' : null,
      redirectUri: 'http://127.0.0.1:53682/callback',
      device: null
    }
  })
}

const vaultStates = ['keychainWaiting', 'locked', 'keyMissing', 'damaged', 'fromFuture', 'unavailable'] as const

export const settings: Setting[] = [
  { name: 'list', hash: '', ready: (page) => page.getByRole('listitem').first().waitFor() },
  {
    name: 'welcome',
    hash: '',
    prepare: (fixture) =>
      fixture.change((snapshot) => {
        snapshot.servers = []
      }),
    ready: (page) => page.getByText(words.welcome.title).waitFor()
  },
  {
    name: 'server',
    hash: '#server/linear',
    ready: (page) => page.getByRole('img', { name: /3 failures|8 failures/ }).waitFor()
  },
  { name: 'server-needs-you', hash: '#server/notion', ready: heading('Notion') },
  { name: 'add', hash: '#add', ready: heading(words.add.title) },
  { name: 'add-own-client', hash: '#add/ownClient', ready: (page) => page.getByText(words.add.redirect).waitFor() },
  {
    name: 'add-static-token',
    hash: '#add/staticToken',
    ready: (page) => page.getByText(words.add.staticWarning).waitFor()
  },
  {
    name: 'sign-in',
    hash: '#sign-in/figma',
    prepare: (fixture) => signingIn(fixture),
    ready: (page) => page.getByText(words.signIn.paste).waitFor()
  },
  {
    name: 'sign-in-failed',
    hash: '#sign-in/figma',
    prepare: (fixture) => {
      fixture.handlers['signIn.start'] = () => {
        throw new Refusal('registrationUnsupported', 'figma.com allows no client to register by itself.')
      }
    },
    ready: async (page) => {
      await page.getByRole('button', { name: words.signIn.start }).click()
      await page.getByText(words.signIn.failed).waitFor()
    }
  },
  { name: 'settings', hash: '#settings', ready: heading(words.settings.title) },
  ...vaultStates.map((state) => ({
    name: `vault-${state}`,
    hash: '',
    prepare: (fixture: Fixture) =>
      fixture.change(({ vault }) => {
        vault.state = state
        vault.message = state === 'unavailable' ? 'The folder of the vault is not private: chmod 700 it.' : ''
      }),
    ready: heading(words.vault[state].title)
  }))
]
