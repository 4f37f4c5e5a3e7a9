// The scopes that a client was registered for, which a server may hold it to (RFC 7591 section 2); null is none or unknown.
// A client that is registered in its place is registered for these scopes as well.
import type { Migration } from './migration.ts'

export const registeredScopes: Migration = {
  version: 7,
  sql: 'ALTER TABLE registrations ADD COLUMN scope TEXT;'
}
