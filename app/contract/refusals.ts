// Requests the gateway refused that a person should hear of, by kind, and their words. Ordinary refusals, such as of an
// expired token, are not among them. Free of zod, because the command line loads it.

export const refusalWords = {
  foreignHost: 'addressed by a foreign name, as in DNS rebinding',
  foreignOrigin: 'sent by another site’s page',
  redirectUri: 'a redirect address that may not be, or is not the client’s',
  pkce: 'a sign-in without PKCE (S256)',
  code: 'a sign-in code that was used before, or is not its bearer’s',
  refreshToken: 'a local refresh token that was used before',
  otherServer: 'a token or key for another server'
} as const

export type RefusalKind = keyof typeof refusalWords
export const refusalKinds = Object.keys(refusalWords) as [RefusalKind, ...RefusalKind[]]
