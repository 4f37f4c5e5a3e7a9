// The text for adding a server in each of the ways Tokentray gets tokens, and for replacing a token you pasted.
// The steps for a provider come from app/providers.

export const addWords = {
  title: 'Add server',
  lead: 'Paste the URL of an MCP server.',
  url: 'Server URL',
  placeholder: 'https://mcp.example.com/mcp',
  urlInvalid: 'This is not a URL. Use one like https://mcp.example.com/mcp.',
  looking: 'Looking for the server…',
  using: (url: string) => `Using ${url}`,
  notAdded: 'Nothing was added. Correct the URL, or keep it and sign in later.',
  keep: 'Keep anyway',
  name: 'Name (optional)',
  submit: 'Add and sign in',
  submitToken: 'Add',
  submitKey: 'Add and show public key',
  other: 'Other ways to connect',
  way: 'How Tokentray gets tokens',
  ways: {
    browser: 'Sign in with the browser',
    ownClient: 'Use your own client ID',
    clientCredentials: 'Client credentials',
    assertion: 'Assertion',
    staticToken: 'Static token',
    refreshToken: 'Existing refresh token'
  },
  waysHelp: {
    browser: 'Recommended. Tokentray registers itself at the server.',
    ownClient: 'For servers that do not allow automatic registration.',
    clientCredentials: 'For machine access: no person signs in.',
    assertion: 'A workload identity, or a person’s ID token, from a file (RFC 7523).',
    staticToken: 'An API key or personal access token. It cannot be refreshed.',
    refreshToken: 'Moved here from another program.'
  },
  clientId: 'Client ID',
  clientSecret: 'Client secret',
  clientSecretOptional: 'Client secret (if any)',
  clientAuth: 'Client authentication',
  clientAuths: { secret: 'With a client secret', key: 'With a key (private_key_jwt)' },
  keyHelp:
    'Tokentray creates the key and keeps it in the vault. Next it shows you the public key: register that at the server, then sign in.',
  scope: 'Scopes (optional)',
  accessToken: 'Token',
  refreshToken: 'Refresh token',
  tokenEndpoint: 'Token endpoint',
  tokenEndpointHelp: 'The URL where refresh tokens are used, often ending in /token.',
  tokenEndpointOptional: 'Token endpoint (only if discovery does not find it)',
  redirectHost: 'Redirect host',
  port: 'Port',
  redirect: 'Register this redirect URI at the provider',
  portWrong: 'Enter a port from 1 to 65535.',
  provider: 'Provider',
  otherProvider: 'Other',
  providerSteps:
    'Create an OAuth client in the provider’s developer settings and register the redirect URI below exactly as shown. Then copy the client ID here, and the client secret if there is one.',
  trust: {
    verified: 'These steps were tested.',
    cited: 'Menus may have changed since this was written.',
    unverified: 'These steps have not been tested.'
  },
  source: (host: string) => `See ${host}`,
  staticWarning: 'Cannot be refreshed. When it expires, you replace it.',
  refreshWarning:
    'If the server rotates refresh tokens, the program this one came from stops working once Tokentray uses it.',
  writeOnly: 'Stored directly in the encrypted vault and never shown again.',
  added: (name: string) => `${name} added.`,
  kept: (name: string) => `${name} was kept without checking its URL. You can sign in later.`,
  addedUnchecked: (name: string) => `${name} added. Its URL was not checked.`
}

export const changeServerWords = {
  titles: { url: 'Change the URL', client: 'Use your own client ID' },
  submit: 'Save and sign in',
  submitKey: 'Save and show public key'
}

export const giveTokenWords = {
  title: 'Replace token',
  static: 'This type of token cannot be refreshed. When it expires, paste a new one here.',
  refresh: 'Paste a new refresh token. It is used at the same token endpoint as before.',
  accessToken: 'Access token',
  refreshToken: 'Refresh token',
  submit: 'Save token',
  done: 'Token saved and encrypted.'
}
