// The site of the MCP server that a client was registered for: servers of other sites register a client of their own.
// '' stands for a registration of before, which belongs to the site of the grants that use its client.
import type { Migration } from './migration.ts'

export const registrationSites: Migration = {
  version: 8,
  sql: `
    CREATE TABLE registrations_by_site (
      issuer TEXT NOT NULL,
      redirect_uri TEXT NOT NULL,
      client_id TEXT NOT NULL,
      client_secret TEXT,
      client_secret_expires_at INTEGER,
      client_auth TEXT NOT NULL,
      registered_at INTEGER NOT NULL,
      scope TEXT,
      site TEXT NOT NULL DEFAULT '',
      PRIMARY KEY (issuer, site, redirect_uri)
    ) STRICT;
    INSERT INTO registrations_by_site
      SELECT issuer, redirect_uri, client_id, client_secret, client_secret_expires_at, client_auth, registered_at, scope, ''
      FROM registrations;
    DROP TABLE registrations;
    ALTER TABLE registrations_by_site RENAME TO registrations;
  `
}
