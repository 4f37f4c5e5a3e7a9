// The key that a grant's tokens are bound to (DPoP, RFC 9449): a private JWK, or null if they are not bound.
// A client's own key needs no column: it is stored as the client's secret.
import type { Migration } from './migration.ts'

export const grantKeys: Migration = {
  version: 3,
  sql: 'ALTER TABLE grants ADD COLUMN dpop_key TEXT'
}
