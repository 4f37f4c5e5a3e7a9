// The authorization endpoint: checks a request, asks the person unless they consented ahead, and redirects the browser.
// An unknown client or redirect URI gets an error page, never a redirect (RFC 6749 section 4.1.2.1).
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../base/clock.ts'
import { expose } from '../../base/secret.ts'
import { isLookingAhead } from '../../net/hosts.ts'
import type { LocalAccess, LocalClient, SignInGrant } from '../../vault/localAccess.ts'
import { hashOf, mint, type RandomBytes } from './credentials.ts'
import { serverOfResource } from './metadata.ts'
import { appLinkPage, messagePage, over, sendPage, ticketHeader, waitingPage } from './pages.ts'
import type { AuthorizationRequest, ConsentRequest, Outcome, Pending } from './pending.ts'
import { isAppLink, isRegistered, redirectHost, withParameters } from './redirects.ts'
import type { Refusals } from './refusals.ts'
import { asForm, type Form, locked, OAuthError, sendJson } from './replies.ts'
import { describeSource, isRemote, type Place } from './source.ts'
import { codeLifeMs, refreshLifeMs } from './tokens.ts'

/** What is known of a request once its client is: where an error goes, and where it came from. */
type Asker = Omit<AuthorizationRequest, 'challenge' | 'servers'>

/** How long one long-poll request of the waiting page is held open. */
const holdMs = 25_000

/** The ids of all servers, asked one by one: a request must not cost more the more servers there are. */
export type ServerIds = Pick<ReadonlySet<string>, 'has' | 'size'>

export type AuthorizeOptions = {
  local: LocalAccess
  clock: Clock
  randomBytes: RandomBytes
  pending: Pending
  servers: ServerIds
  isLocked(): boolean
  /** False: too many requests in this minute by callers of this kind. */
  mayAsk(kind: string): boolean
  /** Runs work on the vault when it is its turn. */
  inTurn<T>(work: () => Promise<T>): Promise<T>
  refused: Refusals['note']
}

/** Where the browser goes with an error (RFC 6749 section 4.1.2.1, RFC 9207). */
export const refusal =
  (
    { redirectUri, state, issuer }: Pick<AuthorizationRequest, 'redirectUri' | 'state' | 'issuer'>,
    error: OAuthError
  ): Outcome =>
  () =>
    withParameters(redirectUri, { error: error.error, error_description: error.message, state, iss: issuer })

/**
 * Stores the sign-in a person allowed and a code, with which the outcome redirects. `always`: it goes on for as long as
 * its refresh token is used; else it ends after 30 days. Rejects `serverUnknown`, `vaultUnwritable`.
 */
export async function approve(
  { local, clock, randomBytes }: Pick<AuthorizeOptions, 'local' | 'clock' | 'randomBytes'>,
  asked: AuthorizationRequest,
  servers: readonly string[],
  always: boolean
): Promise<Outcome> {
  const now = clock.now()
  const code = mint(randomBytes, 'code')
  const signIn: SignInGrant = {
    id: randomBytes(12).toString('base64url'),
    client: asked.client.id,
    servers: [...new Set(servers)],
    begunAt: now,
    endsAt: always ? null : now + refreshLifeMs
  }
  const { redirectUri, challenge, state, issuer } = asked
  await local.approve(signIn, { hash: hashOf(code), redirectUri, challenge, expiresAt: now + codeLifeMs })
  return () => withParameters(redirectUri, { code: expose(code), state, iss: issuer })
}

export function createAuthorize(o: AuthorizeOptions) {
  const { local, pending } = o

  /** The client and its redirect URI. Errors here are shown on a page: there is no safe address to redirect to. */
  async function readClient(form: Form): Promise<{ client: LocalClient; redirectUri: string }> {
    const client = await local.client(form.must('client_id'))
    if (!client)
      throw new OAuthError(
        'invalid_client',
        'Tokentray does not know this client, or no longer knows it. Sign in again from the client.'
      )
    const redirectUri =
      form.get('redirect_uri') ?? (client.redirectUris.length === 1 ? client.redirectUris[0] : undefined)
    if (redirectUri === undefined || !isRegistered(redirectUri, client.redirectUris)) {
      o.refused('redirectUri', client.name)
      throw new OAuthError('invalid_request', 'The redirect URI is not one this client registered.')
    }
    return { client, redirectUri }
  }

  /** The request's parameters, checked. Throws the error that goes back to the client by redirect. */
  function readRequest(form: Form, from: Asker): AuthorizationRequest {
    if (o.isLocked()) throw locked()
    if (form.must('response_type') !== 'code')
      throw new OAuthError('unsupported_response_type', 'Only the authorization code grant is supported.')
    const challenge = form.get('code_challenge')
    if (form.get('code_challenge_method') !== 'S256' || challenge === undefined || !/^[\w-]{43}$/.test(challenge)) {
      o.refused('pkce', from.client.name)
      throw new OAuthError('invalid_request', 'PKCE with S256 is required (RFC 7636).')
    }
    const named = form.all('resource').map((resource) => serverOfResource(resource, from.issuer))
    if (o.servers.size === 0 || named.some((server) => server === null || (server !== '' && !o.servers.has(server))))
      throw new OAuthError('invalid_target', 'Tokentray has no such server.')
    const servers = named.filter((server): server is string => server !== null && server !== '')
    return { ...from, challenge, servers: servers.length > 0 ? [...new Set(servers)] : null }
  }

  /** The outcome if a consent given in advance covers the request; else null. */
  async function findConsent(asked: AuthorizationRequest): Promise<Outcome | null> {
    const { client, redirectUri, servers } = asked
    const early = (await local.earlyConsents(o.clock.now())).find(
      (it) =>
        it.name === client.name &&
        // A client that was there before may have taken the name to wait for this.
        client.registeredAt >= it.givenAt &&
        it.redirectHost === redirectHost(redirectUri) &&
        (servers ?? it.servers).every((server) => it.servers.includes(server))
    )
    if (!early || !(await local.takeEarlyConsent(early.id))) return null
    return approve(o, asked, servers ?? early.servers, false)
  }

  async function begin(
    request: IncomingMessage,
    query: URLSearchParams,
    response: ServerResponse,
    place: Place
  ): Promise<void> {
    const form = asForm(query)
    let from: Asker
    try {
      const client = await readClient(form)
      const isElsewhere = isRemote(request.headers, place)
      // Whoever was let in before has a number of its own, and requests of clients that are unknown count for nobody else.
      const kind = client.client.approvedAt !== null ? client.client.id : isElsewhere ? 'remote' : 'local'
      if (!o.mayAsk(kind)) return sendPage(response, 429, tooMany)
      const source = describeSource(request.headers, place)
      from = { ...client, state: query.getAll('state')[0], issuer: place.origin, source, isRemote: isElsewhere }
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      if (!o.mayAsk('unknown')) return sendPage(response, 429, tooMany)
      return sendPage(response, 400, messagePage('Invalid request', error.message))
    }
    try {
      form.get('state')
      const asked = readRequest(form, from)
      const outcome = await findConsent(asked)
      if (outcome) return sendOn(response, from.client.name, outcome())
      const added = pending.add(asked)
      if (added === null) throw new OAuthError('temporarily_unavailable', 'Too many requests are already pending.')
      const page = waitingPage(asked.client.name, added.digits, asked.servers === null, added.ticket)
      sendPage(response, 200, page)
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      // No redirect without a person: anybody may register an address and send a browser here (RFC 9700 section 4.11.2).
      if (from.client.approvedAt === null)
        return sendPage(response, error.status, messagePage('This client cannot sign in', error.message))
      sendOn(response, from.client.name, refusal(from, error)())
    }
  }

  /** Answers a waiting page: `location` once there is an outcome, `{}` to ask again, 404 where the request is over. */
  async function wait(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const ticket = String(request.headers[ticketHeader] ?? '')
    if (!pending.find(ticket)) return sendJson(response, 404, {})
    const closed = new AbortController()
    response.once('close', () => closed.abort())
    await pending.watch(ticket, holdMs, closed.signal)
    if (response.destroyed) return
    const found = pending.find(ticket)
    if (!found) return sendJson(response, 404, {})
    const location = pending.collect(ticket)
    sendJson(response, 200, location === null ? {} : { location })
  }

  return {
    /** `path` is /authorize or below. */
    async handle(
      request: IncomingMessage,
      response: ServerResponse,
      path: string,
      query: URLSearchParams,
      place: Place
    ) {
      const isWaiting = path === '/authorize/wait'
      // By Sec-Fetch-Dest: only a person's navigation and the waiting page's own fetch pass, so no other page embeds
      // this.
      const expected = isWaiting ? 'empty' : 'document'
      const isEmbedded = (request.headers['sec-fetch-dest'] ?? expected) !== expected
      // A prefetch must neither ask the person nor use up an answer.
      if (isEmbedded || isLookingAhead(request.headers))
        return sendPage(
          response,
          403,
          messagePage('Request blocked', 'The request came from another website. Nothing was done.')
        )
      if (path === '/authorize') return o.inTurn(() => begin(request, query, response, place))
      if (isWaiting) return wait(request, response)
      sendPage(response, 404, messagePage(over.title, over.sentence))
    }
  }
}

const tooMany = messagePage('Too many requests', 'Too many clients request access at once. Try again in a minute.')

function sendOn(response: ServerResponse, name: string, address: string) {
  if (isAppLink(address)) return sendPage(response, 200, appLinkPage(name, address))
  response.writeHead(302, { location: address, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).end()
}

/** The outcome of a request that nobody decided in time. */
export const unanswered = ({ asked }: ConsentRequest): Outcome =>
  refusal(asked, new OAuthError('access_denied', 'Nobody allowed the request in Tokentray in time.'))
