// Step-up (MCP authorization, "Scope Challenge Handling"): a server refused a request because the token lacks scopes, so the
// next sign-in asks for these besides the granted ones. It is not started here: a person decides.
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { Keeper } from '../keeper/keeper.ts'
import type { OAuth } from '../oauth/port.ts'
import { missingScopes, scopesIn, unionOf, validScopesIn } from '../oauth/scope.ts'
import type { Vault } from '../vault/vault.ts'

export type StepUp = { keeper: Keeper; vault: Vault; oauth: OAuth }

/** Scopes of one challenge, and scopes that are kept in the settings: a server can name any number of them. */
const maxWanted = 100
const maxKept = 1000

/**
 * Adds `scopes` to those that the next sign-in asks for, besides all that were granted. To end in no loop, granted scopes are
 * not asked for again, and scopes that were not granted when asked for only if a person wants it.
 * @throws scopeGranted, scopeRefused, and inputInvalid where `scopes` names none
 */
export async function addScope(
  { keeper, vault, oauth }: StepUp,
  id: string,
  scopes: string,
  by: 'person' | 'server' = 'person'
): Promise<void> {
  const wanted = validScopesIn(scopes).slice(0, maxWanted)
  if (wanted.length === 0) throw new TokentrayError('inputInvalid', `"${scopes}" does not contain a scope.`)
  const grant = await vault.readGrant(id)
  const granted = validScopesIn(grant?.scope)
  if (wanted.every((scope) => granted.includes(scope)))
    throw new TokentrayError(
      'scopeGranted',
      `${id} already has ${wanted.join(' ')}, so signing in again would not help. Its account may lack the permission.`
    )
  const { declinedScope, addedScope } = keeper.roster.config(id)
  // Asked for in vain, declined by the person, or noted already: it is shown, and another refusal makes no new alarm of it.
  const known = [...granted, ...scopesIn(declinedScope), ...scopesIn(addedScope)]
  if (by === 'server' && wanted.every((scope) => known.includes(scope)))
    throw new TokentrayError('scopeRefused', `${id} did not grant ${wanted.join(' ')} at the last sign-in.`)
  await keeper.changeConfig(id, (old) => {
    // The missing ones come first: were they cut off by the limit, they would be missing after each sign-in.
    const union = [...new Set([...wanted, ...scopesIn(old.addedScope), ...granted])]
    return { config: { ...old, addedScope: union.slice(0, maxKept).join(' ') } }
  })
  // Servers may hold a client to the scopes it registered for (RFC 7591 section 2), so the next sign-in needs a new one.
  if (grant?.shape.registration === 'dynamic') await oauth.forgetRegistration(grant)
}

/**
 * The settings after a sign-in that asked for the added scopes `asked` and was granted `granted`. `isRefused`: it failed because
 * of its scopes, so the next one does without those that are missing.
 */
export function afterAsking(
  config: ServerConfig,
  asked: string | undefined,
  granted: string | null | undefined,
  isRefused = false
): ServerConfig {
  const missing = missingScopes(asked, granted)
  const { addedScope, declinedScope, ...others } = config
  const added = scopesIn(addedScope).filter((scope) => !isRefused || !missing.includes(scope))
  const declined = missingScopes(unionOf(missing.join(' '), declinedScope), granted)
  return {
    ...others,
    ...(added.length > 0 && { addedScope: added.join(' ') }),
    ...(declined.length > 0 && { declinedScope: declined.slice(0, maxKept).join(' ') })
  }
}

/** A person's no to the scopes that a server asked for: they are not requested, nor noted again until a sign-in grants them. */
export async function declineScopes(keeper: Keeper, id: string): Promise<void> {
  await keeper.changeConfig(id, (old) => ({
    config: afterAsking(old, old.addedScope, keeper.roster.get(id).scope, true)
  }))
  keeper.dispatch(id, { type: 'scopesDeclined' })
}

/**
 * Call it after a 403 with `insufficient_scope` (RFC 6750 section 3.1): the server is shown to need a person, and its token is
 * still refreshed. `scopes`: those of the challenge. Never rejects.
 */
export async function needScope(stepUp: StepUp, id: string, scopes: string | null): Promise<void> {
  try {
    await addScope(stepUp, id, scopes ?? '', 'server')
  } catch {
    // A sign-in could not change it, or the vault cannot be written. The client has its 403 either way.
    return
  }
  stepUp.keeper.dispatch(id, { type: 'scopeNeeded' })
}
