// Where a registered client can be deleted at its server, and the token for that (RFC 7592).
// Kept apart from the registrations, since a grant goes on using its client after the registration was forgotten here.
import type { Migration } from './migration.ts'

export const clientManagement: Migration = {
  version: 4,
  sql: `
    CREATE TABLE client_management (
      issuer TEXT NOT NULL,
      client_id TEXT NOT NULL,
      uri TEXT NOT NULL,
      access_token TEXT NOT NULL,
      PRIMARY KEY (issuer, client_id)
    ) STRICT, WITHOUT ROWID;
  `
}
