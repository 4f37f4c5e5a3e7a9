// The text of one server's page: its facts, timeline, history, proposals, and the questions a restored backup raises.
// What may be changed about it is in serverSettings.ts.
import type { SitePair } from '../../app/contract/proposal.ts'
import type { EventKind } from '../../app/contract/views.ts'

export const detailWords = {
  back: 'Servers',
  requestScopes: 'Sign in with these',
  declineScopes: 'Do not request',
  unknown: 'This server no longer exists.',
  warnings: 'Warnings',
  timeline: 'Last 24 hours',
  gap: (length: string) => `${length} without a valid token`,
  noGap: 'always had a valid token',
  signedOut: 'signed out during this time',
  noHistory: 'Nothing has happened yet.',
  nothingKnown: 'no tokens during this time',
  timelineLabel: (summary: string) => `Timeline of the last 24 hours: ${summary}.`,
  counted: (refreshes: number, failures: number, signIns: number) =>
    `${refreshes} ${refreshes === 1 ? 'refresh' : 'refreshes'}, ${failures} ${failures === 1 ? 'failure' : 'failures'}, ${signIns} ${signIns === 1 ? 'sign-in' : 'sign-ins'}`,
  legend: { valid: 'valid', expired: 'expired', refreshed: 'refreshed', failed: 'failed', signedIn: 'signed in' },
  now: 'now',
  token: 'Token',
  facts: {
    validUntil: 'Valid until',
    obtained: 'Issued',
    refreshToken: 'Refresh token',
    issuer: 'Issuer',
    resource: 'Resource',
    scope: 'Scopes',
    missingScope: 'Scopes the server asks for',
    binding: 'Bound',
    certificate: 'Certificate',
    registration: 'Client',
    accepted: 'Accepted',
    kind: 'Type',
    mode: 'Gateway',
    stored: 'Stored in',
    address: 'URL',
    account: 'Account'
  },
  passThrough: 'passes on each client’s own credentials (pass-through); clients need a key',
  bound: 'to a key that never leaves the vault (DPoP)',
  left: (text: string) => `${text} left`,
  ended: 'expired',
  noToken: 'no token',
  noEnd: 'no known expiry',
  guess: 'estimated: the server did not say',
  fromJwt: 'read from the token',
  refreshEnds: (left: string) => `expires in ${left}`,
  refreshEnded: 'expired',
  refreshRefused: 'rejected by the server',
  renewable: 'stored; no known expiry',
  notRenewable: 'none: you sign in again when the token expires',
  renewsAlone: 'not needed: Tokentray requests a new token directly',
  givenByHand: 'none: you replace this token when it expires',
  neverAccepted: 'Not verified yet',
  accepted: 'by the server',
  kinds: {
    authorizationCode: 'browser sign-in',
    deviceCode: 'device code sign-in',
    clientCredentials: 'client credentials (no person needed)',
    jwtBearer: 'assertion (no person needed)',
    refreshToken: 'refresh token you pasted',
    staticToken: 'static token (cannot be refreshed)'
  },
  registrations: {
    dynamic: 'registered automatically',
    metadataDocument: 'client ID metadata document',
    preRegistered: 'your own client ID',
    none: 'not registered'
  },
  history: 'History',
  showAll: 'Show all',
  showLess: 'Show less',
  settings: 'Server settings',
  retry: 'Try again',
  attempt: (left: string) => `Next attempt in ${left}`,
  nextRefresh: (left: string) => `Refreshes in ${left}`
}

export const keyWords = {
  title: 'Public key of this client',
  lead: 'This client authenticates with a key (private_key_jwt). Register the public key below at the server; the private key stays in the vault.',
  label: 'JWKS'
}

export const eventWords = {
  added: 'Added',
  signedIn: 'Signed in',
  signInFailed: 'Sign-in failed',
  refreshed: 'Refreshed',
  refreshFailed: 'Refresh failed',
  superseded: 'Superseded',
  signedOut: 'Signed out',
  paused: 'Paused',
  resumed: 'Resumed',
  verified: 'Verified',
  serverDown: 'Server down',
  serverUp: 'Server up again',
  settingsChanged: 'Settings changed'
} satisfies Record<EventKind, string>

export const proposalWords = {
  title: 'Suggested settings for this server',
  wouldSet: 'Setting:',
  givesUp: 'Trade-off:',
  trust: {
    verified: 'Tested with this provider',
    cited: 'Documented, not tested',
    unverified: 'Reported, not tested',
    seen: 'Seen at this server'
  },
  source: 'Source',
  allowSites: ({ passes, from, to }: SitePair) =>
    passes === 'token' ? `Give tokens of ${from} to ${to}` : `Give sign-ins at ${from} to ${to}`,
  newUrl: (url: string) => `Use ${url}`,
  set: 'Apply',
  setAndTry: 'Apply and try again',
  allowAndSignIn: 'Allow and sign in'
}

export const restoredWords = {
  title: 'This sign-in comes from a backup',
  happened: 'The vault was restored from a backup, so this refresh token may not be the latest one.',
  risk: 'If a newer one is in use, here earlier or on another computer, the server may treat the old one as stolen and revoke both.',
  choose:
    'Signing in again is safe. Try the restored token only if nothing else has used this sign-in since the backup.',
  attempt: 'Try restored token',
  signInInstead: 'Sign in again',
  giveInstead: 'Replace token'
}

export const verifyWords = {
  accepted: 'The server accepts the token',
  rejected: 'The server rejects the token',
  unknown: 'Could not verify the token'
}
