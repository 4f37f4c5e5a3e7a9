// The text of the server list, of the first run before any server exists, and of the demo servers.
// The status line of each server comes from the core (app/health/words.ts).

export const listWords = {
  title: 'Servers',
  label: 'MCP servers',
  count: (count: number) => (count === 1 ? '1 server' : `${count} servers`),
  add: 'Add server…',
  settings: 'Settings',
  left: 'left',
  ended: 'expired',
  nextIn: 'next in',
  refreshesIn: (left: string) => `refreshes in ${left}`,
  remedyIn: (remedy: string, left: string) => `${remedy} in ${left}`,
  refreshDue: 'refresh due',
  now: 'now',
  bar: 'Token lifetime left'
}

/** What each mark means, for those who see neither its shape nor its colour. */
export const markWords = {
  ok: 'Healthy',
  ending: 'No refresh token',
  running: 'Refreshing',
  retrying: 'Retrying',
  serverDown: 'Server down',
  wantsMore: 'Asks for more permission',
  needsYou: 'Needs you',
  paused: 'Paused',
  signedOut: 'Not signed in',
  signingIn: 'Signing in'
}

export const welcomeWords = {
  title: 'Stay signed in to your MCP servers',
  lead: 'Sign in once per server. Tokentray refreshes each token before it expires and notifies you only when a server needs you.',
  points: (key: string) => [
    ['Encrypted on this computer', `Your tokens are stored in one encrypted file. ${key}`],
    ['Nothing is sent anywhere else', 'Tokentray connects only to your servers and the services that sign you in.'],
    ['Sign in with your own browser', 'Tokentray never sees your passwords; the browser returns to this computer.']
  ],
  keys: {
    keychain: 'Its encryption key is in your system’s keychain.',
    passphrase: 'Its encryption key comes from your passphrase.',
    throwaway: 'This vault is temporary: nothing is kept when Tokentray stops.',
    none: 'The location of its encryption key is not known yet.'
  },
  demo: 'The demo servers run on this computer. There is nothing to sign up for, and you can remove them with one click.',
  noDemo: 'Just trying it out? Run “tokentray demo” to start three demo servers.'
}

export const demoWords = {
  title: 'Demo servers',
  badge: 'demo on this computer',
  start: 'Try the demo servers',
  stop: 'Remove the demo servers',
  helpOff:
    'Three servers on this computer with short-lived tokens: one is reliable, one fails now and then, and one soon needs you to sign in again.',
  helpOn: 'They run on this computer and disappear when you remove them or when Tokentray stops.',
  started: 'Demo servers started.',
  stopped: 'Demo servers and their tokens removed.'
}
