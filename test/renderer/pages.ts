// Every screen there is, and how to bring the fixture and the page to it.
// Shared by the accessibility tests and the pictures.
import type { Page } from 'playwright-core'
import { quirkFacts } from '../../app/contract/quirks.ts'
import type { ServerView } from '../../app/contract/views.ts'
import { actionWords } from '../../renderer/words/actions.ts'
import { addWords } from '../../renderer/words/addServer.ts'
import { clientsWords } from '../../renderer/words/clients.ts'
import { connectWords } from '../../renderer/words/connect.ts'
import { welcomeWords } from '../../renderer/words/list.ts'
import { keyWords, proposalWords, restoredWords, verifyWords } from '../../renderer/words/server.ts'
import { advancedWords, scheduleWords } from '../../renderer/words/serverSettings.ts'
import { settingsWords } from '../../renderer/words/settings.ts'
import { signInWords } from '../../renderer/words/signIn.ts'
import { vaultWords } from '../../renderer/words/vault.ts'
import { type Fixture, Refusal, serverView } from './fixture.ts'

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
      since: fixture.snapshot.at,
      url: step === 'browser' ? 'https://www.figma.com/oauth/authorize?client_id=c1&state=s1' : null,
      redirectUri: 'http://127.0.0.1:53682/callback',
      device: null
    }
  })
}

/** Figma's sign-in at the code that is to be entered elsewhere. */
export function signingInByDevice(fixture: Fixture): void {
  signingIn(fixture)
  fixture.change(({ servers, at }) => {
    Object.assign(servers.find(({ id }) => id === 'figma')!.signIn!, {
      url: null,
      device: {
        userCode: 'WDJB-MJHT',
        verificationUri: 'https://figma.example/device',
        verificationUriComplete: 'https://figma.example/device?user_code=WDJB-MJHT',
        expiresAt: at + 600_000
      }
    })
  })
}

/** Figma does not say that it knows PKCE: what would have to be allowed. */
export function proposing(fixture: Fixture): void {
  fixture.change(({ servers }) => {
    servers.find(({ id }) => id === 'figma')!.proposals = [
      {
        change: { quirks: { allowMissingPkceMetadata: true } },
        reason: 'The metadata of figma.com does not mention PKCE.',
        givesUp: quirkFacts.allowMissingPkceMetadata.givesUp,
        trust: 'cited',
        source: 'https://figma.example/docs/oauth'
      }
    ]
  })
}

/** Claude Code has no entry for GitHub yet. */
export function connectable(fixture: Fixture): void {
  const entry =
    '{\n  "type": "http",\n  "url": "http://127.0.0.1:4140/github",\n  "headers": { "Authorization": "Bearer [key]" }\n}'
  const note = 'Restart Cursor to load the change.'
  const client = (id: string, name: string, path: string | null) => ({
    id,
    name,
    path,
    ways: ['key', 'oauth', 'stdio'],
    mark: 'cited',
    source: null,
    note
  })
  fixture.handlers['connect.list'] = () => ({
    clients: [
      client('claude-code', 'Claude Code', '/home/ada/.claude.json'),
      client('cursor', 'Cursor', '/home/ada/.cursor/mcp.json'),
      client('other', 'Other', null)
    ]
  })
  fixture.handlers['connect.plan'] = () => ({
    plan: 'p1',
    client: 'claude-code',
    server: 'github',
    way: 'key',
    path: '/home/ada/.claude.json',
    state: 'new',
    canWrite: true,
    diff: entry.replace(/^/gm, '+'),
    snippet: entry,
    note
  })
}

/** Notion's grant as it is after its vault was put back from a backup. */
export function restored(fixture: Fixture): void {
  fixture.change(({ servers }) => {
    Object.assign(servers.find(({ id }) => id === 'notion')!, {
      words: 'Restored from a backup: decide whether to use it',
      detail: '',
      action: 'tryRestored',
      fault: null
    })
  })
}

/** GitHub wants scopes that it did not grant; its tokens are bound to a key, and its client signs with one. */
export function keyed(fixture: Fixture): void {
  fixture.handlers['server.keys'] = () => ({
    jwks: {
      keys: [{ kty: 'EC', use: 'sig', alg: 'ES256', kid: 'k1', crv: 'P-256', x: 'x'.repeat(43), y: 'y'.repeat(43) }]
    }
  })
  fixture.change(({ servers }) => {
    Object.assign(servers.find(({ id }) => id === 'github')!, {
      light: 'amber',
      state: 'needsUser',
      words: 'More permission needed',
      action: 'grantMore',
      missingScope: 'repo:write',
      isBound: true,
      hasKeys: true,
      certificateFile: '/home/ada/ada.pem'
    })
  })
}

/** A server's token is in order, and the server itself is gone. */
export function down(fixture: Fixture, server = 'github'): void {
  const since = fixture.snapshot.at - 12 * 60_000
  const time = new Date(since).toTimeString().slice(0, 5)
  fixture.change(({ servers }) => {
    Object.assign(servers.find(({ id }) => id === server)!, {
      light: 'amber',
      words: `Token valid · server unreachable since ${time}`,
      detail: `The server could not be reached since ${time}: the connection was refused (ECONNREFUSED).`,
      outage: { kind: 'unreachable', since, detail: 'ECONNREFUSED' }
    })
  })
}

/** Two more servers: one that is down, and one that gave no refresh token. */
function addAmberAndEnding(fixture: Fixture): void {
  fixture.change(({ servers, at }) => {
    servers.push(
      serverView({ id: 'reports', name: 'Reports', url: 'https://reports.acme.internal/mcp' }, at),
      serverView(
        {
          id: 'wiki',
          name: 'Wiki',
          url: 'https://wiki.acme.internal/mcp',
          words: 'Token valid, no refresh token',
          renewable: false,
          nextAt: null,
          obtainedAt: at - 60_000,
          expiresAt: at + 59 * 60_000
        },
        at
      )
    )
  })
  down(fixture, 'reports')
}

/** Names, addresses and warnings longer than anybody wants them. */
function makeLong(servers: ServerView[]): void {
  const [first, second] = servers
  Object.assign(first!, {
    name: 'Notion of the whole company, all workspaces and the archive of former colleagues',
    url: 'https://mcp-production-eu-central-1.very-long-subdomain.internal.notion.example/mcp/v2/workspaces/7f9d0c4e',
    scope: 'read write comments:read comments:write databases:read databases:write users:read offline_access',
    warnings: [
      'The server announces no PKCE; the proof is sent all the same.',
      'The refresh token expires within days. Sign in again when convenient.',
      'Tokens last only 20 s, which is too short to always have a valid one.'
    ]
  })
  Object.assign(second!, { name: 'linear-production-workspace-with-an-unbreakable-name-of-some-length' })
}

type Vault = Fixture['snapshot']['vault']

/** The vault's states, each with what the core offers in it. */
const shut: { name: string; title: string; vault: Partial<Vault> }[] = [
  {
    name: 'keychainWaiting',
    title: vaultWords.keychainWaiting.title,
    vault: { state: 'keychainWaiting', offers: { unlock: null, retry: false, restore: null, reset: false } }
  },
  {
    name: 'locked',
    title: vaultWords.locked.title,
    vault: {
      state: 'locked',
      message: 'The keychain is locked. Unlock it (log in to the desktop) and try again.',
      offers: { unlock: null, retry: true, restore: null, reset: false }
    }
  },
  {
    name: 'passphrase',
    title: vaultWords.passphrase.title,
    vault: {
      state: 'locked',
      keySource: 'passphrase',
      offers: { unlock: 'existing', retry: false, restore: null, reset: true }
    }
  },
  {
    name: 'new',
    title: vaultWords.new.title,
    vault: {
      state: 'unavailable',
      keySource: null,
      errorCode: 'keychainMissing',
      message:
        'No keychain service is available, or it refused access (on Linux, it needs a D-Bus session and gnome-keyring or KWallet). Make a keychain available, or use a passphrase instead: run "tokentray vault create --ask-passphrase", or set TOKENTRAY_PASSPHRASE_FILE or TOKENTRAY_PASSPHRASE.',
      offers: { unlock: 'new', retry: true, restore: null, reset: false }
    }
  },
  {
    name: 'keyMissing',
    title: vaultWords.keyMissing.title,
    vault: { state: 'keyMissing', offers: { unlock: null, retry: true, restore: null, reset: true } }
  },
  {
    name: 'damaged',
    title: vaultWords.damaged.title,
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
    title: vaultWords.fromFuture.title,
    vault: { state: 'fromFuture', offers: { unlock: null, retry: true, restore: null, reset: false } }
  },
  {
    name: 'unavailable',
    title: vaultWords.unavailable.title,
    vault: {
      state: 'unavailable',
      message: 'The folder of the vault is not private. Run chmod 700 on it.',
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

/** Two clients wait: one for GitHub, one that named no server. */
export function addAccessRequests(fixture: Fixture): void {
  const one = (request: string, name: string, digits: string, asks: string[] | null) => ({
    request,
    name,
    digits,
    asks,
    redirectUri: 'http://localhost:33418/callback',
    source: 'this computer',
    destination: 'a program on this computer',
    at: fixture.snapshot.at,
    expiresAt: fixture.snapshot.at + 540_000
  })
  fixture.change(({ clients }) => {
    clients.pending = [one('r1', 'Claude Code', '4821', ['github']), one('r2', 'Inspector', '0077', null)]
  })
}

export const settings: Setting[] = [
  {
    name: 'list',
    hash: '',
    prepare: addAmberAndEnding,
    ready: (page) => page.getByText(/^Sign in again in/).waitFor()
  },
  {
    name: 'welcome',
    hash: '',
    prepare: (fixture) =>
      fixture.change((snapshot) => {
        snapshot.servers = []
      }),
    ready: (page) => page.getByText(welcomeWords.title).waitFor()
  },
  {
    name: 'server',
    hash: '#server/linear',
    ready: (page) => page.getByRole('img', { name: /3 failures|8 failures/ }).waitFor()
  },
  { name: 'server-needs-you', hash: '#server/notion', ready: heading('Notion') },
  {
    name: 'server-down',
    hash: '#server/github',
    prepare: (fixture) => down(fixture),
    ready: (page) => page.getByText(/server unreachable since/).waitFor()
  },
  {
    name: 'server-restored',
    hash: '#server/notion',
    prepare: (fixture) => restored(fixture),
    ready: (page) => page.getByText(restoredWords.title).waitFor()
  },
  {
    name: 'server-keys',
    hash: '#server/github',
    prepare: keyed,
    ready: (page) => page.getByText(keyWords.label).waitFor()
  },
  {
    name: 'server-verified',
    hash: '#server/github',
    ready: async (page) => {
      await page.getByRole('button', { name: actionWords.verify, exact: true }).click()
      await page.getByText(verifyWords.accepted).waitFor()
    }
  },
  {
    name: 'server-settings',
    hash: '#server/linear/settings',
    prepare: (fixture) =>
      fixture.change(({ servers }) => {
        const linear = servers.find(({ id }) => id === 'linear')!
        linear.schedule = { refreshMargin: 120_000 }
        linear.redirectPort = 41_414
        linear.params = { audience: 'https://api.linear.app' }
      }),
    ready: (page) => page.getByText(/Use the default \(5m\)/).waitFor()
  },
  {
    name: 'server-advanced',
    hash: '#server/github/settings',
    prepare: (fixture) =>
      fixture.change(({ servers }) => {
        Object.assign(servers.find(({ id }) => id === 'github')!, { ownClient: true, clientAuth: 'private_key_jwt' })
      }),
    ready: async (page) => {
      await page.getByRole('button', { name: advancedWords.title, exact: true }).click()
      await page.getByText(advancedWords.keyHelp).waitFor()
    }
  },
  {
    name: 'sign-in-proposal',
    hash: '#sign-in/figma',
    prepare: proposing,
    ready: (page) => page.getByText(proposalWords.source).waitFor()
  },
  {
    name: 'server-connect',
    hash: '#server/github',
    prepare: connectable,
    ready: async (page) => {
      await page.getByRole('button', { name: connectWords.title, exact: true }).click()
      await page.locator('.radio').filter({ hasText: 'Claude Code' }).click()
      await page.getByText(connectWords.states.new).waitFor()
    }
  },
  {
    name: 'server-remove',
    hash: '#server/linear',
    ready: async (page) => {
      await page.getByRole('button', { name: actionWords.remove, exact: true }).click()
      await page.getByRole('alertdialog').waitFor()
    }
  },
  {
    name: 'list-long',
    hash: '',
    prepare: (fixture) => fixture.change(({ servers }) => makeLong(servers)),
    ready: (page) => page.getByRole('listitem').first().waitFor()
  },
  {
    name: 'server-long',
    hash: '#server/notion',
    prepare: (fixture) => fixture.change(({ servers }) => makeLong(servers)),
    ready: (page) => page.getByRole('heading', { level: 1, name: /Notion/ }).waitFor()
  },
  { name: 'add', hash: '#add', ready: heading(addWords.title) },
  {
    name: 'add-own-client',
    hash: `#add/ownClient/${encodeURIComponent('https://api.githubcopilot.com/mcp')}`,
    ready: (page) => page.getByText(/New OAuth app/).waitFor()
  },
  {
    name: 'add-client-credentials',
    hash: '#add/clientCredentials',
    ready: (page) => page.getByText(addWords.tokenEndpointOptional).waitFor()
  },
  {
    name: 'add-refresh-token',
    hash: '#add/refreshToken',
    ready: (page) => page.getByText(addWords.refreshWarning).waitFor()
  },
  {
    name: 'add-static-token',
    hash: '#add/staticToken',
    ready: (page) => page.getByText(addWords.staticWarning).waitFor()
  },
  {
    name: 'sign-in',
    hash: '#sign-in/figma',
    prepare: (fixture) => signingIn(fixture),
    ready: (page) => page.getByText(signInWords.paste).waitFor()
  },
  {
    name: 'sign-in-device',
    hash: '#sign-in/figma',
    prepare: signingInByDevice,
    ready: (page) => page.locator('svg.qr').waitFor()
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
      await page.getByRole('button', { name: signInWords.start }).click()
      await page.getByText(signInWords.failed).waitFor()
    }
  },
  {
    name: 'sign-in-done',
    hash: '#sign-in/figma',
    prepare: (fixture) => {
      fixture.handlers['signIn.start'] = () => ({ signIn: 'sign-in-1', url: null, redirectUri: null })
      fixture.handlers['signIn.wait'] = () => ({})
    },
    ready: async (page) => {
      await page.getByRole('button', { name: signInWords.start }).click()
      await page.getByText(signInWords.done, { exact: true }).waitFor()
    }
  },
  { name: 'settings', hash: '#settings', ready: (page) => page.getByText(settingsWords.scheduleShow).waitFor() },
  {
    name: 'settings-schedule',
    hash: '#settings',
    ready: async (page) => {
      await page.getByText(settingsWords.scheduleShow).click()
      await page.getByRole('textbox', { name: scheduleWords.fields.floor }).fill('soon')
      await page.getByRole('button', { name: actionWords.save }).click()
      await page.getByText(scheduleWords.notDuration).waitFor()
    }
  },
  {
    name: 'clients',
    hash: '#clients',
    prepare: (fixture) => addAccessRequests(fixture),
    ready: (page) => page.locator('[data-client="k1"]').waitFor()
  },
  {
    name: 'clients-key',
    hash: '#clients',
    ready: async (page) => {
      await page.getByRole('button', { name: clientsWords.addKey }).click()
      await page.getByLabel(clientsWords.keyName).fill('ci')
    }
  },
  ...shut.map(({ name, title }) => ({
    name: `vault-${name}`,
    hash: '',
    prepare: (fixture: Fixture) => shutVault(fixture, name),
    ready: heading(title)
  }))
]
