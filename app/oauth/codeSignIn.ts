// The authorization code grant with PKCE (RFC 6749 section 4.1, RFC 7636), through the person's browser.
// It opens no browser and stores nothing: the caller opens the URL and saves the grant that comes out at the end.
import * as oauth from 'oauth4webapi'
import { TokentrayError } from '../contract/errors.ts'
import { proposeQuirk } from '../contract/quirks.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import {
  AskAgain,
  type AuthorizationRequest,
  authorizationUrl,
  pastedParameters,
  promptsFor,
  readResponse
} from './authorization.ts'
import type { Page } from './callback.ts'
import { ClientUnfit } from './client.ts'
import type { Discovery } from './discovery.ts'
import { explainFault } from './explain.ts'
import type { NewGrant, Tokens } from './grant.ts'
import { shown } from './metadata.ts'
import { newGrant } from './newGrant.ts'
import type { SignIn } from './port.ts'
import { withKnown } from './quirks.ts'
import { type CodeClient, scopeFor } from './registration.ts'
import { exchangeCode, parametersOf } from './tokenRequest.ts'

export type CodeSignInOptions = Omit<AuthorizationRequest, 'prompts'> & {
  /** Called just before the code is exchanged for tokens. */
  onExchange: () => void
  /** The rest of the token request; asked for when it is sent, since it has the time of that moment. */
  request: () => Omit<Parameters<typeof exchangeCode>[0], 'server' | 'client' | 'parameters' | 'reach' | 'prover'>
  /** Calls `end` when the time is up or the sign-in was cancelled. Returns what stops the watch. */
  watch: (end: (error: TokentrayError) => void) => () => void
  /** Registers a client in place of this one, at the same redirect address. Rejects with TokentrayError. */
  registerAnew: (old: CodeClient, needsSecret: boolean) => Promise<CodeClient>
  /** Called when the sign-in goes on at another address, with a client registered anew. */
  onReplaced: (url: string) => void
  forgetClient: (client: CodeClient) => Promise<void>
  /** Called when the sign-in goes on at another address, with a request that differs from the one that was refused. */
  onAskedAgain: (url: string) => void
  /** Told in a sentence of a response without a state, which is not acted on. */
  onStray: (sentence: string) => void
  /** Keeps what was learned about a client that registered itself. */
  rememberClient: (client: CodeClient) => Promise<void>
}

/**
 * One request for a code. A sign-in makes another one where the server refuses the client, its way to authenticate, or a parameter of
 * the first. Each has a state, a PKCE verifier and a code of its own: a code that was sent is never sent again (RFC 6749 section
 * 4.1.2), since the server may have used it up before it refused.
 */
type CodeRequest = AuthorizationRequest & { state: string; verifier: string; url: string; page: Promise<Page> | null }

/** A sign-in without PKCE is refused (RFC 9700 section 2.1.1, MCP authorization). @throws pkceUnsupported */
export function checkPkce(config: ServerConfig, { server, documented }: Discovery): void {
  const methods = server.code_challenge_methods_supported
  if (!documented || methods?.some((method) => method.toUpperCase() === 'S256')) return
  if (!methods && config.quirks.allowMissingPkceMetadata) return
  const issuer = shown(server.issuer)
  const remedy = methods ? 'Contact its operator' : 'If you know that it does, allow it in the settings of this server'
  const error = new TokentrayError(
    'pkceUnsupported',
    `${issuer} does not list support for PKCE with S256. ${remedy}.`,
    methods
      ? {}
      : { proposals: [proposeQuirk('allowMissingPkceMetadata', `The metadata of ${issuer} does not mention PKCE.`)] }
  )
  throw withKnown(error, config, server.issuer)
}

/** Asks for a code and waits for the response; resolves when a browser can be sent off. */
export async function startCodeSignIn(options: CodeSignInOptions): Promise<SignIn> {
  const { config, discovery } = options
  const { callback } = options.client
  const { promise: grant, resolve, reject } = Promise.withResolvers<NewGrant>()
  grant.catch(() => {})
  let isOver = false
  const end = () => {
    isOver = true
    callback.close()
    unwatch()
  }
  const stop = (error: unknown) => {
    reject(error)
    end()
  }
  const unwatch = options.watch(stop)
  const fail = (caught: unknown): Page => {
    const error = withKnown(caught, config, discovery.server.issuer)
    stop(error)
    const known = error instanceof TokentrayError ? error.message : 'Something went wrong.'
    return { title: 'Sign-in failed', text: known, ok: false }
  }

  const requests: CodeRequest[] = []
  const ask = async (asked: AuthorizationRequest): Promise<CodeRequest> => {
    const state = oauth.generateRandomState()
    const verifier = oauth.generateRandomCodeVerifier()
    const challenge = await oauth.calculatePKCECodeChallenge(verifier)
    const { href } = authorizationUrl(asked, state, challenge)
    const request: CodeRequest = { ...asked, state, verifier, url: href, page: null }
    requests.push(request)
    callback.expect(state, (parameters) => answer(request, parameters), options.onStray)
    return request
  }
  const askAs = (client: CodeClient): Promise<CodeRequest> => {
    const scope = scopeFor(client, options.scope)
    return ask({ ...options, client, scope, prompts: promptsFor(config, { ...options, scope }) })
  }
  // A code can be exchanged once, although it may arrive twice: from the browser, and pasted by the person.
  const answer = (request: CodeRequest, parameters: URLSearchParams): Promise<Page> => {
    request.page ??= receive(request, parameters).catch(fail)
    return request.page
  }
  const receive = async (request: CodeRequest, parameters: URLSearchParams): Promise<Page> => {
    try {
      const response = readResponse(parameters, request.state, request)
      options.onExchange()
      const tokens = await exchange(response, request, options)
      await remember(request)
      resolve({ ...newGrant({ ...request, tokens }), learned: request.learned })
      end()
      return { title: 'Signed in', text: `Tokentray has received your sign-in to ${config.name}.`, ok: true }
    } catch (error) {
      if (error instanceof AskAgain) {
        if (isOver) throw ended()
        const { url } = await ask({ ...request, ...error.change })
        options.onAskedAgain(url)
        return { to: url }
      }
      if (!(error instanceof ClientUnfit)) throw error
      // The browser that brought this response goes on to the page of the new request.
      if (request.client.isKept) return { to: await replaceClient() }
      if (isPublic(request.client)) return { to: await askWithSecret(request, error) }
      await options.forgetClient(request.client)
      throw unrecognized(error)
    }
  }
  const unrecognized = ({ message }: ClientUnfit) =>
    new TokentrayError(
      'clientRefused',
      `${shown(discovery.server.issuer)} does not recognize the client it has just registered (${message}). Contact its operator.`
    )

  const remember = async ({ client, learned = {} }: CodeRequest): Promise<void> => {
    const { clientAuth, hasNoScopes } = learned
    if (client.registration !== 'dynamic' || (clientAuth === undefined && !hasNoScopes)) return
    const scopes = hasNoScopes ? { scope: options.scope, allowedScope: '' } : client.scopes
    // Where it cannot be kept, the next sign-in finds it out again; the tokens that just came must not be lost for that.
    await options.rememberClient({ ...client, scopes }).catch(() => {})
  }

  let replaced: Promise<string> | null = null
  const replaceClient = (): Promise<string> => {
    replaced ??= goOnAnew().catch((error: unknown) => {
      replaced = null
      throw error
    })
    return replaced
  }
  const goOnAnew = async (): Promise<string> => {
    const client = await options.registerAnew(options.client, false)
    if (isOver) throw ended()
    const { url } = await askAs(client)
    options.onReplaced(url)
    return url
  }

  // Once in a sign-in: the client that comes of it has a secret, or ends the sign-in.
  let withSecret: Promise<string> | null = null
  const askWithSecret = (request: CodeRequest, refused: ClientUnfit): Promise<string> => {
    withSecret ??= goOnWithSecret(request, refused)
    return withSecret
  }
  const goOnWithSecret = async (request: CodeRequest, refused: ClientUnfit): Promise<string> => {
    const old = request.client
    const client = await options.registerAnew(old, true).catch(async (error: unknown) => {
      await options.forgetClient(old)
      throw error
    })
    if (client.clientId !== old.clientId) await options.forgetClient(old)
    if (isPublic(client)) {
      await options.forgetClient(client)
      throw unrecognized(refused)
    }
    if (isOver) throw ended()
    const scope = request.learned?.hasNoScopes ? null : scopeFor(client, options.scope)
    const { url } = await ask({ ...request, client, scope })
    options.onAskedAgain(url)
    return url
  }

  const { url } = await askAs(options.client)
  return {
    url,
    redirectUri: callback.redirectUri,
    device: null,
    grant,
    async paste(text) {
      const parameters = pastedParameters(text, callback.redirectUri)
      const request = requests.find(({ state }) => state === parameters?.get('state'))
      if (!parameters || !request)
        throw new TokentrayError(
          'responseInvalid',
          `That is not the right URL. It must start with ${callback.redirectUri} and contain a code and a state.`
        )
      const page = await answer(request, parameters)
      if (!('to' in page)) return
      const issuer = shown(discovery.server.issuer)
      throw new TokentrayError(
        'clientReplaced',
        request.client.isKept && replaced
          ? `${issuer} no longer recognized Tokentray's client, so a new one was registered. Open the new URL and sign in again.`
          : `${issuer} did not accept the first request, so Tokentray made another one. Open the new URL and sign in again.`
      )
    },
    replaceClient: options.client.isKept ? replaceClient : null,
    cancel: () => stop(new TokentrayError('signInCancelled', 'The sign-in was cancelled.'))
  }
}

/**
 * How servers refuse a client that sent its secret in a way that they do not read: with a code for that, as a request without a
 * secret, or with a bare 401.
 */
const mayBeAboutSecret: ReadonlySet<string> = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_request',
  'HTTP 401'
])

/** Registered by itself without a secret, which a server may accept and then refuse at its other endpoints. */
const isPublic = ({ registration, clientSecret }: CodeClient) => registration === 'dynamic' && clientSecret === null

const ended = () => new TokentrayError('signInCancelled', 'The sign-in has already ended.')

/** Rejects with ClientUnfit where the server does not know a client that registered itself, and with AskAgain. */
async function exchange(
  response: URLSearchParams,
  { config, discovery, client, verifier, prover, learned }: CodeRequest,
  options: CodeSignInOptions
): Promise<Tokens> {
  const outcome = await exchangeCode(
    {
      ...options.request(),
      server: discovery.server,
      client,
      parameters: parametersOf(config, discovery.resource),
      reach: discovery.reach,
      prover
    },
    { response, redirectUri: client.callback.redirectUri, verifier }
  )
  if (outcome.ok) return outcome.tokens
  const [clientAuth, ...otherMethods] = client.otherMethods
  if (clientAuth !== undefined && mayBeAboutSecret.has(outcome.detail))
    throw new AskAgain({ client: { ...client, clientAuth, otherMethods }, learned: { ...learned, clientAuth } })
  const isUnfit = isPublic(client) ? mayBeAboutSecret.has(outcome.detail) : outcome.detail === 'invalid_client'
  if (isUnfit && client.registration === 'dynamic') throw new ClientUnfit(outcome.detail)
  throw explainFault(outcome, shown(discovery.server.issuer))
}
