// The changes of settings that would let a server's failed sign-in succeed (contract/proposal.ts), as JSON; null is none.
// Kept in the vault, so that a person can come back to them another day, after a restart.
import type { Migration } from './migration.ts'

export const proposals: Migration = {
  version: 6,
  sql: 'ALTER TABLE servers ADD COLUMN proposals TEXT;'
}
