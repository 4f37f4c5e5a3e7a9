// The secret of a server's client at its identity provider (MCP, enterprise-managed authorization).
// Kept in the server's row, beside the secret of its own client, so that both are deleted with the server.
import type { Migration } from './migration.ts'

export const identityProvider: Migration = {
  version: 5,
  sql: 'ALTER TABLE servers ADD COLUMN identity_provider_secret TEXT;'
}
