// What the last sign-in of a server failed for and would be cured by (contract/proposal.ts), as JSON: null is none.
// A person may come back to it another day, with another owner running by then.
import type { Migration } from './migration.ts'

export const proposals: Migration = {
  version: 6,
  sql: 'ALTER TABLE servers ADD COLUMN proposals TEXT;'
}
