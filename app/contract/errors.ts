// Every error code a person or script can meet, and the exit code the command line ends with.
// Codes are stable: new ones may be added, none is renamed. Programs check codes; messages are for people and may change.
import type { Proposal } from './proposal.ts'

/** code → CLI exit code. 1 failure, 2 bad input, 3 a person is needed, 4 no such thing, 5 vault, 6 network. */
export const exitCodes = {
  unexpected: 1,
  inputInvalid: 2,
  settingsUnreadable: 2,
  settingsUnwritable: 1,
  urlInvalid: 2,
  serverExists: 2,
  nameReserved: 2,
  portInUse: 1,
  dashboardOff: 1,
  demoUnavailable: 1,
  browserMissing: 1,
  serverUnknown: 4,
  addressUnknown: 4,
  clientExists: 2,
  signInNeeded: 3,
  sessionNeeded: 3,
  signInCancelled: 1,
  signInFailed: 1,
  signInUnknown: 4,
  signInUnderWay: 1,
  tokenUnavailable: 1,
  scopeMissing: 3,
  serverMoved: 1,
  notMcpServer: 1,
  metadataInvalid: 1,
  issuerMismatch: 1,
  resourceMismatch: 1,
  pkceUnsupported: 1,
  registrationUnsupported: 1,
  registrationRefused: 1,
  responseInvalid: 1,
  authorizationDenied: 1,
  clientRefused: 1,
  clientReplaced: 3,
  confirmationNeeded: 3,
  scopeGranted: 1,
  scopeRefused: 1,
  serverUnreachable: 6,
  serverBusy: 6,
  replyLost: 6,
  ownerElsewhere: 1,
  ownerUnreachable: 1,
  ownerStopping: 1,
  versionUnsupported: 1,
  notAllowedHere: 1,
  gatewayLocked: 3,
  clientUnknown: 4,
  configUnreadable: 1,
  configUnwritable: 1,
  configChanged: 1,
  entryForeign: 2,
  commandUnknown: 2,
  vaultKeyMissing: 5,
  vaultKeyWrong: 5,
  vaultDamaged: 5,
  vaultFromFuture: 5,
  vaultUnwritable: 5,
  vaultUnsuitable: 5,
  vaultNotPrivate: 5,
  keychainMissing: 5,
  keychainLocked: 5,
  keychainUnanswered: 5,
  passphraseNeeded: 5,
  passphraseWrong: 5
} as const

export type ErrorCode = keyof typeof exitCodes

/** An error with a stable code and one sentence a person can act on. Its message never holds a secret. */
export class TokentrayError extends Error {
  readonly code: ErrorCode
  /** Settings that would solve it; each is applied only if a person agrees. */
  readonly proposals: readonly Proposal[]
  constructor(code: ErrorCode, message: string, options: ErrorOptions & { proposals?: readonly Proposal[] } = {}) {
    super(message, options)
    this.name = 'TokentrayError'
    this.code = code
    this.proposals = options.proposals ?? []
  }
}

/**
 * `error` as a TokentrayError. Any other error becomes `unexpected`; its message could hold a secret, so it is only the
 * cause.
 */
export function asTokentrayError(error: unknown): TokentrayError {
  if (error instanceof TokentrayError) return error
  return new TokentrayError('unexpected', 'Something went wrong. See the log for details.', { cause: error })
}
