// The scopes that a server registered a client for, where it left out some of those that the client asked for.
// Asked for all of them again, such a server would refuse each sign-in; null is all of them, or unknown.
import type { Migration } from './migration.ts'

export const allowedScopes: Migration = {
  version: 12,
  sql: 'ALTER TABLE registrations ADD COLUMN allowed_scope TEXT;'
}
