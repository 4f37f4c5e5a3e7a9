// The text of one server's settings: the common ones, the advanced ones, and the refresh schedule.
// The schedule's text also serves the general schedule on the settings page.

export const serverSettingsWords = {
  name: 'Name',
  scope: 'Scopes',
  scopeHelp: 'Separate with spaces. Leave empty to request the server’s own scopes. Takes effect at the next sign-in.',
  redirectHost: 'Redirect host',
  redirectHelp: 'Some servers accept only one of the two. Takes effect at the next sign-in.',
  redirectPort: 'Redirect port',
  redirectPortHelp: 'Leave empty to let the system choose a port each time.',
  redirect: 'Redirect URI',
  params: 'Extra parameters',
  paramsHelp:
    'One name=value per line, sent with the sign-in and with each token request. One without a value is left out, for example prompt=. Do not enter secrets: these values are shown.',
  paramsWrong: 'Enter one name=value per line.',
  quirks: 'Compatibility settings',
  omitResource: 'Leave out the resource parameter',
  allowMissingPkceMetadata: 'Sign in even if the server does not list PKCE',
  acceptIssuerSlash: 'Accept an issuer that differs by one trailing slash',
  allowPrivateAddresses: 'Follow the server’s metadata to private addresses',
  acceptIssuer: 'Accept metadata that names another issuer',
  allowMissingIss: 'Accept a sign-in without the promised issuer (iss)',
  signInAnyway: 'Sign in even if the server answers without a token',
  quirkIssuer: (issuer: string) => `For exactly this issuer: ${issuer}`,
  quirkReason: (reason: string) => `Reason: ${reason}`,
  quirksHelp: {
    omitResource: 'For authorization servers that reject it (RFC 8707).',
    allowMissingPkceMetadata: 'PKCE is still sent, but the server may not check it.',
    acceptIssuerSlash: 'RFC 8414 requires the two to match exactly.',
    allowPrivateAddresses: 'The server’s metadata can then make Tokentray contact computers on your own network.',
    acceptIssuer: 'RFC 8414 requires the two to match exactly.',
    allowMissingIss: 'State and PKCE are still checked (RFC 9207).',
    signInAnyway: 'For servers that ask for a token only when one of their tools is called.'
  },
  unchanged: 'No changes to save.'
}

export const advancedWords = {
  title: 'Advanced',
  mode: 'What the gateway sends to this server',
  modes: {
    token: { text: 'The token stored in Tokentray', help: 'Clients never hold this server’s credentials.' },
    passThrough: {
      text: 'Each client’s own credentials (pass-through)',
      help: 'Stored tokens are kept but not used. Each client sends its own Authorization header and needs a key to use the gateway, so you must connect your clients again. Choose this only if the server must know which client is calling.'
    }
  },
  dpop: 'Bind tokens to a key (DPoP)',
  dpopHelp: 'A bound token is useless without the key, which stays in the vault. Takes effect at the next sign-in.',
  dpopWays: { auto: 'If the server asks for it', on: 'Always', off: 'Never' },
  clientAuth: 'Client authentication',
  clientAuthHelp: 'Takes effect at the next refresh.',
  clientAuths: {
    auto: 'Automatic',
    client_secret_basic: 'Secret in the header (client_secret_basic)',
    client_secret_post: 'Secret in the request body (client_secret_post)',
    private_key_jwt: 'Key (private_key_jwt)',
    none: 'None'
  },
  keyHelp:
    'Tokentray creates the key and keeps it in the vault. Its public key then appears above for you to register at the server. Takes effect at the next sign-in.',
  clientId: 'New client ID',
  clientIdHelp:
    'Leave empty to keep the current client. A new client needs its own secret and takes effect at the next sign-in.',
  clientSecret: 'New client secret',
  certificateFile: 'Client certificate (file)',
  certificateHelp: 'For mutual TLS, in PEM format. Leave both fields empty for none.',
  certificateKeyFile: 'Certificate key (file)',
  certificateWrong: 'Enter both the certificate and its key, or neither.',
  assertionFile: 'Assertion (file)',
  assertionHelp: 'Read again each time. To use a command that writes one, use the command line.',
  assertionFrom: (from: string) => `Currently from ${from}. Leave empty to keep it.`,
  identityProvider: 'Identity provider’s token endpoint',
  identityProviderHelp: 'Only if the identity provider first exchanges the assertion (an ID token).',
  identityProviderClient: 'Client ID at the identity provider',
  identityProviderSecret: 'Client secret at the identity provider (if any)',
  identityProviderWrong: 'Enter both the token endpoint and the client ID at the identity provider, or neither.',
  filesElsewhere:
    'Certificates and assertions come from files or commands. Set them in the Tokentray app or on the command line: a page in a browser must not read files or run commands.'
}

export const scheduleWords = {
  title: 'Schedule',
  help: 'Enter times as 90s, 5m, 1h or 2d. Leave a field empty to use the default.',
  followDefault: (value: string) => (value ? `Use the default (${value})` : 'Use the default'),
  notDuration: 'Enter a time such as 90s, 5m, 1h or 2d.',
  notPercent: 'Enter a percentage from 0 to 100.',
  tooShort: (least: string) => `Enter at least ${least}.`,
  fields: {
    refreshFraction: 'Refresh after this share of the lifetime (%)',
    refreshMargin: 'Or this long before expiry',
    earliestFraction: 'Never before this share of the lifetime (%)',
    jitter: 'Random variation, earlier by up to (%)',
    floor: 'Minimum time between two attempts',
    backoffFirst: 'Wait after the first failure',
    backoffMax: 'Longest wait between attempts',
    fixRetry: 'Retry rejected settings every',
    retryAfterMax: 'Longest wait a server may ask for',
    guessedLifetime: 'Assumed lifetime if the server does not say',
    refreshTokenMargin: 'Refresh this long before the refresh token expires'
  }
}
