// The versions of the vault's schema: migrations are only ever added, each is one transaction, a newer vault is refused.
// Before the first one an encrypted copy of the vault is made; only one, since each copy deletes the oldest.
import { TokentrayError } from '../contract/errors.ts'
import { asVaultError, type Connection } from './connection.ts'
import { tables } from './migrations/001-tables.ts'
import { localClients } from './migrations/002-local-clients.ts'
import { grantKeys } from './migrations/003-grant-keys.ts'
import { clientManagement } from './migrations/004-client-management.ts'
import { identityProvider } from './migrations/005-identity-provider.ts'
import { proposals } from './migrations/006-proposals.ts'
import { registeredScopes } from './migrations/007-registered-scopes.ts'
import { registrationSites } from './migrations/008-registration-sites.ts'
import { consentForOneSignIn } from './migrations/009-consent-for-one-sign-in.ts'
import { uncleanStarts } from './migrations/010-unclean-starts.ts'
import { endsOfKeys } from './migrations/011-ends-of-keys.ts'
import { allowedScopes } from './migrations/012-allowed-scopes.ts'
import { serverIcons } from './migrations/013-server-icons.ts'
import type { Migration } from './migrations/migration.ts'

export const migrations: readonly Migration[] = [
  tables,
  localClients,
  grantKeys,
  clientManagement,
  identityProvider,
  proposals,
  registeredScopes,
  registrationSites,
  consentForOneSignIn,
  uncleanStarts,
  endsOfKeys,
  allowedScopes,
  serverIcons
]

/**
 * Brings `db` to the newest schema; `backUp` is called once with the version of a vault that has one.
 * Throws `vaultFromFuture`, `vaultDamaged`, `vaultUnwritable`; a step that fails leaves the vault at the version before it.
 */
export function migrate(
  db: Connection,
  path: string,
  backUp: (version: number) => void,
  steps: readonly Migration[] = migrations
): void {
  const current = () => Number(db.pragma('user_version', { simple: true }))
  const newest = steps.at(-1)?.version ?? 0
  if (current() > newest) {
    throw new TokentrayError(
      'vaultFromFuture',
      `The vault ${path} was written by a newer version of Tokentray (format ${current()}, newer than ${newest}). Update Tokentray.`
    )
  }
  try {
    if (current() > 0 && current() < newest) backUp(current())
    for (const step of steps) {
      if (step.version <= current()) continue
      db.transaction(() => {
        // Two first starts at once: the other one was quicker.
        if (step.version <= current()) return
        db.exec(step.sql)
        db.pragma(`user_version=${step.version}`)
      }).immediate()
    }
  } catch (error) {
    throw asVaultError(error, path)
  }
}
