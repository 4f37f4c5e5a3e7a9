// How many starts in a row have refreshed a token and not come to a clean end; the row goes with the next clean one.
// In a crash loop each start would otherwise spend another grant's refresh token and lose the reply.
import type { Migration } from './migration.ts'

export const uncleanStarts: Migration = {
  version: 10,
  sql: `
    CREATE TABLE unclean_starts (
      number INTEGER PRIMARY KEY CHECK (number = 1),
      starts INTEGER NOT NULL
    ) STRICT;
  `
}
