// Notes in a server's settings what a sign-in showed: the account, the client's issuer, the redirect host, and scopes not granted.
// A sign-in does not fail because this could not be stored; it is only logged.
import { isDeepStrictEqual } from 'node:util'
import type { Log } from '../base/log.ts'
import { type ErrorCode, TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { Keeper } from '../keeper/keeper.ts'
import type { NewGrant } from '../oauth/grant.ts'
import type { Vault } from '../vault/vault.ts'
import { afterAsking } from './stepUp.ts'

type Parts = { keeper: Keeper; vault: Vault; log: Log }

/** `asked`: the scopes that step-up had added to the request. */
export async function noteOutcome(
  parts: Parts,
  server: string,
  { account, shape, scope, learned = {} }: NewGrant,
  asked: string | undefined
): Promise<void> {
  await note(parts, server, (config) => {
    const isOwnClient = shape.registration === 'preRegistered' && config.tokenEndpoint === undefined
    const clientIssuer = config.clientIssuer ?? (isOwnClient ? shape.issuer : null)
    // The server may have refused the other loopback host: the next sign-in finds the registration by this one.
    const host = shape.registration === 'dynamic' ? URL.parse(shape.redirectUri ?? '')?.hostname : undefined
    return {
      ...afterAsking(config, asked, scope),
      ...(account !== undefined && { account }),
      ...(learned.prompt !== undefined && { params: { ...config.params, prompt: learned.prompt } }),
      ...(shape.registration === 'preRegistered' && learned.clientAuth && { clientAuth: learned.clientAuth }),
      ...((host === 'localhost' || host === '127.0.0.1') && { redirectHost: host }),
      ...(clientIssuer !== null && { clientIssuer })
    }
  })
}

/** The errors of a sign-in whose scopes were refused: at the authorization, or at the registration, which names them too. */
const scopeFaults: ReadonlySet<ErrorCode> = new Set(['scopeRefused', 'registrationRefused'])

/** Stops asking for added scopes that a server refused, since later sign-ins would fail too. Resolves with `error`, saying so. */
export async function dropRefusedScopes(
  parts: Parts,
  server: string,
  error: TokentrayError,
  asked: string | undefined
): Promise<TokentrayError> {
  const config = parts.keeper.roster.find(server)?.config
  const { code, message, proposals } = error
  if (!config || asked === undefined || !scopeFaults.has(code) || proposals.length > 0) return error
  const grant = await parts.vault.readGrant(server).catch(() => null)
  const without = (old: ServerConfig) => afterAsking(old, asked, grant?.scope, true)
  await note(parts, server, without)
  if (without(config).addedScope === config.addedScope) return error
  const said = 'The extra scopes are no longer requested. Sign in again to continue without them.'
  return new TokentrayError(code, `${message} ${said}`, { cause: error })
}

async function note({ keeper, log }: Parts, server: string, found: (old: ServerConfig) => ServerConfig): Promise<void> {
  try {
    const old = keeper.roster.config(server)
    if (!isDeepStrictEqual(found(old), old)) await keeper.changeConfig(server, (now) => ({ config: found(now) }))
  } catch (error) {
    log.error('the scopes of the sign-in could not be saved', error, { server })
  }
}
