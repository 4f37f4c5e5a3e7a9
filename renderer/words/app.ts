// The text that every page shares: the product's name, the connection to Tokentray, and how errors read on a page.
// Sentences written by the core arrive ready to show; the others are in this folder, one file per screen.

export const appWords = {
  name: 'Tokentray',
  connecting: 'Connecting…',
  notifications: 'Notifications',
  changed: (count: number) => `${count} servers changed`,
  ended: {
    title: 'Open the dashboard from a terminal',
    lead: 'Tokentray was restarted, or your session has expired. This page no longer shows anything. Run this command on the computer where Tokentray runs:',
    command: 'Command'
  },
  connection: {
    lost: 'Connection to Tokentray lost. This page may be out of date. Reconnecting…',
    ended: 'Your session has ended. Open the dashboard again from a terminal.',
    outdated: 'Tokentray was updated. Reload this page.',
    unreachable: 'Tokentray did not respond, so your change may not have been made. Try again.'
  }
}

// The redirect URI in that sentence belongs to this attempt; the page for your own client shows the one to register.
const ownClient = (sentence: string) => sentence.replace(/ Create a client .*$/s, ' Use your own client ID.')

/** Sentences of the core that name options and variables of the command line, as the pages say them. */
const sentences: Record<string, (sentence: string) => string> = {
  registrationUnsupported: ownClient,
  registrationRefused: ownClient,
  keychainMissing: (sentence) => sentence.replace(/, or use a passphrase.*$/s, '.'),
  keychainLocked: (sentence) => sentence.replace(' (TOKENTRAY_PASSPHRASE_FILE)', ''),
  passphraseNeeded: () => 'This vault is protected by a passphrase.',
  vaultKeyMissing: (sentence) => sentence.replace(/ Unlock or restore.*$/s, '')
}

/** What a page says of an error: what happened and what to do, once. */
export const sayError = (code: string | null, sentence: string) => sentences[code ?? '']?.(sentence) ?? sentence
