// Icons that servers gave of themselves, as data URLs. Not among a server's settings, which stay in memory for every server.
// They go with their server. Whether a server has one, and which, is in its settings.
import type { Migration } from './migration.ts'

export const serverIcons: Migration = {
  version: 13,
  sql: `
    CREATE TABLE server_icons (
      server TEXT PRIMARY KEY REFERENCES servers (id) ON DELETE CASCADE,
      icon TEXT NOT NULL
    ) STRICT;
  `
}
