// Turns faults of requests into errors with a sentence, for a person who is signing in.
// Renewals do not use it: health/words.ts words what fails while no person is waiting.
import { TokentrayError } from '../contract/errors.ts'
import { proposeQuirk } from '../contract/quirks.ts'
import { sayProblem } from '../health/problems.ts'
import { NetworkFault } from '../net/request.ts'
import type { TokenOutcome } from './port.ts'
import { proposalsIn } from './quirks.ts'

type Failure = Extract<TokenOutcome, { ok: false }>

/** A NetworkFault as a TokentrayError; any other error unchanged. */
export function explainError(error: unknown): unknown {
  return error instanceof NetworkFault ? explainFault(error, error.host) : error
}

/** `what`: the thing refused, such as "the sign-in". */
export function explainFault(
  failure: Pick<Failure, 'fault' | 'detail'>,
  host: string,
  what = 'the sign-in'
): TokentrayError {
  const { fault, detail } = failure
  switch (fault) {
    case 'offline':
      return new TokentrayError(
        'serverUnreachable',
        `${host} could not be reached: ${sayProblem(detail)}. Check your network connection and the URL.`
      )
    case 'busy':
      return detail === 'aborted'
        ? new TokentrayError('signInCancelled', 'The sign-in was cancelled.')
        : new TokentrayError('serverBusy', `${host} is busy or not responding: ${sayProblem(detail)}. Try again later.`)
    case 'lost':
      return detail === 'aborted'
        ? new TokentrayError('signInCancelled', 'The sign-in was cancelled.')
        : new TokentrayError('replyLost', `The reply from ${host} was lost: ${sayProblem(detail)}. Try again.`)
    case 'garbled':
      if (/^HTTP 3\d\d to /.test(detail))
        return new TokentrayError(
          'responseInvalid',
          `${host} redirects this request (${detail}). Tokentray does not follow such a redirect, because codes and secrets go only to the address in the server's metadata. Contact its operator.`
        )
      return new TokentrayError(
        'responseInvalid',
        `${host} sent an invalid reply: ${sayProblem(detail)}. Try again, or contact its operator.`
      )
    case 'refused':
      return new TokentrayError('signInFailed', `${host} rejected ${what} (${detail}). Start again.`)
    // Said of a refresh alone, and here as little told apart.
    case 'unclear':
    case 'misconfigured':
      if (detail === 'invalid_client')
        return new TokentrayError(
          'clientRefused',
          `${host} does not accept Tokentray's client (${detail}). Check the client ID and its secret or key.`
        )
      if (detail === 'private_address')
        return new TokentrayError(
          'metadataInvalid',
          `The server's metadata points to a private address, which was not contacted. Check the server's URL.`,
          {
            proposals: [
              proposeQuirk(
                'allowPrivateAddresses',
                `The metadata points to ${host}, a private address, which was not contacted.`
              )
            ]
          }
        )
      if (detail === 'client_certificate_unreadable')
        return new TokentrayError(
          'settingsUnreadable',
          `The client certificate of this server or its key could not be read or is not in PEM format. ${host} was not contacted.`
        )
      if (detail === 'proxy_invalid')
        return new TokentrayError(
          'settingsUnreadable',
          `The proxy set in Tokentray or the system is not valid. ${host} was not contacted.`
        )
      if (detail === 'https_required')
        return new TokentrayError(
          'metadataInvalid',
          `The server's metadata points to a URL without https, which was not contacted. Contact its operator.`
        )
      if (detail === 'url_invalid')
        return new TokentrayError(
          'metadataInvalid',
          `The server's metadata contains an invalid URL. Contact its operator.`
        )
      return new TokentrayError(
        detail === 'invalid_scope' ? 'scopeRefused' : 'signInFailed',
        `${host} rejected ${what} (${detail}). Check this server's settings.`,
        { proposals: proposalsIn(detail, host) }
      )
  }
}
