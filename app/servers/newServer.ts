// Makes a new server's settings from what a person gave, with its id, and its first grant where they gave tokens.
// All input is checked here, so that nothing is stored of a server that cannot work.
import { Secret } from '../base/secret.ts'
import type { ParsedInput } from '../contract/commands.ts'
import { TokentrayError } from '../contract/errors.ts'
import { type BrokenRule, findBrokenRule, grantKindOf, withScheme } from '../contract/newServer.ts'
import { reservedIds, type ServerConfig, serverConfig } from '../contract/serverConfig.ts'
import { checkServerUrl } from '../oauth/discovery.ts'
import { boundedEnd, claimsOf } from '../oauth/expiry.ts'
import type { NewGrant } from '../oauth/grant.ts'
import { makeKey, readKey } from '../oauth/keys.ts'

type AddInput = ParsedInput<'server.add'>

const generic = /^(mcp|api|www|app|server|gateway|co|com|org)$/

/** A short id from the host: mcp.linear.app → linear, api.githubcopilot.com → githubcopilot; numbered when taken. */
export function deriveId(url: URL, taken: ReadonlySet<string>): string {
  const isName = /[a-z]$/.test(url.hostname)
  const telling = isName ? url.hostname.split('.').slice(0, -1) : []
  const base = telling.findLast((label) => !generic.test(label)) ?? url.hostname
  const id = idFrom(base).slice(0, 40) || 'server'
  for (let n = 1; ; n++) {
    const numbered = n === 1 ? id : `${id}-${n}`
    if (!taken.has(numbered) && !reservedIds.includes(numbered)) return numbered
  }
}

function idFrom(text: string): string {
  return text
    .toLowerCase()
    .trim()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
}

/** An id from a given name: "My GitHub" → my-github. null: the name has no letters that an id can have. */
function idFromName(name: string): string | null {
  if (!/[\p{L}\p{N}]/u.test(name))
    throw new TokentrayError('inputInvalid', `The name "${name}" must contain at least one letter or digit.`)
  return idFrom(name).slice(0, 63) || null
}

/** What to do about a broken rule, by the names of the fields in the pages. */
const sentences: Record<BrokenRule, string> = {
  keyNeedsClient: 'A client with a key requires its client ID.',
  secretNeedsClient: 'A client secret requires its client ID.',
  clientCredentialsNeedClient: 'Client credentials require a client ID and a client secret or key.',
  clientCredentialsExcludeTokens: 'Client credentials request their own tokens. Leave out the tokens.',
  assertionNeedsClient: 'An assertion requires a client ID.',
  assertionNeeded: 'An assertion is required. Specify the file that holds it or the command that writes it.',
  assertionExcludesOthers: 'An assertion requests its own tokens. Leave out the other token settings.',
  providerSecretNeedsProvider: 'The client secret at an identity provider requires that identity provider.',
  refreshTokenNeeded: 'A refresh token is required.',
  refreshTokenNeedsEndpoint: 'A refresh token requires a token endpoint.',
  tokenNeeded: 'A token is required.'
}

type Existing = readonly Pick<ServerConfig, 'id' | 'url'>[]

/**
 * The id of a new server, and whether a server has it already, which only `keepExisting` allows.
 * @throws urlInvalid, nameReserved, inputInvalid, serverExists
 */
export function chooseId(
  input: Pick<AddInput, 'url' | 'id' | 'name' | 'keepExisting'>,
  existing: Existing
): { id: string; exists: boolean } {
  const given = withScheme(input.url)
  const url = checkServerUrl(given)
  const same = existing.find((server) => server.url === given)
  if (same && !input.id && !input.name && !input.keepExisting)
    throw new TokentrayError(
      'serverExists',
      `${same.id} already has this URL. Sign in to it, or add another account with a different name.`
    )
  const taken = new Set(existing.map(({ id }) => id))
  const named = input.name ? idFromName(input.name) : null
  // One more account at a URL has a name of its own, in whatever alphabet, and so an id of its own.
  const known = input.name && !input.keepExisting ? null : same?.id
  const id = input.id ?? named ?? known ?? deriveId(url, taken)
  if (reservedIds.includes(id))
    throw new TokentrayError('nameReserved', `The name "${id}" is reserved. Choose another one.`)
  const exists = taken.has(id)
  if (exists && !input.keepExisting)
    throw new TokentrayError('serverExists', `A server named "${id}" already exists. Choose another name.`)
  return { id, exists }
}

/** `exists`: see chooseId(). @throws urlInvalid, nameReserved, inputInvalid, serverExists */
export function buildServer(input: AddInput, existing: Existing, now: number) {
  const { id, exists } = chooseId(input, existing)
  if (input.tokenEndpoint) checkServerUrl(input.tokenEndpoint)
  if (input.issuer) checkServerUrl(input.issuer)
  const broken = findBrokenRule(input)
  if (broken) throw new TokentrayError('inputInvalid', sentences[broken])
  const { clientSecret, identityProviderSecret, accessToken, refreshToken, expiresAt, keepExisting, ...given } = input
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const config = serverConfig.parse({
    ...known,
    url: withScheme(input.url),
    id,
    name: input.name ?? id,
    ...((input.name || input.id) && { isNamed: true }),
    grantKind: grantKindOf(input)
  })
  const secret = secretOf(clientSecret, input.clientAuth === 'private_key_jwt')
  return {
    exists,
    config,
    clientSecret: secret ?? undefined,
    identityProviderSecret: identityProviderSecret === undefined ? undefined : new Secret(identityProviderSecret),
    grant: accessToken || refreshToken ? grantFromTokens(input, config, secret, now) : undefined
  }
}

/** The client's secret. `signs`: it is a private key, made here where none was given. */
function secretOf(given: string | undefined, signs: boolean): Secret | null {
  if (given === undefined) return signs ? makeKey() : null
  return signs ? readKey(given) : new Secret(given)
}

/** Tokens a person has from elsewhere. `expiresAt` in ms since the epoch. */
export type GivenTokens = {
  accessToken?: string | undefined
  refreshToken?: string | undefined
  expiresAt?: number | undefined
}

/**
 * The grant of tokens given by hand. They end when the person says, else when the JWT says; else the end is unknown.
 * @throws inputInvalid where they do not fit the server's kind of grant
 */
export function grantFromTokens(
  { accessToken, refreshToken, expiresAt }: GivenTokens,
  config: ServerConfig,
  clientSecret: Secret | null,
  now: number
): NewGrant {
  const wanted = { staticToken: accessToken && !refreshToken, refreshToken }[config.grantKind as string]
  if (!wanted)
    throw new TokentrayError(
      'inputInvalid',
      config.grantKind === 'staticToken'
        ? `${config.id} uses a static token. Provide an access token.`
        : config.grantKind === 'refreshToken'
          ? `${config.id} uses a pasted refresh token. Provide a refresh token.`
          : `${config.id} gets its tokens by signing in. Sign in again instead.`
    )
  const { exp } = claimsOf(accessToken ?? '')
  const jwt = typeof exp === 'number' ? boundedEnd(exp * 1000, now) : null
  const known = boundedEnd(expiresAt, now) ?? jwt
  return {
    // With a refresh token alone, the access token is empty and has expired, so that the first refresh is due at once.
    accessToken: new Secret(accessToken ?? ''),
    tokenType: 'Bearer',
    obtainedAt: now,
    expiresAt: known ?? (refreshToken ? now : null),
    expirySource: expiresAt !== undefined ? 'stated' : jwt !== null ? 'jwt' : refreshToken ? 'guess' : 'none',
    refreshToken: refreshToken === undefined ? null : new Secret(refreshToken),
    refreshExpiresAt: null,
    scope: config.scope ?? null,
    shape: {
      issuer: null,
      tokenEndpoint: config.tokenEndpoint ?? null,
      revocationEndpoint: null,
      resource: null,
      clientId: config.clientId ?? null,
      clientAuth: config.clientAuth ?? (clientSecret ? 'client_secret_post' : 'none'),
      clientSecret,
      registration: config.clientId ? 'preRegistered' : 'none',
      redirectUri: null
    }
  }
}
