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

type Vault = Fixture['snapshot']['vault']

/** The vault's states, each with what the core offers in it. */
const shut: { name: string; title: string; vault: Partial<Vault> }[] = [
  {
    name: 'keychainWaiting',
    title: words.vault.keychainWaiting.title,
    vault: { state: 'keychainWaiting', offers: { unlock: null, retry: false, restore: null, reset: false } }
  },
  {
    name: 'locked',
    title: words.vault.locked.title,
    vault: {
      state: 'locked',
      message: 'The keychain is locked; unlock it (log in to the desktop) and try again.',
      offers: { unlock: null, retry: true, restore: null, reset: false }
    }
  },
  {
    name: 'passphrase',
    title: words.vault.passphrase.title,
    vault: {
      state: 'locked',
      keySource: 'passphrase',
      offers: { unlock: 'existing', retry: false, restore: null, reset: true }
    }
  },
  {
    name: 'new',
    title: words.vault.new.title,
    vault: {
      state: 'unavailable',
      keySource: null,
      message: 'No keychain service could be reached, or it refused; make one available, or use a passphrase instead.',
      offers: { unlock: 'new', retry: true, restore: null, reset: false }
    }
  },
  {
    name: 'keyMissing',
    title: words.vault.keyMissing.title,
    vault: { state: 'keyMissing', offers: { unlock: null, retry: true, restore: null, reset: true } }
  },
  {
    name: 'damaged',
    title: words.vault.damaged.title,
    vault: {
      state: 'damaged',
      offers: {
        unlock: null,
        retry: true,
        restore: { path: '/home/ada/.local/share/tokentray/vault.db.backup', at: Date.UTC(2026, 5, 3, 14, 2) },
        reset: true
      }
    }
  },
  {
    name: 'fromFuture',
    title: words.vault.fromFuture.title,
    vault: { state: 'fromFuture', offers: { unlock: null, retry: true, restore: null, reset: false } }
  },
  {
    name: 'unavailable',
    title: words.vault.unavailable.title,
    vault: {
      state: 'unavailable',
      message: 'The folder of the vault is not private: chmod 700 it.',
      offers: { unlock: null, retry: true, restore: null, reset: false }
    }
  }
]

/** Shuts the fixture's vault in the way so named. */
export function shutVault(fixture: Fixture, name: string): void {
  const found = shut.find((each) => each.name === name)
  if (!found) throw new Error(`no way to shut a vault is called ${name}`)
  fixture.change((snapshot) => {
    Object.assign(snapshot.vault, { message: '', ...found.vault })
    snapshot.servers = []
  })
}

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
  ...shut.map(({ name, title }) => ({
    name: `vault-${name}`,
    hash: '',
    prepare: (fixture: Fixture) => shutVault(fixture, name),
    ready: heading(title)
  }))
]
