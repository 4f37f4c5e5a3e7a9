// The kinds of refused gateway requests that a person should hear of, and their words; an expired token is not one of them.
// Free of zod, because the command line loads it.

export const refusalWords = {
  foreignHost: 'wrong host name, as in DNS rebinding',
  foreignOrigin: 'sent by another website’s page',
  redirectUri: 'invalid redirect URI, or not the client’s',
  pkce: 'sign-in without PKCE (S256)',
  code: 'authorization code used before, or by another client',
  refreshToken: 'local refresh token used before',
  otherServer: 'token or key for another server',
  otherUser: 'sent by another user of this computer'
} as const

export type RefusalKind = keyof typeof refusalWords
export const refusalKinds = Object.keys(refusalWords) as [RefusalKind, ...RefusalKind[]]
