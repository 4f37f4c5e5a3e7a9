// Consent is for one sign-in: a lasting one was bound to a client's id, which anybody can read in an address.
// Consent given ahead is for clients that register after it; one of before keeps its meaning, but ends like all others.
import type { Migration } from './migration.ts'

export const consentForOneSignIn: Migration = {
  version: 9,
  sql: `
    DROP TABLE local_consents;
    ALTER TABLE local_early_consents DROP COLUMN always;
    ALTER TABLE local_early_consents ADD COLUMN given_at INTEGER NOT NULL DEFAULT 0;
  `
}
