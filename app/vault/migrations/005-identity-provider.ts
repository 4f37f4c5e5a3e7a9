// The secret of a server's client at its identity provider (MCP, enterprise-managed authorization), beside its own client's.
// A column, as that one is: both go with the server.
import type { Migration } from './migration.ts'

export const identityProvider: Migration = {
  version: 5,
  sql: 'ALTER TABLE servers ADD COLUMN identity_provider_secret TEXT;'
}
