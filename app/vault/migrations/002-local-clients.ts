// The gateway's own clients: registrations, sign-ins with their codes and tokens, lasting consents, keys, activity.
// Credentials are kept as SHA-256 hashes only. Access to a server is deleted with it, since its name may be used again.
import type { Migration } from './migration.ts'

export const localClients: Migration = {
  version: 2,
  sql: `
    CREATE TABLE local_clients (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      redirect_uris TEXT NOT NULL,
      registered_at INTEGER NOT NULL,
      approved_at INTEGER
    ) STRICT, WITHOUT ROWID;

    -- "Always allow": bound to where the client redirects to, a loopback address without its port.
    CREATE TABLE local_consents (
      client TEXT NOT NULL REFERENCES local_clients (id) ON DELETE CASCADE,
      redirect TEXT NOT NULL,
      server TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE ON UPDATE CASCADE,
      given_at INTEGER NOT NULL,
      PRIMARY KEY (client, redirect, server)
    ) STRICT, WITHOUT ROWID;

    -- One sign-in: the family of all codes and tokens that came of it. 'ends_at' is set where it was allowed once.
    CREATE TABLE local_sign_ins (
      id TEXT PRIMARY KEY,
      client TEXT NOT NULL REFERENCES local_clients (id) ON DELETE CASCADE,
      begun_at INTEGER NOT NULL,
      ends_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX local_sign_ins_of_client ON local_sign_ins (client);

    CREATE TABLE local_codes (
      hash TEXT PRIMARY KEY,
      sign_in TEXT NOT NULL REFERENCES local_sign_ins (id) ON DELETE CASCADE,
      redirect_uri TEXT NOT NULL,
      challenge TEXT NOT NULL,
      expires_at INTEGER NOT NULL,
      used_at INTEGER
    ) STRICT, WITHOUT ROWID;

    -- A replaced refresh token stays until its end, so that a later use of it is known for what it is.
    CREATE TABLE local_tokens (
      hash TEXT PRIMARY KEY,
      kind TEXT NOT NULL,
      sign_in TEXT NOT NULL REFERENCES local_sign_ins (id) ON DELETE CASCADE,
      expires_at INTEGER NOT NULL,
      replaced_at INTEGER,
      seed TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX local_tokens_of_sign_in ON local_tokens (sign_in);

    CREATE TABLE local_keys (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      hash TEXT NOT NULL UNIQUE,
      made_at INTEGER NOT NULL,
      expires_at INTEGER
    ) STRICT, WITHOUT ROWID;

    -- What a sign-in, a key or a consent given ahead ('holder') may reach.
    CREATE TABLE local_reach (
      holder TEXT NOT NULL,
      server TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE ON UPDATE CASCADE,
      PRIMARY KEY (holder, server)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX local_reach_of_server ON local_reach (server);

    -- Consent given ahead, for the next client of this name: used once.
    CREATE TABLE local_early_consents (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      redirect_host TEXT NOT NULL,
      always INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE local_activity (
      number INTEGER PRIMARY KEY,
      client TEXT NOT NULL,
      name TEXT NOT NULL,
      kind TEXT NOT NULL,
      server TEXT NOT NULL,
      first_at INTEGER NOT NULL,
      last_at INTEGER NOT NULL,
      requests INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX local_activity_of_client ON local_activity (client, number);

    -- One row while everything is locked.
    CREATE TABLE local_lock (
      number INTEGER PRIMARY KEY CHECK (number = 1),
      since INTEGER NOT NULL
    ) STRICT;
  `
}
