// The text of the screen that replaces all others while the vault is not open: why, what is safe, and what to do.
// Opening, creating, restoring and resetting a vault are all said here.
import type { VaultView } from '../../app/contract/views.ts'

export const vaultWords = {
  keychainWaiting: {
    title: 'Waiting for the keychain',
    happened:
      'Your system’s keychain holds the encryption key of your vault and has not responded yet. It may be asking for its password in another window.',
    todo: 'Respond to the keychain’s prompt. Tokentray then continues automatically.'
  },
  locked: {
    title: 'The vault is locked',
    happened: 'The keychain that holds the encryption key of your vault is locked.',
    todo: 'Unlock the keychain, for example by logging in to the desktop, then try again.'
  },
  passphrase: {
    title: 'The vault is locked',
    happened: 'Your tokens are encrypted in the vault, and only your passphrase opens it.',
    todo: 'Enter the passphrase you chose when you created the vault.'
  },
  new: {
    title: 'Choose a passphrase',
    happened: 'No keychain is available to hold the encryption key of your vault.',
    todo: 'Choose a passphrase, which you then enter at each start. Or make a keychain available and try again.'
  },
  keyMissing: {
    title: 'The encryption key is missing',
    happened:
      'The keychain responds but does not hold the key of this vault. Without it nobody can read the tokens, not even Tokentray.',
    todo: 'If you can restore the keychain, do that and try again. If the key is gone for good, reset the vault below.'
  },
  damaged: {
    title: 'The vault is damaged',
    happened: 'The file with your tokens is missing or cannot be read.',
    todo: 'Restore the newest intact backup below. The current file is kept under another name, never overwritten.'
  },
  noBackup: 'No intact backup was found. Restore the file from your own copy and try again, or reset the vault below.',
  fromFuture: {
    title: 'The vault is from a newer version of Tokentray',
    happened: 'A newer version has changed the file in a way that this version cannot read.',
    todo: 'Update Tokentray and start it again. Until then, the file stays untouched.'
  },
  unavailable: {
    title: 'The vault cannot be opened',
    happened: 'The file with your tokens could not be opened.',
    todo: 'Fix the problem described above, then try again.'
  },
  safe: 'What is safe',
  safeText: 'Nothing was deleted or changed. No server was contacted, so no token was used up.',
  safeNew: 'Nothing has been created yet, and nothing is stored without an encryption key.',
  what: 'What happened',
  todoTitle: 'What to do',
  file: 'File',
  retry: 'Try again',
  label: 'Passphrase',
  help: 'Opens the vault. It is never stored or shown.',
  unlock: 'Unlock',
  wrong: 'Wrong passphrase. Try again.',
  opened: 'Vault unlocked.',
  newLabel: 'New passphrase',
  newHelp: 'Nobody can recover it. Without it your tokens are lost and you must sign in again.',
  again: 'Confirm passphrase',
  againHelp: 'So that a typo does not lock you out.',
  differ: 'The passphrases do not match.',
  create: 'Create vault',
  created: 'Vault created. Your passphrase opens it.',
  restoreTitle: 'Restore a backup',
  restoreText: (when: string) =>
    `The newest intact backup was made ${when}. Its tokens may have been used since, so Tokentray asks you before it tries each server.`,
  restore: 'Restore this backup',
  restored: 'Backup restored. The previous file is kept under another name.',
  resetTitle: 'Reset vault',
  resetText:
    'The old vault is kept under another name, not deleted, and an empty one replaces it. You then add your servers and sign in again.',
  resetWord: 'reset',
  resetLabel: 'Type “reset” to confirm',
  reset: 'Reset vault',
  resetDone: (keptAs: string) => `Vault reset. The old vault is kept as ${keptAs}.`
} satisfies Record<Exclude<VaultView['state'], 'open'>, { title: string; happened: string; todo: string }> &
  Record<string, unknown>
