// What a client is told where the upstream's answer does not go to it: each a status, a code, and a sentence for a person.
// What a server says of itself, such as the address it redirects to, is cleaned before it is quoted.
import { shellQuoted } from '../contract/quirks.ts'
import { sayProblem } from '../health/problems.ts'
import type { Upstream } from '../keeper/upstreams.ts'
import { looksLikeSignIn, maxRedirects, type Redirect, shownAddress } from '../net/redirects.ts'
import { shown } from '../oauth/metadata.ts'
import type { Failure } from './errorReplies.ts'
import type { Outcome } from './exchange.ts'
import type { Doubt } from './judgement.ts'

/** The error that the client gets instead of the upstream's answer. */
export class Refused extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.sentence)
    this.failure = failure
  }
}

/** Whether the upstream began no answer in time. */
export const isLate = ({ code }: NodeJS.ErrnoException) => code === 'UND_ERR_HEADERS_TIMEOUT'

export function unsafeAddress({ name, url }: Upstream): Refused {
  return new Refused({
    status: 502,
    code: 'urlInvalid',
    sentence: `${name} is at ${new URL(url).origin}, without https. Tokens are sent unencrypted only within this computer.`
  })
}

export function noAnswer({ name }: Upstream, { error, sent }: Outcome & { kind: 'failed' }): Refused {
  const why = error.code ? sayProblem(error.code) : 'no response'
  if (!sent)
    return new Refused({
      status: 502,
      code: 'serverUnreachable',
      sentence: `${name} could not be reached: ${why}. Nothing was sent.`
    })
  if (isLate(error))
    return new Refused({ status: 504, code: 'serverBusy', sentence: `${name} did not respond in time.` })
  return new Refused({
    status: 502,
    code: 'replyLost',
    sentence: `The connection to ${name} was lost before it responded: ${why}. It may have carried out the request.`
  })
}

/** For an event stream that could not be searched for addresses. `encoding`: its `Content-Encoding`. */
export function unreadable({ name }: Upstream, encoding: string): Refused {
  return new Refused({
    status: 502,
    code: 'responseInvalid',
    sentence: `${name} answered with an event stream that Tokentray cannot read (Content-Encoding: ${shown(encoding)}). It may have carried out the request.`
  })
}

/** What a client is told of a redirect that nobody follows. `isDoubt`: a new token was tried where one could be had. */
export function redirected(
  { id, name }: Upstream,
  { to, isSameOrigin, meant }: Redirect,
  method: string,
  isDoubt: boolean
): Refused {
  const fail = (sentence: string) => new Refused({ status: 502, code: 'serverMoved', sentence })
  if (!to) return fail(`${name} redirects to an address that is not a valid URL.`)
  const where = shownAddress(to)
  if (isDoubt && looksLikeSignIn(to))
    return fail(
      `${name} redirects to ${where} instead of answering, probably to sign in. If this continues, run "tokentray login ${id}".`
    )
  if (meant !== null)
    return fail(
      `${name} redirects to ${where}, without https, so nothing was sent there. Use its https address: run "tokentray set ${id} --url ${shellQuoted(meant)}".`
    )
  if (!isSameOrigin)
    return fail(
      `${name} redirects to ${where}, a different server, where its token must not be sent. If it moved there, add that URL and sign in to it.`
    )
  const why = method === 'GET' ? '' : `, which would turn this ${method} request into a GET`
  return fail(
    `${name} redirects to ${where}${why}. If it moved there, run "tokentray set ${id} --url ${shellQuoted(to.href)}".`
  )
}

export const redirectedTooOften = ({ name }: Upstream, to: URL) =>
  new Refused({
    status: 502,
    code: 'serverMoved',
    sentence: `${name} redirects more than ${maxRedirects} times, last to ${shownAddress(to)}. Contact its operator.`
  })

export const redirectedTooLarge = ({ id, name }: Upstream, to: URL) =>
  new Refused({
    status: 502,
    code: 'serverMoved',
    sentence: `${name} redirects to ${shownAddress(to)}, and this request was too large to be sent again, so it was not carried out. Run "tokentray set ${id} --url ${shellQuoted(to.href)}", then send it again.`
  })

/** What a client is told where the server doubts the newest token too, or none newer could be obtained. */
export function stillDoubted({ name }: Upstream, doubt: Doubt, remedy: string): Refused {
  if (doubt.by === 'page')
    return new Refused({
      status: 502,
      code: 'responseInvalid',
      sentence: `${name} answered with a web page instead of an MCP response, perhaps its sign-in page. ${remedy}`
    })
  if (doubt.by === 'error')
    return new Refused({
      status: 503,
      code: 'signInNeeded',
      sentence: `${name} rejects its newest token (HTTP ${doubt.status}, ${shown(doubt.error)}).${doubt.says ? ` It says: ${shown(doubt.says)}.` : ''} ${remedy}`,
      retryAfter: 30
    })
  return doubt.scopes === null
    ? new Refused({
        status: 403,
        code: 'scopeMissing',
        sentence: `${name} requires more permission for this but does not say which. Its account may lack it.`
      })
    : new Refused({
        status: 403,
        code: 'scopeGranted',
        sentence: `${name} requires more permission for this (${shown(doubt.scopes)}), which its token already has. Its account may lack the permission.`
      })
}

export function scopeMissing({ id, name }: Upstream, scopes: string | null): Refused {
  const which = scopes ? ` (${shown(scopes)})` : ''
  // Only what a person says is requested.
  const more = scopes ? ` --add-scope ${shellQuoted(shown(scopes))}` : ''
  return new Refused({
    status: 403,
    code: 'scopeMissing',
    sentence: `${name} requires more permission for this${which}. To request it, open Tokentray or run "tokentray login ${id}${more}".`
  })
}

export function refusedThere({ name }: Upstream): Refused {
  return new Refused({
    status: 403,
    code: 'notAllowedHere',
    sentence: `${name} rejects its token at this address. That says nothing about the token at the server's own address.`
  })
}

export function tooLarge({ name }: Upstream): Refused {
  return new Refused({
    status: 503,
    code: 'tokenUnavailable',
    sentence: `${name} rejected the token. Tokentray has a new one, but this request was too large to repeat. Send it again.`,
    retryAfter: 1
  })
}

export function stillRefused({ name }: Upstream): Refused {
  return new Refused({
    status: 503,
    code: 'tokenUnavailable',
    sentence: `${name} rejected two tokens in a row. Send the request again.`,
    retryAfter: 1
  })
}

/** For a client whose `Origin` is not Tokentray's. */
export function sayForeignOrigin(origin: string): string {
  return `The request has the Origin "${shown(origin)}", as requests from another website do, so nothing was done. Configure the client to send no Origin header.`
}
