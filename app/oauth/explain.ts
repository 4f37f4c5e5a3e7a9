// Turns faults of requests into errors with a sentence, for a person who is signing in.
// Renewals do not use it: health/words.ts words what fails while no person is waiting.
import { TokentrayError } from '../contract/errors.ts'
import { proposeQuirk } from '../contract/quirks.ts'
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
        `${host} cannot be reached (${detail}); check the network and the address.`
      )
    case 'busy':
      return detail === 'aborted'
        ? new TokentrayError('signInCancelled', 'The sign-in was cancelled.')
        : new TokentrayError('serverBusy', `${host} is not able to answer now (${detail}); try again in a while.`)
    case 'lost':
      return detail === 'aborted'
        ? new TokentrayError('signInCancelled', 'The sign-in was cancelled.')
        : new TokentrayError('replyLost', `${host} got the request, but its reply was lost (${detail}); try again.`)
    case 'garbled':
      return new TokentrayError(
        'responseInvalid',
        `${host} sent a reply that cannot be understood (${detail}); try again, or tell its operator.`
      )
    case 'refused':
      return new TokentrayError('signInFailed', `${host} refused ${what} (${detail}); start again.`)
    case 'misconfigured':
      if (detail === 'invalid_client')
        return new TokentrayError(
          'clientRefused',
          `${host} does not accept our client (${detail}); check the client id, and its secret or key.`
        )
      if (detail === 'private_address')
        return new TokentrayError(
          'metadataInvalid',
          `The server's metadata leads to a private address, which was not asked; check the server's URL.`,
          {
            proposals: [
              proposeQuirk(
                'allowPrivateAddresses',
                `The metadata leads to ${host}, a private address, which was not asked.`
              )
            ]
          }
        )
      if (detail === 'client_certificate_unreadable')
        return new TokentrayError(
          'settingsUnreadable',
          `The client certificate of this server or its key cannot be read, or is no PEM; ${host} was not asked.`
        )
      if (detail === 'proxy_invalid')
        return new TokentrayError(
          'settingsUnreadable',
          `The proxy that is set, here or in the system, is none that can be used; ${host} was not asked.`
        )
      if (detail === 'https_required')
        return new TokentrayError(
          'metadataInvalid',
          `The server's metadata leads to an address without https, which was not asked; tell its operator.`
        )
      if (detail === 'url_invalid')
        return new TokentrayError(
          'metadataInvalid',
          `The server's metadata names an address that is none; tell its operator.`
        )
      return new TokentrayError(
        detail === 'invalid_scope' ? 'scopeRefused' : 'signInFailed',
        `${host} refused ${what} (${detail}); check the settings of this server.`,
        { proposals: proposalsIn(detail, host) }
      )
  }
}
