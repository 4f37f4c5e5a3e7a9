// The text of the settings page: vault, gateway, schedule, appearance, diagnostics, and what only the desktop app has.
// The schedule's fields are in serverSettings.ts.

export const settingsWords = {
  title: 'Settings',
  vault: 'Vault',
  location: 'Location',
  keyStates: {
    keychain: 'The encryption key was read from the keychain when the vault was opened.',
    passphrase: 'Tokentray asks for the passphrase at each start and never stores it.',
    throwaway: 'Nothing is kept, so nothing can be lost.',
    none: ''
  },
  keyLost: {
    keychain:
      'If the keychain loses the key, restore the keychain. Without the key, you must reset the vault and sign in again.',
    passphrase: 'Nobody can recover it. Without it, you must reset the vault and sign in again.',
    throwaway: '',
    none: ''
  },
  gateway: 'Gateway',
  gatewayHelp:
    'Clients and scripts reach your servers here, each under its own name, and never hold the servers’ tokens.',
  gatewayNone: 'The gateway is off.',
  gatewayAddress: 'URL',
  gatewayPort: 'Port',
  gatewayPublic: 'Public URL',
  gatewayClients: 'Clients…',
  key: 'Encryption key',
  keySources: {
    keychain: 'in your system’s keychain',
    passphrase: 'from your passphrase',
    throwaway: 'temporary: nothing is kept when Tokentray stops',
    none: 'unknown'
  },
  backup: 'Back up now',
  backupHelp: 'Saves an encrypted copy next to the vault. The three newest are kept.',
  backedUp: (path: string) => `Backed up to ${path}`,
  running: 'Running',
  version: 'Version',
  since: 'Since',
  owner: 'Run by',
  owners: { lasting: 'the desktop app or “tokentray serve”', command: 'a command, until it finishes' },
  process: (pid: number) => `process ${pid}`,
  diagnostics: 'Diagnostics',
  diagnosticsHelp:
    'Includes versions, states, host names and recent events, but no tokens or secrets. Read it before you share it.',
  copyReport: 'Copy report',
  showReport: 'Show report',
  hideReport: 'Hide report',
  appearance: 'Appearance',
  theme: 'Theme',
  themes: { system: 'Same as system', light: 'Light', dark: 'Dark' },
  scheduleHelp:
    'When tokens are refreshed, for every server without its own schedule. Enter times as 90s, 5m, 1h or 2d.',
  scheduleShow: 'Default schedule'
}

export const desktopWords = {
  title: 'Desktop',
  startAtLogin: 'Start at login',
  notifications: 'Notify me when a server needs me',
  server: 'Notify me about this server'
}
