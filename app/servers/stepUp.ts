// Step-up (MCP authorization, "Scope Challenge Handling"): a server refused a request because the token lacks scopes. They are
// noted and shown; a sign-in asks for them only after a person said so, since a hostile server may want more than it needs.
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { Keeper } from '../keeper/keeper.ts'
import type { OAuth } from '../oauth/port.ts'
import { missingScopes, scopesIn, unionOf, validScopesIn } from '../oauth/scope.ts'
import type { Vault } from '../vault/vault.ts'

export type StepUp = { keeper: Keeper; vault: Vault; oauth: OAuth }

/** Scopes that a server wants, and scopes that are kept in the settings: a server can name any number of them, of any length. */
const maxWanted = 100
const maxWantedChars = 2000
const maxKept = 1000

/**
 * A person's yes: adds `scopes` to those that the next sign-in asks for, besides all that were granted. To end in no loop, granted
 * scopes are not asked for again.
 * @throws scopeGranted, and inputInvalid where `scopes` names none
 */
export async function addScope({ keeper, vault, oauth }: StepUp, id: string, scopes: string): Promise<void> {
  const wanted = validScopesIn(scopes).slice(0, maxWanted)
  if (wanted.length === 0) throw new TokentrayError('inputInvalid', `"${scopes}" does not contain a scope.`)
  const grant = await vault.readGrant(id)
  const granted = validScopesIn(grant?.scope)
  if (wanted.every((scope) => granted.includes(scope)))
    throw new TokentrayError(
      'scopeGranted',
      `${id} already has ${wanted.join(' ')}, so signing in again would not help. Its account may lack the permission.`
    )
  await keeper.changeConfig(id, ({ wantedScope, ...old }) => {
    // The missing ones come first: were they cut off by the limit, they would be missing after each sign-in.
    const union = [...new Set([...wanted, ...scopesIn(old.addedScope), ...granted])]
    const left = missingScopes(wantedScope, wanted.join(' '))
    const addedScope = union.slice(0, maxKept).join(' ')
    return { config: { ...old, addedScope, ...(left.length > 0 && { wantedScope: left.join(' ') }) } }
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
  const { addedScope, declinedScope, wantedScope, ...others } = config
  const added = scopesIn(addedScope).filter((scope) => !isRefused || !missing.includes(scope))
  const declined = missingScopes(unionOf(missing.join(' '), declinedScope), granted)
  const wanted = missingScopes(wantedScope, unionOf(granted, declined.join(' ')))
  return {
    ...others,
    ...(wanted.length > 0 && { wantedScope: wanted.join(' ') }),
    ...(added.length > 0 && { addedScope: added.join(' ') }),
    ...(declined.length > 0 && { declinedScope: declined.slice(0, maxKept).join(' ') })
  }
}

/** A person's no to the scopes that a server asked for: they are not requested, nor noted again until a sign-in grants them. */
export async function declineScopes(keeper: Keeper, id: string): Promise<void> {
  await keeper.changeConfig(id, (old) => ({
    config: afterAsking(old, unionOf(old.addedScope, old.wantedScope) ?? undefined, keeper.roster.get(id).scope, true)
  }))
  keeper.dispatch(id, { type: 'scopesDeclined' })
}

/**
 * Call it after a 403 with `insufficient_scope` (RFC 6750 section 3.1): the scopes are shown to the person, and the token is still
 * refreshed. `scopes`: those of the challenge. Scopes that were granted, declined, asked for in vain or noted already make no news.
 * Never rejects.
 */
export async function needScope({ keeper, vault }: StepUp, id: string, scopes: string | null): Promise<void> {
  try {
    const granted = (await vault.readGrant(id))?.scope
    const { declinedScope, addedScope, wantedScope } = keeper.roster.config(id)
    const known = unionOf(granted, declinedScope, addedScope, wantedScope)
    const news = missingScopes(validScopesIn(scopes).join(' '), known)
    const isFull = fitting(wantedScope, news).length === scopesIn(wantedScope).length
    if (news.length === 0 || isFull) return
    await keeper.changeConfig(id, (old) => ({
      config: { ...old, wantedScope: fitting(old.wantedScope, news).join(' ') }
    }))
  } catch {
    // The vault cannot be written. The client has its 403 either way.
    return
  }
  keeper.dispatch(id, { type: 'scopeNeeded' })
}

/** `wanted`, and of `news` as many as are kept and a person can read. */
function fitting(wanted: string | undefined, news: readonly string[]): string[] {
  const kept: string[] = []
  let chars = 0
  for (const scope of new Set([...scopesIn(wanted), ...news])) {
    if (kept.length === maxWanted || chars + scope.length > maxWantedChars) continue
    chars += scope.length + 1
    kept.push(scope)
  }
  return kept
}
