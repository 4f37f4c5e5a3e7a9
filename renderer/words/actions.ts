// The text of what can be done with a server, and what is said when it is done.
// The buttons stand in the list, on a server's page and in dialogs.

export const actionWords = {
  signIn: 'Sign in',
  signInAgain: 'Sign in again',
  grantMore: (scopes: readonly string[]) => {
    const [first, ...others] = scopes
    if (!first) return 'Grant permission'
    // A button stays a button: the page of the server names them all.
    const name = first.length > 32 ? `${first.slice(0, 31)}…` : first
    return others.length > 0 ? `Grant ${name} and ${others.length} more…` : `Grant ${name}…`
  },
  fix: 'Fix…',
  fixSettings: 'Fix settings',
  fixClient: 'Fix client',
  giveToken: 'Replace token',
  showSignIn: 'Continue',
  tryRestored: 'Decide…',
  verify: 'Verify',
  refresh: 'Refresh now',
  refreshed: (name: string) => `${name}: new token stored.`,
  pause: 'Pause',
  paused: (name: string) => `${name} paused. Its token is kept but no longer refreshed.`,
  resume: 'Resume',
  resumed: (name: string) => `${name} resumed. Its token is refreshed again.`,
  forget: 'Forget registration',
  signOut: 'Sign out',
  remove: 'Remove…',
  removeNow: 'Remove',
  signedOut: (name: string, revoked: string) => `Signed out of ${name}. ${revoked}`,
  removed: (name: string, revoked: string) => `${name} removed. ${revoked}`,
  removeTitle: (name: string) => `Remove ${name}?`,
  removeText:
    'This deletes its tokens, settings and history from this computer, and revokes the tokens at the server if it supports revocation. You cannot undo this.',
  signOutTitle: (name: string) => `Sign out of ${name}?`,
  signOutText:
    'This deletes the tokens from this computer, and revokes them at the server if it supports revocation. Programs that use them stop working until you sign in again.',
  cancel: 'Cancel',
  save: 'Save',
  saved: 'Settings saved.',
  copy: 'Copy',
  copied: 'Copied.',
  copyFailed: 'Could not copy. Select the text and copy it yourself.',
  close: 'Close',
  working: 'Working…'
}
