// What a new server is to be, for everything that takes it: command line, environment, pages, and the core.
// Only the rules are here. Each caller words a broken one by its own names: an option, a variable, or a field.
import type { ErrorCode } from './errors.ts'
import type { GrantKind, ServerConfig } from './serverConfig.ts'

/** Only whether a setting is given counts, so that rules can be checked before a secret is read or asked for. */
export type GivenSettings = {
  grantKind?: GrantKind | undefined
  clientAuth?: ServerConfig['clientAuth']
} & Partial<
  Record<
    | 'clientId'
    | 'clientSecret'
    | 'accessToken'
    | 'refreshToken'
    | 'tokenEndpoint'
    | 'assertion'
    | 'identityProvider'
    | 'identityProviderSecret',
    unknown
  >
>

export type BrokenRule =
  | 'keyNeedsClient'
  | 'secretNeedsClient'
  | 'clientCredentialsNeedClient'
  | 'clientCredentialsExcludeTokens'
  | 'assertionNeedsClient'
  | 'assertionNeeded'
  | 'assertionExcludesOthers'
  | 'providerSecretNeedsProvider'
  | 'refreshTokenNeeded'
  | 'refreshTokenNeedsEndpoint'
  | 'tokenNeeded'

/** The kind of grant where none is named: what the given tokens are good for. */
export function grantKindOf({ grantKind, refreshToken, accessToken }: GivenSettings): GrantKind {
  return grantKind ?? (refreshToken ? 'refreshToken' : accessToken ? 'staticToken' : 'authorizationCode')
}

/** The first rule that these settings break; null: they can make a server. */
export function findBrokenRule(given: GivenSettings): BrokenRule | null {
  const { clientId, clientSecret, accessToken, refreshToken, assertion, identityProvider } = given
  const kind = grantKindOf(given)
  const signs = given.clientAuth === 'private_key_jwt'
  const hasTokens = Boolean(accessToken || refreshToken)
  const isBroken: Record<BrokenRule, boolean> = {
    clientCredentialsExcludeTokens: kind === 'clientCredentials' && hasTokens,
    keyNeedsClient: signs && !clientId,
    clientCredentialsNeedClient: kind === 'clientCredentials' && !(clientId && (clientSecret || signs)),
    assertionExcludesOthers: kind === 'jwtBearer' ? hasTokens : Boolean(assertion || identityProvider),
    assertionNeedsClient: kind === 'jwtBearer' && !clientId,
    assertionNeeded: kind === 'jwtBearer' && !assertion,
    providerSecretNeedsProvider: Boolean(given.identityProviderSecret && !identityProvider),
    secretNeedsClient: Boolean(clientSecret && !clientId),
    refreshTokenNeeded: kind === 'refreshToken' && !refreshToken,
    refreshTokenNeedsEndpoint: kind === 'refreshToken' && !given.tokenEndpoint,
    tokenNeeded: kind === 'staticToken' && !accessToken
  }
  const rules = Object.keys(isBroken) as BrokenRule[]
  return rules.find((rule) => isBroken[rule]) ?? null
}

/** The URL a person means: https where they typed no scheme, and http for this computer. */
export function withScheme(typed: string): string {
  const text = typed.trim()
  if (text === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text
  const rest = text.replace(/^\/\//, '')
  return `${thisComputer.test(rest) ? 'http' : 'https'}://${rest}`
}

const thisComputer = /^(([a-z0-9-]+\.)*localhost|127(\.\d{1,3}){3}|\[::1\])(?=[:/?#]|$)/i

/** What `server.find` fails with where no MCP server answered: such a server is added only if a person wants it all the same. */
export const notFoundCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'notMcpServer',
  'resourceMismatch',
  'serverUnreachable',
  'serverBusy',
  'replyLost',
  'responseInvalid'
])
