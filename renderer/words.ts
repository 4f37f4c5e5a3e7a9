// Every visible word of the pages that the core does not write itself.
// Plain, honest, short: what happened, what is safe, what to do.
import type { SignInStep } from '../app/contract/health.ts'
import type { EventKind, VaultView } from '../app/contract/views.ts'

export const words = {
  name: 'Tokentray',
  connecting: 'Connecting…',
  list: {
    title: 'Servers',
    label: 'MCP servers',
    needYou: (count: number) => (count === 1 ? '1 needs you' : `${count} need you`),
    allWell: 'All healthy',
    count: (count: number) => (count === 1 ? '1 server' : `${count} servers`),
    add: 'Add server…',
    settings: 'Settings',
    left: 'left',
    noEnd: 'no known end',
    ended: 'ended',
    nextIn: 'next in',
    refreshesIn: (left: string) => `refreshes in ${left}`,
    refreshDue: 'refresh due',
    now: 'now',
    bar: 'Token lifetime left'
  },
  marks: {
    ok: 'Healthy',
    running: 'Refreshing',
    retrying: 'Retrying',
    needsYou: 'Needs you',
    paused: 'Paused',
    signedOut: 'Not signed in',
    signingIn: 'Signing in'
  },
  actions: {
    signIn: 'Sign in',
    signInAgain: 'Sign in again',
    signInStarting: 'Starting the sign-in…',
    grantMore: (scopes: readonly string[]) => {
      const [first, ...others] = scopes
      if (!first) return 'Allow more'
      // A button stays a button: the page of the server names them all.
      const name = first.length > 32 ? `${first.slice(0, 31)}…` : first
      return others.length > 0 ? `Allow ${name} and ${others.length} more…` : `Allow ${name}…`
    },
    fixSettings: 'Fix settings',
    giveToken: 'Give a token',
    showSignIn: 'Continue',
    tryRestored: 'Decide…',
    verify: 'Verify',
    refresh: 'Refresh now',
    refreshed: (name: string) => `${name}: a new token is stored.`,
    pause: 'Pause',
    paused: (name: string) => `${name} is paused: its token is kept but no longer refreshed.`,
    resume: 'Resume',
    resumed: (name: string) => `${name} is looked after again.`,
    forget: 'Forget registration',
    signOut: 'Sign out',
    remove: 'Remove…',
    removeNow: 'Remove',
    signedOut: (name: string, revoked: string) => `${name} is signed out here. ${revoked}`,
    removed: (name: string, revoked: string) => `${name} is removed. ${revoked}`,
    removeTitle: (name: string) => `Remove ${name}?`,
    removeText:
      'Its tokens, settings and history are deleted here, and the tokens are revoked at the server where it offers that. This cannot be undone.',
    signOutTitle: (name: string) => `Sign out of ${name}?`,
    signOutText:
      'The tokens are revoked at the server where it offers that, and deleted here. Programs using them stop working until you sign in again.',
    keep: 'Keep it',
    cancel: 'Cancel',
    save: 'Save',
    saved: 'Settings saved.',
    copy: 'Copy',
    copied: 'Copied.',
    copyFailed: 'Could not copy; select the text and copy it by hand.',
    close: 'Close',
    working: 'Working…'
  },
  detail: {
    back: 'Servers',
    unknown: 'This server is no longer here.',
    warnings: 'Good to know',
    timeline: 'Last 24 hours',
    gap: (length: string) => `${length} without a token`,
    noGap: 'never without a token',
    signedOut: 'signed out in this time',
    noHistory: 'Nothing has happened yet.',
    nothingKnown: 'no refresh in this time',
    timelineLabel: (summary: string) => `Timeline of the last 24 hours: ${summary}.`,
    counted: (refreshes: number, failures: number, signIns: number) =>
      `${refreshes} ${refreshes === 1 ? 'refresh' : 'refreshes'}, ${failures} ${failures === 1 ? 'failure' : 'failures'}, ${signIns} ${signIns === 1 ? 'sign-in' : 'sign-ins'}`,
    legend: { valid: 'valid', expired: 'expired', refreshed: 'refreshed', failed: 'failed', signedIn: 'signed in' },
    now: 'now',
    token: 'Token',
    facts: {
      validUntil: 'Valid until',
      obtained: 'Obtained',
      refreshToken: 'Refresh token',
      issuer: 'Issuer',
      resource: 'Resource',
      scope: 'Scopes',
      missingScope: 'Will be asked for',
      binding: 'Bound',
      certificate: 'Certificate',
      registration: 'Client',
      accepted: 'Accepted',
      kind: 'Kind',
      mode: 'Gateway',
      stored: 'Stored in',
      address: 'Address',
      account: 'Account'
    },
    passThrough: 'passes on each client’s own credentials (pass-through); a client is let in by a key alone',
    bound: 'to a key that never leaves the vault (DPoP)',
    left: (text: string) => `${text} left`,
    ended: 'ended',
    noToken: 'no token',
    noEnd: 'no known end',
    guess: 'assumed: the server did not say',
    fromJwt: 'read from the token',
    refreshEnds: (left: string) => `ends in ${left}`,
    refreshEnded: 'has ended',
    refreshRefused: 'refused by the server',
    renewable: 'kept; its end is not known',
    notRenewable: 'none: you sign in again when the token ends',
    renewsAlone: 'none needed: a new token is asked for directly',
    givenByHand: 'none: you give a new token when this one ends',
    neverAccepted: 'not seen yet',
    accepted: (time: string) => `${time} by the server`,
    kinds: {
      authorizationCode: 'a sign-in with the browser',
      deviceCode: 'a sign-in by device code',
      clientCredentials: 'client credentials, no person needed',
      jwtBearer: 'an assertion of its own, no person needed',
      refreshToken: 'refresh token given by hand',
      staticToken: 'static token: cannot be refreshed'
    },
    registrations: {
      dynamic: 'registered by itself',
      metadataDocument: 'by its published address',
      preRegistered: 'your own client id',
      none: 'not registered'
    },
    history: 'History',
    showAll: 'Show all',
    showLess: 'Show less',
    settings: 'Settings of this server',
    retry: 'Try again',
    attempt: (left: string) => `Next attempt in ${left}`,
    nextRefresh: (left: string) => `Refreshes in ${left}`
  },
  keys: {
    title: 'Public key of this client',
    lead: 'Its client signs in with a key (private_key_jwt). Register this public half at the server; the private half stays in the vault.',
    label: 'JWKS'
  },
  events: {
    added: 'Added',
    signedIn: 'Signed in',
    signInFailed: 'Sign-in failed',
    refreshed: 'Refreshed',
    refreshFailed: 'Refresh failed',
    superseded: 'Overtaken',
    signedOut: 'Signed out',
    paused: 'Paused',
    resumed: 'Resumed',
    verified: 'Verified',
    settingsChanged: 'Settings changed'
  } satisfies Record<EventKind, string>,
  proposals: {
    title: 'What this server needs',
    wouldSet: 'Setting:',
    givesUp: 'What is given up:',
    trust: {
      verified: 'Tried with this provider',
      cited: 'As the provider’s own pages say',
      unverified: 'Heard of, not tried',
      seen: 'Seen at this server'
    },
    source: 'Read it there',
    set: 'Set this',
    setAndTry: 'Set this and try again'
  },
  serverSettings: {
    name: 'Name',
    scope: 'Scopes',
    scopeHelp: 'Separated by spaces; empty: what the server asks for. Takes effect at the next sign-in.',
    redirectHost: 'Redirect host',
    redirectHelp: 'Some servers accept only one of the two. Takes effect at the next sign-in.',
    redirectPort: 'Redirect port',
    redirectPortHelp: 'Empty: the system chooses one each time.',
    redirect: 'The redirect address',
    params: 'Extra parameters',
    paramsHelp:
      'One a line, as name=value. They go with the sign-in and with each token request. No secrets here: they are shown.',
    paramsWrong: 'Write one parameter a line, as name=value.',
    quirks: 'For servers that bend the standards',
    omitResource: 'Leave out the resource parameter',
    allowMissingPkceMetadata: 'Sign in although the server does not announce PKCE',
    acceptIssuerSlash: 'Take metadata whose issuer differs by one trailing slash',
    allowPrivateAddresses: 'Follow its metadata to private addresses',
    quirkReason: (reason: string) => `Set because: ${reason}`,
    quirksHelp: {
      omitResource: 'For authorization servers that refuse it (RFC 8707).',
      allowMissingPkceMetadata: 'The proof is sent all the same; whether it is checked is not known.',
      acceptIssuerSlash: 'RFC 8414 wants the two equal, letter by letter.',
      allowPrivateAddresses: 'Its metadata can then make Tokentray ask machines of your own network.'
    },
    unchanged: 'Nothing was changed.'
  },
  advanced: {
    title: 'Advanced',
    mode: 'What the gateway sends to this server',
    modes: {
      token: { text: 'The token kept here', help: 'Clients hold nothing of this server’s.' },
      passThrough: {
        text: 'Each client’s own credentials (pass-through)',
        help: 'The tokens kept here stay, but are not used. A client brings its own Authorization and is let in by a key alone, so connect your clients anew. Right only where the server must see which of them asks.'
      }
    },
    dpop: 'Bind tokens to a key (DPoP)',
    dpopHelp:
      'A bound token is worth nothing without the key, which stays in the vault. Takes effect at the next sign-in.',
    dpopWays: { auto: 'Where the server asks for it', on: 'Always', off: 'Never' },
    clientAuth: 'How its client authenticates',
    clientAuthHelp: 'Used from the next refresh on.',
    clientAuths: {
      auto: 'As the server takes it',
      client_secret_basic: 'Secret in a header',
      client_secret_post: 'Secret in the request',
      private_key_jwt: 'Key (private_key_jwt)',
      none: 'Not at all'
    },
    keyHelp:
      'The key is made here and stays in the vault; its public half, to be registered at the server, is then shown above. Takes effect at the next sign-in.',
    clientId: 'Another client id of your own',
    clientIdHelp: 'Empty: the client stays. Another one brings its own secret; people sign in again for it to be used.',
    clientSecret: 'New client secret',
    certificateFile: 'Client certificate (file)',
    certificateHelp: 'For mutual TLS, PEM. Both fields empty: none.',
    certificateKeyFile: 'Its key (file)',
    certificateWrong: 'Name the certificate and its key, or neither.',
    assertionFile: 'Assertion (file)',
    assertionHelp: 'Read anew each time. A command that writes one can be named at the command line.',
    assertionFrom: (from: string) => `It comes from ${from}; empty: it stays so.`,
    identityProvider: 'Identity provider’s token endpoint',
    identityProviderHelp: 'Only where it exchanges the assertion, an ID token, first.',
    identityProviderClient: 'Client id there',
    identityProviderSecret: 'Its client secret there (if there is one)',
    identityProviderWrong: 'Give the address and the client id there, or neither.',
    filesElsewhere:
      'Certificates and assertions lie in files, or come from commands. They are named in Tokentray’s window or at the command line: a page in a browser must not read the one or run the other.'
  },
  schedule: {
    title: 'Schedule',
    help: 'Times as 90s, 5m, 1h or 2d. An empty field follows the general setting.',
    followDefault: (value: string) => (value ? `Use the default (${value})` : 'Use the default'),
    notDuration: 'Write a time such as 90s, 5m, 1h or 2d.',
    notPercent: 'Write a percentage from 0 to 100.',
    tooShort: (least: string) => `At least ${least}.`,
    fields: {
      refreshFraction: 'Refresh when this part of the lifetime is over (%)',
      refreshMargin: 'Or this long before the end',
      earliestFraction: 'Never before this part is over (%)',
      jitter: 'At random up to this much earlier (%)',
      floor: 'At least this long between two attempts',
      backoffFirst: 'Wait after the first failure',
      backoffMax: 'Longest wait between attempts',
      fixRetry: 'Try refused settings again every',
      retryAfterMax: 'Longest wait a server may ask for',
      guessedLifetime: 'Lifetime assumed where none is told',
      refreshTokenMargin: 'Before the refresh token’s own end'
    }
  },
  restored: {
    title: 'This sign-in comes from a backup',
    happened: 'The vault was put back from a backup, so this refresh token may not be the newest one.',
    risk: 'If a newer one is in use, here before or on another machine, the server may take the old one for stolen and end both.',
    choose:
      'Signing in again is safe. Try the restored token only if nothing else has used this sign-in since the backup.',
    attempt: 'Try the restored token',
    signInInstead: 'Sign in instead',
    giveInstead: 'Give a new token instead'
  },
  verify: {
    accepted: 'The server accepts the token',
    rejected: 'The server does not accept the token',
    unknown: 'The server did not say'
  },
  connect: {
    title: 'Connect a client',
    lead: 'The client is pointed at Tokentray and gets a key for this server alone. It never holds the server’s own token.',
    which: 'Client',
    byHand: 'Shown here, entered by hand',
    states: {
      new: 'This would be added to its file:',
      changed: 'This would change in its file:',
      connected: 'Connected: its file has the entry already.',
      foreign: 'Its file has an entry of this name that Tokentray did not write. This would be the entry:',
      manual:
        'Enter this where the client keeps its servers; in place of [key] put one that “tokentray clients add-key” makes.'
    },
    marks: {
      verified: 'Tried with this client.',
      cited: 'As this client’s own documents say.',
      unverified: 'Not tried with a client.'
    },
    write: 'Write this',
    replace: 'Show what replacing it would change',
    rotate: 'Prepare a new key',
    undo: 'Disconnect',
    written: (client: string, path: string) => `${client} is connected: ${path}`,
    undone: (client: string) => `${client} is disconnected and its key revoked.`,
    nothing: (client: string) => `${client} was not connected.`
  },
  demo: {
    title: 'Demo servers',
    badge: 'demo on this machine',
    start: 'Try the demo servers',
    stop: 'Remove the demo servers',
    helpOff: 'Three servers on this machine with short tokens: one steady, one flaky, one that ends its sign-in.',
    helpOn: 'They run on this machine, and go away when you remove them or when Tokentray ends.',
    started: 'The demo servers are running.',
    stopped: 'The demo servers and their tokens are gone.'
  },
  giveToken: {
    title: 'Give a new token',
    static: 'This kind of token cannot be refreshed. When it ends, paste a new one here.',
    refresh: 'Paste a new refresh token; it is spent at the same address as before.',
    accessToken: 'Access token',
    refreshToken: 'Refresh token',
    submit: 'Store token',
    done: 'The token is stored, encrypted.'
  },
  add: {
    title: 'Add a server',
    lead: 'Paste the address of an MCP server.',
    url: 'Address',
    placeholder: 'https://mcp.example.com/mcp',
    urlIncomplete: 'Write the whole address; it starts with https://.',
    name: 'Name (optional)',
    submit: 'Add and sign in',
    submitToken: 'Add',
    submitKey: 'Add and show its key',
    adding: 'Adding…',
    other: 'Other ways to connect',
    way: 'How Tokentray gets tokens',
    ways: {
      browser: 'Sign in with the browser',
      ownClient: 'With my own client id',
      clientCredentials: 'Client credentials',
      assertion: 'An assertion',
      staticToken: 'A static token',
      refreshToken: 'A refresh token I have'
    },
    waysHelp: {
      browser: 'The usual way. Tokentray registers itself at the server.',
      ownClient: 'For servers that allow no registration.',
      clientCredentials: 'For machines: no person signs in.',
      assertion: 'A workload’s identity, or a person’s ID token, from a file (RFC 7523).',
      staticToken: 'An API key or personal token. It cannot be refreshed.',
      refreshToken: 'Moved here from another program.'
    },
    clientId: 'Client id',
    clientSecret: 'Client secret',
    clientSecretOptional: 'Client secret (if there is one)',
    clientAuth: 'How this client authenticates',
    clientAuths: { secret: 'With a secret', key: 'With a key (private_key_jwt)' },
    keyHelp:
      'The key is made here and stays in the vault. Its public half is shown next: register it at the server, then sign in.',
    scope: 'Scopes (optional)',
    accessToken: 'Token',
    refreshToken: 'Refresh token',
    tokenEndpoint: 'Token endpoint',
    tokenEndpointHelp: 'The address refresh tokens are spent at, often ending in /token.',
    tokenEndpointOptional: 'Token endpoint (only where discovery does not find it)',
    redirectHost: 'Redirect host',
    port: 'Port',
    redirect: 'Enter this redirect address there',
    portWrong: 'A port is a number from 1 to 65535.',
    provider: 'Provider',
    otherProvider: 'Another one',
    providerSteps:
      'Create an OAuth client in the provider’s developer settings, enter the redirect address below exactly as it stands, and copy the client id here, with the client secret if there is one.',
    trust: {
      verified: 'These steps were tried.',
      cited: 'Menus may have moved since.',
      unverified: 'These steps are from memory and were not checked.'
    },
    source: (host: string) => `See ${host}`,
    staticWarning: 'Cannot be refreshed: when it ends, you give a new one.',
    refreshWarning:
      'Where the server replaces refresh tokens, the program it came from stops working once Tokentray uses it.',
    writeOnly: 'Goes straight into the encrypted vault and is never shown again.',
    added: (name: string) => `${name} is added.`
  },
  signIn: {
    title: (name: string) => `Sign in to ${name}`,
    lead: 'The token you have stays in use until the new one is stored.',
    leadFirst: 'Each step shows as it happens.',
    steps: {
      resource: ['Look for the server', 'Found the server'],
      authorizationServer: ['Ask who signs you in', 'Found who signs you in'],
      registration: ['Register Tokentray there', 'Registered Tokentray there'],
      browser: ['Wait for you in the browser', 'You said yes in the browser'],
      exchange: ['Fetch the tokens', 'Fetched the tokens'],
      store: ['Store the tokens, encrypted', 'Stored the tokens, encrypted']
    } satisfies Record<SignInStep, [string, string]>,
    now: {
      resource: 'Looking for the server…',
      authorizationServer: 'Asking who signs you in…',
      registration: 'Registering Tokentray there…',
      browser: 'Waiting for you in the browser',
      exchange: 'Fetching the tokens…',
      store: 'Storing the tokens, encrypted…'
    } satisfies Record<SignInStep, string>,
    waitingFor: (name: string) => `Waiting for the sign-in to ${name}, at the same authorization server…`,
    opened: 'Nothing opened? Open it again, or copy the link.',
    blocked: 'The sign-in page is ready: open it to go on.',
    open: 'Open the sign-in page',
    openAgain: 'Open again',
    copyLink: 'Copy link',
    unknownClient: 'Does that page say that it does not know this client?',
    newClient: 'Register anew',
    cancel: 'Cancel',
    device: 'Enter this code',
    deviceHelp: 'On this machine or any other, open',
    deviceOpen: 'Open that page',
    devicePicture: 'The address as a QR code',
    paste: 'Ended on a page that does not load?',
    pasteHelp:
      'That happens when the browser runs on another machine. Copy the whole address of that page and paste it here.',
    pasteLabel: 'Address you ended on',
    pasteSubmit: 'Use this address',
    done: 'Signed in',
    doneText: 'The tokens are stored, encrypted, and kept fresh from now on.',
    show: 'Show server',
    again: 'Try again',
    failed: 'The sign-in did not work',
    cancelled: 'The sign-in was cancelled',
    stopped: 'No sign-in is under way.',
    start: 'Start the sign-in',
    ownClient: 'Use my own client id…',
    changeAddress: 'Change the address…',
    settings: 'Settings of this server',
    ownClientStep: ['Use your own client id', 'Your own client id is used'] as [string, string]
  },
  welcome: {
    title: 'Your MCP servers, signed in and kept that way',
    lead: 'Sign in once per server. Tokentray refreshes each token before it runs out, and tells you only when you are needed.',
    points: (key: string) => [
      ['Encrypted on this machine', `Tokens lie in one encrypted file. ${key}`],
      ['Nothing goes elsewhere', 'Tokentray speaks to your servers and those who sign you in, and to nobody else.'],
      ['Sign-in in your own browser', 'Passwords never pass through here; the browser comes back to this machine.']
    ],
    keys: {
      keychain: 'Its key is in the system’s keychain.',
      passphrase: 'Its key comes from your passphrase.',
      throwaway: 'It lasts for this run only: nothing is kept.',
      none: 'Where its key is, is not known yet.'
    },
    demo: 'The demo servers run on this machine: nothing to sign up for, and one press removes them.',
    noDemo: 'Only trying it out? The command “tokentray demo” starts three servers to add.'
  },
  settings: {
    title: 'Settings',
    vault: 'Vault',
    location: 'Location',
    keyStates: {
      keychain: 'The keychain answered when the vault was opened.',
      passphrase: 'The passphrase is asked for at each start and kept nowhere.',
      throwaway: 'Nothing is kept, so nothing can be lost.',
      none: ''
    },
    keyLost: {
      keychain:
        'Should the keychain lose the key, restore the keychain; without the key you start anew and sign in again.',
      passphrase: 'Nobody can recover it: without it you start anew and sign in again.',
      throwaway: '',
      none: ''
    },
    gateway: 'Gateway',
    gatewayHelp: 'Clients and scripts reach your servers here, each below its own name, and never hold their tokens.',
    gatewayNone: 'This Tokentray has none.',
    gatewayAddress: 'Address',
    gatewayPort: 'Port',
    gatewayPublic: 'Public address',
    gatewayClients: 'Clients…',
    key: 'Key',
    keySources: {
      keychain: 'in the system’s keychain',
      passphrase: 'from your passphrase',
      throwaway: 'for this run only: nothing is kept',
      none: 'not known'
    },
    backup: 'Make a backup now',
    backupHelp: 'An encrypted copy beside the vault; the newest three are kept.',
    backedUp: (path: string) => `Backed up to ${path}`,
    running: 'Running',
    version: 'Version',
    since: 'Since',
    owner: 'Kept by',
    owners: { lasting: 'the tray or tokentray serve', command: 'a command, until it ends' },
    process: (pid: number) => `process ${pid}`,
    diagnostics: 'Diagnostics',
    diagnosticsHelp:
      'Versions, states, hosts and the last events; no tokens and no secrets. Read it before you send it.',
    copyReport: 'Copy report',
    showReport: 'Show report',
    hideReport: 'Hide report',
    appearance: 'Appearance',
    theme: 'Theme',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    scheduleHelp:
      'When tokens are refreshed, for every server that sets nothing of its own. Times as 90s, 5m, 1h or 2d.',
    scheduleShow: 'General schedule'
  },
  desktop: {
    title: 'On this desktop',
    startAtLogin: 'Start at login',
    notifications: 'Notify me when I am needed',
    server: 'Notify me about this server'
  },
  vault: {
    keychainWaiting: {
      title: 'Waiting for the keychain',
      happened:
        'The system’s keychain holds the key to your tokens and has not answered yet. It may be asking you for its password in a window of its own.',
      todo: 'Answer the keychain’s question. Tokentray goes on by itself.'
    },
    locked: {
      title: 'The vault is locked',
      happened: 'The keychain that holds the key to your tokens is locked.',
      todo: 'Unlock the keychain, for example by signing in to the desktop, then try again.'
    },
    passphrase: {
      title: 'The vault is locked',
      happened: 'Your tokens lie encrypted in the vault, and only your passphrase opens it.',
      todo: 'Type the passphrase you chose when the vault was made.'
    },
    new: {
      title: 'Choose a passphrase',
      happened: 'No keychain is at hand that could hold the key to your tokens.',
      todo: 'Choose a passphrase instead, which you then type at each start. Or make a keychain available and try again.'
    },
    keyMissing: {
      title: 'The key is missing',
      happened:
        'The keychain answers but does not hold the key of this vault. Without it nobody can read the tokens, Tokentray included.',
      todo: 'If the keychain can be restored, do that and try again. If the key is gone for good, start anew below.'
    },
    damaged: {
      title: 'The vault is damaged',
      happened: 'The file with your tokens is missing, or cannot be read as it should.',
      todo: 'Put the newest sound backup back, as offered below. What is there now is set aside, never overwritten.'
    },
    noBackup:
      'No sound backup was found. Put the file back from a copy of your own and try again, or start anew below.',
    fromFuture: {
      title: 'The vault is from a newer Tokentray',
      happened: 'A newer version has changed the file in a way this one does not know.',
      todo: 'Update Tokentray and start it again. Nothing here touches the file until then.'
    },
    unavailable: {
      title: 'The vault cannot be opened',
      happened: 'The file with your tokens could not be opened.',
      todo: 'Put right what is named above, then try again.'
    },
    safe: 'What is safe',
    safeText: 'Nothing was deleted or changed. No server was contacted, so no token was spent.',
    safeNew: 'Nothing was made yet, and nothing is stored without a key.',
    what: 'What happened',
    todoTitle: 'What to do',
    file: 'File',
    retry: 'Try again',
    label: 'Passphrase',
    help: 'Opens the vault here; it is not stored and never shown.',
    unlock: 'Unlock',
    wrong: 'This passphrase does not open the vault.',
    opened: 'The vault is open.',
    newLabel: 'New passphrase',
    newHelp: 'Nobody can recover it: without it the tokens are lost, and you sign in again.',
    again: 'The same once more',
    againHelp: 'So that a slip of the finger does not lock you out.',
    differ: 'The two passphrases differ.',
    create: 'Make the vault',
    created: 'The vault is made, and your passphrase opens it.',
    restoreTitle: 'Restore a backup',
    restoreText: (when: string) =>
      `The newest sound backup was made ${when}. Its tokens may have been used since, so you are asked before each server is tried.`,
    restore: 'Restore this backup',
    restored: 'The backup is back in place; what was there is set aside.',
    resetTitle: 'Start anew',
    resetText:
      'The old vault is set aside, not deleted, and an empty one takes its place. You then add your servers and sign in again.',
    resetWord: 'reset',
    resetLabel: 'Type “reset” to go on',
    reset: 'Start anew',
    resetDone: (keptAs: string) => `The old vault is kept as ${keptAs}.`
  } satisfies Record<Exclude<VaultView['state'], 'open'>, { title: string; happened: string; todo: string }> &
    Record<string, unknown>,
  connection: {
    lost: 'The connection to Tokentray was lost; what you see may be old. Trying again…',
    ended: 'This session has ended. Run “tokentray open” for a new link.',
    outdated: 'Tokentray was updated. Reload this page.',
    unreachable: 'Tokentray did not answer; nothing may have happened. Try again.'
  },
  clients: {
    title: 'Clients',
    lead: 'Programs that use your servers through Tokentray. None of them holds a token of a server.',
    wants: (name: string) => `“${name}” wants access`,
    digits: 'Digits',
    compare: 'Allow it only if a page in your browser shows these digits. Any program can call itself anything.',
    backTo: 'Goes back to',
    servers: 'Servers',
    time: 'Time left',
    left: (left: string) => `${left}, then the answer is no`,
    choose: 'It named no server. It may use:',
    onceOrAlways:
      'Once: this sign-in, for 30 days at most. Always: also when it signs in again, for these servers, going back to the same place.',
    once: 'Allow once',
    always: 'Always allow',
    deny: 'Deny',
    allowed: (name: string) => `${name} is let in.`,
    denied: (name: string) => `${name} was not let in.`,
    waiting: (name: string, count: number) =>
      count === 1 ? `“${name}” wants access.` : `“${name}” and ${count - 1} more want access.`,
    answer: 'Answer',
    letIn: 'Let in',
    none: 'Nobody yet. A client that is pointed at the gateway asks here; a script gets a key.',
    kinds: { oauth: 'signed in', key: 'key' },
    uses: (servers: string) => `Uses ${servers}.`,
    usesNone: 'Reaches nothing at the moment.',
    metricsOnly: 'Reads the metrics only.',
    alwaysFor: (servers: string) => `Always let in to ${servers}.`,
    until: (day: string) => `Until ${day}.`,
    lastUse: (server: string) => `Last used ${server}:`,
    neverUsed: 'Never used.',
    revoke: 'Revoke',
    revoked: (name: string) => `${name} is let in no more.`,
    addKey: 'Add key…',
    keyHelp:
      'For scripts, and for clients that cannot sign in. Whoever has the key can use these servers through Tokentray.',
    keyName: 'Name',
    keyServers: 'For these servers',
    keyEnd: 'Ends',
    days: (days: number) => (days === 365 ? 'in a year' : `in ${days} days`),
    noEnd: 'when it is revoked',
    keyMake: 'Make the key',
    keyOnce: 'This key is shown now and never again. Put it where it is needed, then close this.',
    key: (name: string) => `Key “${name}”`,
    keyKept: 'I have it',
    refused: 'Refused',
    refusedHelp: 'Tried at the gateway since Tokentray started, and refused. Nothing was let through.',
    refusedTimes: (what: string, times: number, detail: string) =>
      `${what}: ${times === 1 ? 'once' : `${times} times`}, last: ${detail}`,
    lockTitle: 'Lock',
    lockHelp: 'Cuts every client and key off at once, until you unlock. Tokens are refreshed all the while.',
    lockedHelp: 'Nobody is let in. Clients and keys work again as soon as you unlock.',
    lockedBanner: 'All clients are locked out.',
    lock: 'Lock all',
    unlock: 'Unlock',
    lockedNow: 'Every client is cut off.',
    unlockedNow: 'Clients and keys work again.',
    activity: 'Last used',
    used: (name: string, server: string, requests: number) =>
      `${name}: ${server}, ${requests === 1 ? '1 request' : `${requests} requests`}`
  },
  toasts: 'Notifications',
  changed: (count: number) => `${count} servers changed`
}

// The redirect address it ends with is that of this try; the page for a client of one's own has the one to register.
const ownClient = (sentence: string) => sentence.replace(/ Create a client .*$/s, ' Use your own client id.')

/** Sentences of the core that name options and variables of the command line, as the pages say them. */
const sentences: Record<string, (sentence: string) => string> = {
  registrationUnsupported: ownClient,
  registrationRefused: ownClient,
  keychainMissing: (sentence) => sentence.replace(/, or use a passphrase.*$/s, '.'),
  keychainLocked: (sentence) => sentence.replace(' (TOKENTRAY_PASSPHRASE_FILE)', ''),
  passphraseNeeded: () => 'The vault is opened by a passphrase.',
  vaultKeyMissing: (sentence) => sentence.replace(/; unlock or restore.*$/s, '.')
}

/** What a page says of an error: what happened and what to do, once. */
export const sayError = (code: string | null, sentence: string) => sentences[code ?? '']?.(sentence) ?? sentence
