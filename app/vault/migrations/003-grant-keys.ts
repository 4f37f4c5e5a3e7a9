// The key a grant's tokens are bound to (DPoP, RFC 9449): a private JWK, null where they are bound to none.
// A client's own key needs no column: it is the client's secret.
import type { Migration } from './migration.ts'

export const grantKeys: Migration = {
  version: 3,
  sql: 'ALTER TABLE grants ADD COLUMN dpop_key TEXT'
}
