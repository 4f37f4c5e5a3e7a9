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
import { type Discovery, type DiscoveryContext, discover } from './discovery.ts'
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
  clientMetadataUrl?: string | null
  /** For servers of the kind jwtBearer. Absent: assertion commands get an empty environment. */
  readAssertion?: ReadAssertion
  /** For jwtBearer: the client secret at the server's identity provider. Absent: all clients there are public. */
  identityProviderSecret?: (server: string) => Promise<Secret | null>
}

/** What is asked of one sign-in, besides the server's settings. */
export type SignInRequest = Parameters<OAuth['beginSignIn']>[1]
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
  const askFor = (server: Searched, signal: AbortSignal, heard: Partial<DiscoveryContext>) => {
    const { url, quirks = {} } = server
    return discover(url, { sendRequest: sendRequestFor(server), now, signal, quirks, onStep: () => {}, ...heard })
  }
  let found: { server: Searched; at: number; discovery: Discovery } | null = null
  const proverWith = (key: Secret): Prover => ({ key, nonces, clock })
  return {
    clock,
    now,
    registrations,
    signInTimeoutMs: options.signInTimeoutMs ?? 600_000,
    clientMetadataUrl: options.clientMetadataUrl ?? null,
    openCallback: createCallbacks(),
    oneAtATime: createQueue(),
    nonces,
    sendRequestFor,
    /** Finds a server's authorization server, or takes what a search has just found. */
    discovered: async (config: ServerConfig, signal: AbortSignal, onStep: SignInRequest['onStep'] = () => {}) => {
      const known = found && isSame(found.server, config) && now() - found.at < foundMs ? found.discovery : null
      found = null
      if (!known) return askFor(config, signal, { onStep })
      onStep('resource')
      onStep('authorizationServer')
      return known
    },
    /** The same for a server that is not in the list yet; `onAnswer`: an MCP server answered. */
    search: async (server: Searched, signal: AbortSignal, onAnswer: () => void) => {
      const discovery = await askFor(server, signal, { onAnswer })
      found = { server, at: now(), discovery }
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
