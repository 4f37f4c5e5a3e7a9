// Reads a new server's settings and secrets from environment variables with one prefix, for `add --from-env`.
// They count only when the server is new: later on the vault holds newer tokens, and an old one could end the grant.
import type { Environment } from '../base/paths.ts'
import type { Input } from '../contract/commands.ts'
import { TokentrayError } from '../contract/errors.ts'
import { findBrokenRule } from '../contract/newServer.ts'
import type { GrantKind } from '../contract/serverConfig.ts'

type Seed = Omit<Input<'server.add'>, 'url'>

/**
 * What PREFIX_… variables say about a server: its kind of grant is derived from which are set, and the vault wins
 * over them from the second time on. Throws `inputInvalid`, naming the variable.
 */
export function readSeed(env: Environment, prefix: string): Seed {
  const stem = prefix.replace(/_+$/, '')
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(stem))
    throw new TokentrayError(
      'inputInvalid',
      `"${prefix}" is not a valid prefix for an environment variable. Use letters, digits and _.`
    )
  const read = (name: string) => env[`${stem}_${name}`]?.trim() || undefined
  const accessToken = read('ACCESS_TOKEN') ?? read('BEARER_TOKEN')
  const refreshToken = read('REFRESH_TOKEN')
  const clientId = read('CLIENT_ID')
  const clientSecret = read('CLIENT_SECRET')
  const tokenEndpoint = read('TOKEN_ENDPOINT')
  const missing = (name: string, why: string) =>
    new TokentrayError('inputInvalid', `The environment variable ${stem}_${name} is not set. ${why}.`)
  const grantKind: GrantKind = refreshToken
    ? 'refreshToken'
    : clientId && clientSecret
      ? 'clientCredentials'
      : 'staticToken'
  const broken = findBrokenRule({ grantKind, accessToken, refreshToken, clientId, clientSecret, tokenEndpoint })
  if (broken === 'refreshTokenNeedsEndpoint') throw missing('TOKEN_ENDPOINT', `${stem}_REFRESH_TOKEN requires it`)
  if (broken === 'secretNeedsClient') throw missing('CLIENT_ID', `${stem}_CLIENT_SECRET requires a client ID`)
  if (broken === 'tokenNeeded')
    throw missing('ACCESS_TOKEN', `Set it, or ${stem}_REFRESH_TOKEN, or ${stem}_CLIENT_ID with ${stem}_CLIENT_SECRET`)
  const audience = read('AUDIENCE')
  const scope = read('SCOPE')
  const expires = read('EXPIRES_AT')
  return {
    grantKind,
    keepExisting: true,
    ...(accessToken && { accessToken }),
    ...(refreshToken && { refreshToken }),
    ...(clientId && { clientId }),
    ...(clientSecret && { clientSecret }),
    ...(tokenEndpoint && { tokenEndpoint }),
    ...(audience && { params: { audience } }),
    ...(scope && { scope }),
    ...(expires && { expiresAt: parseTime(expires, `${stem}_EXPIRES_AT`) })
  }
}

/** A point in time as ms since the epoch: ISO 8601, or seconds or milliseconds since the epoch. */
function parseTime(text: string, name: string): number {
  const number = Number(text)
  const at = Number.isFinite(number) ? (number < 1e11 ? number * 1000 : number) : Date.parse(text)
  if (Number.isFinite(at)) return Math.round(at)
  throw new TokentrayError(
    'inputInvalid',
    `${name} is not a valid time. Use 2026-01-31T12:00:00Z, or seconds since 1970.`
  )
}
