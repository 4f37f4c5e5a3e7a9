// What sign-ins and renewals share: clock, nonces, kept registrations, and requests that carry a server's client certificate.
// Only sendRequestFor() is exported, so no request can skip the client certificate.
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../base/clock.ts'
import { createQueue } from '../base/queue.ts'
import type { Secret } from '../base/secret.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { SendRequest } from '../net/request.ts'
import { assertionReader, type ReadAssertion } from './assertion.ts'
import { createCallbacks } from './callback.ts'
import { chooseServer, type Discovery, type Located, locate, movedError, takeFirst } from './discovery.ts'
import { Nonces, type Prover } from './dpop.ts'
import { askWithAssertion } from './jwtBearer.ts'
import { makeKey } from './keys.ts'
import type { OAuth, Registrations, Searched, TokenOutcome } from './port.ts'
import { askWithClientCredentials, type TokenRequest } from './tokenRequest.ts'

/** `guessedLifetime` in ms: assumed for an access token that does not say when it ends. */
export type OAuthOptions = {
  network: SendRequest
  clock: Clock
  registrations: Registrations
  guessedLifetime?: number
  signInTimeoutMs?: number
  /** Until it aborts, a late browser is told that its sign-in is over (callback.ts). Absent: its connection is refused. */
  lingerUntil?: AbortSignal
  clientMetadataUrl?: string | null
  /** For servers of the kind jwtBearer. Absent: assertion commands get an empty environment. */
  readAssertion?: ReadAssertion
  /** For jwtBearer: the client secret at the server's identity provider. Absent: all clients there are public. */
  identityProviderSecret?: (server: string) => Promise<Secret | null>
}

/** What is asked of one sign-in, besides the server's settings. */
export type SignInRequest = Parameters<OAuth['beginSignIn']>[1]
type DiscoveryRequest = Partial<Pick<SignInRequest, 'onStep' | 'grantIssuer'>> & Pick<SignInRequest, 'signal'>
/** How long what a search found is good for the sign-in that follows. */
const foundMs = 30_000

const isSame = (one: Searched, other: Searched): boolean =>
  one.url === other.url &&
  isDeepStrictEqual(one.clientCertificate, other.clientCertificate) &&
  isDeepStrictEqual(one.quirks ?? {}, other.quirks ?? {})

export type OAuthContext = ReturnType<typeof createContext>

export function createContext(options: OAuthOptions) {
  const { clock, registrations, guessedLifetime = 3_600_000 } = options
  const { readAssertion = assertionReader({}), identityProviderSecret = async () => null } = options
  const now = () => clock.now()
  const nonces = new Nonces()
  const sendRequestFor = ({ clientCertificate: certificate }: Pick<ServerConfig, 'clientCertificate'>): SendRequest =>
    certificate ? (url, request) => options.network(url, { ...request, certificate }) : options.network
  const surroundingsOf = (server: Searched, signal: AbortSignal) => {
    const { quirks = {} } = server
    return { sendRequest: sendRequestFor(server), now, signal, quirks }
  }
  let found: { server: Searched; at: number; located: Located } | null = null
  const proverWith = (key: Secret): Prover => ({ key, nonces, clock })
  return {
    clock,
    now,
    registrations,
    signInTimeoutMs: options.signInTimeoutMs ?? 600_000,
    clientMetadataUrl: options.clientMetadataUrl ?? null,
    openCallback: createCallbacks({ clock, lingerUntil: options.lingerUntil }),
    oneAtATime: createQueue(),
    nonces,
    sendRequestFor,
    /** Calls `use` with the authorization servers of this MCP server, until one is found that `use` takes (chooseServer). */
    async discovered<T>(
      config: ServerConfig,
      { signal, onStep = () => {}, grantIssuer }: DiscoveryRequest,
      use: Parameters<typeof chooseServer<T>>[2]
    ): Promise<T> {
      onStep('resource')
      const known = found && isSame(found.server, config) && now() - found.at < foundMs ? found.located : null
      found = null
      const surroundings = surroundingsOf(config, signal)
      const located = known ?? (await locate(config.url, surroundings))
      onStep('authorizationServer')
      const { issuer, clientId, clientIssuer } = config
      const wanted = { issuer, clientIssuer: clientId === undefined ? undefined : clientIssuer, grantIssuer }
      return chooseServer(located, { ...surroundings, ...wanted }, use)
    },
    /** Whether there is an MCP server that is not in the list yet, or the authorization server of one. Rejects where there is neither. */
    search: async (server: Searched, signal: AbortSignal, onAnswer: () => void) => {
      const surroundings = surroundingsOf(server, signal)
      const located = await locate(server.url, { ...surroundings, onAnswer })
      // Its sign-in might work, and then none of its requests.
      const moved = located.probe.redirect?.meant ? movedError(located.url, located.probe) : null
      if (moved) throw moved
      found = { server, at: now(), located }
      if (!located.answers) await chooseServer(located, surroundings, takeFirst)
    },
    replyContext: (config: ServerConfig, lastLifetime: number | null) => ({
      at: now(),
      lastLifetime,
      guessedLifetime: config.schedule.guessedLifetime ?? guessedLifetime
    }),
    proverWith,
    /** A new DPoP key, where the server requires one or the settings choose it; else null. */
    newProver(config: ServerConfig, { server, wantsDpop }: Pick<Discovery, 'server' | 'wantsDpop'>) {
      const isKnown = server.dpop_signing_alg_values_supported?.includes('ES256')
      return (config.dpop ?? (wantsDpop && isKnown)) ? proverWith(makeKey()) : null
    },
    /** Requests tokens that need no person: by an assertion, or by client credentials. */
    askAlone(config: ServerConfig, request: TokenRequest, scope: string | null): Promise<TokenOutcome> {
      const sources = { read: readAssertion, secretOf: identityProviderSecret }
      if (config.grantKind === 'jwtBearer') return askWithAssertion(request, config, scope, sources)
      return askWithClientCredentials(request, scope)
    }
  }
}
