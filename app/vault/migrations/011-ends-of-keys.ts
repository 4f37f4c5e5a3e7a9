// A key's end moves with its use, and a key works on this computer only unless it was made for the public URL.
// Keys of before keep working as they did, also at the public URL; they get an end once an owner runs (see sweep()).
import type { Migration } from './migration.ts'

export const endsOfKeys: Migration = {
  version: 11,
  sql: `
    -- How long after its last use the key ends, in ms; null: at expires_at, used or not.
    ALTER TABLE local_keys ADD COLUMN idle_ms INTEGER;
    ALTER TABLE local_keys ADD COLUMN is_public INTEGER NOT NULL DEFAULT 1;
  `
}
