// The scopes a client was registered for, to which a server may hold it (RFC 7591 section 2): null is none, or not known.
// A client registered in its place is registered for them besides.
import type { Migration } from './migration.ts'

export const registeredScopes: Migration = {
  version: 7,
  sql: 'ALTER TABLE registrations ADD COLUMN scope TEXT;'
}
