// The first schema: servers, their grants and history, and client registrations. Every page of the file is encrypted.
// Grants go only with their server or by a person's sign-out: no failure deletes one.
import type { Migration } from './migration.ts'

export const tables: Migration = {
  version: 1,
  sql: `
    CREATE TABLE servers (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      config TEXT NOT NULL,
      client_secret TEXT,
      health TEXT
    ) STRICT;

    -- Outlives grants and servers: a number used twice would let a stale reply through the compare-and-swap.
    CREATE TABLE generations (
      server TEXT PRIMARY KEY,
      latest INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE grants (
      server TEXT PRIMARY KEY REFERENCES servers (id) ON DELETE CASCADE,
      generation INTEGER NOT NULL,
      started_at INTEGER,
      restored INTEGER NOT NULL DEFAULT 0,
      access_token TEXT NOT NULL,
      token_type TEXT NOT NULL,
      obtained_at INTEGER NOT NULL,
      expires_at INTEGER,
      expiry_source TEXT NOT NULL,
      refresh_token TEXT,
      refresh_expires_at INTEGER,
      scope TEXT,
      issuer TEXT,
      token_endpoint TEXT,
      revocation_endpoint TEXT,
      resource TEXT,
      client_id TEXT,
      client_auth TEXT NOT NULL,
      client_secret TEXT,
      registration TEXT NOT NULL,
      redirect_uri TEXT
    ) STRICT;

    CREATE TABLE registrations (
      issuer TEXT NOT NULL,
      redirect_uri TEXT NOT NULL,
      client_id TEXT NOT NULL,
      client_secret TEXT,
      client_secret_expires_at INTEGER,
      client_auth TEXT NOT NULL,
      registered_at INTEGER NOT NULL,
      PRIMARY KEY (issuer, redirect_uri)
    ) STRICT;

    CREATE TABLE events (
      number INTEGER PRIMARY KEY,
      server TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
      at INTEGER NOT NULL,
      kind TEXT NOT NULL,
      fault TEXT,
      detail TEXT NOT NULL,
      expires_at INTEGER
    ) STRICT;
    CREATE INDEX events_of_server ON events (server, number);
  `
}
