// Attempts on the gateway that a person should hear of, by kind, and how they read. Ordinary refusals, such as of a token
// that has ended, are not among them. Apart from gateway.ts, so that the command line has the words without zod.

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
