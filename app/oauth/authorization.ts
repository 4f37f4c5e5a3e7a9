// The authorization request as a URL for the person's browser (RFC 6749 section 4.1.1), and the check of its response.
// Issuer and state are checked first: a response that another server sent must not be acted on, nor shown.
import * as oauth from 'oauth4webapi'
import { TokentrayError } from '../contract/errors.ts'
import { proposeQuirk } from '../contract/quirks.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { ClientUnfit, extraParameters, refusesClient } from './client.ts'
import type { Discovery } from './discovery.ts'
import type { Prover } from './dpop.ts'
import type { Learned } from './grant.ts'
import { thumbprintOf } from './keys.ts'
import { shown } from './metadata.ts'
import { fitsTemplate, proposeMissingIss, proposeNoPrompt } from './quirks.ts'
import type { CodeClient } from './registration.ts'
import { hasScope } from './scope.ts'
import { rejectsResource } from './tokenReply.ts'

/** What a code is asked for with (RFC 6749 section 4.1.1). */
export type AuthorizationRequest = {
  config: ServerConfig
  discovery: Discovery
  client: CodeClient
  scope: string | null
  prover: Prover | null
  isProfile: boolean
  /** Values of the parameter `prompt`, the first one to send and then those to try where the server refuses it; '': none. */
  prompts: string[]
  /** What requests before this one found out. */
  learned?: Learned
}

/**
 * The server refused this request, and may accept it with this `change`. Each change takes away one of the things that are left to try,
 * so that a sign-in ends.
 */
export class AskAgain extends Error {
  readonly change: Partial<AuthorizationRequest>
  constructor(change: Partial<AuthorizationRequest>) {
    super('the request is made once more')
    this.change = change
  }
}

/**
 * The values of `prompt` to try. OpenID Connect Core section 11: offline access is granted only with consent. Section 3.1.2.1: without
 * `select_account` a browser that is signed in to one account would answer for another one; a server that does not know it may know
 * `login`. What the settings say is not replaced.
 */
export function promptsFor(
  { params, account }: ServerConfig,
  { scope, isProfile }: Pick<AuthorizationRequest, 'scope' | 'isProfile'>
): string[] {
  if (params.prompt !== undefined) return [params.prompt]
  const consent = hasScope(scope, 'offline_access') ? 'consent' : ''
  const join = (...parts: string[]) => parts.filter(Boolean).join(' ')
  const isChoice = isProfile && account === undefined
  const tried = isChoice ? [join(consent, 'select_account'), join('login', consent)] : [consent]
  return [...new Set([...tried, ''])]
}

export function authorizationUrl(
  { config, discovery, client, scope, prover, prompts: [prompt = ''] }: AuthorizationRequest,
  state: string,
  challenge: string
): URL {
  const url = new URL(discovery.server.authorization_endpoint ?? '')
  const resource = config.quirks.omitResource ? null : discovery.resource
  const hint = config.params.login_hint ?? config.account ?? ''
  const parameters = {
    ...(prompt !== '' && { prompt }),
    ...(hint !== '' && { login_hint: hint }),
    ...extraParameters(config.params, resource),
    ...(scope !== null && { scope }),
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.callback.redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    // RFC 9449 section 10: binds the code to this key too.
    ...(prover && { dpop_jkt: thumbprintOf(prover.key) }),
    state
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url
}

/** Parameters of the redirected URL as a person pasted it, whole or its query alone; null where it is neither. */
export function pastedParameters(text: string, redirectUri: string): URLSearchParams | null {
  const url = URL.parse(text.trim(), redirectUri)
  return url && `${url.origin}${url.pathname}` === redirectUri ? url.searchParams : null
}

/**
 * The response, once its issuer (RFC 9207) and its state and code (RFC 6749 section 4.1.2) are checked.
 * @throws AskAgain or ClientUnfit where another request or client may do, else issuerMismatch, responseInvalid, authorizationDenied, scopeRefused
 * or signInFailed
 */
export function readResponse(
  parameters: URLSearchParams,
  state: string,
  request: AuthorizationRequest
): URLSearchParams {
  const { client, discovery } = request
  const { server } = discovery
  const issuer = shown(server.issuer)
  const { acceptIssuer, allowMissingIss } = request.config.quirks
  const isIssuer = (iss: string) =>
    iss === server.issuer || (acceptIssuer && (iss === acceptIssuer || fitsTemplate(iss, acceptIssuer)))
  if (!parameters.getAll('iss').every(isIssuer))
    throw new TokentrayError(
      'issuerMismatch',
      `The response to the sign-in did not come from ${issuer}, so it was not used. Sign in again.`
    )
  const isPromised = server.authorization_response_iss_parameter_supported === true
  if (isPromised && !parameters.has('iss') && allowMissingIss !== server.issuer)
    throw new TokentrayError(
      'responseInvalid',
      `The response to the sign-in lacks the issuer (iss) that ${issuer} promises in its metadata, so it was not used. Contact its operator.`,
      { proposals: [proposeMissingIss(server.issuer)] }
    )
  const others = new URLSearchParams(parameters)
  others.delete('iss')
  try {
    const checked = { issuer: server.issuer }
    const response = oauth.validateAuthResponse(checked, { client_id: client.clientId }, others, state)
    if (response.get('code')) return response
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) throw refusal(parameters, issuer, request)
  }
  throw new TokentrayError(
    'responseInvalid',
    `The response to the sign-in from ${issuer} is not valid, so it was not used. Sign in again.`
  )
}

function refusal(parameters: URLSearchParams, issuer: string, request: AuthorizationRequest): Error {
  const { config, client, scope, prompts, learned } = request
  const { registration, isKept, isScopeless } = client
  const { name, quirks } = config
  const error = shown(parameters.get('error') ?? '')
  const said = parameters.get('error_description')
  const [prompt = '', ...others] = prompts
  const isAboutPrompt = prompt !== '' && refusesPrompt(error, said ?? '')
  if (isAboutPrompt && others.length > 0)
    return new AskAgain({ prompts: others, learned: { ...learned, prompt: others[0] } })
  if (registration === 'dynamic' && refusesClient(error)) return new ClientUnfit(error)
  // The client may have been registered for another MCP server's scopes; some servers hold it to them (RFC 7591 section 2).
  if (isKept && error === 'invalid_scope') return new ClientUnfit(error)
  if (isScopeless && error === 'invalid_scope' && config.scope === undefined && scope !== null)
    return new AskAgain({ scope: null, learned: { ...learned, hasNoScopes: true } })
  if (error === 'access_denied')
    return new TokentrayError('authorizationDenied', `The sign-in to ${name} was denied. To allow it, sign in again.`)
  const proposals = [
    ...(!quirks.omitResource && rejectsResource(error, said ?? '')
      ? [proposeQuirk('omitResource', `${issuer} rejected a request with the resource parameter.`)]
      : []),
    ...(isAboutPrompt ? [proposeNoPrompt()] : [])
  ]
  return new TokentrayError(
    error === 'invalid_scope' ? 'scopeRefused' : 'signInFailed',
    `${issuer} ended the sign-in: ${error}${said ? ` (${shown(said)})` : ''}. Sign in again, or contact the server's operator.`,
    { proposals }
  )
}

/**
 * Whether an error is about the parameter `prompt`: it names it, or one of its values, or an approval that only a forced consent
 * asks for. An `invalid_request` without a word may be about any optional parameter. A person who said no is not asked again.
 */
function refusesPrompt(error: string, description: string): boolean {
  if (error === 'invalid_request' && description === '') return true
  const said = `${error} ${description}`
  const needsApproval =
    /approval\b.*\b(required|needed|pending)|(requires?|needs?|await\w*)\b.*\bapproval|admin[ _]consent/i
  if (error === 'access_denied') return needsApproval.test(said)
  return needsApproval.test(said) || /prompt|select_account|account_selection|consent_required/i.test(said)
}
