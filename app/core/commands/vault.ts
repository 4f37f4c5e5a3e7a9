// Handlers of the vault's commands: backing it up and checking it, and the ways out of a vault that does not open.
// With the owner's own commands and the settings, the latter are all that works while the vault is closed.
import type { Clock } from '../../base/clock.ts'
import type { closedVaultCommands, vaultCommands } from '../../contract/vault.ts'
import type { VaultOpening } from '../../vault/opening.ts'
import type { Vault } from '../../vault/vault.ts'
import type { HandlersOf } from './handlers.ts'

export function createVaultHandlers(vault: Vault, clock: Clock): HandlersOf<keyof typeof vaultCommands> {
  return {
    'vault.backup': async () => ({ path: await vault.backup(clock.now()) }),
    'vault.check': async () => {
      const problems = await vault.check()
      return { ok: problems.length === 0, problems }
    }
  }
}

export function createClosedVaultHandlers(opening: VaultOpening): HandlersOf<keyof typeof closedVaultCommands> {
  return {
    'vault.unlock': async ({ passphrase }) => {
      await opening.unlock(passphrase)
      return {}
    },
    'vault.retry': async () => {
      await opening.retry()
      return {}
    },
    'vault.restore': async () => ({ restored: await opening.restore() }),
    'vault.reset': async () => ({ keptAs: await opening.reset() })
  }
}
